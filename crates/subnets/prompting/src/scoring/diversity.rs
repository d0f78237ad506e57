//! Whether a completion is another text than those of its batch and those that came before.
//!
//! Texts are compared by the cosine of their embeddings. Two curves make factors of the distances: of the nearest other
//! text of the batch, and of the second nearest of the [`History`], where one near duplicate is let
//! pass.

pub mod history;
mod kept;

use super::{pooling::Direction, softmax::logistic};
use crate::Fidelity;
use history::History;
pub use kept::UnusableHistory;
use serde::{Deserialize, Serialize};

/// What becomes of the product of the two factors.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cut {
    /// It multiplies the reward as it is.
    Soft,
    /// 1 above this, else 0.
    Hard(f64),
}

impl Cut {
    /// The mask's factor.
    #[must_use]
    pub fn apply(self, value: f64) -> f64 {
        match self {
            Self::Soft => value,
            Self::Hard(bound) => f64::from(u8::from(value > bound)),
        }
    }
}

/// The diversity of a completion, as it is logged.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Diversity {
    /// By the batch, from 0 to 1.
    pub batch: f64,
    /// By the history, from 0 to 1; nothing while there is too little of it.
    pub historic: Option<f64>,
    /// The product of the two, before the cut.
    pub value: f64,
}

/// The factor of a distance to the nearest other text of a batch: 1/2 at 0.1.
#[must_use]
pub fn batch_factor(distance: f64) -> f64 {
    logistic(distance, 40.0, 4.0)
}

/// The factor of a distance to the second nearest text of the history: 1/2 at 0.05, and much steeper.
#[must_use]
pub fn historic_factor(distance: f64) -> f64 {
    logistic(distance, 1000.0, 50.0)
}

/// How far two embeddings are apart: 1 − cosine, so opposites are farthest. In the exact behaviour 1 − |cosine|, where
/// opposites are the same.
#[must_use]
pub fn distance(one: Direction<'_>, other: Direction<'_>, fidelity: Fidelity) -> f64 {
    let cosine = one.cosine(other);
    match fidelity {
        Fidelity::Fixed => 1.0 - cosine,
        Fidelity::Exact => 1.0 - cosine.abs(),
    }
}

/// How the one answer of a batch with only one is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Alone {
    /// It is like nobody else's.
    Diverse,
    /// It is compared with itself, and with the nearest of the history instead of the second nearest: it gets next to
    /// nothing for being the only one. The exact behaviour of the tasks' profile; that of the stack's is to crash, which
    /// nobody needs.
    LikeItself,
}

/// The diversity of each completion of a batch, by those that came before it and by the history.
///
/// `came` is when each came, in any unit. Who only repeats what another said cannot have said it first, so the first of
/// equal answers keeps its worth; of those that came at the same time none does. In the exact behaviour all are compared with
/// all, and a copycat costs the miner that it copies everything.
#[must_use]
pub fn diversity_in_order<K: Ord + Clone>(
    batch: &[&[f32]],
    came: &[f64],
    history: &History<K>,
    alone: Alone,
    fidelity: Fidelity,
) -> Vec<Diversity> {
    let counts = |place: usize, other: usize| match (fidelity, came.get(place), came.get(other)) {
        (Fidelity::Fixed, Some(this), Some(that)) => that <= this,
        _ => true,
    };
    compared(batch, counts, history, alone, fidelity)
}

/// The diversity of each completion of a batch, by all others and by the history.
#[must_use]
pub fn diversity<K: Ord + Clone>(
    batch: &[&[f32]],
    history: &History<K>,
    alone: Alone,
    fidelity: Fidelity,
) -> Vec<Diversity> {
    compared(batch, |_, _| true, history, alone, fidelity)
}

/// By those others that count for each.
fn compared<K: Ord + Clone>(
    batch: &[&[f32]],
    counts: impl Fn(usize, usize) -> bool,
    history: &History<K>,
    alone: Alone,
    fidelity: Fidelity,
) -> Vec<Diversity> {
    let like_itself = batch.len() == 1 && alone == Alone::LikeItself;
    let past: Option<Vec<Direction<'_>>> = history
        .compared()
        .map(|rows| rows.into_iter().map(Direction::of).collect());
    let batch: Vec<Direction<'_>> = batch.iter().map(|row| Direction::of(row)).collect();
    batch
        .iter()
        .enumerate()
        .map(|(place, embedding)| {
            let others = batch
                .iter()
                .enumerate()
                .filter(|(other, _)| *other != place && counts(place, *other));
            let nearest = others
                .map(|(_, other)| distance(*embedding, *other, fidelity))
                .reduce(f64::min);
            let batch = match nearest {
                Some(nearest) => batch_factor(nearest),
                None if like_itself => batch_factor(0.0),
                None => 1.0,
            };
            let historic = past.as_ref().map(|past| {
                let [nearest, second] =
                    two_nearest(past.iter().map(|row| distance(*embedding, *row, fidelity)));
                historic_factor(if like_itself { nearest } else { second })
            });
            Diversity {
                batch,
                historic,
                value: batch * historic.unwrap_or(1.0),
            }
        })
        .collect()
}

/// The two smallest; infinity where there are fewer.
fn two_nearest(distances: impl Iterator<Item = f64>) -> [f64; 2] {
    distances.fold([f64::INFINITY; 2], |[nearest, second], distance| {
        if distance < nearest {
            [distance, nearest]
        } else {
            [nearest, second.min(distance)]
        }
    })
}
