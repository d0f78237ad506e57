//! What the dashboard shows of the run besides its miners: the questions, and what became of the answers.

use super::Judging;
use crate::up::{
    answering::{Standing, System, View, validator},
    records::Records,
    view::now_ms,
};
use assay_chain::{AccountId, Metagraph};
use assay_dashboard::state::{
    self, Activity, AnswerView, DashboardState, Level, MeanReward, PromptingView, StepView,
};
use assay_prompting::{ChosenBy, Fault, MinerTold, PromptingEvent, PromptingStanding, Routing, StepTold};
use std::collections::BTreeMap;

/// Characters of the best answer that are shown.
const SHOWN: usize = 160;

/// The run's side that concerns questions.
#[derive(Debug)]
pub(super) struct Questions {
    pub(super) view: View,
    /// How often each filter forbade an answer, by miner.
    pub(super) forbidden: BTreeMap<AccountId, BTreeMap<&'static str, u64>>,
}

impl Questions {
    pub(super) fn new(roles: impl IntoIterator<Item = String>, judging: Judging) -> Self {
        let section = |state: &mut DashboardState| {
            state.prompting = Some(PromptingView {
                profile: judging.profile.name().to_owned(),
                routing: match judging.routing {
                    Routing::Random => "random",
                    Routing::Gating => "gating",
                }
                .to_owned(),
                ..PromptingView::default()
            });
        };
        Self {
            view: View::new("prompting", roles, section),
            forbidden: BTreeMap::new(),
        }
    }

    fn judged(&mut self, step: &StepTold) {
        for miner in &step.miners {
            match &miner.fault {
                Some(Fault::Ours(_)) => {}
                Some(Fault::NoAnswer(why)) => self.view.asked(miner.hotkey, Err(why.clone())),
                Some(Fault::Forbidden(filters)) => {
                    self.view.asked(miner.hotkey, Ok(miner.took));
                    let of_miner = self.forbidden.entry(miner.hotkey).or_default();
                    for filter in filters {
                        *of_miner.entry(filter).or_default() += 1;
                    }
                }
                None => self.view.asked(miner.hotkey, Ok(miner.took)),
            }
        }
        let mut rewards: Vec<AnswerView> = step.miners.iter().map(|miner| self.answer(miner)).collect();
        rewards.sort_by(|one, other| {
            let reward = |answer: &AnswerView| answer.reward.unwrap_or(-1.0);
            reward(other).total_cmp(&reward(one))
        });
        let shown = StepView {
            at_ms: now_ms(),
            id: format!("{}-{}", step.validator, step.record.step),
            name: step.record.name.clone(),
            best: step.record.best.as_deref().map(shortened),
            rewards,
            took_s: step.took.as_secs_f64(),
        };
        self.prompting(|prompting| {
            prompting.gating_loss = step.record.gating_loss;
            for miner in &step.miners {
                let is_silent = matches!(miner.fault, Some(Fault::NoAnswer(_) | Fault::Ours(_)));
                prompting.answers += u64::from(!is_silent);
                prompting.forbidden += u64::from(matches!(miner.fault, Some(Fault::Forbidden(_))));
                if let Some(reward) = miner.reward {
                    let mean = match miner.chosen {
                        ChosenBy::Gate => &mut prompting.by_gate,
                        ChosenBy::Chance | ChosenBy::Exploration => &mut prompting.by_chance,
                    };
                    mean.get_or_insert_with(MeanReward::default).add(reward);
                }
            }
            prompting.push_step(shown);
        });
    }

    fn answer(&self, miner: &MinerTold) -> AnswerView {
        let (is_silent, forbidden_by) = match &miner.fault {
            None => (false, Vec::new()),
            Some(Fault::NoAnswer(_) | Fault::Ours(_)) => (true, Vec::new()),
            Some(Fault::Forbidden(filters)) => {
                let names = filters.iter().map(|filter| filter_name(filter).to_owned());
                (false, names.collect())
            }
        };
        AnswerView {
            miner: self.view.name(&miner.hotkey),
            reward: miner.reward.filter(|_| !is_silent),
            forbidden_by,
            by_gate: miner.chosen == ChosenBy::Gate,
        }
    }

    fn prompting(&mut self, change: impl FnOnce(&mut PromptingView)) {
        self.view
            .change(|state| change(state.prompting.get_or_insert_default()));
    }
}

/// A filter's name without the words that all of them have.
pub(super) fn filter_name(column: &str) -> &str {
    let name = column.strip_suffix("_filter").unwrap_or(column);
    name.strip_suffix("_reward_model").unwrap_or(name)
}

fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(SHOWN).collect();
    if text.chars().count() > SHOWN {
        short.push('…');
    }
    short
}

impl Standing for PromptingStanding {
    fn scored(&self) -> u64 {
        self.steps
    }

    fn scores(&self) -> &[(AccountId, f64)] {
        &self.scores
    }
}

impl System for Questions {
    type Event = PromptingEvent;
    type Standing = PromptingStanding;

    fn view(&mut self) -> &mut View {
        &mut self.view
    }

    /// The validators record their steps themselves.
    fn hear(&mut self, event: &PromptingEvent, _: Option<&PromptingStanding>, _: &mut Records) {
        match event {
            PromptingEvent::Step(step) => self.judged(step),
            PromptingEvent::Failed { reason, .. } => {
                self.view.log(Level::Warning, "validator", reason.clone())
            }
            _ => {}
        }
    }

    fn stand(
        &mut self,
        standing: &PromptingStanding,
        metagraph: &Metagraph,
        validators: &[(String, AccountId)],
    ) {
        self.prompting(|prompting| {
            prompting.steps = standing.steps;
            prompting.forwards = standing.forwards;
            prompting.failures = standing.failures;
        });
        let activity = || match standing.doing.strip_prefix("waiting ") {
            Some(what) => Activity::Waiting {
                what: what.to_owned(),
            },
            None => Activity::Scoring {
                what: standing.doing.clone(),
            },
        };
        let validators: Vec<state::ValidatorView> = validators
            .iter()
            .map(|(name, hotkey)| validator(name, hotkey, activity(), metagraph))
            .collect();
        self.view.stand(&standing.scores, metagraph, validators);
    }
}
