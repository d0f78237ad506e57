//! How long from one sample to the next: the adaptive interval.

use crate::ConfigError;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr, time::Duration};

/// What the interval counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub enum Trigger {
    /// Seconds, from the end of one iteration's work.
    #[default]
    Seconds,
    /// Steps of the validator, counted by [`OrganicScorer::increment_step`](crate::OrganicScorer::increment_step).
    Steps,
}

impl From<Trigger> for &'static str {
    fn from(trigger: Trigger) -> Self {
        match trigger {
            Trigger::Seconds => "seconds",
            Trigger::Steps => "steps",
        }
    }
}

impl fmt::Display for Trigger {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad((*self).into())
    }
}

impl FromStr for Trigger {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        match text {
            "seconds" => Ok(Self::Seconds),
            "steps" => Ok(Self::Steps),
            other => Err(ConfigError::Trigger {
                value: other.to_owned(),
            }),
        }
    }
}

impl TryFrom<String> for Trigger {
    type Error = ConfigError;

    fn try_from(text: String) -> Result<Self, ConfigError> {
        text.parse()
    }
}

/// The adaptive interval: the more samples wait, the shorter it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    trigger: Trigger,
    frequency: f64,
    minimum: f64,
    factor: f64,
}

impl Pace {
    /// An interval of `frequency` units of the trigger, shorter by one for each `factor` samples in the queue, down to
    /// `minimum`. A minimum above the frequency wins over it, as in the seed.
    ///
    /// # Errors
    /// [`ConfigError::ScalingFactor`] for a factor that is not above 0, the one thing that the seed checks. What else a
    /// configuration must keep is checked by [`OrganicConfig::validate`](crate::OrganicConfig::validate).
    pub fn new(trigger: Trigger, frequency: f64, minimum: f64, factor: f64) -> Result<Self, ConfigError> {
        if factor.is_nan() || factor <= 0.0 {
            return Err(ConfigError::ScalingFactor { value: factor });
        }
        Ok(Self {
            trigger,
            frequency,
            minimum,
            factor,
        })
    }

    /// What is counted.
    #[must_use]
    pub const fn trigger(&self) -> Trigger {
        self.trigger
    }

    /// The interval with an empty queue.
    #[must_use]
    pub const fn frequency(&self) -> f64 {
        self.frequency
    }

    /// The interval while `waiting` samples are queued: seconds, or whole steps (cut towards zero).
    #[must_use]
    pub fn unit(&self, waiting: usize) -> f64 {
        let reduced = self.frequency - waiting as f64 / self.factor;
        let unit = reduced.max(self.minimum);
        match self.trigger {
            Trigger::Seconds => unit,
            Trigger::Steps => unit.trunc(),
        }
    }

    /// How long to wait after an iteration that took `elapsed`.
    #[must_use]
    pub fn wait(&self, waiting: usize, elapsed: Duration) -> Duration {
        let left = self.unit(waiting) - elapsed.as_secs_f64();
        Duration::try_from_secs_f64(left.max(0.0)).unwrap_or(Duration::MAX)
    }

    /// The interval in whole steps.
    #[must_use]
    pub fn steps(&self, waiting: usize) -> u64 {
        // A negative number is 0, and one that is too large the largest.
        self.unit(waiting) as u64
    }
}
