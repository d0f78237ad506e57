//! What a run has come to, for a person and for a program.

use super::{
    Judging,
    cast::Role,
    view::{Questions, filter_name},
};
use crate::{
    output,
    up::{
        answering::{ChainSummary, Earned, PaidEpoch},
        home::Home,
    },
};
use assay_keys::AccountId;
use assay_localnet::LocalSubnet;
use assay_prompting::PromptingStanding;
use comfy_table::CellAlignment;
use serde::Serialize;
use std::{collections::BTreeMap, path::PathBuf};
use tokio::sync::watch;

/// The document that `assay up prompting --json` prints.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    schema: &'static str,
    system: &'static str,
    home: PathBuf,
    /// Whether an earlier run was continued.
    continued: bool,
    profile: &'static str,
    chain: ChainSummary,
    judging: JudgingSummary,
    /// The best paid first.
    miners: Vec<MinerSummary>,
    /// The epochs of this run, the oldest first.
    epochs: Vec<PaidEpoch>,
}

const SCHEMA: &str = "assay-up-prompting-1";

#[derive(Debug, Default, Serialize)]
struct JudgingSummary {
    steps: u64,
    forwards: u64,
    failures: u64,
}

#[derive(Debug, Serialize)]
struct MinerSummary {
    name: String,
    hotkey: AccountId,
    asked: u64,
    answered: u64,
    /// How often each filter forbade its answer.
    forbidden_by: BTreeMap<&'static str, u64>,
    /// Moving average of its rewards, 0 to 1.
    score: f64,
    /// Of the last epoch, 0 to 1.
    incentive: f64,
    /// Over the epochs of this run, in rao of the subnet's alpha.
    earned_rao: u64,
}

pub(super) async fn of(
    home: &Home,
    subnet: &LocalSubnet,
    judging: Judging,
    roles: &[Role],
    questions: &Questions,
    standings: &watch::Receiver<Option<PromptingStanding>>,
    epochs: Vec<PaidEpoch>,
) -> miette::Result<Summary> {
    let chain = ChainSummary::of(subnet).await?;
    let standing = standings.borrow().clone().unwrap_or_default();
    let mut miners: Vec<_> = roles
        .iter()
        .zip(&subnet.miners)
        .map(|(role, account)| {
            let hotkey = account.hotkey.account();
            let answers = questions.view.answers(&hotkey);
            let earned = Earned::by(account, &epochs);
            MinerSummary {
                name: role.name.clone(),
                hotkey,
                asked: answers.asked,
                answered: answers.answered,
                forbidden_by: questions.forbidden.get(&hotkey).cloned().unwrap_or_default(),
                score: standing
                    .scores
                    .iter()
                    .find(|(known, _)| *known == hotkey)
                    .map_or(0.0, |(_, score)| *score),
                incentive: earned.incentive,
                earned_rao: earned.rao,
            }
        })
        .collect();
    miners.sort_by(|one, other| {
        let by_pay = other.earned_rao.cmp(&one.earned_rao);
        by_pay.then(other.score.total_cmp(&one.score))
    });
    Ok(Summary {
        schema: SCHEMA,
        system: "prompting",
        home: home.folder().to_path_buf(),
        continued: home.continued,
        profile: judging.profile.name(),
        chain,
        judging: JudgingSummary {
            steps: standing.steps,
            forwards: standing.forwards,
            failures: standing.failures,
        },
        miners,
        epochs,
    })
}

pub(super) fn text(summary: &Summary) -> String {
    let mut table = output::table([
        "miner",
        "answered",
        "forbidden by",
        "score",
        "incentive",
        "earned",
    ]);
    for at in [1, 3, 4, 5] {
        if let Some(column) = table.column_mut(at) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    for miner in &summary.miners {
        let filters = miner.forbidden_by.iter();
        let filters: Vec<String> = filters
            .map(|(filter, times)| format!("{} {times}", filter_name(filter)))
            .collect();
        table.add_row([
            miner.name.clone(),
            format!("{} of {}", miner.answered, miner.asked),
            if filters.is_empty() {
                "–".to_owned()
            } else {
                filters.join(", ")
            },
            format!("{:.3}", miner.score),
            format!("{:.1} %", miner.incentive * 100.0),
            assay_chain::Alpha(miner.earned_rao).to_string(),
        ]);
    }
    format!(
        "{}\n{} steps of {} forwards judged by the profile {}",
        table.trim_fmt(),
        summary.judging.steps,
        summary.judging.forwards,
        summary.profile
    )
}
