//! Which hub, which repository, whose token.

use super::error::explained;
use assay_hub::{DEFAULT_ENDPOINT, HubClient, RepoId, RepoType};
use miette::{Context as _, IntoDiagnostic, miette};
use secrecy::SecretString;
use std::{path::PathBuf, str::FromStr};

/// Where the hub is and how to enter it.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct HubArgs {
    /// Address of the hub
    #[arg(long, env = "HF_ENDPOINT", value_name = "URL", default_value = DEFAULT_ENDPOINT)]
    endpoint: String,
    /// File that holds the token, instead of the environment's HF_TOKEN
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

impl HubArgs {
    pub(crate) fn client(&self) -> miette::Result<HubClient> {
        let token = match &self.token_file {
            Some(file) => Some(read_token(file)?),
            None => token_of_environment(),
        };
        HubClient::new(&self.endpoint, token).map_err(explained)
    }
}

/// The token in the environment, if there is one.
pub(crate) fn token_of_environment() -> Option<SecretString> {
    let token = std::env::var("HF_TOKEN").ok()?;
    let token = token.trim();
    (!token.is_empty()).then(|| SecretString::from(token))
}

fn read_token(file: &PathBuf) -> miette::Result<SecretString> {
    let text = fs_err::read_to_string(file)
        .into_diagnostic()
        .wrap_err("the token was not read")?;
    match text.trim() {
        "" => Err(miette!(
            help = "put the token there, on a line of its own",
            "{} is empty",
            file.display()
        )),
        token => Ok(SecretString::from(token)),
    }
}

/// A repository as it is written on the command line: `owner/name`, or `datasets/owner/name` with the kind in front.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RepoArgument {
    pub(crate) id: RepoId,
    kind: Option<RepoType>,
}

impl RepoArgument {
    /// The kind in front of the name, or else the one asked for.
    pub(crate) fn kind(&self, asked: RepoType) -> RepoType {
        self.kind.unwrap_or(asked)
    }
}

impl FromStr for RepoArgument {
    type Err = assay_hub::RepoIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let split = RepoType::ALL.into_iter().find_map(|kind| {
            let rest = text.strip_prefix(kind.plural())?.strip_prefix('/')?;
            rest.contains('/').then_some((kind, rest))
        });
        match split {
            Some((kind, rest)) => Ok(Self {
                id: rest.parse()?,
                kind: Some(kind),
            }),
            None => Ok(Self {
                id: text.parse()?,
                kind: None,
            }),
        }
    }
}

/// A size as people write it: `500`, `20k`, `1.5G`; powers of ten.
pub(crate) fn parse_size(text: &str) -> Result<u64, String> {
    let lower = text.trim().to_ascii_lowercase();
    let number = lower.trim_end_matches('b');
    let (number, factor) = match number.chars().last() {
        Some('k') => (&number[..number.len() - 1], 1e3),
        Some('m') => (&number[..number.len() - 1], 1e6),
        Some('g') => (&number[..number.len() - 1], 1e9),
        Some('t') => (&number[..number.len() - 1], 1e12),
        _ => (number, 1.0),
    };
    let refused = || format!("\"{text}\" is no size: write it like 500k, 20M or 1.5G");
    let number: f64 = number.trim().parse().map_err(|_| refused())?;
    let bytes = number * factor;
    if bytes.is_finite() && (0.0..9e18).contains(&bytes) {
        Ok(bytes as u64)
    } else {
        Err(refused())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_people_write_them() {
        for (text, bytes) in [
            ("500", 500),
            ("20k", 20_000),
            ("1.5G", 1_500_000_000),
            ("2 MB", 2_000_000),
            ("0", 0),
        ] {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
        for text in ["", "k", "-1", "1x", "NaN", "1e30", "inf"] {
            assert!(parse_size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_repository_may_be_written_with_its_kind() {
        let plain: RepoArgument = "alice/ore".parse().unwrap();
        assert_eq!(plain.kind(RepoType::Dataset), RepoType::Dataset);
        let model: RepoArgument = "models/alice/ore".parse().unwrap();
        assert_eq!(
            (model.id.as_str(), model.kind(RepoType::Dataset)),
            ("alice/ore", RepoType::Model)
        );
        let owner: RepoArgument = "datasets/ore".parse().unwrap();
        assert_eq!(owner.id.owner(), "datasets");
        assert!("a/b/c".parse::<RepoArgument>().is_err());
    }
}
