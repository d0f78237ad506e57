//! `assay validator prompting`: asks miners, judges what they answer, and sets weights.

mod reference;
mod settings;
mod telling;
mod texts;

use crate::{
    commands::{
        gateway::key,
        neuron::{self, NeuronArgs, Side},
        wallet::unlock,
    },
    configuration::expand_home,
    context::Context,
    hinted::coded,
};
use assay_gateway::GatewayConfig;
use assay_keys::KeyRole;
use assay_models::Device;
use assay_neuron::{NeuronError, Pace, Shutdown, WeightSchedule, WeightSettings};
use assay_prompting::{
    People, PromptingValidator, PromptingValidatorError, RecordedWords, Routing,
    judging::{JudgesError, ModelFolders},
    scoring::combine::Reward,
};
use reference::ReferenceArgs;
use settings::SettingsArgs;
use std::{net::SocketAddr, num::NonZeroU64, path::PathBuf, time::Duration};
use texts::TextsArgs;
use tokio::sync::{broadcast, watch};

/// Events kept for a slow terminal; a step takes seconds and is one event.
const EVENTS: usize = 1_024;
/// How long a reference answer may take.
const REFERENCE_PATIENCE: Duration = Duration::from_secs(60);

/// Ask miners, judge what they answer with reward models and filters, and set weights
///
/// Begins with texts of a data set, has miners ask and answer questions about them, judges every answer, and keeps scores by
/// the moving average. Every step goes on record for `assay query`, `assay report` and `assay dataset build`. Prints a line for
/// each step, with no text of anybody. Runs until it is asked to stop and ends with exit code 0 then, 69 when the chain is out
/// of reach, 74 when files cannot be used, 77 when the hotkey is not registered or no longer, or has too little stake, 78 when
/// a setting or a model cannot be used, and 70 when it hangs.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    neuron: NeuronArgs,
    /// Folder of the models: each in a folder named after its role (dpo, rlhf, reciprocate, dahoas, prompt, nsfw, bert, mpnet,
    /// gating, inference), in the Hugging Face layout
    #[arg(long, value_name = "DIR")]
    models: PathBuf,
    /// Where they compute: cpu, or cuda (cuda:1 for another graphics card) in a program that is built with it
    #[arg(long, value_name = "DEVICE", default_value = "cpu", alias = "neuron.device")]
    device: Device,
    #[command(flatten)]
    settings: SettingsArgs,
    #[command(flatten)]
    texts: TextsArgs,
    #[command(flatten)]
    reference: ReferenceArgs,
    /// Let people ask there too, with a gateway that speaks OpenAI's API; what miners answer them is judged
    #[arg(long, value_name = "IP:PORT")]
    gateway: Option<SocketAddr>,
    /// Folder of the keys with which they ask
    #[arg(long, value_name = "DIR", default_value = key::FOLDER, requires = "gateway")]
    keys: PathBuf,
    /// The name of the model that the gateway offers
    #[arg(long, value_name = "NAME", default_value = "assay", requires = "gateway")]
    offer: String,
    /// Record also what people ask, but for keys with privacy
    #[arg(long, requires = "gateway")]
    record_people: bool,
    /// Folder of the gating model's encoder [default: gating below --models, where there is one]
    #[arg(long, value_name = "DIR", alias = "gating.model_name")]
    gating_model: Option<PathBuf>,
    /// How miners are chosen: at random, as the originals do, or by what the gating model expects of them
    #[arg(long, value_enum, default_value = "random", alias = "neuron.route")]
    route: RouteArgument,
    /// Only score: set no weights
    #[arg(long, alias = "neuron.disable_set_weights")]
    no_weights: bool,
    /// Blocks between the beginnings of two rounds of questions
    #[arg(long, value_name = "BLOCKS", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    every: u64,
}

/// How miners are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum RouteArgument {
    /// At random
    Random,
    /// By the gating model, a fifth of them at random
    Gating,
}

