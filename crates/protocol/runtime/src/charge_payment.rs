//! Fee payment with the chain's pool priorities: 1 for ordinary transactions, far more for operational ones.
//!
//! FRAME's extension lets size, weight and tip decide. On this chain they do not: a second transaction with the same
//! nonce never replaces the first, and clients rely on being told so. Everything else, the encoding and the metadata
//! included, is FRAME's.

use crate::{Runtime, RuntimeCall, RuntimeOrigin};
use codec::{Decode, DecodeWithMemTracking, Encode};
use frame_support::dispatch::DispatchClass;
use pallet_transaction_payment::ChargeTransactionPayment;
use scale_info::{Type, TypeInfo};
use sp_runtime::{
    DispatchResult, Weight,
    traits::{DispatchInfoOf, PostDispatchInfoOf, TransactionExtension, ValidateResult},
    transaction_validity::{TransactionPriority, TransactionSource, TransactionValidityError},
};

/// Priority of an ordinary transaction.
const NORMAL: TransactionPriority = 1;
/// Priority of an operational one, which goes before all ordinary ones.
const OPERATIONAL: TransactionPriority = 10_000_000_000;

type Inner = ChargeTransactionPayment<Runtime>;

/// Withdraws the fee and the tip.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking)]
pub struct ChargePayment(Inner);

impl ChargePayment {
    /// Pays the fee and this tip, in rao.
    #[must_use]
    pub fn with_tip(tip: crate::Balance) -> Self {
        Self(Inner::from(tip))
    }
}

impl TypeInfo for ChargePayment {
    type Identity = <Inner as TypeInfo>::Identity;

    fn type_info() -> Type {
        Inner::type_info()
    }
}

impl TransactionExtension<RuntimeCall> for ChargePayment {
    const IDENTIFIER: &'static str = <Inner as TransactionExtension<RuntimeCall>>::IDENTIFIER;
    type Implicit = <Inner as TransactionExtension<RuntimeCall>>::Implicit;
    type Val = <Inner as TransactionExtension<RuntimeCall>>::Val;
    type Pre = <Inner as TransactionExtension<RuntimeCall>>::Pre;

    fn implicit(&self) -> Result<Self::Implicit, TransactionValidityError> {
        TransactionExtension::<RuntimeCall>::implicit(&self.0)
    }

    fn weight(&self, call: &RuntimeCall) -> Weight {
        self.0.weight(call)
    }

    fn validate(
        &self,
        origin: RuntimeOrigin,
        call: &RuntimeCall,
        info: &DispatchInfoOf<RuntimeCall>,
        len: usize,
        implicit: Self::Implicit,
        implication: &impl sp_runtime::traits::Implication,
        source: TransactionSource,
    ) -> ValidateResult<Self::Val, RuntimeCall> {
        let (mut validity, val, origin) =
            self.0
                .validate(origin, call, info, len, implicit, implication, source)?;
        validity.priority = match info.class {
            DispatchClass::Normal => NORMAL,
            DispatchClass::Operational | DispatchClass::Mandatory => OPERATIONAL,
        };
        Ok((validity, val, origin))
    }

    fn prepare(
        self,
        val: Self::Val,
        origin: &RuntimeOrigin,
        call: &RuntimeCall,
        info: &DispatchInfoOf<RuntimeCall>,
        len: usize,
    ) -> Result<Self::Pre, TransactionValidityError> {
        self.0.prepare(val, origin, call, info, len)
    }

    fn post_dispatch_details(
        pre: Self::Pre,
        info: &DispatchInfoOf<RuntimeCall>,
        post_info: &PostDispatchInfoOf<RuntimeCall>,
        len: usize,
        result: &DispatchResult,
    ) -> Result<Weight, TransactionValidityError> {
        <Inner as TransactionExtension<RuntimeCall>>::post_dispatch_details(pre, info, post_info, len, result)
    }
}
