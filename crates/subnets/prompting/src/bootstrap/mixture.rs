//! Several data sets, each drawn from as often as its share says.

use super::{BootstrapError, Texts};
use futures::future::BoxFuture;
use rand::{Rng, distr::weighted::WeightedIndex};
use rand_chacha::ChaCha8Rng;
use std::fmt;

/// Several sources as one. A source that fails is passed over while another has a text.
pub struct Mixture {
    sources: Vec<Box<dyn Texts>>,
    shares: WeightedIndex<f64>,
    rng: ChaCha8Rng,
}

impl fmt::Debug for Mixture {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Mixture")
            .field("sources", &self.sources.len())
            .finish_non_exhaustive()
    }
}

/// The shares make no mixture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the shares of data sets must be finite, not negative, and not all 0")]
pub struct NoMixture;

impl Mixture {
    /// Draws from each source as often as its share of the sum says.
    ///
    /// # Errors
    /// [`NoMixture`] for shares that are none, or no source.
    pub fn new(sources: Vec<(Box<dyn Texts>, f64)>, rng: ChaCha8Rng) -> Result<Self, NoMixture> {
        if sources.iter().any(|(_, share)| !share.is_finite()) {
            return Err(NoMixture);
        }
        let shares = WeightedIndex::new(sources.iter().map(|(_, share)| *share)).map_err(|_| NoMixture)?;
        Ok(Self {
            sources: sources.into_iter().map(|(source, _)| source).collect(),
            shares,
            rng,
        })
    }

    async fn draw(&mut self) -> Result<String, BootstrapError> {
        let first = self.rng.sample(&self.shares);
        let count = self.sources.len();
        let mut failure = None;
        for step in 0..count {
            let Some(source) = self.sources.get_mut((first + step) % count) else {
                continue;
            };
            match source.next().await {
                Ok(text) => return Ok(text),
                Err(error) => {
                    tracing::warn!(%error, "a data set gives no text");
                    failure = Some(error);
                }
            }
        }
        Err(failure.unwrap_or(BootstrapError::Interrupted))
    }
}

impl Texts for Mixture {
    fn next(&mut self) -> BoxFuture<'_, Result<String, BootstrapError>> {
        Box::pin(self.draw())
    }
}
