//! For whom a request was signed.

use assay_keys::AccountId;

/// Why a request is not for this axon. Without this check a neuron could pass a request that it received on to another
/// one, in the sender's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiverProblem {
    /// It names nobody, and the policy wants it to.
    #[error("the request names no receiver, and this axon answers only those that name it")]
    Absent,
    /// It names somebody else.
    #[error("the request was signed for another receiver")]
    Other,
}

/// Whether a request for `named` is for `own`. The keys are compared, not the addresses.
pub(crate) fn check(
    named: Option<&AccountId>,
    own: &AccountId,
    required: bool,
) -> Result<(), ReceiverProblem> {
    match named {
        Some(named) if named == own => Ok(()),
        Some(_) => Err(ReceiverProblem::Other),
        None if required => Err(ReceiverProblem::Absent),
        None => Ok(()),
    }
}
