//! The constants of a profile. Everything in it can be changed; [`Settings::validate`] says whether the change makes sense.

use super::{Generation, InferenceRule, Profile};
use crate::{
    Fidelity,
    gating::{head::Learning, route::RouteRule},
    prompts::{base_text::BaseTextRule, tasks::TaskKind},
    scoring::{
        best::BestRule,
        combine::{Mask, Penalty, Reward},
        diversity::{Alone, Cut, history::HistoryRule},
        log_probability::Repetition,
        ngram::NgramRule,
        nsfw::NsfwRule,
        penalties::LargestPenalties,
        relevance::RelevanceRule,
    },
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, time::Duration};

/// The steps of a forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flow {
    /// A question, then its answer.
    TwoStages,
    /// A summary, then rounds of a question and its answer, each made of all before it.
    Rounds {
        /// How many.
        rounds: u32,
    },
    /// A summary, then rounds of tasks that know only the summary.
    Tasks {
        /// How many.
        rounds: u32,
    },
}

/// How masks judge.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MaskRules {
    /// Phrases that are forbidden besides the original's own.
    pub phrases: Vec<String>,
    /// The blacklist that learns; nothing where phrases are compared as a whole.
    pub ngram: Option<NgramRule>,
    /// The bounds of relevance.
    pub relevance: RelevanceRule,
    /// How much of the past completions are compared with.
    pub history: HistoryRule,
    /// What becomes of a diversity.
    pub diversity: Cut,
    /// How the only answer of a batch is judged.
    pub alone: Alone,
    /// What is hateful.
    pub nsfw: NsfwRule,
}

/// How much an answer of each kind of step moves a score, as a multiple of [`Settings::moving_average_alpha`]: with 2 for
/// answers and 1 for questions, a miner's score is the mean of its rewards in which an answer counts twice. The originals have
/// 1 for all.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepWeights {
    /// Of a summary.
    pub summary: f64,
    /// Of a question.
    pub question: f64,
    /// Of an answer.
    pub answer: f64,
    /// Of an answer to a person.
    pub organic: f64,
    /// Of running a model that everybody has.
    pub inference: f64,
}

impl Default for StepWeights {
    fn default() -> Self {
        Self {
            summary: 1.0,
            question: 1.0,
            answer: 1.0,
            organic: 1.0,
            inference: 1.0,
        }
    }
}

impl StepWeights {
    /// That of a step, by its name.
    #[must_use]
    pub fn of_step(self, name: &str) -> f64 {
        match TaskKind::of_step(name) {
            Some(TaskKind::Summary) => self.summary,
            Some(TaskKind::Question) => self.question,
            Some(TaskKind::Answer) => self.answer,
            Some(TaskKind::Inference) => self.inference,
            None => self.organic,
        }
    }
}

/// The constants of a validator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Whether the original's weaknesses are kept.
    pub fidelity: Fidelity,
    /// The steps of a forward.
    pub flow: Flow,
    /// How many forwards run at a time.
    pub concurrent_forwards: usize,
    /// How many miners are asked for a summary or a question.
    pub followup_sample_size: usize,
    /// How long they have.
    pub followup_timeout: Duration,
    /// How many are asked for an answer.
    pub answer_sample_size: usize,
    /// How long they have.
    pub answer_timeout: Duration,
    /// Whether miners are asked to mark each other's completions. It goes on record and enters no weight.
    pub outsource_scoring: bool,
    /// How many mark each completion.
    pub scoring_sample_size: usize,
    /// How long they have.
    pub scoring_timeout: Duration,
    /// The share of what is new in a score.
    pub moving_average_alpha: f64,
    /// How much each kind of step counts.
    pub step_weights: StepWeights,
    /// Blocks between two rows of weights; nothing where the chain says when.
    pub epoch_length: Option<u64>,
    /// Blocks between two looks at the metagraph, each with a save.
    pub checkpoint_block_length: u64,
    /// Neurons with a permit and more stake than this, in TAO, are validators and are not asked.
    pub vpermit_tao_limit: f64,
    /// Steps between two records of all scores.
    pub weights_step_length: u64,
    /// Where the seed's reward model is at nothing.
    pub reward_shift: f64,
    /// The reward models with their weights, which sum to 1, in the order in which they are added.
    pub reward_weights: Vec<(Reward, f64)>,
    /// How many rewards a model's statistics count as at most.
    pub normaliser_limit: u64,
    /// What repetition costs in the reward of the language model.
    pub repetition: Repetition,
    /// The masks, in order.
    pub masks: Vec<Mask>,
    /// Those of them that are switched off.
    pub masks_off: BTreeSet<Mask>,
    /// How they judge.
    pub mask_rules: MaskRules,
    /// The penalties, in order.
    pub penalties: Vec<Penalty>,
    /// How much they take at most.
    pub largest_penalties: LargestPenalties,
    /// Which completion is gone on with.
    pub best: BestRule,
    /// How the first text is cut; nothing where it is taken as it is.
    pub base_text: Option<BaseTextRule>,
    /// How the gating head learns.
    pub gating: Learning,
    /// How it routes, where it does.
    pub route: RouteRule,
    /// How miners are asked to run a model that everybody has.
    pub inference: InferenceRule,
}

