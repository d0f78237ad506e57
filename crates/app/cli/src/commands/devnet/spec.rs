//! A spec's file on its way to a chain, and its wallets on their way to a folder.

use crate::{commands::wallet::key_failure, context::Context, hinted::hinted};
use assay_devnet::{Spec, SpecProblem, SpecWallet};
use assay_keys::{KeyRole, Overwrite, Pair, Protection, Scheme, Wallet};
use miette::{IntoDiagnostic, WrapErr, miette};
use std::path::Path;

/// Prints the example: as it is for people, its values for programs.
pub(super) fn print(context: &Context) -> miette::Result<()> {
    let example = Spec::example();
    if !context.output().is_json() {
        return context.output().text(example);
    }
    let values: toml::Value = toml::from_str(example).into_diagnostic()?;
    context.output().json(&values)
}

/// Reads a spec. What is wrong is told with the file and the line.
pub(super) fn read(path: &Path) -> miette::Result<Spec> {
    let text = fs_err::read_to_string(path).into_diagnostic()?;
    Spec::parse(&text)
        .map_err(|error| {
            let hint = match &error.problem {
                SpecProblem::Chain(name) => assay_chain::explain(name)
                    .map_or(error.problem.remedy(), |known| known.hint)
                    .to_owned(),
                problem => problem.remedy().to_owned(),
            };
            hinted(error, Some(hint))
        })
        .wrap_err_with(|| format!("{} is no spec of a devnet", path.display()))
}

/// Writes the spec's wallets where they are not yet. Their keys are known to everybody, so they are not encrypted.
pub(super) fn write_wallets(wallets: &[SpecWallet], folder: &Path) -> miette::Result<()> {
    for described in wallets {
        let key = |role, hotkey: &str, uri: &str| -> miette::Result<()> {
            let wallet = Wallet::open(folder, &described.name, hotkey);
            let pair = Pair::from_uri(uri, Scheme::Sr25519).into_diagnostic()?;
            match wallet.public(role) {
                Ok(known) if known.account == pair.account() => return Ok(()),
                Ok(known) => {
                    return Err(miette!(
                        help = "give the devnet another --home, name the wallet otherwise, or move the other one away",
                        "the wallet {} in {} has another {role}: {}",
                        described.name,
                        folder.display(),
                        known.account
                    ));
                }
                Err(_) => {}
            }
            wallet
                .create(role, &pair, &Protection::Plain, Overwrite::Refuse)
                .map_err(key_failure)
        };
        key(KeyRole::Coldkey, "default", &described.coldkey_uri)?;
        for hotkey in &described.hotkeys {
            key(KeyRole::Hotkey, &hotkey.name, &hotkey.uri)?;
        }
    }
    Ok(())
}
