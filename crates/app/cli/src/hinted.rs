//! Failures with a hint: what the error of a library says, and what to type on this command line to mend it. Some tell
//! service managers more than that it failed, by the process's exit code.

use std::{error::Error, fmt};

/// The exit code of a failure that has none of its own.
const FAILED: u8 = 1;

/// The failure, its causes, and what to do about it.
pub(crate) fn hinted(error: impl Error + Send + Sync + 'static, hint: Option<String>) -> miette::Report {
    coded(error, hint, FAILED)
}

/// The same, ending the process with this exit code.
pub(crate) fn coded(
    error: impl Error + Send + Sync + 'static,
    hint: Option<String>,
    code: u8,
) -> miette::Report {
    Hinted {
        error: Box::new(error),
        hint,
        code,
    }
    .into()
}

/// The exit code of a process that ends with this failure.
pub(crate) fn exit_code(report: &miette::Report) -> u8 {
    report
        .downcast_ref::<Hinted>()
        .map_or(FAILED, |failure| failure.code)
}

#[derive(Debug)]
struct Hinted {
    error: Box<dyn Error + Send + Sync>,
    hint: Option<String>,
    code: u8,
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
