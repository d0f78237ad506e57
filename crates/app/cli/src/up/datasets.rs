//! A dataset competition from the first block to the summary.
//!
//! The chain, the hub, the miners and the validators run in this process, and talk to each other through the same
//! sockets and calls as on a public network. What is special is only the hurry: under `--epochs`, and for the first
//! epoch of a run, the chain is moved on to its next epoch as soon as every validator's weights are final.

use super::{
    board::{Board, MinerName},
    cast::Cast,
    competition::{Competition, End, FAREWELL, Hurry},
    history::History,
    home::Home,
    participants::{self, Surroundings},
    records::Records,
    summary,
    terminal::Terminal,
    view::View,
};
use crate::output::Output;
use assay_dashboard::{
    Chain, Dashboard, DashboardConfig,
    state::{CompetitionView, Phase},
};
use assay_datasets::{Profile, Recipe, rows::Template};
use assay_hub::{HubServer, HubServerConfig};
use assay_localnet::{LocalChain, LocalSubnet, LocalSubnetConfig};
use miette::{IntoDiagnostic, WrapErr};
use std::{
    collections::VecDeque,
    net::SocketAddr,
    path::Path,
    time::{Duration, Instant},
};
use tokio::{
    sync::{broadcast, watch},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

/// Blocks between two epochs, at a block a second. Shorter, and a machine that is left running trains all the time;
/// longer, and one waits for nothing.
pub(super) const TEMPO: u16 = 100;

/// Events kept for a reader that is slow. A training step is one event; thousands pass in a round.
const EVENTS: usize = 16 * 1024;

/// What the command line asks for.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// Epochs after which to end; none to run until stopped.
    pub(super) epochs: Option<u64>,
    pub(super) dashboard: SocketAddr,
    pub(super) chain: SocketAddr,
    pub(super) block_time: Duration,
}

/// Runs a competition to its end.
pub(super) async fn run(home: Home, plan: Plan, output: Output) -> miette::Result<()> {
    let started = Instant::now();
    let mut history = History::open(home.folder())?;
    let target = history.aim(plan.epochs)?;
    if let Some(origin) = home.origin(Some(history.finished())) {
        output.say(&origin);
    }

    let mut view = View::new("datasets");
    let stop = CancellationToken::new();
    let (explored, explorable) = watch::channel(Chain::Connecting {
        endpoint: "this machine".to_owned(),
        trouble: None,
    });
    let dashboard = Dashboard::bind(
        DashboardConfig {
            listen: plan.dashboard,
            ..DashboardConfig::default()
        },
        view.subscribe(),
    )
    .await
    .map_err(crate::commands::dashboard::not_started)?
    .with_chain(explorable)
    .with_records(vec![Records::folder(&home)]);
    output.say(&format!("page   {}", dashboard.url()));
    let pages = tokio::spawn(dashboard.serve(stop.clone().cancelled_owned()));

    view.starting("laying out the data");
    let cast = Cast::assemble(&home)?;
    view.starting("starting the hub and the chain");
    let hub = start_hub(&home, &cast).await?;
    let chain = LocalChain::start(subnet_config(&home, &cast, &plan))
        .await
        .into_diagnostic()?;
    let (chain_url, hub_url) = (chain.devnet.url(), hub.url());
    output.say(&format!(
        "chain  {chain_url}\nhub    {hub_url}\nhome   {}",
        home.folder().display()
    ));
    explored.send_replace(Chain::Connected(chain.chain.clone()));
    view.starting("founding the subnet");
    let LocalSubnet {
        devnet,
        chain,
        netuid,
        owner: _,
        validators,
        miners,
    } = chain.found().await.into_diagnostic()?;
    for record in history.epochs() {
        view.epoch(record);
    }

    let (events, inbox) = broadcast::channel(EVENTS);
    let around = Surroundings {
        chain_url,
        hub_url,
        netuid,
        profile: Profile::seed(),
        recipe: recipe(&cast.base_model)?,
        events,
        stop: stop.child_token(),
    };
    view.competition(CompetitionView {
        id: around.profile.competition.to_string(),
        round: None,
        base_model: around.recipe.name.clone(),
        eval_set: cast
            .held_out
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
        seed: None,
        hub: Some(around.hub_url.clone()),
    });
    let board = Board::new(
        cast.miners
            .iter()
            .zip(&miners)
            .map(|(role, account)| MinerName {
                name: role.name.clone(),
                hotkey: account.hotkey.account(),
                repo: role.repo.to_string(),
            })
            .collect(),
        validators
            .iter()
            .map(|account| (account.name.clone(), account.hotkey.account()))
            .collect(),
    );
    let records = Records::open(&home, "datasets", netuid);
    let mut competition = Competition {
        terminal: Terminal::new(output, &board),
        paid: history.last_round(),
        home,
        chain,
        devnet,
        netuid,
        around,
        cast,
        board,
        history,
        target,
        hurry: Hurry::of(&plan),
        waiting: VecDeque::new(),
        mining: JoinSet::new(),
        validating: JoinSet::new(),
        view,
        block_time: plan.block_time,
        metagraph: None,
        records,
    };
    competition.start(miners, validators);
    let end = competition.follow(inbox).await;
    competition.terminal.close();
    competition.view.phase(match &end {
        Ok(_) => Phase::Finished,
        Err(error) => Phase::Failed {
            reason: error.to_string(),
        },
    });
    competition.leave().await;
    let summary = competition.summary().await;
    competition.devnet.stop().await;
    hub.stop().await;
    stop.cancel();
    if tokio::time::timeout(FAREWELL, pages).await.is_err() {
        tracing::debug!("the dashboard still has readers");
    }
    let reached = end?;
    if reached == End::Target {
        competition.history.reached()?;
    }
    let summary = summary?;
    output.data(&summary, summary::text)?;
    output.say(&format!("{:.1} s", started.elapsed().as_secs_f64()));
    Ok(())
}

async fn start_hub(home: &Home, cast: &Cast) -> miette::Result<HubServer> {
    let mut config = HubServerConfig::new(home.hub());
    for role in &cast.miners {
        config = config.account(assay_hub::Account::new(
            role.name.clone(),
            participants::hub_token(home, &role.name),
        ));
    }
    HubServer::start(config)
        .await
        .into_diagnostic()
        .wrap_err("the hub does not start")
}

fn subnet_config(home: &Home, cast: &Cast, plan: &Plan) -> LocalSubnetConfig {
    LocalSubnetConfig {
        listen: plan.chain,
        block_time: plan.block_time,
        tempo: TEMPO,
        validators: (1..=home.settings.inputs.validators)
            .map(|number| format!("validator-{number}"))
            .collect(),
        miners: cast
            .miners
            .iter()
            .map(|role| format!("miner-{}", role.name))
            .collect(),
        ..LocalSubnetConfig::new(home.folder(), home.settings.seed.clone())
    }
}

/// The recipe that lies beside a base model, or the seed's.
fn recipe(base_model: &Path) -> miette::Result<Recipe> {
    let file = base_model.join("recipe.toml");
    if file.is_file() {
        Recipe::load(&file).into_diagnostic()
    } else {
        Ok(Recipe::seed(Template::Qwen))
    }
}
