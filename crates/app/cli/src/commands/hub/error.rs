//! What to do about an error of a hub.

use crate::hinted::hinted;
use assay_hub::{HubError, Retry};

/// The error with its causes and a hint.
pub(crate) fn explained(error: HubError) -> miette::Report {
    let hint = hint(&error);
    hinted(error, hint)
}

fn hint(error: &HubError) -> Option<String> {
    let hint = match error {
        HubError::Unauthorized { .. } => "set HF_TOKEN to a valid token, or name a file with --token-file",
        HubError::Forbidden { .. } => "use a token that may write to this owner's repositories",
        HubError::RepoNotFound { .. } => {
            "check the name and --type; a private repository also needs its owner's HF_TOKEN"
        }
        HubError::RevisionNotFound { .. } => "name a branch, a tag or a commit with --revision",
        HubError::TooLarge { .. } | HubError::TooManyFiles { .. } => {
            "raise --max-size or --max-files if this is what you want; nothing was kept"
        }
        HubError::TimedOut { .. } => "try again, or raise --deadline",
        HubError::Unreachable { .. } => "check HF_ENDPOINT and the network",
        error => match error.retry() {
            Retry::After(pause) => return Some(format!("try again after {} s", pause.as_secs())),
            Retry::Backoff => "try again",
            Retry::Never => return None,
        },
    };
    Some(hint.to_owned())
}