/// Why settings make no sense.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidSettings {
    /// Weights of rewards that are no shares of a whole.
    #[error("the reward weights sum to {sum}; they must sum to 1: change one of {}", names(.weights))]
    WeightSum {
        /// What they sum to.
        sum: f64,
        /// The weights.
        weights: Vec<(Reward, f64)>,
    },
    /// A weight that is no share.
    #[error("the weight of {} is {weight}; it must be from 0 to 1", .reward.column())]
    Weight {
        /// Of which model.
        reward: Reward,
        /// What it is.
        weight: f64,
    },
    /// A model, a mask or a penalty twice.
    #[error("{column} is there twice")]
    Twice {
        /// Its column.
        column: &'static str,
    },
    /// A mask to be switched off that the profile has not.
    #[error("{} is switched off, but these settings have no such mask", .mask.column())]
    NoSuchMask {
        /// Which.
        mask: Mask,
    },
    /// A value outside of its range.
    #[error("{name} is {value}; it must be {range}")]
    OutOfRange {
        /// Of which setting.
        name: &'static str,
        /// What it is.
        value: f64,
        /// What it may be.
        range: &'static str,
    },
}

fn names(weights: &[(Reward, f64)]) -> String {
    let names: Vec<String> = weights
        .iter()
        .map(|(reward, weight)| format!("{} {weight}", reward.column()))
        .collect();
    names.join(", ")
}

impl Settings {
    pub(super) fn of(profile: Profile) -> Self {
        let fidelity = profile.fidelity;
        let generation = profile.generation;
        let ten_seconds = Duration::from_secs(10);
        let by_generation = |seed, stack, tasks| match generation {
            Generation::Seed => seed,
            Generation::Stack => stack,
            Generation::Tasks => tasks,
        };
        Self {
            fidelity,
            flow: by_generation(
                Flow::TwoStages,
                Flow::Rounds { rounds: 4 },
                Flow::Tasks { rounds: 3 },
            ),
            concurrent_forwards: 1,
            followup_sample_size: 50,
            followup_timeout: ten_seconds,
            answer_sample_size: 50,
            answer_timeout: ten_seconds,
            outsource_scoring: false,
            scoring_sample_size: 2,
            scoring_timeout: ten_seconds,
            moving_average_alpha: 0.05,
            step_weights: StepWeights::default(),
            epoch_length: match generation {
                Generation::Tasks => Some(100),
                Generation::Seed | Generation::Stack => None,
            },
            checkpoint_block_length: match generation {
                Generation::Tasks => 100,
                Generation::Seed | Generation::Stack => 10,
            },
            vpermit_tao_limit: 4096.0,
            weights_step_length: 10,
            reward_shift: 3.0,
            reward_weights: match generation {
                Generation::Seed => vec![(Reward::Dahoas, 1.0)],
                Generation::Stack => vec![
                    (Reward::Dpo, 0.3),
                    (Reward::Rlhf, 0.4),
                    (Reward::Reciprocate, 0.3),
                    (Reward::Dahoas, 0.0),
                    (Reward::Prompt, 0.0),
                ],
                Generation::Tasks => vec![
                    (Reward::Dpo, 0.6),
                    (Reward::Rlhf, 0.0),
                    (Reward::Reciprocate, 0.4),
                    (Reward::Dahoas, 0.0),
                    (Reward::Prompt, 0.0),
                ],
            },
            normaliser_limit: 3000,
            repetition: match generation {
                Generation::Tasks => Repetition::FiveInARow(fidelity),
                Generation::Seed | Generation::Stack => Repetition::EachToken(fidelity),
            },
            masks: match generation {
                // The seed's filter of hatred is switched on by who wants it.
                Generation::Seed => Vec::new(),
                Generation::Stack => Mask::ALL.to_vec(),
                Generation::Tasks => vec![Mask::Blacklist, Mask::Relevance, Mask::Diversity, Mask::Nsfw],
            },
            masks_off: BTreeSet::new(),
            mask_rules: Self::mask_rules(profile),
            penalties: match generation {
                Generation::Tasks => Penalty::ALL.to_vec(),
                Generation::Seed | Generation::Stack => Vec::new(),
            },
            largest_penalties: LargestPenalties::default(),
            best: BestRule {
                fidelity,
                ..BestRule::default()
            },
            base_text: match generation {
                Generation::Seed => None,
                Generation::Stack | Generation::Tasks => Some(BaseTextRule::new(fidelity)),
            },
            gating: Learning {
                rate: 0.01,
                momentum: 0.9,
                fidelity,
            },
            route: RouteRule::default(),
            inference: InferenceRule::default(),
        }
    }

