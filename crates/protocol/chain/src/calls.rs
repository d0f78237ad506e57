//! The calls that miners, validators, stakers and subnet owners make, each as a [`Call`] and as a method of the client
//! that signs and sends it.
//!
//! A call's constructor tells what would be sent, for `--dry-run` and batches; its arguments are encoded by the
//! chain's own metadata when it is signed.

mod keys;
mod proxy;
mod stake;
mod weight_commits;

pub use keys::Child;
pub use stake::{Fill, StakePlace};

use crate::{
    AccountId, Alpha, AxonAnnouncement, Call, ChainClient, ChainError, Existence, NetUid, Pair, Rao, Receipt,
    WeightRow,
    axon::address_number,
    commitment::{RAW_BYTES, check_text},
    runtime::{account_value, number_value},
};
use scale_value::Value;

const SUBTENSOR: &str = "SubtensorModule";

fn number_list(numbers: impl IntoIterator<Item = u16>) -> Value {
    Value::unnamed_composite(numbers.into_iter().map(number_value))
}

impl Call {
    /// Sends TAO. Signed by the sender's coldkey.
    pub fn transfer(to: &AccountId, amount: Rao, existence: Existence) -> Self {
        let name = match existence {
            Existence::KeepAlive => "transfer_keep_alive",
            Existence::AllowDeath => "transfer_allow_death",
        };
        let dest = Value::unnamed_variant("Id", [account_value(to)]);
        Self::new(
            "Balances",
            name,
            [("dest", dest), ("value", number_value(amount.0))],
        )
    }

    /// Registers a hotkey in a subnet, at whatever it costs. Signed by the coldkey that is to own it.
    pub fn burned_register(netuid: NetUid, hotkey: &AccountId) -> Self {
        let arguments = [
            ("netuid", number_value(netuid.0)),
            ("hotkey", account_value(hotkey)),
        ];
        Self::new(SUBTENSOR, "burned_register", arguments)
    }

    /// Registers a hotkey in a subnet unless it costs more than `limit`. Signed by the coldkey that is to own it.
    pub fn register_limit(netuid: NetUid, hotkey: &AccountId, limit: Rao) -> Self {
        let arguments = [
            ("netuid", number_value(netuid.0)),
            ("hotkey", account_value(hotkey)),
            ("limit_price", number_value(limit.0)),
        ];
        Self::new(SUBTENSOR, "register_limit", arguments)
    }

    /// Creates a subnet whose first neuron is `hotkey`. Signed by the coldkey, which becomes its owner.
    pub fn register_network(hotkey: &AccountId) -> Self {
        Self::new(SUBTENSOR, "register_network", [("hotkey", account_value(hotkey))])
    }

    /// Starts a subnet. Signed by its owner's coldkey.
    pub fn start_call(netuid: NetUid) -> Self {
        Self::new(SUBTENSOR, "start_call", [("netuid", number_value(netuid.0))])
    }

    /// Publishes where a neuron can be reached. Signed by the hotkey.
    pub fn serve_axon(netuid: NetUid, axon: AxonAnnouncement) -> Self {
        let (ip, ip_type) = address_number(axon.address.ip());
        let arguments = [
            ("netuid", number_value(netuid.0)),
            ("version", number_value(axon.version)),
            ("ip", number_value(ip)),
            ("port", number_value(axon.address.port())),
            ("ip_type", number_value(ip_type)),
            ("protocol", number_value(axon.protocol)),
            ("placeholder1", number_value(0u8)),
            ("placeholder2", number_value(0u8)),
        ];
        Self::new(SUBTENSOR, "serve_axon", arguments)
    }

    /// Stakes TAO on a hotkey. Signed by the coldkey.
    pub fn add_stake(netuid: NetUid, hotkey: &AccountId, amount: Rao) -> Self {
        let arguments = [
            ("hotkey", account_value(hotkey)),
            ("netuid", number_value(netuid.0)),
            ("amount_staked", number_value(amount.0)),
        ];
        Self::new(SUBTENSOR, "add_stake", arguments)
    }

    /// Takes stake back. Signed by the coldkey.
    pub fn remove_stake(netuid: NetUid, hotkey: &AccountId, amount: Alpha) -> Self {
        let arguments = [
            ("hotkey", account_value(hotkey)),
            ("netuid", number_value(netuid.0)),
            ("amount_unstaked", number_value(amount.0)),
        ];
        Self::new(SUBTENSOR, "remove_stake", arguments)
    }

