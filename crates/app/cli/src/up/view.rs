//! What the dashboard shows of a run, drawn from the board.

use super::{
    board::{Board, Doing, InRound, Line, MinerBoard, Publishing, ValidatorBoard, Weight},
    history::EpochRecord,
    results::{MinerLine, Status},
};
use assay_chain::Metagraph;
use assay_dashboard::state::{
    Activity, ChainView, CompetitionView, DashboardState, EpochPoint, Level, LogLine, MinerPoint,
    MinerStatus, MinerView, Phase, ValidatorView, WeightsStage, WeightsView,
};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::sync::watch;

/// The page of one run.
#[derive(Debug)]
pub(super) struct View {
    state: watch::Sender<DashboardState>,
    /// The newest finished epoch's results, by the order of the board.
    newest: Vec<MinerLine>,
}

impl View {
    pub(super) fn new(system: &str) -> Self {
        let state = DashboardState {
            system: system.to_owned(),
            ..DashboardState::default()
        };
        Self {
            state: watch::Sender::new(state),
            newest: Vec::new(),
        }
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<DashboardState> {
        self.state.subscribe()
    }

    /// What is being done before the competition runs.
    pub(super) fn starting(&self, doing: &str) {
        self.state.send_modify(|state| {
            state.phase = Phase::Starting {
                doing: doing.to_owned(),
            }
        });
    }

    pub(super) fn phase(&self, phase: Phase) {
        self.state.send_modify(|state| state.phase = phase);
    }

    pub(super) fn chain(&self, chain: ChainView) {
        self.state.send_modify(|state| state.chain = Some(chain));
    }

    pub(super) fn competition(&self, competition: CompetitionView) {
        self.state
            .send_modify(|state| state.competition = Some(competition));
    }

    pub(super) fn log(&self, line: &Line) {
        self.state.send_modify(|state| {
            let block = state.chain.as_ref().map(|chain| chain.block);
            state.push_log(LogLine {
                at_ms: now_ms(),
                block,
                level: match line.weight {
                    Weight::Plain => Level::Info,
                    Weight::Warning => Level::Warning,
                },
                source: line.source.clone(),
                text: line.text.clone(),
            });
        });
    }

    /// Takes in a finished epoch.
    pub(super) fn epoch(&mut self, record: &EpochRecord) {
        self.newest.clone_from(&record.miners);
        let point = EpochPoint {
            epoch: u32::try_from(record.epoch).unwrap_or(u32::MAX),
            block: record.block.0,
            miners: record
                .miners
                .iter()
                .map(|line| MinerPoint {
                    hotkey: line.hotkey.to_string(),
                    loss: line.loss,
                    score: None,
                    incentive: Some(line.incentive),
                })
                .collect(),
        };
        self.state.send_modify(|state| state.push_epoch(point));
    }

    /// Draws everybody anew. `metagraph` is the newest snapshot.
    pub(super) fn board(&self, board: &Board, metagraph: Option<&Metagraph>) {
        self.state.send_modify(|state| {
            state.phase = Phase::Running;
            if let Some(competition) = &mut state.competition {
                let round = board
                    .validators
                    .iter()
                    .filter_map(|it| it.round)
                    .max_by_key(|(block, _)| *block);
                competition.round = round.map(|(block, _)| block.0);
                competition.seed = round.map(|(_, hash)| format!("from block {hash}"));
            }
            state.validators = board
                .validators
                .iter()
                .map(|it| validator(it, metagraph))
                .collect();
            let round = board
                .validators
                .iter()
                .filter_map(|it| it.scores.as_ref())
                .map(|(block, _)| *block)
                .max();
            let scored = round.and_then(|block| board.score_lines(block));
            state.miners = board
                .miners
                .iter()
                .map(|it| {
                    let of_it = |lines: &[MinerLine]| {
                        lines.iter().find(|line| line.hotkey == it.known.hotkey).cloned()
                    };
                    let paid = of_it(&self.newest);
                    let line = scored.as_deref().and_then(of_it).or_else(|| paid.clone());
                    miner(board, it, line.as_ref(), paid.as_ref(), metagraph)
                })
                .collect();
        });
    }
}

fn validator(board: &ValidatorBoard, metagraph: Option<&Metagraph>) -> ValidatorView {
    let neuron = metagraph.and_then(|metagraph| metagraph.by_hotkey(&board.hotkey));
    ValidatorView {
        name: board.name.clone(),
        hotkey: board.hotkey.to_string(),
        uid: neuron.map(|neuron| neuron.uid.0),
        activity: activity(&board.doing),
        weights: board.weights.as_ref().and_then(|(round, stage)| {
            let stage = stage_view(stage)?;
            Some(WeightsView {
                round: round.0,
                stage,
            })
        }),
        dividends: neuron.map(|neuron| f64::from(neuron.dividends) / f64::from(u16::MAX)),
    }
}

fn activity(doing: &Doing) -> Activity {
    match doing {
        Doing::Starting => Activity::Starting,
        Doing::Checking(what) => Activity::Checking { what: what.clone() },
        Doing::Training {
            miner,
            step,
            steps,
            loss,
        } => Activity::Training {
            miner: miner.clone(),
            step: *step,
            steps: *steps,
            loss: *loss,
        },
        Doing::Evaluating { miner, done, of } => Activity::Evaluating {
            miner: miner.clone(),
            done: *done as u64,
            of: *of as u64,
        },
        Doing::Weighing(_) => Activity::SettingWeights,
        Doing::Waiting(what) => Activity::Waiting { what: what.clone() },
    }
}

fn stage_view(stage: &assay_datasets::event::WeightsStage) -> Option<WeightsStage> {
    use assay_datasets::event::WeightsStage as Told;
    Some(match stage {
        Told::Submitted => WeightsStage::Submitted,
        Told::InBlock { block } => WeightsStage::InBlock { block: block.0 },
        Told::Finalized { block } => WeightsStage::Finalized { block: block.0 },
        Told::Held { reason } => WeightsStage::Held {
            reason: reason.clone(),
        },
        _ => return None,
    })
}

fn miner(
    board: &Board,
    miner: &MinerBoard,
    line: Option<&MinerLine>,
    paid: Option<&MinerLine>,
    metagraph: Option<&Metagraph>,
) -> MinerView {
    let neuron = metagraph.and_then(|metagraph| metagraph.by_hotkey(&miner.known.hotkey));
    MinerView {
        name: miner.known.name.clone(),
        hotkey: miner.known.hotkey.to_string(),
        uid: neuron.map(|neuron| neuron.uid.0),
        repo: Some(miner.known.repo.clone()),
        rows: line.and_then(|line| line.rows).map(|rows| rows as u64),
        status: status(board, miner, line),
        loss: line.and_then(|line| line.loss),
        win_rate: line.and_then(|line| line.win_rate),
        score: None,
        answers: None,
        weight: line.map(|line| line.weight),
        incentive: paid.map(|line| line.incentive),
        emission_rao: paid.map(|line| line.emission_rao),
    }
}

fn status(board: &Board, miner: &MinerBoard, line: Option<&MinerLine>) -> MinerStatus {
    match &miner.publishing {
        Publishing::Queued => return MinerStatus::Queued,
        Publishing::Doing(step) => return MinerStatus::Publishing { step: step.clone() },
        Publishing::Refused(reason) => {
            return MinerStatus::NoAnswer {
                reason: reason.clone(),
            };
        }
        Publishing::Committed => {}
    }
    let busy = board.validators.iter().any(|validator| {
        matches!(
            validator.doing,
            Doing::Checking(_) | Doing::Training { .. } | Doing::Evaluating { .. }
        )
    });
    match (busy, &miner.now) {
        (true, Some(InRound::Doing(doing))) => return MinerStatus::InRound { doing: doing.clone() },
        (true, Some(InRound::CopyOf(other))) => return MinerStatus::CopyOf { miner: other.clone() },
        (true, Some(InRound::Rejected(reason))) => {
            return MinerStatus::BadAnswer {
                reason: reason.clone(),
            };
        }
        (false, _) | (true, None) => {}
    }
    let Some(line) = line else {
        return MinerStatus::Committed;
    };
    let reason = || line.reason.clone().unwrap_or_default();
    match line.status {
        Status::Ranked => MinerStatus::Scored,
        Status::Copy => MinerStatus::CopyOf {
            miner: reason().trim_start_matches("a copy of ").to_owned(),
        },
        Status::NotAsked => MinerStatus::NotAsked { reason: reason() },
        Status::NoAnswer => MinerStatus::NoAnswer { reason: reason() },
        Status::BadAnswer => MinerStatus::BadAnswer { reason: reason() },
        Status::OwnFault => MinerStatus::OwnFault { reason: reason() },
    }
}

/// The wall clock, in milliseconds since 1970.
pub(super) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
