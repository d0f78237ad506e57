//! Failures with a hint: what the error of a library says, and what to type on this command line to mend it.

use std::{error::Error, fmt};

/// The failure, its causes, and what to do about it.
pub(crate) fn hinted(error: impl Error + Send + Sync + 'static, hint: Option<String>) -> miette::Report {
    Hinted {
        error: Box::new(error),
        hint,
    }
    .into()
}

#[derive(Debug)]
struct Hinted {
    error: Box<dyn Error + Send + Sync>,
    hint: Option<String>,
}

impl fmt::Display for Hinted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl Error for Hinted {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.error.source()
    }
}

impl miette::Diagnostic for Hinted {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.hint.as_ref().map(|hint| Box::new(hint) as _)
    }
}
