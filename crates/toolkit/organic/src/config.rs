//! The section `organic` of a configuration.

use crate::{BackoffConfig, Pace, QueueLimits, QueuePolicy, Trigger, steps::Threshold};
use assay_axon::server::BucketSize;
use assay_keys::AccountId;
use serde::{Deserialize, Serialize};
use std::{num::NonZeroUsize, path::PathBuf, time::Duration};

/// Longest time that a setting may say, in seconds: a year. More is a slip, and clocks overflow.
const YEAR: f64 = 31_536_000.0;

/// What a configuration file says about organic scoring. Everything has a default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OrganicConfig {
    /// Which versions' behaviour to keep.
    pub profile: Profile,
    /// What the interval counts.
    pub trigger: Trigger,
    /// The interval with an empty queue, in units of the trigger. Shorter asks miners more than users do; longer leaves
    /// scores old.
    pub trigger_frequency: f64,
    /// The shortest interval, whatever the queue. 0 scores without a pause while there is a long queue.
    pub trigger_frequency_min: f64,
    /// How many queued samples shorten the interval by one unit.
    pub trigger_scaling_factor: f64,
    /// Most organic samples that are scored one after another when the interval has passed. With 1, a queue that grows
    /// by more than one sample a `trigger_frequency_min` only grows; with many, one interval may take very long.
    pub samples_per_interval: usize,
    /// Most samples in the queue; the oldest goes when another comes.
    pub queue_max_size: usize,
    /// Which sample is next.
    pub queue_policy: QueuePolicy,
    /// How old a sample may grow, in seconds, before it is dropped; nothing for as old as it likes.
    pub queue_max_age: Option<f64>,
    /// Most samples of one caller; its own oldest goes when another comes. Nothing for no limit of its own.
    pub queue_max_per_hotkey: Option<usize>,
    /// Datasets for when no user has asked. None leaves the scorer idle then.
    pub synth: Vec<SynthSource>,
    /// What rewards of synthetic samples are multiplied with.
    pub synth_reward_scale: f64,
    /// Miners that a request is sent to. For the hooks to use.
    pub sample_size: usize,
    /// How long a miner may take to answer, in seconds. For the hooks to use.
    pub timeout: f64,
    /// How long a hook may take, in seconds. Shorter cuts off slow models; longer lets one that hangs stop all scoring.
    pub stage_timeout: f64,
    /// Whether the answers that a user got may be scored, rather than asking again.
    pub reuse_responses: bool,
    /// Whether rewards are applied at all.
    pub set_weights: bool,
    /// The hotkeys that may ask; empty for everybody whom the axon lets in.
    pub whitelist: Vec<AccountId>,
    /// The hotkeys whose pushed requests are taken; empty for none.
    pub push_signers: Vec<AccountId>,
    /// How often one caller may ask; nothing for no limit of its own beside the axon's.
    pub quota: Option<QuotaConfig>,
    /// Pauses after failures.
    pub backoff: BackoffConfig,
    /// How often a sample is tried before it is given up.
    pub max_attempts: u32,
    /// What becomes of the miners' query when the reference fails, and the other way round.
    pub sibling: SiblingPolicy,
    /// Whether logs may hold what users wrote.
    pub privacy: Privacy,
}

impl Default for OrganicConfig {
    fn default() -> Self {
        Self {
            profile: Profile::Assay,
            trigger: Trigger::Seconds,
            trigger_frequency: 15.0,
            trigger_frequency_min: 2.0,
            trigger_scaling_factor: 5.0,
            samples_per_interval: 1,
            queue_max_size: 10_000,
            queue_policy: QueuePolicy::Random,
            queue_max_age: None,
            queue_max_per_hotkey: None,
            synth: Vec::new(),
            synth_reward_scale: 0.1,
            sample_size: 5,
            timeout: 30.0,
            stage_timeout: 120.0,
            reuse_responses: true,
            set_weights: true,
            whitelist: Vec::new(),
            push_signers: Vec::new(),
            quota: None,
            backoff: BackoffConfig::default(),
            max_attempts: 2,
            sibling: SiblingPolicy::Cancel,
            privacy: Privacy::Withhold,
        }
    }
}

