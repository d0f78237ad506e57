//! Users' earlier requests, changed a little.

use super::SynthDataset;
use crate::{History, HookError};
use assay_axon::UnixNanos;
use futures::future::BoxFuture;
use rand_chacha::ChaCha8Rng;
use std::{fmt, sync::Arc};

type Change<S> = dyn Fn(&S, &mut ChaCha8Rng) -> Option<S> + Send + Sync;

/// Makes synthetic samples of the organic ones that were scored lately. It has none as long as there were none.
pub struct Replay<S> {
    history: Arc<History<S>>,
    change: Box<Change<S>>,
}

impl<S> Replay<S> {
    /// Samples of this history, each changed by `change`, such as
    /// [`Augmenter::conversation`](super::Augmenter::conversation). It must forget what belongs to the user's own
    /// request, such as the answers.
    pub fn new(
        history: Arc<History<S>>,
        change: impl Fn(&S, &mut ChaCha8Rng) -> Option<S> + Send + Sync + 'static,
    ) -> Self {
        Self {
            history,
            change: Box::new(change),
        }
    }
}

impl<S: Clone + Send + Sync + 'static> SynthDataset<S> for Replay<S> {
    fn sample(&self, mut rng: ChaCha8Rng) -> BoxFuture<'_, Result<Option<S>, HookError>> {
        let known = self.history.random(&mut rng, UnixNanos::now());
        let changed = known.and_then(|known| (self.change)(&known, &mut rng));
        Box::pin(async move { Ok(changed) })
    }
}

impl<S> fmt::Debug for Replay<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Replay").finish_non_exhaustive()
    }
}