    /// Sets a weight row in the open. Signed by the hotkey.
    pub fn set_weights(netuid: NetUid, row: &WeightRow, version_key: u64) -> Self {
        let (uids, values) = row.lists();
        let arguments = [
            ("netuid", number_value(netuid.0)),
            ("dests", number_list(uids)),
            ("weights", number_list(values)),
            ("version_key", number_value(version_key)),
        ];
        Self::new(SUBTENSOR, "set_weights", arguments)
    }

    /// Commits a text: as `Raw` up to 128 bytes, as `BigRaw` up to 512. Signed by the hotkey.
    ///
    /// # Errors
    ///
    /// When the text is empty or too long.
    pub fn set_commitment(netuid: NetUid, text: &str) -> Result<Self, ChainError> {
        check_text(text)?;
        let bytes = Value::from_bytes(text.as_bytes());
        let field = if text.len() <= RAW_BYTES {
            Value::unnamed_variant(format!("Raw{}", text.len()), [bytes])
        } else {
            Value::unnamed_variant("BigRaw", [bytes])
        };
        let info = Value::named_composite([(
            "fields",
            Value::unnamed_composite([Value::unnamed_composite([field])]),
        )]);
        Ok(Self::new(
            "Commitments",
            "set_commitment",
            [("netuid", number_value(netuid.0)), ("info", info)],
        ))
    }
}

impl ChainClient {
    /// Sends TAO. Signed by the sender's coldkey.
    ///
    /// # Errors
    ///
    /// As [`submit`](Self::submit).
    pub async fn transfer(
        &self,
        from: &Pair,
        to: &AccountId,
        amount: Rao,
        existence: Existence,
    ) -> Result<Receipt, ChainError> {
        self.submit(from, &Call::transfer(to, amount, existence)).await
    }

    /// Registers a hotkey in a subnet, refusing to pay more than `limit`. Signed by the coldkey.
    ///
    /// # Errors
    ///
    /// [`ChainError::PriceAboveLimit`] on a chain without a limited registration, when the price is higher already;
    /// otherwise as [`submit`](Self::submit).
    pub async fn register(
        &self,
        coldkey: &Pair,
        netuid: NetUid,
        hotkey: &AccountId,
        limit: Rao,
    ) -> Result<Receipt, ChainError> {
        let call = self.registration_call(netuid, hotkey, limit).await?;
        self.submit(coldkey, &call).await
    }

    /// The call by which [`register`](Self::register) registers on this chain.
    ///
    /// # Errors
    ///
    /// As there, short of sending.
    pub async fn registration_call(
        &self,
        netuid: NetUid,
        hotkey: &AccountId,
        limit: Rao,
    ) -> Result<Call, ChainError> {
        let limited = Call::register_limit(netuid, hotkey, limit);
        if self.shared.runtime().has_call(limited.pallet(), limited.name()) {
            return Ok(limited);
        }
        let price = self.burn(netuid).await?;
        if price > limit {
            return Err(ChainError::PriceAboveLimit { price, limit });
        }
        Ok(Call::burned_register(netuid, hotkey))
    }

    /// Creates a subnet. Signed by the coldkey, which becomes its owner and pays
    /// [`subnet_creation_cost`](Self::subnet_creation_cost); the receipt's
    /// [`created_subnet`](crate::Included::created_subnet) tells its number.
    ///
    /// # Errors
    ///
    /// As [`submit`](Self::submit).
    pub async fn create_subnet(&self, coldkey: &Pair, hotkey: &AccountId) -> Result<Receipt, ChainError> {
        self.submit(coldkey, &Call::register_network(hotkey)).await
    }

    /// Starts a subnet: stake and emission flow from then on. Signed by its owner's coldkey.
    ///
    /// # Errors
    ///
    /// As [`submit`](Self::submit).
    pub async fn start_call(&self, owner: &Pair, netuid: NetUid) -> Result<Receipt, ChainError> {
        self.submit(owner, &Call::start_call(netuid)).await
    }

    /// Publishes where a neuron can be reached. Signed by the hotkey.
    ///
    /// # Errors
    ///
    /// As [`submit`](Self::submit).
    pub async fn serve_axon(
        &self,
        hotkey: &Pair,
        netuid: NetUid,
        axon: AxonAnnouncement,
    ) -> Result<Receipt, ChainError> {
        self.submit(hotkey, &Call::serve_axon(netuid, axon)).await
    }

