//! Training on one dataset and measuring what came of it.

use std::{
    ops::ControlFlow,
    sync::Arc,
    time::{Duration, Instant},
};

use assay_models::{BaseModel, Example, ModelError};
use tokio_util::sync::CancellationToken;

use crate::{held_out::HeldOut, outcome::OwnFault, recipe::Recipe, seed::RoundSeed, state::Measured};

/// Everything a trial needs besides the dataset and the seed.
#[derive(Debug, Clone)]
pub struct Bench {
    /// The base model; clones share its weights.
    pub base: BaseModel,
    /// How adapters are trained.
    pub recipe: Arc<Recipe>,
    /// What they are measured on.
    pub held_out: Arc<HeldOut>,
    /// The threads that do it.
    pub threads: Arc<rayon::ThreadPool>,
}

/// How far a trial is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TrialProgress {
    /// A training step was taken.
    Trained {
        /// The step, from 1.
        step: u32,
        /// Steps in all.
        steps: u32,
        /// Its training loss.
        loss: f64,
    },
    /// Held-out rows were measured.
    Measured {
        /// Rows so far.
        done: usize,
        /// Rows in all.
        of: usize,
    },
}

/// Why a trial has no result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrialEnd {
    /// It was told to stop.
    Stopped,
    /// A fault of ours.
    Fault(OwnFault),
}

impl Bench {
    /// Trains on `examples` with `seed` and measures the adapter. Stops when `stop` is cancelled, when `longest` has
    /// passed, or when the future is dropped.
    ///
    /// # Errors
    /// When it was stopped, took too long, or failed for a reason that is not in the data. A divergence is in the
    /// data: it is a result without a loss.
    pub async fn run(
        &self,
        examples: Vec<Example>,
        seed: RoundSeed,
        longest: Duration,
        stop: &CancellationToken,
        mut progress: impl FnMut(TrialProgress) + Send + 'static,
    ) -> Result<Measured, TrialEnd> {
        let bench = self.clone();
        let stop = stop.child_token();
        let _stops_when_dropped = stop.clone().drop_guard();
        let watched = stop.clone();
        let started = Instant::now();
        let work = tokio::task::spawn_blocking(move || {
            let mut go_on = || {
                if watched.is_cancelled() || started.elapsed() > longest {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            };
            bench
                .threads
                .install(|| bench.train_and_measure(&examples, seed, &mut progress, &mut go_on))
        });
        let result = match work.await {
            Ok(result) => result,
            Err(panic) => {
                return Err(TrialEnd::Fault(OwnFault::Training {
                    reason: panic.to_string(),
                }));
            }
        };
        match result {
            Ok(mut measured) => {
                measured.seconds = started.elapsed().as_secs_f64();
                Ok(measured)
            }
            Err(ModelError::Stopped) if stop.is_cancelled() => Err(TrialEnd::Stopped),
            Err(ModelError::Stopped) => Err(TrialEnd::Fault(OwnFault::TooSlow {
                seconds: longest.as_secs(),
            })),
            Err(e) => Err(TrialEnd::Fault(OwnFault::Training {
                reason: e.to_string(),
            })),
        }
    }

    fn train_and_measure(
        &self,
        examples: &[Example],
        seed: RoundSeed,
        progress: &mut impl FnMut(TrialProgress),
        go_on: &mut impl FnMut() -> ControlFlow<()>,
    ) -> Result<Measured, ModelError> {
        let diverged = Measured {
            loss: None,
            row_losses: Vec::new(),
            seconds: 0.0,
        };
        // Training that is broken off still returns an adapter, so that the break has to be remembered.
        let mut broken = ControlFlow::Continue(());
        let trained = assay_models::train(&self.base, examples, &self.recipe.training, seed.0, &mut |step| {
            progress(TrialProgress::Trained {
                step: step.step + 1,
                steps: step.steps,
                loss: step.loss,
            });
            broken = go_on();
            broken
        });
        let adapter = match trained {
            Ok(adapter) => adapter,
            Err(ModelError::Diverged { .. }) => return Ok(diverged),
            Err(e) => return Err(e),
        };
        if broken.is_break() {
            return Err(ModelError::Stopped);
        }
        let context = self.recipe.training.context_length;
        let evaluation = assay_models::evaluate(
            &self.base,
            Some(&adapter),
            &self.held_out.examples,
            context,
            &mut |at| {
                progress(TrialProgress::Measured {
                    done: at.done,
                    of: at.total,
                });
                go_on()
            },
        )?;
        let loss = self.recipe.loss.of(&evaluation);
        if !loss.is_finite() {
            return Ok(diverged);
        }
        Ok(Measured {
            loss: Some(loss),
            row_losses: evaluation.per_example,
            seconds: 0.0,
        })
    }
}
