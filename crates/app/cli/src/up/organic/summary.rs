//! What a run has come to, for a person and for a program.

use super::cast::Role;
use crate::{
    output,
    up::{
        answering::{ChainSummary, Earned, PaidEpoch, View},
        home::Home,
    },
};
use assay_chat::ChatStanding;
use assay_keys::AccountId;
use assay_localnet::LocalSubnet;
use comfy_table::CellAlignment;
use serde::Serialize;
use std::path::PathBuf;
use tokio::sync::watch;

/// The document that `assay up organic --json` prints.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    schema: &'static str,
    system: &'static str,
    home: PathBuf,
    /// Whether an earlier run was continued.
    continued: bool,
    chain: ChainSummary,
    gateway: GatewaySummary,
    scoring: ScoringSummary,
    /// The best paid first.
    miners: Vec<MinerSummary>,
    /// The epochs of this run, the oldest first.
    epochs: Vec<PaidEpoch>,
}

const SCHEMA: &str = "assay-up-organic-1";

#[derive(Debug, Default, Serialize)]
struct GatewaySummary {
    url: String,
    answered: u64,
    failed: u64,
    /// Seconds to the first words of an answer: half of them were faster.
    first_words_p50_s: f64,
}

#[derive(Debug, Default, Serialize)]
struct ScoringSummary {
    organic: u64,
    synthetic: u64,
    lost: u64,
    queued: usize,
}

#[derive(Debug, Serialize)]
struct MinerSummary {
    name: String,
    hotkey: AccountId,
    asked: u64,
    answered: u64,
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
    url: &str,
    roles: &[Role],
    view: &View,
    standings: &watch::Receiver<Option<ChatStanding>>,
    epochs: Vec<PaidEpoch>,
) -> miette::Result<Summary> {
    let chain = ChainSummary::of(subnet).await?;
    let standing = standings.borrow().clone();
    let mut miners: Vec<_> = roles
        .iter()
        .zip(&subnet.miners)
        .map(|(role, account)| {
            let hotkey = account.hotkey.account();
            let answers = view.answers(&hotkey);
            let earned = Earned::by(account, &epochs);
            MinerSummary {
                name: role.name.clone(),
                hotkey,
                asked: answers.asked,
                answered: answers.answered,
                score: standing
                    .iter()
                    .flat_map(|standing| &standing.scores)
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
    let gateway = GatewaySummary {
        url: url.to_owned(),
        ..standing
            .as_ref()
            .map_or_else(GatewaySummary::default, |standing| GatewaySummary {
                url: String::new(),
                answered: standing.traffic.answered,
                failed: standing.traffic.unanswered + standing.traffic.broken,
                first_words_p50_s: standing.traffic.first_token.p50_s,
            })
    };
    let scoring = standing.map_or_else(ScoringSummary::default, |standing| ScoringSummary {
        organic: standing.scoring.organic,
        synthetic: standing.scoring.synthetic,
        lost: standing.scoring.dead_letters + standing.scoring.evicted + standing.scoring.expired,
        queued: standing.queued,
    });
    Ok(Summary {
        schema: SCHEMA,
        system: "organic",
        home: home.folder().to_path_buf(),
        continued: home.continued,
        chain,
        gateway,
        scoring,
        miners,
        epochs,
    })
}

pub(super) fn text(summary: &Summary) -> String {
    let mut table = output::table(["miner", "answered", "score", "incentive", "earned"]);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    for miner in &summary.miners {
        table.add_row([
            miner.name.clone(),
            format!("{} of {}", miner.answered, miner.asked),
            format!("{:.3}", miner.score),
            format!("{:.1} %", miner.incentive * 100.0),
            assay_chain::Alpha(miner.earned_rao).to_string(),
        ]);
    }
    format!(
        "{}\n{} requests of users answered; {} of them and {} synthetic ones scored",
        table.trim_fmt(),
        summary.gateway.answered,
        summary.scoring.organic,
        summary.scoring.synthetic
    )
}
