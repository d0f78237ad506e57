//! What the dashboard shows of a run whose miners are asked.

use super::epochs::{PaidEpoch, short};
use crate::up::view::now_ms;
use assay_chain::{AccountId, Metagraph};
use assay_dashboard::state::{
    Activity, AnswersView, ChainView, DashboardState, EpochPoint, Level, LogLine, MinerPoint, MinerStatus,
    MinerView, Phase, ValidatorView, WeightsStage, WeightsView,
};
use std::{collections::HashMap, time::Duration};
use tokio::sync::watch;

/// The page of the run.
#[derive(Debug)]
pub(in crate::up) struct View {
    state: watch::Sender<DashboardState>,
    /// The miners' names, in the order in which they are shown.
    roles: Vec<String>,
    /// What is known of each miner's answers.
    answers: HashMap<AccountId, Answers>,
    /// Names by hotkey, once the accounts are known.
    names: HashMap<AccountId, String>,
}

/// How a miner has answered in this run.
#[derive(Clone, Debug, Default)]
pub(in crate::up) struct Answers {
    pub(in crate::up) asked: u64,
    pub(in crate::up) answered: u64,
    waited: Duration,
    /// Why the last answer was none.
    fault: Option<String>,
}

impl Answers {
    fn first_words_ms(&self) -> Option<f64> {
        (self.answered > 0).then(|| self.waited.as_secs_f64() * 1e3 / self.answered as f64)
    }
}

impl View {
    /// A page with these miners, and a section of the system's own.
    pub(in crate::up) fn new(
        system: &str,
        roles: impl IntoIterator<Item = String>,
        section: impl FnOnce(&mut DashboardState),
    ) -> Self {
        let mut state = DashboardState {
            system: system.to_owned(),
            ..DashboardState::default()
        };
        section(&mut state);
        Self {
            state: watch::Sender::new(state),
            roles: roles.into_iter().collect(),
            answers: HashMap::new(),
            names: HashMap::new(),
        }
    }

    pub(in crate::up) fn subscribe(&self) -> watch::Receiver<DashboardState> {
        self.state.subscribe()
    }

    /// Changes what is shown.
    pub(in crate::up) fn change(&self, change: impl FnOnce(&mut DashboardState)) {
        self.state.send_modify(change);
    }

    /// What is known of a miner's answers.
    pub(in crate::up) fn answers(&self, hotkey: &AccountId) -> Answers {
        self.answers.get(hotkey).cloned().unwrap_or_default()
    }

    /// What is being done before it runs.
    pub(in crate::up) fn starting(&mut self, doing: &str) {
        self.phase(Phase::Starting {
            doing: doing.to_owned(),
        });
    }

    pub(in crate::up) fn phase(&mut self, phase: Phase) {
        self.change(|state| state.phase = phase);
    }

    pub(super) fn chain(&mut self, chain: ChainView) {
        self.change(|state| state.chain = Some(chain));
    }

    /// Takes note of a miner that was asked: how long it took to the first words, or why there is no answer. What failed on
    /// our side says nothing about the miner, and is not told here.
    pub(in crate::up) fn asked(&mut self, hotkey: AccountId, answer: Result<Duration, String>) {
        let answers = self.answers.entry(hotkey).or_default();
        answers.asked += 1;
        match answer {
            Ok(waited) => {
                answers.answered += 1;
                answers.waited += waited;
                answers.fault = None;
            }
            Err(fault) => answers.fault = Some(fault),
        }
    }

    /// The name of a miner in this run.
    pub(in crate::up) fn name(&self, hotkey: &AccountId) -> String {
        let name = self.names.get(hotkey);
        name.cloned().unwrap_or_else(|| hotkey.to_string())
    }

    /// Shows how the neurons stand.
    pub(in crate::up) fn stand(
        &mut self,
        scores: &[(AccountId, f64)],
        metagraph: &Metagraph,
        validators: Vec<ValidatorView>,
    ) {
        let miners = self.miners(scores, metagraph);
        self.change(|state| {
            state.miners = miners;
            state.validators = validators;
        });
    }

