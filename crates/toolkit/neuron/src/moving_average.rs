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

    /// The same for an observation that counts this many times as much as usual: its share grows so, up to 1. With 0, or what
    /// is no number above it, it does not count.
    #[must_use]
    pub fn weighted(mut self, weight: f64) -> Self {
        self.share = if weight > 0.0 {
            (self.share * weight).min(1.0)
        } else {
            0.0
        };
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The scores of the seed's prompting validator; those who were not asked keep theirs.
    #[test]
    fn scores_follow_rewards_as_in_the_seeds_prompting_validator() {
        let average = MovingAverage::new(0.05).unwrap().starting_at(0.0);
        let mut scores = [None; 6];
        let mut observe = |rewards: &[(usize, f64)]| {
            for (uid, reward) in rewards {
                scores[*uid] = Some(average.after(scores[*uid], *reward));
            }
            scores.map(|score| score.unwrap_or(0.0))
        };
        let near = |ours: [f64; 6], theirs: [f64; 6]| {
            assert!(
                ours.iter()
                    .zip(theirs)
                    .all(|(ours, theirs)| (ours - theirs).abs() < 1e-7),
                "{ours:?} {theirs:?}"
            );
        };
        near(
            observe(&[(4, 0.8), (1, 0.0), (3, 0.5)]),
            [0.0, 0.0, 0.0, 0.025, 0.04, 0.0],
        );
        near(
            observe(&[(1, 1.0), (4, 0.2)]),
            [0.0, 0.05, 0.0, 0.025, 0.048, 0.0],
        );
        for _ in 0..9 {
            observe(&[(0, 0.6)]);
        }
        let last = observe(&[(0, 0.6)]);
        near(last, [0.240_757_84, 0.05, 0.0, 0.025, 0.048, 0.0]);
        let shares = crate::weight_processing::normalise(&last);
        let shares: [f64; 6] = shares.try_into().unwrap();
        near(
            shares,
            [0.661_862_91, 0.137_454_08, 0.0, 0.068_727_04, 0.131_955_92, 0.0],
        );
    }
}
