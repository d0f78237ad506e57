//! `assay validator chat`: answers people through miners, scores what they were answered, and sets weights.

mod scoring;
mod telling;

use crate::{
    commands::{
        chat::MindArgs,
        gateway::key,
        neuron::{self, NeuronArgs, Side},
        wallet::unlock,
    },
    configuration::expand_home,
    context::Context,
    hinted::coded,
    up::RecordedTexts,
};
use assay_chat::{ChatValidator, ChatValidatorError};
use assay_gateway::GatewayConfig;
use assay_keys::KeyRole;
use assay_neuron::{NeuronError, Shutdown};
use scoring::ScoringArgs;
use std::{net::SocketAddr, path::PathBuf};
use tokio::sync::{broadcast, watch};

/// Events kept for a slow terminal; scoring a sample takes seconds and is one event.
const EVENTS: usize = 1_024;
/// The share of the newest reward in a score, as in the original: the last ten or so count. A larger one lets luck decide,
/// a smaller one pays for long what a miner once was.
const SHARE: f64 = 0.1;

/// Answer people through miners, score the answers, and set weights
///
/// Opens a gateway that speaks OpenAI's API, for whoever has a key of its folder (`assay gateway key`). What people are
/// answered is scored; when nobody asks, the validator asks itself. Prints one line for each scored sample, with no text of
/// anybody. Runs until it is asked to stop and ends with exit code 0 then, 69 when the chain is out of reach, 74 when files
/// cannot be used, 77 when the hotkey is not registered or no longer, or has too little stake, and 70 when it hangs.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    neuron: NeuronArgs,
    /// Where people ask
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:8421")]
    gateway: SocketAddr,
    /// Folder of the keys with which they ask
    #[arg(long, value_name = "DIR", default_value = key::FOLDER)]
    keys: PathBuf,
    /// The name of the model that the gateway offers
    #[arg(long, value_name = "NAME", default_value = "assay")]
    offer: String,
    #[command(flatten)]
    mind: MindArgs,
    #[command(flatten)]
    scoring: ScoringArgs,
    /// Whose words are recorded, for `assay dataset build`; what keys with privacy ask never is
    #[arg(long, value_enum, default_value = "made-up")]
    record_texts: RecordedTexts,
}

pub(crate) async fn run(args: Args, context: &Context) -> miette::Result<()> {
    let organic = args.scoring.config()?;
    let synth = args.scoring.questions(&organic)?;
    let hotkey = unlock(context, KeyRole::Hotkey)?;
    let mut neuron = args
        .neuron
        .config("chat", Side::Validator, hotkey, context)
        .await?;
    if context.dry_run() {
        return neuron::plan(&neuron, Side::Validator, context).await;
    }
    let shutdown =
        Shutdown::at_signals(neuron.grace).map_err(|error| neuron::failure(NeuronError::System(error)))?;
    super::people::check_place(args.gateway)?;
    let reference = args.mind.mind(&neuron.home.join("base-model"), context)?;
    let output = context.output();
    output.say(&format!(
        "validator {} in subnet {}, state in {}",
        neuron.hotkey.account(),
        neuron.netuid,
        neuron.home.display()
    ));
    let keys = expand_home(&args.keys);
    super::people::warn(args.gateway, &args.keys, context)?;
    neuron.records = args
        .neuron
        .records("organic", &neuron, args.mind.secrets(), context);
    let recorder = neuron.recorder();
    let (events, heard) = broadcast::channel(EVENTS);
    let (standing, standings) = watch::channel(None);
    let validator = ChatValidator {
        neuron,
        organic,
        gateway: GatewayConfig {
            listen: args.gateway,
            ..GatewayConfig::with_keys(keys, args.offer)
        },
        reference,
        synth: Some(synth),
        share: SHARE,
        weights: Default::default(),
        events,
        standing,
    };
    let (exit, told) = tokio::join!(
        validator.run_until(shutdown),
        telling::tell(
            heard,
            standings,
            recorder.map(|recorder| (recorder, args.record_texts)),
            output
        )
    );
    let exit = exit.map_err(failure)?;
    told?;
    neuron::ended(&exit, context)
}

fn failure(error: ChatValidatorError) -> miette::Report {
    match error {
        ChatValidatorError::Neuron(error) => neuron::failure(error),
        ChatValidatorError::Config(error) => {
            let hint = error.hint();
            coded(error, hint, super::MISCONFIGURED)
        }
        error => coded(error, None, super::MISCONFIGURED),
    }
}