    fn miners(&self, scores: &[(AccountId, f64)], metagraph: &Metagraph) -> Vec<MinerView> {
        let total: f64 = scores.iter().map(|(_, score)| score.max(0.0)).sum();
        let of_role = |role: &String| {
            let (hotkey, _) = self.names.iter().find(|(_, name)| *name == role)?;
            let answers = self.answers(hotkey);
            let neuron = metagraph.by_hotkey(hotkey);
            let score = scores
                .iter()
                .find(|(known, _)| known == hotkey)
                .map(|(_, score)| *score);
            Some(MinerView {
                name: role.clone(),
                hotkey: hotkey.to_string(),
                uid: neuron.map(|neuron| neuron.uid.0),
                repo: None,
                rows: None,
                status: match (&answers.fault, answers.asked) {
                    (_, 0) => MinerStatus::Queued,
                    (Some(fault), _) => MinerStatus::NoAnswer {
                        reason: fault.clone(),
                    },
                    (None, _) => MinerStatus::Scored,
                },
                loss: None,
                win_rate: None,
                score,
                answers: Some(AnswersView {
                    asked: answers.asked,
                    answered: answers.answered,
                    first_words_ms: answers.first_words_ms(),
                }),
                weight: score.filter(|_| total > 0.0).map(|score| score / total),
                incentive: neuron.map(|neuron| f64::from(neuron.incentive) / f64::from(u16::MAX)),
                emission_rao: neuron.map(|neuron| neuron.emission.0),
            })
        };
        self.roles.iter().filter_map(of_role).collect()
    }

    /// Whose hotkey is whose.
    pub(in crate::up) fn know<'a>(&mut self, accounts: impl Iterator<Item = (&'a str, AccountId)>) {
        self.names = accounts
            .map(|(wallet, hotkey)| (hotkey, short(wallet).to_owned()))
            .collect();
    }

    pub(super) fn epoch(&mut self, paid: &PaidEpoch, metagraph: &Metagraph) {
        let hotkey = |name: &str| {
            self.names
                .iter()
                .find(|(_, known)| **known == *name)
                .map(|(hotkey, _)| hotkey)
        };
        let point = EpochPoint {
            epoch: u32::try_from(paid.epoch).unwrap_or(u32::MAX),
            block: paid.block.0,
            miners: paid
                .miners
                .iter()
                .filter_map(|miner| {
                    Some(MinerPoint {
                        hotkey: hotkey(&miner.name)?.to_string(),
                        loss: None,
                        score: Some(miner.score),
                        incentive: Some(miner.incentive),
                    })
                })
                .collect(),
        };
        let text = format!(
            "epoch {} has paid {} neurons",
            paid.epoch,
            metagraph.neurons.len()
        );
        self.change(|state| state.push_epoch(point));
        self.log(Level::Info, "chain", text);
    }

    pub(in crate::up) fn log(&mut self, level: Level, source: &str, text: String) {
        self.change(|state| {
            let block = state.chain.as_ref().map(|chain| chain.block);
            state.push_log(LogLine {
                at_ms: now_ms(),
                block,
                level,
                source: source.to_owned(),
                text,
            });
        });
    }
}

/// A validator that does this.
pub(in crate::up) fn validator(
    name: &str,
    hotkey: &AccountId,
    activity: Activity,
    metagraph: &Metagraph,
) -> ValidatorView {
    let neuron = metagraph.by_hotkey(hotkey);
    let set = neuron.filter(|neuron| neuron.last_update > neuron.registered_at);
    ValidatorView {
        name: name.to_owned(),
        hotkey: hotkey.to_string(),
        uid: neuron.map(|neuron| neuron.uid.0),
        activity,
        weights: set.map(|neuron| WeightsView {
            round: neuron.last_update.0,
            stage: WeightsStage::Finalized {
                block: neuron.last_update.0,
            },
        }),
        dividends: neuron.map(|neuron| f64::from(neuron.dividends) / f64::from(u16::MAX)),
    }
}
