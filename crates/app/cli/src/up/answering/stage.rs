//! What a run stands on: its page, its chain, and the neurons that live on it.

use super::{Ended, View};
use crate::{
    commands::dashboard,
    output::Output,
    up::{datasets::Plan, home::Home, records::Records},
};
use assay_dashboard::{Chain, Dashboard, DashboardConfig};
use assay_localnet::{Account, LocalSubnet, LocalSubnetConfig};
use assay_neuron::{Exit, Miner, Shutdown};
use miette::IntoDiagnostic;
use serde::Serialize;
use std::{
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    sync::watch,
    task::{JoinHandle, JoinSet},
};
use tokio_util::sync::{CancellationToken, DropGuard};

/// How long all neurons have to end when told to.
const FAREWELL: Duration = Duration::from_secs(20);
/// How long readers of the page have to leave.
const LAST_READERS: Duration = Duration::from_secs(5);

/// The page and the chain of a run.
pub(in crate::up) struct Stage {
    pub(in crate::up) subnet: LocalSubnet,
    /// Ends the page, and what is made to end with it.
    pub(in crate::up) stop: CancellationToken,
    pages: JoinHandle<()>,
    started: Instant,
}

impl Stage {
    /// Serves the page, which shows what comes, and founds the subnet with a validator for each that is wanted and a miner for
    /// each of these roles.
    pub(in crate::up) async fn open(
        home: &Home,
        plan: &Plan,
        roles: &[String],
        view: &mut View,
        output: &Output,
    ) -> miette::Result<Self> {
        let started = Instant::now();
        if let Some(origin) = home.origin(None) {
            output.say(&origin);
        }
        let stop = CancellationToken::new();
        let (explored, explorable) = watch::channel(Chain::Connecting {
            endpoint: "this machine".to_owned(),
            trouble: None,
        });
        let config = DashboardConfig {
            listen: plan.dashboard,
            ..DashboardConfig::default()
        };
        let page = Dashboard::bind(config, view.subscribe())
            .await
            .map_err(dashboard::not_started)?
            .with_chain(explorable)
            .with_records(vec![Records::folder(home)]);
        output.say(&format!("page     {}", page.url()));
        let pages = tokio::spawn(page.serve(stop.clone().cancelled_owned()));

        view.starting("founding the subnet");
        let subnet = LocalSubnet::start(LocalSubnetConfig {
            listen: plan.chain,
            block_time: plan.block_time,
            validators: (1..=home.settings.inputs.validators)
                .map(|number| format!("validator-{number}"))
                .collect(),
            miners: roles.iter().map(|role| format!("miner-{role}")).collect(),
            ..LocalSubnetConfig::new(home.folder(), home.settings.seed.clone())
        });
        let subnet = subnet.await.into_diagnostic()?;
        explored.send_replace(Chain::Connected(subnet.chain.clone()));
        view.know(
            subnet
                .miners
                .iter()
                .map(|account| (account.name.as_str(), account.hotkey.account())),
        );
        Ok(Self {
            subnet,
            stop,
            pages,
            started,
        })
    }

    /// Ends chain and page, and tells what the run has come to, unless it failed.
    pub(in crate::up) async fn close<S: Serialize>(
        self,
        end: miette::Result<()>,
        document: miette::Result<S>,
        text: impl FnOnce(&S) -> String,
        output: &Output,
    ) -> miette::Result<()> {
        self.subnet.stop().await;
        self.stop.cancel();
        if tokio::time::timeout(LAST_READERS, self.pages).await.is_err() {
            tracing::debug!("the dashboard still has readers");
        }
        end?;
        output.data(&document?, text)?;
        output.say(&format!("{:.1} s", self.started.elapsed().as_secs_f64()));
        Ok(())
    }
}

/// The neurons of a run. Miners end when the last validator has: whoever is asked to the end still has somebody to answer.
pub(in crate::up) struct Neurons {
    /// All of them; whoever ends before the run does is found here.
    pub(in crate::up) running: JoinSet<Ended>,
    asking: Shutdown,
    answering: Shutdown,
    /// Held by every validator; the last one lets go of it.
    last: Arc<DropGuard>,
}

impl Neurons {
    pub(in crate::up) fn new() -> Self {
        let answering = Shutdown::new();
        Self {
            running: JoinSet::new(),
            asking: Shutdown::new(),
            last: Arc::new(answering.token().clone().drop_guard()),
            answering,
        }
    }

    pub(in crate::up) fn miner(&mut self, account: &Account, miner: Miner) {
        let (name, end) = (account.name.clone(), self.answering.clone());
        self.running
            .spawn(async move { (name, miner.run_until(end).await.into_diagnostic()) });
    }

    /// Lets a validator run until the shutdown that it is given.
    pub(in crate::up) fn validator<F>(&mut self, account: &Account, run: impl FnOnce(Shutdown) -> F)
    where
        F: Future<Output = miette::Result<Exit>> + Send + 'static,
    {
        let (name, last) = (account.name.clone(), Arc::clone(&self.last));
        let running = run(self.asking.clone());
        self.running.spawn(async move {
            let ended = running.await;
            drop(last);
            (name, ended)
        });
    }

    /// Ends all of them, validators first.
    pub(in crate::up) async fn end(self) {
        let Self {
            mut running,
            asking,
            last,
            ..
        } = self;
        drop(last);
        asking.begin();
        let ended = tokio::time::timeout(FAREWELL, async { while running.join_next().await.is_some() {} });
        if ended.await.is_err() {
            running.abort_all();
        }
    }
}
