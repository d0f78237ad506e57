//! Pauses after failures.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How pauses grow.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BackoffConfig {
    /// The first pause, in seconds. Shorter asks miners again before whatever is broken can have recovered; longer
    /// leaves a queue waiting for one lost packet.
    pub initial: f64,
    /// How many times longer each further one is. 1 keeps them alike.
    pub factor: f64,
    /// The longest, in seconds. Longer, and a scorer sleeps long after its model is back.
    pub max: f64,
}

impl Default for BackoffConfig {
    fn default() -> Self {
        Self {
            initial: 1.0,
            factor: 2.0,
            max: 60.0,
        }
    }
}

impl BackoffConfig {
    /// One second, always: what the original does.
    pub const CONSTANT: Self = Self {
        initial: 1.0,
        factor: 1.0,
        max: 1.0,
    };
}

/// The next pause.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    config: BackoffConfig,
    next: f64,
}

impl Backoff {
    /// Before the first failure.
    #[must_use]
    pub fn new(config: BackoffConfig) -> Self {
        Self {
            config,
            next: config.initial,
        }
    }

    /// The pause after one more failure.
    pub fn pause(&mut self) -> Duration {
        let pause = self.next.min(self.config.max);
        self.next = (pause * self.config.factor).min(self.config.max);
        Duration::try_from_secs_f64(pause.max(0.0)).unwrap_or(Duration::MAX)
    }

    /// Starts anew after a success.
    pub fn reset(&mut self) {
        self.next = self.config.initial;
    }
}