/// Which versions' behaviour to keep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Profile {
    /// What the seed promises, with the faults of its code put right.
    #[default]
    #[serde(rename = "assay")]
    Assay,
    /// As `assay`, but steps are compared with the interval of an empty queue, as in July 2024.
    #[serde(rename = "threshold-base", alias = "july-23")]
    ThresholdBase,
    /// What the original's code does: as `threshold-base`, and a sample that fails is lost, every failure pauses one
    /// second, a reference that fails leaves the query running, a log hook that fails counts as a failure, arrivals do
    /// not shorten a wait, and streams are not divided into lines.
    #[serde(rename = "original")]
    Original,
}

impl Profile {
    /// What a stream of several miners looks like.
    #[must_use]
    pub const fn framing(self) -> crate::Framing {
        match self {
            Self::Assay | Self::ThresholdBase => crate::Framing::Lines,
            Self::Original => crate::Framing::Undelimited,
        }
    }
}

/// What becomes of the other of two concurrent hooks when one fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SiblingPolicy {
    /// It is cancelled.
    #[default]
    Cancel,
    /// It runs on, and its result is thrown away.
    Detach,
}

/// Whether logs of organic samples may hold what users wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Privacy {
    /// No text of a prompt, completion or reference, nor an error's that may repeat it.
    #[default]
    Withhold,
    /// Everything that hooks log.
    Show,
}

/// How often one caller may ask.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuotaConfig {
    /// Requests that may come at once after a pause.
    pub burst: u32,
    /// Requests an hour that may go on for ever.
    pub per_hour: f64,
}

/// A dataset for when no user has asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SynthSource {
    /// Conversations in files of JSON lines.
    #[serde(default)]
    pub conversations: Vec<PathBuf>,
    /// A file of templates.
    #[serde(default)]
    pub templates: Option<PathBuf>,
    /// A list of words that may stand for each other.
    #[serde(default)]
    pub synonyms: Option<PathBuf>,
    /// How often it is chosen, compared with the others.
    #[serde(default = "one")]
    pub weight: f64,
}

fn one() -> f64 {
    1.0
}

/// A setting that cannot be.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Neither of the two triggers.
    #[error("organic.trigger is `{value}`: it must be `seconds` or `steps`")]
    Trigger {
        /// What it says.
        value: String,
    },
    /// `organic.trigger_scaling_factor`, in the words of the original.
    #[error("The scaling factor must be higher than 0.")]
    ScalingFactor {
        /// What it says.
        value: f64,
    },
    /// A number that is too small, too large or none.
    #[error("organic.{key} is {value}: it must be {allowed}")]
    OutOfRange {
        /// The setting.
        key: &'static str,
        /// What it says.
        value: f64,
        /// What it may say.
        allowed: &'static str,
    },
    /// A list of datasets that is there and empty.
    #[error("the list of synthetic datasets is empty: give at least one, or no list at all")]
    NoDatasets,
    /// A dataset that is none, or two.
    #[error("organic.synth[{index}] must have either `conversations` or `templates`")]
    SynthSource {
        /// Which, from 0.
        index: usize,
    },
}

impl ConfigError {
    /// What to write instead.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::ScalingFactor { value } => Some(format!(
                "organic.trigger_scaling_factor is {value}: it says how many queued samples shorten the interval by \
                 one, 5 by default"
            )),
            _ => None,
        }
    }
}

/// A configuration that holds together.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) config: OrganicConfig,
    pub(crate) pace: Pace,
    pub(crate) backoff: BackoffConfig,
    pub(crate) stage_timeout: Duration,
    pub(crate) timeout: Duration,
    pub(crate) max_attempts: u32,
    pub(crate) sibling: SiblingPolicy,
}

impl Settings {
    pub(crate) fn is_original(&self) -> bool {
        self.config.profile == Profile::Original
    }

    pub(crate) fn threshold(&self) -> Threshold {
        match self.config.profile {
            Profile::Assay => Threshold::Adaptive,
            Profile::ThresholdBase | Profile::Original => Threshold::Base,
        }
    }
}

