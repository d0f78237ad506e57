//! The nonce check, which differs from FRAME's in one rule: an account that nothing keeps alive (no balance) may still
//! send calls that cost nothing.
//!
//! A hotkey normally holds no TAO, and setting weights, serving an axon and committing are free on this chain. FRAME's
//! own extension refuses every account without a provider. The identifier and the encoding are FRAME's, so clients
//! see no difference.

use crate::{AccountId, Nonce, Runtime, RuntimeCall, RuntimeOrigin};
use codec::{Decode, DecodeWithMemTracking, Encode};
use frame_support::{dispatch::Pays, traits::OriginTrait};
use scale_info::TypeInfo;
use sp_runtime::{
    DispatchResult, Weight,
    traits::{DispatchInfoOf, PostDispatchInfoOf, TransactionExtension, ValidateResult},
    transaction_validity::{
        InvalidTransaction, TransactionLongevity, TransactionSource, TransactionValidityError,
        ValidTransaction,
    },
};

/// Checks and increments the sender's nonce, and orders the sender's transactions in the pool.
#[derive(Encode, Decode, DecodeWithMemTracking, Clone, Debug, Eq, PartialEq, TypeInfo)]
pub struct CheckNonce(#[codec(compact)] pub Nonce);

impl CheckNonce {
    /// The tag under which the pool knows an account's transaction with this nonce.
    pub(crate) fn tag(who: &AccountId, nonce: Nonce) -> Vec<u8> {
        (who, nonce).encode()
    }
}

impl TransactionExtension<RuntimeCall> for CheckNonce {
    const IDENTIFIER: &'static str = "CheckNonce";
    type Implicit = ();
    /// The sender; `None` for a transaction without one.
    type Val = Option<AccountId>;
    type Pre = ();

    fn weight(&self, _call: &RuntimeCall) -> Weight {
        Weight::zero()
    }

    fn validate(
        &self,
        origin: RuntimeOrigin,
        _call: &RuntimeCall,
        info: &DispatchInfoOf<RuntimeCall>,
        _len: usize,
        _implicit: (),
        _implication: &impl Encode,
        _source: TransactionSource,
    ) -> ValidateResult<Self::Val, RuntimeCall> {
        let Some(who) = origin.as_signer().cloned() else {
            return Ok((ValidTransaction::default(), None, origin));
        };
        let account = frame_system::Account::<Runtime>::get(&who);
        let kept_alive = account.providers > 0 || account.sufficients > 0;
        if !kept_alive && info.pays_fee == Pays::Yes {
            return Err(InvalidTransaction::Payment.into());
        }
        if self.0 < account.nonce {
            return Err(InvalidTransaction::Stale.into());
        }
        let requires = match self.0 > account.nonce {
            true => vec![Self::tag(&who, self.0.saturating_sub(1))],
            false => Vec::new(),
        };
        let validity = ValidTransaction {
            priority: 0,
            requires,
            provides: vec![Self::tag(&who, self.0)],
            longevity: TransactionLongevity::MAX,
            propagate: true,
        };
        Ok((validity, Some(who), origin))
    }

    fn prepare(
        self,
        sender: Self::Val,
        _origin: &RuntimeOrigin,
        _call: &RuntimeCall,
        _info: &DispatchInfoOf<RuntimeCall>,
        _len: usize,
    ) -> Result<Self::Pre, TransactionValidityError> {
        let Some(who) = sender else { return Ok(()) };
        frame_system::Account::<Runtime>::mutate(&who, |account| {
            if self.0 > account.nonce {
                return Err(InvalidTransaction::Future.into());
            }
            if self.0 < account.nonce {
                return Err(InvalidTransaction::Stale.into());
            }
            account.nonce = account.nonce.wrapping_add(1);
            Ok(())
        })
    }

    fn post_dispatch_details(
        _pre: Self::Pre,
        _info: &DispatchInfoOf<RuntimeCall>,
        _post_info: &PostDispatchInfoOf<RuntimeCall>,
        _len: usize,
        _result: &DispatchResult,
    ) -> Result<Weight, TransactionValidityError> {
        Ok(Weight::zero())
    }
}