    fn mask_rules(profile: Profile) -> MaskRules {
        let Profile { generation, fidelity } = profile;
        MaskRules {
            phrases: Vec::new(),
            ngram: (generation == Generation::Tasks).then(|| NgramRule::new(fidelity)),
            relevance: RelevanceRule {
                fidelity,
                ..RelevanceRule::default()
            },
            history: HistoryRule::new(fidelity),
            diversity: match generation {
                Generation::Tasks => Cut::Hard(0.2),
                Generation::Seed | Generation::Stack => Cut::Soft,
            },
            alone: match (generation, fidelity) {
                (Generation::Tasks, Fidelity::Exact) => Alone::LikeItself,
                _ => Alone::Diverse,
            },
            nsfw: match (generation, fidelity) {
                (_, Fidelity::Fixed) => NsfwRule::Probability(0.5),
                (Generation::Seed, Fidelity::Exact) => NsfwRule::SeedLogits,
                (_, Fidelity::Exact) => NsfwRule::StackLogits,
            },
        }
    }

    /// The masks that are not switched off, in order.
    pub fn masks_on(&self) -> impl Iterator<Item = Mask> {
        self.masks
            .iter()
            .copied()
            .filter(|mask| !self.masks_off.contains(mask))
    }

    /// Tells whether these settings can be validated with.
    ///
    /// Weights are added in double precision and may miss 1 by a millionth: 0.15 + 0.2 + 0.65 is one, though not to the
    /// last bit.
    ///
    /// # Errors
    ///
    /// [`InvalidSettings`], the first that is found.
    pub fn validate(&self) -> Result<(), InvalidSettings> {
        for (reward, weight) in &self.reward_weights {
            if !(0.0..=1.0).contains(weight) {
                return Err(InvalidSettings::Weight {
                    reward: *reward,
                    weight: *weight,
                });
            }
        }
        let sum: f64 = self.reward_weights.iter().map(|(_, weight)| weight).sum();
        if (sum - 1.0).abs() > 1e-6 {
            return Err(InvalidSettings::WeightSum {
                sum,
                weights: self.reward_weights.clone(),
            });
        }
        let rewards = self.reward_weights.iter().map(|(reward, _)| reward.column());
        let masks = self.masks.iter().map(|mask| mask.column());
        let penalties = self.penalties.iter().map(|penalty| penalty.column());
        let mut known = BTreeSet::new();
        if let Some(column) = rewards
            .chain(masks)
            .chain(penalties)
            .find(|column| !known.insert(*column))
        {
            return Err(InvalidSettings::Twice { column });
        }
        if let Some(mask) = self.masks_off.iter().find(|mask| !self.masks.contains(mask)) {
            return Err(InvalidSettings::NoSuchMask { mask: *mask });
        }
        self.ranges()
    }

