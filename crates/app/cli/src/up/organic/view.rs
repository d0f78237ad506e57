//! What the dashboard shows of the run.

use super::{
    cast::Role,
    epochs::{PaidEpoch, short},
};
use crate::up::view::now_ms;
use assay_chain::{AccountId, Metagraph};
use assay_chat::{ChatEvent, ChatStanding, MinerReward, SampleSource, ScoredSample};
use assay_dashboard::state::{
    self, Activity, AnswersView, ChainView, DashboardState, EpochPoint, Level, LogLine, MinerPoint,
    MinerStatus, MinerView, OrganicView, Phase, RewardView, SampleView, ValidatorView, WeightsStage,
    WeightsView,
};
use std::{collections::HashMap, path::Path, time::Duration};
use tokio::sync::watch;

/// The page of the run.
#[derive(Debug)]
pub(super) struct View {
    state: watch::Sender<DashboardState>,
    roles: Vec<Role>,
    /// What is known of each miner's answers.
    answers: HashMap<AccountId, Answers>,
    /// Names by hotkey, once the accounts are known.
    names: HashMap<AccountId, String>,
}

/// How a miner has answered in this run.
#[derive(Clone, Debug, Default)]
pub(super) struct Answers {
    pub(super) asked: u64,
    pub(super) answered: u64,
    waited: Duration,
    /// Why the last answer was none.
    fault: Option<String>,
}

impl Answers {
    fn take(&mut self, reward: &MinerReward) {
        // What failed on our side says nothing about the miner.
        if reward.reward.is_none() {
            return;
        }
        self.asked += 1;
        self.fault.clone_from(&reward.fault);
        if reward.fault.is_none() {
            self.answered += 1;
            self.waited += reward.first_words.unwrap_or_default();
        }
    }

    fn first_words_ms(&self) -> Option<f64> {
        (self.answered > 0).then(|| self.waited.as_secs_f64() * 1e3 / self.answered as f64)
    }
}

