//! How a score follows what is observed.

/// An exponential moving average: new = share × observation + (1 − share) × old. A formula of the seeds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MovingAverage {
    share: f64,
    start: Start,
}

/// What a newcomer's average starts from.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Start {
    /// Its first observation.
    Observed,
    /// A score that it did not earn.
    Given(f64),
}

/// A share that makes no average.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("the share of a new observation is {share}; it must be above 0 and at most 1")]
pub struct NoAverage {
    /// What it is.
    pub share: f64,
}

impl MovingAverage {
    /// An average in which a new observation has this share, above 0 and at most 1. With more a score forgets within a
    /// few observations, and luck is paid; with less a miner that has become bad is paid for long. The seeds have 0.05
    /// and 0.1. A newcomer's first observation is its score.
    ///
    /// # Errors
    ///
    /// [`NoAverage`] for another share.
    pub fn new(share: f64) -> Result<Self, NoAverage> {
        if share > 0.0 && share <= 1.0 {
            Ok(Self {
                share,
                start: Start::Observed,
            })
        } else {
            Err(NoAverage { share })
        }
    }

    /// The same, but newcomers start from this score and rise from it, as all do in the seeds' prompting validator, from
    /// 0.
    #[must_use]
    pub fn starting_at(mut self, score: f64) -> Self {
        self.start = Start::Given(score);
        self
    }

    /// The score after an observation; `old` is nothing for who has none.
    #[must_use]
    pub fn after(&self, old: Option<f64>, observation: f64) -> f64 {
        let old = match (old, self.start) {
            (Some(old), _) => old,
            (None, Start::Given(start)) => start,
            (None, Start::Observed) => return observation,
        };
        self.share * observation + (1.0 - self.share) * old
    }
}

impl Default for MovingAverage {
    /// A tenth for what is new.
    fn default() -> Self {
        Self {
            share: 0.1,
            start: Start::Observed,
        }
    }
}