    fn ranges(&self) -> Result<(), InvalidSettings> {
        let rounds = match self.flow {
            Flow::TwoStages => 1,
            Flow::Rounds { rounds } | Flow::Tasks { rounds } => rounds,
        };
        let seconds =
            [self.followup_timeout, self.answer_timeout, self.scoring_timeout].map(|time| time.as_secs_f64());
        let shortest = seconds.into_iter().fold(f64::INFINITY, f64::min);
        let at_least_one = |value: usize| (value as f64, value >= 1, "1 or more");
        let share = |value: f64| (value, (0.0..=1.0).contains(&value), "from 0 to 1");
        let positive = |value: f64| (value, value > 0.0 && value.is_finite(), "above 0");
        let StepWeights {
            summary,
            question,
            answer,
            organic,
            inference,
        } = self.step_weights;
        let rule = self.inference;
        let counts = |weight: f64| (weight, (0.0..=20.0).contains(&weight), "from 0 to 20");
        let checks = [
            ("the weight of a summary", counts(summary)),
            ("the weight of a question", counts(question)),
            ("the weight of an answer", counts(answer)),
            ("the weight of an answer to a person", counts(organic)),
            ("the weight of running the model", counts(inference)),
            ("the share of rounds with inference", share(rule.share)),
            ("the sample of inference", at_least_one(rule.sample_size)),
            ("the timeout of inference", positive(rule.timeout.as_secs_f64())),
            (
                "the number of tokens of inference",
                (
                    rule.max_tokens as f64,
                    (1..=4_096).contains(&rule.max_tokens),
                    "from 1 to 4096",
                ),
            ),
            (
                "the number of log-probabilities of inference",
                (rule.top as f64, (1..=20).contains(&rule.top), "from 1 to 20"),
            ),
            ("the checked share of inference", share(rule.verification.checked)),
            (
                "the least likeness of inference",
                share(rule.verification.least_likeness),
            ),
            (
                "the tolerance of inference",
                (
                    rule.verification.tolerance,
                    rule.verification.tolerance >= 0.0,
                    "0 or more",
                ),
            ),
            (
                "the number of rounds",
                (f64::from(rounds), (1..=64).contains(&rounds), "from 1 to 64"),
            ),
            (
                "the number of concurrent forwards",
                at_least_one(self.concurrent_forwards),
            ),
            (
                "the sample of a question",
                at_least_one(self.followup_sample_size),
            ),
            ("the sample of an answer", at_least_one(self.answer_sample_size)),
            ("the sample of scorers", at_least_one(self.scoring_sample_size)),
            ("the shortest timeout", positive(shortest)),
            (
                "the moving average's alpha",
                (
                    self.moving_average_alpha,
                    self.moving_average_alpha > 0.0 && self.moving_average_alpha <= 1.0,
                    "above 0 and at most 1",
                ),
            ),
            (
                "the normaliser's limit",
                at_least_one(usize::try_from(self.normaliser_limit).unwrap_or(usize::MAX)),
            ),
            (
                "the largest task validation penalty",
                share(self.largest_penalties.task_validation),
            ),
            (
                "the largest content match penalty",
                share(self.largest_penalties.content_match),
            ),
            (
                "the largest keyword match penalty",
                share(self.largest_penalties.keyword_match),
            ),
            ("the gating head's learning rate", positive(self.gating.rate)),
            (
                "the gating head's momentum",
                (
                    self.gating.momentum,
                    (0.0..1.0).contains(&self.gating.momentum),
                    "0 or more and below 1",
                ),
            ),
            ("the routing's temperature", positive(self.route.temperature)),
            ("the routing's exploration", share(self.route.exploration)),
        ];
        match checks.into_iter().find(|(_, (_, is_right, _))| !is_right) {
            Some((name, (value, _, range))) => Err(InvalidSettings::OutOfRange { name, value, range }),
            None => Ok(()),
        }
    }
}
