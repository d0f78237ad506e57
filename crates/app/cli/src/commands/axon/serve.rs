//! `assay axon serve`: a miner whose answers come from any program.

mod program;

use super::declared_field::DeclaredField;
use crate::{
    commands::{neuron, wallet::unlock},
    context::Context,
    output::Output,
};
use assay_axon::{
    Caller, Identity, Standing,
    dendrite::SynapseFields,
    server::{Asked, Axon, AxonConfig, Failure, Route, SynapseClass},
};
use assay_chain::NetUid;
use assay_keys::{KeyRole, Pair};
use assay_neuron::{
    AccessRules, AxonPlace, Callers, Miner, NeuronConfig, Shutdown, WhenNotReached, check_axon_address,
    own_axon,
};
use miette::{IntoDiagnostic, miette};
use program::Program;
use serde::Serialize;
use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

/// Answer a synapse with a program of any language, or send back what comes
///
/// Checks signatures, freshness and replays as a miner does, in four dialects on one port. With --exec a program is run for
/// each request: it reads a line of JSON with the caller and the fields, and writes the fields of the answer. Without, the
/// fields go back as they came. With --netuid it is a whole miner: its hotkey must be registered there, only the subnet's
/// neurons are answered, and --external publishes its address on chain. The miner ends with exit code 0 when it is asked to
/// stop, 69 when the chain is out of reach, 74 when files cannot be used, 77 when the hotkey is not registered or no longer,
/// 78 when the axon cannot listen or be published there, and 70 when it hangs.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: assay axon serve Echo --field text:str --field 'reply:Optional[str]=null' --hash text --exec ./answer.py"
)]
pub(crate) struct Args {
    /// The synapse: the name of its class, which is also its route
    #[arg(value_name = "SYNAPSE")]
    synapse: String,
    /// A field of the class, in order: NAME:TYPE, or NAME:TYPE=JSON with a default; again for each further one
    #[arg(long, value_name = "FIELD", required = true)]
    field: Vec<DeclaredField>,
    /// Fields that the signature covers, in the order of the class's required_hash_fields, with commas between
    #[arg(long, value_name = "FIELDS", value_delimiter = ',')]
    hash: Vec<String>,
    /// Address to listen at; again for each further one
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:8091")]
    listen: Vec<SocketAddr>,
    /// Program that answers; it is run without a shell, once for each request
    #[arg(long, value_name = "PROGRAM")]
    exec: Option<PathBuf>,
    /// Answer as bittensor 10 does, word for word, for peers that depend on it
    #[arg(long)]
    bittensor10: bool,
    /// Mine in this subnet
    #[arg(long, value_name = "N")]
    netuid: Option<NetUid>,
    /// Address to publish on chain, at which others reach this machine
    #[arg(long, value_name = "IP:PORT", requires = "netuid")]
    external: Option<SocketAddr>,
    /// Answer only validators, rather than every neuron of the subnet
    #[arg(long, requires = "netuid")]
    validators_only: bool,
    /// Folder of the miner's state
    #[arg(
        long,
        value_name = "DIR",
        default_value = "~/.assay/axon",
        requires = "netuid"
    )]
    home: PathBuf,
}

pub(super) async fn run(args: Args, context: &Context) -> miette::Result<()> {
    context.refuse_dry_run("assay axon serve")?;
    let class = class(&args)?;
    let pair = unlock(context, KeyRole::Hotkey)?;
    let route = route(class, args.exec.clone().map(Program::new), context.output());
    let config = if args.bittensor10 {
        AxonConfig::bittensor10()
    } else {
        AxonConfig::default()
    };
    match args.netuid {
        Some(netuid) => mine(args, netuid, pair, route, config, context).await,
        None => serve(&args.listen, pair, route, config, context).await,
    }
}

