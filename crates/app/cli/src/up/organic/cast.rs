//! The demonstration's miners: one that answers well, one that guesses, one that repeats, one that is gone.

use assay_minds::{LocalModel, Mind, Parrot};
use std::sync::Arc;

/// A miner's part.
#[derive(Clone, Debug)]
pub(super) struct Role {
    pub(super) name: String,
    pub(super) manner: Manner,
}

/// How a miner answers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Manner {
    /// With what the model finds likeliest.
    Steady,
    /// With what it draws at this temperature.
    Guessing(f64),
    /// With the question.
    Repeating,
    /// Not at all: nobody listens where it says.
    Gone,
}

/// So many miners. More than four guess, each more wildly than the one before.
pub(super) fn roles(count: usize) -> Vec<Role> {
    let role = |name: &str, manner| Role {
        name: name.to_owned(),
        manner,
    };
    let first = [
        role("steady", Manner::Steady),
        role("guessing", Manner::Guessing(1.2)),
        role("repeating", Manner::Repeating),
        role("gone", Manner::Gone),
    ];
    let more = (first.len()..count).map(|number| {
        let wilder = number - 3;
        role(
            &format!("guessing-{}", wilder + 1),
            Manner::Guessing(1.2 + 0.3 * wilder as f64),
        )
    });
    first.iter().take(count).cloned().chain(more).collect()
}

/// What a miner answers with; nothing for one that does not listen.
pub(super) fn mind(manner: &Manner, model: &LocalModel) -> Option<Arc<dyn Mind>> {
    match manner {
        Manner::Steady => Some(Arc::new(model.clone())),
        Manner::Guessing(temperature) => Some(Arc::new(model.clone().at_temperature(*temperature))),
        Manner::Repeating => Some(Arc::new(Parrot)),
        Manner::Gone => None,
    }
}
