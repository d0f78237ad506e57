//! What the dashboard shows of the run besides its miners: users' requests.

use crate::up::{
    answering::{Standing, System, View, validator},
    records::Records,
    view::now_ms,
};
use assay_chain::{AccountId, Metagraph};
use assay_chat::{ChatEvent, ChatStanding, SampleSource, ScoredSample};
use assay_dashboard::state::{self, Activity, Level, OrganicView, RewardView, SampleView};
use std::path::Path;

/// The run's side that concerns requests.
#[derive(Debug)]
pub(super) struct Requests {
    pub(super) view: View,
}

impl Requests {
    pub(super) fn new(roles: impl IntoIterator<Item = String>) -> Self {
        let section = |state: &mut state::DashboardState| state.organic = Some(OrganicView::default());
        Self {
            view: View::new("organic", roles, section),
        }
    }

    /// Where people ask.
    pub(super) fn gateway(&mut self, url: &str, key_file: &Path) {
        self.organic(|organic| {
            organic.gateway = url.to_owned();
            organic.key_file = Some(key_file.display().to_string());
        });
    }

    fn scored(&mut self, sample: &ScoredSample) {
        for reward in &sample.rewards {
            // What failed on our side says nothing about the miner.
            if reward.reward.is_some() {
                let answer = match &reward.fault {
                    None => Ok(reward.first_words.unwrap_or_default()),
                    Some(fault) => Err(fault.clone()),
                };
                self.view.asked(reward.hotkey, answer);
            }
        }
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
                    miner: self.view.name(&given.hotkey),
                    reward: given.reward.filter(|_| given.fault.is_none()),
                    relayed: given.relayed,
                })
                .collect(),
            took_s: sample.took.as_secs_f64(),
        };
        self.organic(|organic| organic.push_sample(view));
    }

    fn organic(&mut self, change: impl FnOnce(&mut OrganicView)) {
        self.view
            .change(|state| change(state.organic.get_or_insert_default()));
    }
}

impl Standing for ChatStanding {
    fn scored(&self) -> u64 {
        self.scoring.organic + self.scoring.synthetic
    }

    fn scores(&self) -> &[(AccountId, f64)] {
        &self.scores
    }
}

impl System for Requests {
    type Event = ChatEvent;
    type Standing = ChatStanding;

    fn view(&mut self) -> &mut View {
        &mut self.view
    }

    fn hear(&mut self, event: &ChatEvent, standing: Option<&ChatStanding>, records: &mut Records) {
        match event {
            ChatEvent::Scored(sample) => {
                records.sample(sample, standing.map_or(0, |standing| standing.scoring.queued));
                self.scored(sample);
            }
            ChatEvent::Failed { reason } => {
                self.view
                    .log(Level::Warning, "validator", format!("not scored: {reason}"));
            }
            _ => {}
        }
    }

    fn stand(&mut self, standing: &ChatStanding, metagraph: &Metagraph, validators: &[(String, AccountId)]) {
        self.organic(|organic| traffic(organic, standing));
        let validators = validators
            .iter()
            .map(|(name, hotkey)| validator(name, hotkey, activity(standing), metagraph))
            .collect();
        self.view.stand(&standing.scores, metagraph, validators);
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

fn activity(standing: &ChatStanding) -> Activity {
    match standing.scoring.phase {
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
    }
}
