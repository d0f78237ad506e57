//! Whom to ask, by the gating head's scores.
//!
//! Most places go by the softmax of the scores without replacement: the likelier somebody is to answer well, the likelier
//! he is asked, and nobody has no chance at all. The rest goes to anybody, so that those of whom nothing is known yet are
//! heard too, and a head that is wrong can learn it.

use rand::{Rng, seq::SliceRandom};
use serde::{Deserialize, Serialize};

/// How a choice is made.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RouteRule {
    /// By how much scores differ until one is preferred e times. Near 0 always the same few are asked; far above the
    /// scores' own spread the choice is as good as random.
    pub temperature: f64,
    /// The share of places that go to anybody, rounded up. At 0 a newcomer may never be asked; at 1 there is no routing.
    pub exploration: f64,
}

impl Default for RouteRule {
    fn default() -> Self {
        Self {
            temperature: 0.1,
            exploration: 0.2,
        }
    }
}

/// A miner that can be asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate<U> {
    /// Who.
    pub uid: U,
    /// What the head says. One that is no finite number is asked only by exploration.
    pub score: f64,
}

/// Chooses so many of the candidates, or all of them when there are fewer. In the order of asking: those by score first.
pub fn choose<U: Copy>(
    candidates: &[Candidate<U>],
    count: usize,
    rule: RouteRule,
    rng: &mut impl Rng,
) -> Vec<U> {
    let count = count.min(candidates.len());
    let explored = (rule.exploration.clamp(0.0, 1.0) * count as f64).ceil() as usize;
    let temperature = rule.temperature.max(1e-9);
    // The largest of score/temperature plus Gumbel noise is a draw from the softmax; the next largest, from the rest.
    let mut drawn: Vec<(f64, U)> = candidates
        .iter()
        .map(|candidate| {
            let noise = -(-rng.random::<f64>().max(f64::MIN_POSITIVE).ln()).ln();
            let key = candidate.score / temperature + noise;
            (
                if candidate.score.is_finite() {
                    key
                } else {
                    f64::NEG_INFINITY
                },
                candidate.uid,
            )
        })
        .collect();
    drawn.sort_by(|one, other| other.0.total_cmp(&one.0));
    let known = drawn.iter().filter(|(key, _)| *key > f64::NEG_INFINITY).count();
    let mut rest = drawn.split_off((count - explored).min(known));
    rest.shuffle(rng);
    drawn
        .into_iter()
        .chain(rest)
        .take(count)
        .map(|(_, uid)| uid)
        .collect()
}
