//! The era check, which differs from FRAME's in one rule: the carrier of a shielded extrinsic lives eight blocks at most.
//!
//! Encrypted bytes that stay valid for long could be kept back until they do harm. The identifier and the encoding are
//! FRAME's, so clients see no difference.

use crate::{Runtime, RuntimeCall, RuntimeOrigin, call_filter::is_carrier};
use codec::{Decode, DecodeWithMemTracking, Encode};
use scale_info::{Type, TypeInfo};
use sp_runtime::{
    Weight,
    generic::Era,
    impl_tx_ext_default,
    traits::{DispatchInfoOf, TransactionExtension, ValidateResult},
    transaction_validity::{InvalidTransaction, TransactionSource, TransactionValidityError},
};

/// The longest era of a carrier, in blocks.
const CARRIER_ERA: u64 = 8;

type Inner = frame_system::CheckMortality<Runtime>;

/// Checks that the transaction's era is not over.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking)]
pub struct CheckMortality(Inner);

impl From<Era> for CheckMortality {
    fn from(era: Era) -> Self {
        Self(Inner::from(era))
    }
}

impl TypeInfo for CheckMortality {
    type Identity = <Inner as TypeInfo>::Identity;

    fn type_info() -> Type {
        Inner::type_info()
    }
}

impl TransactionExtension<RuntimeCall> for CheckMortality {
    const IDENTIFIER: &'static str = <Inner as TransactionExtension<RuntimeCall>>::IDENTIFIER;
    type Implicit = <Inner as TransactionExtension<RuntimeCall>>::Implicit;
    type Val = <Inner as TransactionExtension<RuntimeCall>>::Val;
    type Pre = ();

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
        if is_carrier(call) && !matches!(self.0.0, Era::Mortal(period, _) if period <= CARRIER_ERA) {
            return Err(InvalidTransaction::Stale.into());
        }
        self.0
            .validate(origin, call, info, len, implicit, implication, source)
    }

    impl_tx_ext_default!(RuntimeCall; prepare);
}