impl View {
    pub(super) fn new(roles: &[Role]) -> Self {
        let state = DashboardState {
            system: "organic".to_owned(),
            organic: Some(OrganicView::default()),
            ..DashboardState::default()
        };
        Self {
            state: watch::Sender::new(state),
            roles: roles.to_vec(),
            answers: HashMap::new(),
            names: HashMap::new(),
        }
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<DashboardState> {
        self.state.subscribe()
    }

    /// What is known of a miner's answers.
    pub(super) fn answers(&self, hotkey: &AccountId) -> Answers {
        self.answers.get(hotkey).cloned().unwrap_or_default()
    }

    /// What is being done before it runs.
    pub(super) fn starting(&mut self, doing: &str) {
        self.phase(Phase::Starting {
            doing: doing.to_owned(),
        });
    }

    pub(super) fn phase(&mut self, phase: Phase) {
        self.state.send_modify(|state| state.phase = phase);
    }

    pub(super) fn chain(&mut self, chain: ChainView) {
        self.state.send_modify(|state| state.chain = Some(chain));
    }

    /// Where people ask.
    pub(super) fn gateway(&mut self, url: &str, key_file: &Path) {
        self.organic(|organic| {
            organic.gateway = url.to_owned();
            organic.key_file = Some(key_file.display().to_string());
        });
    }

    /// Takes note of what was scored.
    pub(super) fn hear(&mut self, event: &ChatEvent) {
        match event {
            ChatEvent::Scored(sample) => self.scored(sample),
            ChatEvent::Failed { reason } => {
                self.log(Level::Warning, "validator", format!("not scored: {reason}"))
            }
            _ => {}
        }
    }

    fn scored(&mut self, sample: &ScoredSample) {
        for reward in &sample.rewards {
            self.answers.entry(reward.hotkey).or_default().take(reward);
        }
        let name = |hotkey: &AccountId| {
            self.names
                .get(hotkey)
                .cloned()
                .unwrap_or_else(|| hotkey.to_string())
        };
        let view = SampleView {
            at_ms: now_ms(),
            id: sample.id.clone(),
            source: match sample.source {
                SampleSource::Organic => state::SampleSource::Organic,
                SampleSource::Private => state::SampleSource::Private,
                SampleSource::Synthetic => state::SampleSource::Synthetic,
            },
            rewards: sample
                .rewards
                .iter()
                .map(|given| RewardView {
                    miner: name(&given.hotkey),
                    reward: given.reward.filter(|_| given.fault.is_none()),
                    relayed: given.relayed,
                })
                .collect(),
            took_s: sample.took.as_secs_f64(),
        };
        self.organic(|organic| organic.push_sample(view));
    }

    /// How everything stands.
    pub(super) fn stand(
        &mut self,
        standing: Option<&ChatStanding>,
        metagraph: &Metagraph,
        validators: &[(String, AccountId)],
    ) {
        let Some(standing) = standing else { return };
        self.organic(|organic| traffic(organic, standing));
        let miners = self.miners(standing, metagraph);
        let validators = validators
            .iter()
            .map(|(name, hotkey)| validator(name, hotkey, standing, metagraph))
            .collect();
        self.state.send_modify(|state| {
            state.miners = miners;
            state.validators = validators;
        });
    }

    fn miners(&self, standing: &ChatStanding, metagraph: &Metagraph) -> Vec<MinerView> {
        let total: f64 = standing.scores.iter().map(|(_, score)| score.max(0.0)).sum();
        let of_role = |role: &Role| {
            let (hotkey, _) = self.names.iter().find(|(_, name)| **name == role.name)?;
            let answers = self.answers(hotkey);
            let neuron = metagraph.by_hotkey(hotkey);
            let score = standing
                .scores
                .iter()
                .find(|(known, _)| known == hotkey)
                .map(|(_, score)| *score);
            Some(MinerView {
                name: role.name.clone(),
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
    pub(super) fn know<'a>(&mut self, accounts: impl Iterator<Item = (&'a str, AccountId)>) {
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
        self.state.send_modify(|state| state.push_epoch(point));
        self.log(Level::Info, "chain", text);
    }

    fn log(&mut self, level: Level, source: &str, text: String) {
        self.state.send_modify(|state| {
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

    fn organic(&mut self, change: impl FnOnce(&mut OrganicView)) {
        self.state
            .send_modify(|state| change(state.organic.get_or_insert_default()));
    }
}

fn traffic(organic: &mut OrganicView, standing: &ChatStanding) {
    let traffic = &standing.traffic;
    let refused = |status: &u16| (400..500).contains(status);
    organic.answered = traffic.answered;
    organic.failed = traffic.unanswered + traffic.broken;
    organic.refused = traffic
        .by_status
        .iter()
        .filter(|(status, _)| refused(status))
        .map(|(_, count)| count)
        .sum();
    organic.requests = organic.answered + organic.failed + organic.refused + traffic.clients_left;
    let milliseconds = |seconds: f64| (traffic.first_token.count > 0).then_some(seconds * 1e3);
    organic.first_words_p50_ms = milliseconds(traffic.first_token.p50_s);
    organic.first_words_p99_ms = milliseconds(traffic.first_token.p99_s);
    organic.queued = standing.queued;
    organic.capacity = standing.capacity;
    organic.interval_s = Some(standing.interval);
    organic.scored_organic = standing.scoring.organic;
    organic.scored_synthetic = standing.scoring.synthetic;
    organic.lost = standing.scoring.dead_letters + standing.scoring.evicted + standing.scoring.expired;
}

fn validator(
    name: &str,
    hotkey: &AccountId,
    standing: &ChatStanding,
    metagraph: &Metagraph,
) -> ValidatorView {
    let neuron = metagraph.by_hotkey(hotkey);
    let set = neuron.filter(|neuron| neuron.last_update > neuron.registered_at);
    ValidatorView {
        name: name.to_owned(),
        hotkey: hotkey.to_string(),
        uid: neuron.map(|neuron| neuron.uid.0),
        activity: match standing.scoring.phase {
            assay_organic::Phase::Scoring => Activity::Scoring {
                what: "an answer".to_owned(),
            },
            assay_organic::Phase::Waiting => Activity::Waiting {
                what: "the next request".to_owned(),
            },
            assay_organic::Phase::BackingOff => Activity::Waiting {
                what: "a while after a failure".to_owned(),
            },
            _ => Activity::Starting,
        },
        weights: set.map(|neuron| WeightsView {
            round: neuron.last_update.0,
            stage: WeightsStage::Finalized {
                block: neuron.last_update.0,
            },
        }),
        dividends: neuron.map(|neuron| f64::from(neuron.dividends) / f64::from(u16::MAX)),
    }
}