impl OrganicConfig {
    /// Checks everything.
    ///
    /// # Errors
    /// [`ConfigError`] for the first setting that cannot be.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.settings().map(drop)
    }

    /// The limits of the queue.
    ///
    /// # Errors
    /// [`ConfigError::OutOfRange`].
    pub fn queue_limits(&self) -> Result<QueueLimits, ConfigError> {
        let count = |key, value: usize| {
            NonZeroUsize::new(value).ok_or(ConfigError::OutOfRange {
                key,
                value: 0.0,
                allowed: "1 or more",
            })
        };
        let age = self
            .queue_max_age
            .map(|age| within("queue_max_age", age, AboveZero));
        let per_hotkey = self
            .queue_max_per_hotkey
            .map(|most| count("queue_max_per_hotkey", most));
        Ok(QueueLimits {
            capacity: count("queue_max_size", self.queue_max_size)?,
            policy: self.queue_policy,
            max_age: age.transpose()?.map(Duration::from_secs_f64),
            per_hotkey: per_hotkey.transpose()?,
        })
    }

    pub(crate) fn settings(&self) -> Result<Settings, ConfigError> {
        // The other checks are ours; this one is the original's and comes first.
        let pace = Pace::new(
            self.trigger,
            self.trigger_frequency,
            self.trigger_frequency_min,
            self.trigger_scaling_factor,
        )?;
        within("trigger_frequency", self.trigger_frequency, AboveZero)?;
        if self.trigger == Trigger::Steps && self.trigger_frequency < 1.0 {
            return Err(ConfigError::OutOfRange {
                key: "trigger_frequency",
                value: self.trigger_frequency,
                allowed: "1 or more where the trigger is `steps`",
            });
        }
        within("trigger_frequency_min", self.trigger_frequency_min, ZeroOrMore)?;
        within("trigger_scaling_factor", self.trigger_scaling_factor, Finite)?;
        if self.trigger_frequency_min > self.trigger_frequency {
            tracing::warn!(
                trigger_frequency = self.trigger_frequency,
                trigger_frequency_min = self.trigger_frequency_min,
                "organic.trigger_frequency_min is above organic.trigger_frequency and wins over it"
            );
        }
        self.queue_limits()?;
        within("synth_reward_scale", self.synth_reward_scale, ZeroOrMore)?;
        within("backoff.initial", self.backoff.initial, AboveZero)?;
        within("backoff.factor", self.backoff.factor, OneOrMore)?;
        within(
            "backoff.max",
            self.backoff.max,
            NotBelowInitial(self.backoff.initial),
        )?;
        if let Some(quota) = self.quota {
            within("quota.burst", f64::from(quota.burst), OneOrMore)?;
            within("quota.per_hour", quota.per_hour, AboveZero)?;
        }
        for (key, count) in [
            ("samples_per_interval", self.samples_per_interval),
            ("sample_size", self.sample_size),
            ("max_attempts", self.max_attempts as usize),
        ] {
            within(key, count as f64, OneOrMore)?;
        }
        for (index, source) in self.synth.iter().enumerate() {
            if source.conversations.is_empty() == source.templates.is_none() {
                return Err(ConfigError::SynthSource { index });
            }
            within("synth.weight", source.weight, AboveZero)?;
        }
        let is_original = self.profile == Profile::Original;
        Ok(Settings {
            pace,
            backoff: if is_original {
                BackoffConfig::CONSTANT
            } else {
                self.backoff
            },
            stage_timeout: within("stage_timeout", self.stage_timeout, AboveZero)
                .map(Duration::from_secs_f64)?,
            timeout: within("timeout", self.timeout, AboveZero).map(Duration::from_secs_f64)?,
            max_attempts: if is_original { 1 } else { self.max_attempts },
            sibling: if is_original {
                SiblingPolicy::Detach
            } else {
                self.sibling
            },
            config: self.clone(),
        })
    }
}

impl From<QuotaConfig> for BucketSize {
    fn from(quota: QuotaConfig) -> Self {
        Self {
            burst: quota.burst,
            per_second: quota.per_hour / 3_600.0,
        }
    }
}

/// What a number may be.
enum Range {
    AboveZero,
    ZeroOrMore,
    OneOrMore,
    NotBelowInitial(f64),
    Finite,
}
use Range::{AboveZero, Finite, NotBelowInitial, OneOrMore, ZeroOrMore};

fn within(key: &'static str, value: f64, range: Range) -> Result<f64, ConfigError> {
    let (is_within, allowed) = match range {
        AboveZero if value > YEAR => (false, "a year at most (31536000)"),
        AboveZero => (value > 0.0, "a number above 0"),
        ZeroOrMore => (value >= 0.0, "0 or more"),
        OneOrMore => (value >= 1.0, "1 or more"),
        NotBelowInitial(initial) => (value >= initial, "at least `backoff.initial`"),
        Finite => (true, "a number"),
    };
    if is_within && value.is_finite() {
        Ok(value)
    } else {
        Err(ConfigError::OutOfRange { key, value, allowed })
    }
}
