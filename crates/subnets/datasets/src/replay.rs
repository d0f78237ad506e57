//! A round scored again with other settings, from what was recorded of it.
//!
//! What a round found (losses, copies, failures) stays; how it is turned into weights is anew. So one can ask what another
//! epsilon or temperature would have paid, without training anything again.

use crate::{
    profile::Profile,
    scoring::{Contender, score_round},
};

/// What was recorded of a miner in a round.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// The miner's address.
    pub hotkey: String,
    /// What the round found.
    pub finding: Finding,
    /// The chain's consensus about it, 0 to 1.
    pub consensus: f64,
}

/// What a round found about a miner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Finding {
    /// It was not asked, or we failed it.
    Absent,
    /// It gave nothing, or nothing usable.
    Failed,
    /// It had a copy of another's dataset.
    Copy,
    /// Its dataset was measured.
    Measured {
        /// Loss on the held-out rows.
        loss: f64,
        /// Block of the commitment.
        committed: u64,
    },
}

/// The weights of a round as these settings make them, in the order of the miners, before their scaling to 16 bits. With the
/// settings of the round they are the ones that it had.
#[must_use]
pub fn weights(round: &[Recorded], profile: &Profile) -> Vec<f64> {
    let contenders: Vec<Contender<'_, &str>> = round
        .iter()
        .map(|recorded| match recorded.finding {
            Finding::Absent => Contender::Absent,
            Finding::Failed => Contender::Failed,
            // It plays no match and gets no share, as in the round.
            Finding::Copy => Contender::Present {
                owner: recorded.hotkey.as_str(),
                block: u64::MAX,
                rows: None,
                loss: None,
            },
            Finding::Measured { loss, committed } => Contender::Present {
                owner: recorded.hotkey.as_str(),
                block: committed,
                rows: None,
                loss: Some(loss),
            },
        })
        .collect();
    let consensus: Vec<f64> = round.iter().map(|recorded| recorded.consensus).collect();
    score_round(&contenders, &consensus, profile).weights
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round() -> Vec<Recorded> {
        let recorded = |hotkey: &str, finding, consensus| Recorded {
            hotkey: hotkey.to_owned(),
            finding,
            consensus,
        };
        let measured = |loss, committed| Finding::Measured { loss, committed };
        vec![
            recorded("clean", measured(3.0, 100), 0.8),
            recorded("tiny", measured(3.5, 90), 0.2),
            recorded("copy", Finding::Copy, 0.0),
            recorded("broken", Finding::Failed, 0.0),
            recorded("late", Finding::Absent, 0.0),
        ]
    }

    #[test]
    fn another_temperature_pays_otherwise_and_nobody_who_failed() {
        let seed = weights(&round(), &Profile::seed());
        assert!(seed[0] > seed[1], "{seed:?}");
        assert_eq!(seed[2..], [0.0; 3], "{seed:?}");
        let warm = weights(
            &round(),
            &Profile {
                temperature: 10.0,
                ..Profile::seed()
            },
        );
        assert!(
            warm[1] > seed[1],
            "a warmer softmax is nearer to equal: {seed:?} {warm:?}"
        );
    }
}
