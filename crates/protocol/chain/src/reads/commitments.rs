//! What neurons have committed.

use crate::{
    AccountId, Block, ChainError, Commitment, CommitmentField, NetUid, Rao, Snapshot,
    event::bytes,
    runtime::{account_value, number_value},
    snapshot::Query,
};
use scale_value::{Composite, Value, ValueDef};
use subxt::ext::scale_decode::{self, DecodeAsType};

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "scale_decode")]
struct Registration {
    deposit: u64,
    block: u32,
    info: Info,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "scale_decode")]
struct Info {
    fields: Vec<Value>,
}

impl Snapshot {
    /// All commitments of a subnet, ascending by hotkey. Hotkeys that have lost their slot may still be among them.
    ///
    /// # Errors
    ///
    /// When the node does not answer, or the chain stores commitments in an unknown shape.
    pub async fn commitments(&self, netuid: NetUid) -> Result<Vec<Commitment>, ChainError> {
        let hotkey = |key: &[u8]| {
            let hotkey = AccountId(*key.last_chunk()?);
            Some((hotkey, account_value(&hotkey)))
        };
        let found: Vec<(AccountId, Registration)> = self
            .map(
                "Commitments",
                "CommitmentOf",
                vec![number_value(netuid.0)],
                hotkey,
            )
            .await?;
        let mut commitments: Vec<_> = found
            .into_iter()
            .map(|(hotkey, registration)| commitment(hotkey, registration))
            .collect();
        commitments.sort_unstable_by_key(|commitment| commitment.hotkey);
        Ok(commitments)
    }

    /// A hotkey's latest commitment in a subnet.
    ///
    /// # Errors
    ///
    /// As [`commitments`](Self::commitments).
    pub async fn commitment(
        &self,
        netuid: NetUid,
        hotkey: &AccountId,
    ) -> Result<Option<Commitment>, ChainError> {
        let mut query = Query::default();
        let keys = [number_value(netuid.0), account_value(hotkey)];
        let registration = query.entry::<Registration>("Commitments", "CommitmentOf", keys);
        let answer = self.read(query).await?;
        Ok(answer
            .get(registration)?
            .map(|registration| commitment(*hotkey, registration)))
    }
}

fn commitment(hotkey: AccountId, registration: Registration) -> Commitment {
    Commitment {
        hotkey,
        block: Block(u64::from(registration.block)),
        deposit: Rao(registration.deposit),
        fields: registration.info.fields.iter().map(field).collect(),
    }
}

/// Reads a field by its name on chain, `Raw42` for one.
fn field(value: &Value) -> CommitmentField {
    let ValueDef::Variant(variant) = &value.value else {
        return CommitmentField::Unknown("not a variant".to_owned());
    };
    let name = variant.name.as_str();
    let content = variant.values.values().next();
    let plain = || content.and_then(bytes);
    let known = match name {
        "None" => Some(CommitmentField::None),
        "ResetBondsFlag" => Some(CommitmentField::ResetBonds),
        "BigRaw" => plain().map(CommitmentField::BigRaw),
        "BlakeTwo256" | "Sha256" | "Keccak256" | "ShaThree256" => plain()
            .and_then(|digest| digest.try_into().ok())
            .map(|digest| CommitmentField::Hash {
                algorithm: name.to_owned(),
                digest,
            }),
        "TimelockEncrypted" => timelocked(&variant.values),
        // An empty array is no composite of bytes, and still a field.
        "Raw0" => Some(CommitmentField::Raw(Vec::new())),
        _ if name.starts_with("Raw") => plain().map(CommitmentField::Raw),
        _ => None,
    };
    known.unwrap_or_else(|| CommitmentField::Unknown(name.to_owned()))
}

fn timelocked(values: &Composite<()>) -> Option<CommitmentField> {
    let Composite::Named(fields) = values else {
        return None;
    };
    let named = |wanted: &str| {
        fields
            .iter()
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value)
    };
    Some(CommitmentField::Timelocked {
        encrypted: bytes(named("encrypted")?)?,
        reveal_round: u64::try_from(named("reveal_round")?.as_u128()?).ok()?,
    })
}
