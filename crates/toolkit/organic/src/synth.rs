//! Synthetic samples, for when no user has asked.

mod augment;
mod conversation;
mod conversation_files;
mod error;
mod replay;
mod templates;

pub use augment::{Augmenter, Synonyms};
pub use conversation::{Conversation, Turn};
pub use conversation_files::ConversationFiles;
pub use error::{LineProblem, SynthError};
pub use replay::Replay;
pub use templates::Templates;

use crate::{ConfigError, HookError, OrganicConfig};
use futures::future::BoxFuture;
use rand::distr::{Distribution, weighted::WeightedIndex};
use rand_chacha::ChaCha8Rng;
use std::{fmt, sync::Arc};

/// A source of synthetic samples.
pub trait SynthDataset<S>: Send + Sync + 'static {
    /// One sample, by the randomness that comes in; nothing when it has none now, and another dataset may be asked.
    ///
    /// Another way to read data, such as Parquet, is an implementation of this.
    fn sample(&self, rng: ChaCha8Rng) -> BoxFuture<'_, Result<Option<S>, HookError>>;
}

/// Datasets of which one is chosen for each sample.
pub struct Datasets<S>(Vec<(Arc<dyn SynthDataset<S>>, f64)>);

impl<S: Send + 'static> Datasets<S> {
    /// One dataset.
    #[must_use]
    pub fn one(dataset: impl SynthDataset<S>) -> Self {
        Self(vec![(Arc::new(dataset), 1.0)])
    }

    /// Several, each chosen with the same chance.
    ///
    /// # Errors
    /// [`ConfigError::NoDatasets`] for none.
    pub fn new(datasets: impl IntoIterator<Item = Arc<dyn SynthDataset<S>>>) -> Result<Self, ConfigError> {
        Self::weighted(datasets.into_iter().map(|dataset| (dataset, 1.0)))
    }

    /// Several, each chosen as often as its weight says.
    ///
    /// # Errors
    /// [`ConfigError`] for none, or a weight that is not above 0.
    pub fn weighted(
        datasets: impl IntoIterator<Item = (Arc<dyn SynthDataset<S>>, f64)>,
    ) -> Result<Self, ConfigError> {
        let datasets: Vec<_> = datasets.into_iter().collect();
        if datasets.is_empty() {
            return Err(ConfigError::NoDatasets);
        }
        if let Some((_, value)) = datasets
            .iter()
            .find(|(_, weight)| !(weight.is_finite() && *weight > 0.0))
        {
            return Err(ConfigError::OutOfRange {
                key: "synth.weight",
                value: *value,
                allowed: "a number above 0",
            });
        }
        Ok(Self(datasets))
    }

    /// One more, chosen as often as its weight says; a replay for one, which no configuration can name.
    ///
    /// # Errors
    /// [`ConfigError`] for a weight that is not above 0.
    pub fn and(mut self, dataset: impl SynthDataset<S>, weight: f64) -> Result<Self, ConfigError> {
        self.0.push((Arc::new(dataset), weight));
        Self::weighted(self.0)
    }

    /// The datasets that a configuration names; nothing where it names none.
    ///
    /// # Errors
    /// [`SynthError`] for a file that cannot be read or holds nothing of use.
    pub fn from_config(config: &OrganicConfig) -> Result<Option<Self>, SynthError>
    where
        S: From<Conversation>,
    {
        let mut datasets: Vec<(Arc<dyn SynthDataset<S>>, f64)> = Vec::new();
        for source in &config.synth {
            let synonyms = source.synonyms.as_deref().map(Synonyms::read).transpose()?;
            let augmenter = Augmenter::new(synonyms.unwrap_or_default());
            let dataset: Arc<dyn SynthDataset<S>> = match &source.templates {
                Some(templates) => Arc::new(Templates::read(templates)?),
                None => Arc::new(ConversationFiles::open(&source.conversations, augmenter)?),
            };
            datasets.push((dataset, source.weight));
        }
        if datasets.is_empty() {
            return Ok(None);
        }
        Ok(Some(Self::weighted(datasets)?))
    }

    pub(crate) async fn sample(&self, mut rng: ChaCha8Rng) -> Result<Option<S>, HookError> {
        let mut left: Vec<&(Arc<dyn SynthDataset<S>>, f64)> = self.0.iter().collect();
        while let Ok(index) = WeightedIndex::new(left.iter().map(|(_, weight)| weight)) {
            let (dataset, _) = left.swap_remove(index.sample(&mut rng));
            if let Some(sample) = dataset.sample(rng.clone()).await? {
                return Ok(Some(sample));
            }
        }
        Ok(None)
    }
}

impl<S> Clone for Datasets<S> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<S> fmt::Debug for Datasets<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Datasets")
            .field("count", &self.0.len())
            .finish_non_exhaustive()
    }
}