    /// Stakes TAO on a hotkey. Signed by the coldkey.
    ///
    /// # Errors
    ///
    /// As [`submit`](Self::submit).
    pub async fn add_stake(
        &self,
        coldkey: &Pair,
        netuid: NetUid,
        hotkey: &AccountId,
        amount: Rao,
    ) -> Result<Receipt, ChainError> {
        self.submit(coldkey, &Call::add_stake(netuid, hotkey, amount))
            .await
    }

    /// Takes stake back. Signed by the coldkey.
    ///
    /// # Errors
    ///
    /// As [`submit`](Self::submit).
    pub async fn remove_stake(
        &self,
        coldkey: &Pair,
        netuid: NetUid,
        hotkey: &AccountId,
        amount: Alpha,
    ) -> Result<Receipt, ChainError> {
        self.submit(coldkey, &Call::remove_stake(netuid, hotkey, amount))
            .await
    }

    /// Sets a weight row in the open. Signed by the hotkey; free of charge.
    ///
    /// # Errors
    ///
    /// As [`submit`](Self::submit). A subnet with commit-reveal refuses with `CommitRevealEnabled`.
    pub async fn set_weights(
        &self,
        hotkey: &Pair,
        netuid: NetUid,
        row: &WeightRow,
        version_key: u64,
    ) -> Result<Receipt, ChainError> {
        self.submit(hotkey, &Call::set_weights(netuid, row, version_key))
            .await
    }

    /// Commits a text. Signed by the hotkey; free of charge.
    ///
    /// # Errors
    ///
    /// [`ChainError::Commitment`] when the chain cannot hold the text; otherwise as [`submit`](Self::submit).
    pub async fn set_commitment(
        &self,
        hotkey: &Pair,
        netuid: NetUid,
        text: &str,
    ) -> Result<Receipt, ChainError> {
        self.submit(hotkey, &Call::set_commitment(netuid, text)?).await
    }

    /// Runs a call with root's rights. Signed by the sudo key. A failure of the inner call is the receipt's failure.
    ///
    /// # Errors
    ///
    /// As [`submit`](Self::submit).
    pub async fn sudo(&self, sudo: &Pair, call: &Call) -> Result<Receipt, ChainError> {
        self.submit(sudo, &call.sudo()).await
    }

    /// Signs and sends any call. Calls of one account go out in the order in which this is called, each with the next
    /// nonce, however many tasks call it.
    ///
    /// # Errors
    ///
    /// [`ChainError::Rejected`] when the pool refuses it, [`ChainError::Shape`] when the runtime has no such call or
    /// other arguments, and the errors of a connection. When the connection broke after the call was sent a receipt
    /// comes all the same: its fate is found out in the background.
    pub async fn submit(&self, signer: &Pair, call: &Call) -> Result<Receipt, ChainError> {
        // On the heap: it is by far the largest of the client's futures, and callers nest it in theirs.
        Box::pin(self.shared.submit(signer, call))
            .await
            .map_err(|error| match error {
                ChainError::Rejected { reason, .. } => ChainError::Rejected {
                    call: call.title().into(),
                    reason,
                },
                other => other,
            })
    }

    /// The bytes of a call as this chain encodes it: what would be signed, without signature and account.
    ///
    /// # Errors
    ///
    /// When the runtime has no such call or other arguments.
    pub async fn call_bytes(&self, call: &Call) -> Result<Vec<u8>, ChainError> {
        self.shared
            .with_newest_runtime(|runtime| runtime.call_bytes(call))
            .await
    }

    /// The nonce that an account's next transaction takes, as the node sees it: those in its pool are counted. What is
    /// more than the nonce of [`balance`](Self::balance) is under way.
    ///
    /// # Errors
    ///
    /// When the node does not answer.
    pub async fn next_nonce(&self, account: &AccountId) -> Result<u32, ChainError> {
        self.shared.next_index(*account).await
    }

    /// What a call would cost its signer at the newest block; weights and commitments are free.
    ///
    /// # Errors
    ///
    /// When the node does not answer, or the runtime has no such call.
    pub async fn fee(&self, signer: &AccountId, call: &Call) -> Result<Rao, ChainError> {
        self.shared.fee(signer, call).await
    }
}
