//! `assay explain`: what an error of the chain means and what to do about it.

use crate::{context::Context, output};
use assay_chain::{Explanation, PoolCheck, explain, explain_in, explanations};
use miette::miette;
use serde::Serialize;

/// Explain an error of the chain
///
/// Takes the error's name (SettingWeightsTooFast, with or without its pallet), or the number of a "Custom error" of the
/// transaction pool. Without either it lists all errors of the chain.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name or number of the error
    #[arg(value_name = "ERROR")]
    error: Option<String>,
}

#[derive(Serialize)]
struct Answer {
    /// Absent for a pool's error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pallet: Option<&'static str>,
    name: &'static str,
    /// The number of a pool's error.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u8>,
    meaning: &'static str,
    hint: &'static str,
    /// When the same call makes sense again.
    retry: String,
}

impl Answer {
    fn of_chain(known: &Explanation) -> Self {
        Self {
            pallet: Some(known.pallet),
            name: known.name,
            code: None,
            meaning: known.meaning,
            hint: known.hint,
            retry: known.retry.to_string(),
        }
    }

    fn of_pool(check: PoolCheck) -> Self {
        Self {
            pallet: None,
            name: check.name(),
            code: Some(check.code()),
            meaning: check.meaning(),
            hint: check.hint(),
            retry: check.retry().to_string(),
        }
    }
}

pub(crate) fn run(args: &Args, context: &Context) -> miette::Result<()> {
    let Some(error) = &args.error else {
        let all: Vec<_> = explanations().iter().map(Answer::of_chain).collect();
        return context.output().data(&all, |all| {
            let mut table = output::table(["pallet", "error", "meaning"]);
            for answer in all {
                table.add_row([answer.pallet.unwrap_or_default(), answer.name, answer.meaning]);
            }
            table.trim_fmt()
        });
    };
    let answer = find(error).ok_or_else(|| match similar(error).as_slice() {
        [] => miette!(
            help = "`assay explain` lists the errors that it knows",
            "no error of the chain is known as \"{error}\""
        ),
        names => miette!(
            help = format!("did you mean {}?", names.join(", ")),
            "no error of the chain is known as \"{error}\""
        ),
    })?;
    context.output().data(&answer, |answer| {
        let whose = match (answer.pallet, answer.code) {
            (Some(pallet), _) => format!(" of {pallet}"),
            (None, Some(code)) => format!(" (pool code {code})"),
            (None, None) => String::new(),
        };
        format!(
            "{}{whose}: {}\n  what to do  {}\n  try again   {}",
            answer.name, answer.meaning, answer.hint, answer.retry
        )
    })
}

fn find(error: &str) -> Option<Answer> {
    let (pallet, bare) = match error.rsplit_once([':', '.']) {
        Some((pallet, bare)) => (pallet.trim_matches([':', ' ']), bare.trim()),
        None => ("", error.trim()),
    };
    if let Ok(code) = bare.parse() {
        let check = PoolCheck::from_code(code);
        return (!matches!(check, PoolCheck::Unknown(_))).then(|| Answer::of_pool(check));
    }
    let known = if pallet.is_empty() {
        explain(bare)
    } else {
        explain_in(pallet, bare)
    };
    known.map(Answer::of_chain)
}

/// Names that share a part with what was asked for.
fn similar(error: &str) -> Vec<&'static str> {
    let wanted = error.to_lowercase();
    let names = explanations().iter().map(|known| known.name);
    let mut alike: Vec<_> = names
        .filter(|name| !wanted.is_empty() && name.to_lowercase().contains(&wanted))
        .collect();
    // Sorted already; several pallets share some names.
    alike.dedup();
    alike.truncate(5);
    alike
}

#[cfg(test)]
mod tests {
    use super::*;
    use assay_chain::Retry;

    #[test]
    fn errors_are_found_by_name_with_or_without_pallet_and_by_pool_code() {
        for text in [
            "SettingWeightsTooFast",
            "settingweightstoofast",
            "SubtensorModule.SettingWeightsTooFast",
        ] {
            assert_eq!(find(text).unwrap().name, "SettingWeightsTooFast", "{text}");
        }
        for text in ["6", "Custom error: 6"] {
            let answer = find(text).unwrap();
            assert_eq!(
                (answer.name, answer.code),
                ("RateLimitExceeded", Some(6)),
                "{text}"
            );
        }
        assert!(find("77").is_none() && find("Nonsense").is_none());
        let whose = |text: &str| find(text).unwrap().pallet;
        assert_eq!(whose("Balances::InsufficientBalance"), Some("Balances"));
        assert_eq!(whose("Swap.InsufficientBalance"), Some("Swap"));
        assert_eq!(
            similar("toofast"),
            ["CommittingWeightsTooFast", "SettingWeightsTooFast"]
        );
        assert_eq!(Retry::AfterBlocks(100).to_string(), "after 100 blocks");
    }
}
