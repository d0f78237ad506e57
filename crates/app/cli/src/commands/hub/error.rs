//! What to do about an error of a hub.

use assay_hub::{HubError, Retry};
use miette::Diagnostic;
use std::fmt;

/// An error of a hub, with its causes and a hint.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
struct Explained(HubError);

impl Diagnostic for Explained {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let hint = match &self.0 {
            HubError::Unauthorized { .. } => {
                "set HF_TOKEN to a valid token, or name a file with --token-file".to_owned()
            }
            HubError::Forbidden { .. } => {
                "use a token that may write to this owner's repositories".to_owned()
            }
            HubError::RepoNotFound { .. } => {
                "check the name and --type; a private repository also needs its owner's HF_TOKEN".to_owned()
            }
            HubError::RevisionNotFound { .. } => {
                "name a branch, a tag or a commit with --revision".to_owned()
            }
            HubError::TooLarge { .. } | HubError::TooManyFiles { .. } => {
                "raise --max-size or --max-files if this is what you want; nothing was kept".to_owned()
            }
            HubError::TimedOut { .. } => "try again, or raise --deadline".to_owned(),
            HubError::Unreachable { .. } => "check HF_ENDPOINT and the network".to_owned(),
            error => match error.retry() {
                Retry::After(pause) => format!("try again after {} s", pause.as_secs()),
                Retry::Backoff => "try again".to_owned(),
                Retry::Never => return None,
            },
        };
        Some(Box::new(hint))
    }
}

pub(crate) fn explained(error: HubError) -> miette::Report {
    Explained(error).into()
}
