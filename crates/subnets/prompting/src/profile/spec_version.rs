//! The number that stands for a release, in weights and in tags of logs.

use crate::Fidelity;
use std::{fmt, str::FromStr};

/// A release: major, minor, patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Release {
    major: u16,
    minor: u16,
    patch: u16,
}

/// A text that names no release.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no release; one is like 1.0.4")]
pub struct UnknownRelease {
    /// The text, its first characters.
    pub text: String,
}

impl Release {
    /// This release.
    #[must_use]
    pub const fn new(major: u16, minor: u16, patch: u16) -> Self {
        Self { major, minor, patch }
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl FromStr for Release {
    type Err = UnknownRelease;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let numbers: Option<Vec<u16>> = text.split('.').map(|number| number.parse().ok()).collect();
        match numbers.as_deref() {
            Some([major, minor, patch]) => Ok(Self::new(*major, *minor, *patch)),
            _ => Err(UnknownRelease {
                text: text.chars().take(32).collect(),
            }),
        }
    }
}

/// The number of a release.
///
/// Exact: 1000 for each major, 10 for each minor and 1 for each patch, and 1.0.1 and 1.0.2 are one higher; there 1.0.10
/// and 1.1.0 have the same. Fixed: five digits for each, so that a later release always has a larger number, and every one
/// of them is larger than all of the original's: a subnet that refuses numbers below the original's takes ours.
#[must_use]
pub fn spec_version(release: Release, fidelity: Fidelity) -> u64 {
    let [major, minor, patch] = [release.major, release.minor, release.patch].map(u64::from);
    match (fidelity, release) {
        (Fidelity::Fixed, _) => major * 10_000_000_000 + minor * 100_000 + patch,
        (
            Fidelity::Exact,
            Release {
                major: 1,
                minor: 0,
                patch: patch @ 1..=2,
            },
        ) => 1001 + u64::from(patch),
        (Fidelity::Exact, _) => 1000 * major + 10 * minor + patch,
    }
}
