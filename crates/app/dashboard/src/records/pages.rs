//! What stands on each page.

use super::card::{Card, Chart};
use super::likeness;
use crate::frame::Here;
use crate::plot::Shape;
use assay_analysis::Store;

/// A page of cards.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Page {
    pub(crate) here: Here,
    pub(crate) address: &'static str,
    pub(crate) title: &'static str,
    pub(crate) cards: fn(&Store) -> Vec<Card>,
    /// What it says while nothing was recorded.
    pub(crate) empty: &'static str,
}

const fn lines(across: &'static str, up: &'static [&'static str]) -> Chart {
    Chart {
        title: "",
        across,
        by: None,
        up,
        shape: Shape::Lines,
    }
}

const fn line_of_each(across: &'static str, by: &'static str, up: &'static [&'static str]) -> Chart {
    Chart {
        title: "",
        across,
        by: Some(by),
        up,
        shape: Shape::Lines,
    }
}

const fn bars(across: &'static str, up: &'static [&'static str]) -> Chart {
    Chart {
        title: "",
        across,
        by: None,
        up,
        shape: Shape::Bars,
    }
}

const fn titled(title: &'static str, chart: Chart) -> Chart {
    Chart { title, ..chart }
}

/// Incentive of the best paid, epoch by epoch.
pub(crate) const INCENTIVES: Chart = line_of_each("block", "hotkey", &["incentive"]);
/// Scores of the best.
pub(crate) const SCORES: Chart = line_of_each("time", "hotkey", &["score"]);

/// Every page.
pub(crate) const PAGES: [Page; 7] = [
    Page {
        here: Here::Miners,
        address: "/miners",
        title: "Miners",
        cards: miners,
        empty: "A miner appears with its first epoch, score or answer.",
    },
    Page {
        here: Here::Epochs,
        address: "/epochs",
        title: "Epochs",
        cards: epochs,
        empty: "The first epoch has not been recorded yet.",
    },
    Page {
        here: Here::Weights,
        address: "/weights",
        title: "Weights",
        cards: weights,
        empty: "No validator has tried to set weights yet.",
    },
    Page {
        here: Here::Rounds,
        address: "/rounds",
        title: "Rounds",
        cards: rounds,
        empty: "No round of a competition has been recorded yet.",
    },
    Page {
        here: Here::Requests,
        address: "/requests",
        title: "Requests",
        cards: requests,
        empty: "No request has been judged yet.",
    },
    Page {
        here: Here::Prompts,
        address: "/prompts",
        title: "Prompts",
        cards: prompts,
        empty: "No question has been asked yet.",
    },
    Page {
        here: Here::Machine,
        address: "/machine",
        title: "Machine",
        cards: machine,
        empty: "Nothing about this machine has been recorded yet.",
    },
];

fn miners(store: &Store) -> Vec<Card> {
    vec![
        Card::table(store.miners()),
        Card::plot(store.incentives(), &[INCENTIVES]),
        Card::plot(store.score_history(), &[SCORES]),
        Card::plot(store.reward_distribution(), &[bars("at_least", &["rewards"])]),
        Card::table(store.leaderboard()),
    ]
}

fn epochs(store: &Store) -> Vec<Card> {
    vec![
        Card::plot(
            store.incentives(),
            &[
                INCENTIVES,
                titled("Consensus", line_of_each("block", "hotkey", &["consensus"])),
            ],
        ),
        Card::table(store.epochs()),
        Card::table(store.network()),
        Card::table(store.earnings()),
    ]
}

fn weights(store: &Store) -> Vec<Card> {
    vec![
        Card::table(store.attempts()),
        Card::plot(store.stages(), &[bars("stage", &["steps"])]),
        Card::table(store.weights()),
    ]
}

fn rounds(store: &Store) -> Vec<Card> {
    vec![
        Card::table(store.evaluations()),
        Card::plot(store.losses(), &[line_of_each("block", "hotkey", &["loss"])]),
        Card::table(store.rounds()),
    ]
}

fn requests(store: &Store) -> Vec<Card> {
    vec![
        Card::plot(
            store.traffic(),
            &[
                bars("time", &["organic", "synthetic", "failed"]),
                titled("Time of a request", lines("time", &["seconds"])),
            ],
        ),
        Card::table(store.answers()),
        Card::plot(store.answer_rewards(), &[bars("at_least", &["rewards"])]),
        Card::table(store.requests()),
    ]
}

fn prompts(store: &Store) -> Vec<Card> {
    vec![
        Card::plot(
            store.questions(),
            &[
                bars("time", &["steps"]),
                titled("Mean reward", lines("time", &["mean_reward"])),
                titled("Gating loss", lines("time", &["gating_loss"])),
                titled("Length of an answer", lines("time", &["mean_length"])),
                titled("Time to an answer", lines("time", &["mean_wait"])),
            ],
        ),
        Card::figure(store.diversity(), likeness::diversity),
        Card::figure(store.alike(), likeness::alike),
        Card::table(store.answerers()),
        Card::table(store.completions()),
        Card::table(store.models()),
        Card::table(store.choices()),
        Card::table(store.kinds()),
    ]
}

fn machine(store: &Store) -> Vec<Card> {
    vec![
        Card::plot(
            store.hardware(),
            &[
                titled(
                    "Load",
                    lines("time", &["cpu_percent", "process_cpu_percent", "gpu_percent"]),
                ),
                titled("Memory of this program", lines("time", &["process_memory"])),
            ],
        ),
        Card::plot(store.step_times(), &[lines("time", &["seconds", "longest"])]),
        Card::plot(store.block_times(), &[lines("time", &["seconds", "longest"])]),
        Card::table(store.forwards()),
        Card::table(store.calls()),
    ]
}