fn class(args: &Args) -> miette::Result<SynapseClass> {
    let class = SynapseClass {
        name: args.synapse.clone(),
        fields: args.field.iter().map(|field| field.0.clone()).collect(),
        hashed: args.hash.clone(),
    };
    match class.hashed.iter().find(|name| !class.declares(name)) {
        None => Ok(class),
        Some(name) => Err(miette!(
            help = format!("declare it with --field {name}:TYPE"),
            "--hash names the field {name}, which the class does not have"
        )),
    }
}

/// An axon by itself.
async fn serve(
    listen: &[SocketAddr],
    pair: Pair,
    route: Route,
    config: AxonConfig,
    context: &Context,
) -> miette::Result<()> {
    let hotkey = pair.account();
    let axon = Axon::build(pair, config)
        .route(route)
        .listen(listen)
        .await
        .into_diagnostic()?;
    for address in axon.addresses() {
        context.output().say(&format!("{hotkey}@{address}"));
    }
    let shutdown = Shutdown::new();
    shutdown.begin_at_signals(1).into_diagnostic()?;
    shutdown.begun().await;
    axon.stop().await;
    Ok(())
}

/// A whole miner.
async fn mine(
    args: Args,
    netuid: NetUid,
    pair: Pair,
    route: Route,
    config: AxonConfig,
    context: &Context,
) -> miette::Result<()> {
    let hotkey = pair.account();
    let home = crate::configuration::expand_home(&args.home).join(format!("{netuid}-{hotkey}"));
    let network = context
        .network()
        .parse::<assay_chain::Endpoints>()
        .into_diagnostic()?;
    let callers = if args.validators_only {
        Callers::Validators
    } else {
        Callers::Registered
    };
    if let Some(external) = args.external {
        check_axon_address(external).map_err(|error| neuron::failure(error.into()))?;
    }
    let mut place = AxonPlace::listening(args.listen);
    place.external = args.external;
    place.config = config;
    place.access = AccessRules {
        callers,
        ..AccessRules::default()
    };
    let config = NeuronConfig::new(network, netuid, pair, home).with_axon(place);
    let exit = Miner::new(config)
        .route(route)
        .probe(own_axon(hotkey), WhenNotReached::Warn)
        .run()
        .await
        .map_err(neuron::failure)?;
    neuron::ended(&exit, context)
}

/// A request that was answered, or not.
#[derive(Serialize)]
struct Answered<'a> {
    caller: String,
    dialect: String,
    verified: bool,
    from: SocketAddr,
    took_ms: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<&'a str>,
}

fn route(class: SynapseClass, program: Option<Program>, output: Output) -> Route {
    let program = program.map(Arc::new);
    Route::described(class, move |asked: Asked<SynapseFields>| {
        let program = program.clone();
        async move {
            let began = Instant::now();
            let (caller, from) = (asked.caller.clone(), asked.peer);
            let answer = match program {
                Some(program) => program.answer(&name(&caller), asked).await,
                None => Ok(asked.synapse),
            };
            tell(output, &caller, from, began.elapsed(), answer.as_ref().err());
            answer
        }
    })
}

fn name(caller: &Caller) -> String {
    match &caller.identity {
        Identity::Hotkey(hotkey) => hotkey.to_string(),
        Identity::Operator(operator) => operator.to_string(),
        _ => "somebody".to_owned(),
    }
}

fn tell(output: Output, caller: &Caller, from: SocketAddr, took: Duration, failure: Option<&Failure>) {
    let answered = Answered {
        caller: name(caller),
        dialect: caller.dialect.to_string(),
        verified: caller.standing == Standing::Verified,
        from,
        took_ms: took.as_secs_f64() * 1e3,
        failure: failure.map(|failure| failure.message.as_str()),
    };
    let told = output.data(&answered, |answered| {
        let proof = if answered.verified { "" } else { ", unproven" };
        let end = answered
            .failure
            .map_or_else(String::new, |failure| format!(": {failure}"));
        format!(
            "{} ({}{proof}) from {} in {:.1} ms{end}",
            answered.caller, answered.dialect, answered.from, answered.took_ms
        )
    });
    if let Err(error) = told {
        tracing::debug!(%error, "a request is not told");
    }
}