pub(crate) async fn run(args: Args, context: &Context) -> miette::Result<()> {
    let settings = args.settings.settings()?;
    let hotkey = unlock(context, KeyRole::Hotkey)?;
    let mut neuron = args
        .neuron
        .config("prompting", Side::Validator, hotkey, context)
        .await?;
    if context.dry_run() {
        return neuron::plan(&neuron, Side::Validator, context).await;
    }
    let shutdown =
        Shutdown::at_signals(neuron.grace).map_err(|error| neuron::failure(NeuronError::System(error)))?;
    let texts = args
        .texts
        .texts(&args.settings.profile(), &neuron.home.join("texts"))?;
    let output = context.output();
    let people = people(&args, context)?;
    output.say("loading the models");
    let mut folders = ModelFolders::new(expand_home(&args.models)).on(args.device);
    let weighs = |(reward, weight): &(Reward, f64)| *reward == Reward::Reference && *weight > 0.0;
    if settings.reward_weights.iter().any(weighs) {
        let mind = args
            .reference
            .mind()
            .mind(&neuron.home.join("base-model"), context)?;
        folders = folders.with_reference(mind, REFERENCE_PATIENCE);
    }
    let stack = folders.stack(&settings).map_err(unusable)?;
    let gate = match &args.gating_model {
        Some(folder) => Some(folders.gate_in(&expand_home(folder), &settings)),
        None if folders.has_gate() => Some(folders.gate(&settings)),
        None => None,
    };
    let gate = gate.transpose().map_err(unusable)?;
    let inference = if settings.inference.share > 0.0 {
        Some(folders.inference(&settings).map_err(unusable)?)
    } else {
        None
    };
    output.say(&format!(
        "validator {} in subnet {}, profile {}, state in {}",
        neuron.hotkey.account(),
        neuron.netuid,
        args.settings.profile(),
        neuron.home.display()
    ));
    if let Some(listen) = args.gateway {
        output.say(&format!("people ask at http://{listen}/v1"));
    }
    neuron.records = args
        .neuron
        .records("prompting", &neuron, args.reference.mind().secrets(), context);
    let (events, heard) = broadcast::channel(EVENTS);
    let validator = PromptingValidator {
        neuron,
        weights: WeightSettings {
            schedule: match (args.no_weights, settings.epoch_length.and_then(NonZeroU64::new)) {
                (true, _) => WeightSchedule::Never,
                (false, Some(length)) => WeightSchedule::Blocks(length),
                (false, None) => WeightSchedule::default(),
            },
            version_key: args.settings.profile().spec_version(),
            ..WeightSettings::default()
        },
        settings,
        stack,
        gate,
        routing: match args.route {
            RouteArgument::Random => Routing::Random,
            RouteArgument::Gating => Routing::Gating,
        },
        inference,
        texts,
        people,
        pace: Pace::Blocks(args.every),
        events,
        standing: watch::Sender::new(None),
    };
    let (exit, told) = tokio::join!(validator.run_until(shutdown), telling::tell(heard, output));
    let exit = exit.map_err(failure)?;
    told?;
    neuron::ended(&exit, context)
}

/// Where people ask, if they may.
fn people(args: &Args, context: &Context) -> miette::Result<Option<People>> {
    let Some(listen) = args.gateway else {
        return Ok(None);
    };
    super::people::check_place(listen)?;
    super::people::warn(listen, &args.keys, context)?;
    Ok(Some(People {
        gateway: GatewayConfig {
            listen,
            ..GatewayConfig::with_keys(expand_home(&args.keys), args.offer.clone())
        },
        words: if args.record_people {
            RecordedWords::Shared
        } else {
            RecordedWords::Nothing
        },
    }))
}

/// A model that cannot be used.
pub(crate) fn unusable(error: JudgesError) -> miette::Report {
    let hint = error.hint();
    coded(error, Some(hint), super::MISCONFIGURED)
}

/// A validator that did not start, or not end well.
pub(crate) fn failure(error: PromptingValidatorError) -> miette::Report {
    match error {
        PromptingValidatorError::Neuron(error) => neuron::failure(error),
        error @ PromptingValidatorError::State(_) => {
            let hint = "restore the file, or move it away to begin anew".to_owned();
            coded(error, Some(hint), 74)
        }
        error @ PromptingValidatorError::NoGate => {
            let hint =
                "give the gating model's encoder with --gating-model, or leave --route at random".to_owned();
            coded(error, Some(hint), super::MISCONFIGURED)
        }
        error => coded(error, None, super::MISCONFIGURED),
    }
}
