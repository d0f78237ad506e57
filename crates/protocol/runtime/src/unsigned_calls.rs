//! Which calls may come without a signature: pulses of the beacon, and what the block's author puts in itself.

use crate::{Drand, RuntimeCall};
#[expect(
    deprecated,
    reason = "its successor adds an extension to every transaction, which the original's clients do not know"
)]
use sp_runtime::traits::ValidateUnsigned;
use sp_runtime::transaction_validity::{
    TransactionSource, TransactionValidity, TransactionValidityError, UnknownTransaction,
};

/// See the module's documentation.
#[derive(Debug)]
pub struct UnsignedCalls;

#[expect(deprecated, reason = "as above")]
impl ValidateUnsigned for UnsignedCalls {
    type Call = RuntimeCall;

    fn pre_dispatch(call: &RuntimeCall) -> Result<(), TransactionValidityError> {
        match call {
            RuntimeCall::Drand(call) => Drand::validate_unsigned_call(call).map(drop),
            // Inherents come this way. Any other call refuses a missing signature itself.
            _ => Ok(()),
        }
    }

    fn validate_unsigned(_: TransactionSource, call: &RuntimeCall) -> TransactionValidity {
        match call {
            RuntimeCall::Drand(call) => Drand::validate_unsigned_call(call),
            _ => UnknownTransaction::NoUnsignedValidator.into(),
        }
    }
}
