//! A miner.

use super::{NeuronConfig, NeuronError, error::told, ground::Ground};
use crate::{Exit, Probe, Shutdown, StakeCheck, WhenNotReached, serving::Looking};
use assay_axon::server::Route;
use std::{fmt, sync::Arc};

/// A miner: routes behind an axon that is published and kept.
pub struct Miner {
    config: NeuronConfig,
    routes: Vec<Route>,
    looking: Option<Looking>,
}

impl fmt::Debug for Miner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Miner")
            .field("config", &self.config)
            .field("routes", &self.routes)
            .finish_non_exhaustive()
    }
}

impl Miner {
    /// A miner that answers nothing yet.
    pub fn new(config: NeuronConfig) -> Self {
        Self {
            config,
            routes: Vec::new(),
            looking: None,
        }
    }

    /// Answers this route.
    #[must_use]
    pub fn route(mut self, route: Route) -> Self {
        self.routes.push(route);
        self
    }

    /// Looks whether the address can be reached before it is published.
    #[must_use]
    pub fn probe(mut self, probe: impl Probe, when_not_reached: WhenNotReached) -> Self {
        self.looking = Some((Arc::new(probe), when_not_reached));
        self
    }

    /// Runs until SIGINT or SIGTERM. A second signal ends the process at once.
    ///
    /// # Errors
    ///
    /// [`NeuronError`] when it cannot start, or has lost its slot. How it ended otherwise is told by [`Exit`].
    pub async fn run(self) -> Result<Exit, NeuronError> {
        let shutdown = Shutdown::at_signals(self.config.grace)?;
        self.run_until(shutdown).await
    }

    /// Runs until this shutdown.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub async fn run_until(self, shutdown: Shutdown) -> Result<Exit, NeuronError> {
        let missing = match (&self.config.axon, self.routes.is_empty()) {
            (None, _) => Some("axon: say where it listens"),
            (Some(_), true) => Some("route: there is nothing that it could answer"),
            (Some(_), false) => None,
        };
        if let Some(missing) = missing {
            return Err(NeuronError::Incomplete { missing });
        }
        let preparing = Ground::prepare(self.config, StakeCheck::Unchecked);
        let Some(ground) = shutdown.unless_begun(preparing).await else {
            return Ok(Exit::Stopped);
        };
        let ground = ground?;
        let mut supervisor = ground.supervisor(shutdown);
        ground
            .open_axon(self.routes, self.looking, &mut supervisor)
            .await?;
        let exit = supervisor.run().await;
        ground.end_records().await;
        told(exit)
    }
}
