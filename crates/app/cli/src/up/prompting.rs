//! A subnet whose validators ask and judge, from the first block to the summary.
//!
//! The chain, the miners and the validators run in this process and talk through the same sockets and calls as on a public
//! network. The models that judge are real ones, of the kinds that the originals have, and small; the miners are good, bad and
//! of all the sorts that the filters are for. Under `--epochs` the chain is moved on as soon as enough was judged.

mod cast;
mod summary;
mod view;

use super::{
    answering::{Epochs, Neurons, Pace, Stage, announce, miner, neuron},
    datasets::Plan,
    home::Home,
    records::Records,
};
use crate::{commands::chat, commands::validator::prompting as command, output::Output};
use assay_dashboard::state::Phase;
use assay_localnet::{Account, LocalSubnet, free_addresses};
use assay_neuron::WeightSettings;
use assay_prompting::{
    Profile, PromptingEvent, PromptingStanding, PromptingValidator, Routing, Settings,
    bootstrap::{DataSet, LocalShards},
    gating::head::Learning,
    judging::ModelFolders,
    profile::{Flow, Generation, InferenceRule},
};
use cast::Cast;
use miette::{IntoDiagnostic, WrapErr};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::{path::Path, time::Duration};
use tokio::sync::{broadcast, watch};
use view::Questions;

/// Events kept for a reader that is slow.
const EVENTS: usize = 1_024;
/// Steps that are judged before an epoch is hurried on to: a forward of two rounds.
const ENOUGH: u64 = 5;
/// Rounds of a forward. The originals have more; a newcomer wants to see the end of one.
const ROUNDS: u32 = 2;
/// How long miners have. The slow one costs every step so much.
const TIMEOUT: Duration = Duration::from_millis(1_500);

/// How fast the gating model learns. The originals have a third of it, and weeks; ten times as much as theirs swings.
const QUICK: f64 = 0.03;
/// Answers that are thought up at a time.
const AT_ONCE: usize = 2;
/// How many miners are asked at a time where the gating model chooses: fewer than there are, or there is nothing to choose.
const CHOSEN: usize = 5;

/// What is asked for besides what every system is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Judging {
    /// Whose constants hold.
    pub(super) profile: Profile,
    /// How miners are chosen.
    pub(super) routing: Routing,
    /// Whether miners are asked to run a model that everybody has.
    pub(super) inference: Inference,
}

/// Whether miners are asked to run a model that everybody has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Inference {
    /// They are not, as in the originals.
    NotAsked,
    /// In every round.
    Asked,
}

impl Judging {
    /// The profile's constants, with the patience of a demonstration.
    fn settings(self) -> Settings {
        let settings = self.profile.settings();
        Settings {
            flow: match settings.flow {
                Flow::TwoStages => Flow::TwoStages,
                Flow::Rounds { .. } => Flow::Rounds { rounds: ROUNDS },
                Flow::Tasks { .. } => Flow::Tasks { rounds: ROUNDS },
            },
            followup_timeout: TIMEOUT,
            answer_timeout: TIMEOUT,
            followup_sample_size: self.sample(settings.followup_sample_size),
            answer_sample_size: self.sample(settings.answer_sample_size),
            gating: Learning {
                rate: QUICK,
                ..settings.gating
            },
            inference: InferenceRule {
                share: match self.inference {
                    Inference::NotAsked => 0.0,
                    Inference::Asked => 1.0,
                },
                timeout: TIMEOUT,
                max_tokens: 48,
                ..settings.inference
            },
            ..settings
        }
    }

    fn sample(self, usual: usize) -> usize {
        match self.routing {
            Routing::Random => usual,
            Routing::Gating => CHOSEN,
        }
    }

    fn enough(self) -> u64 {
        match self.profile.generation {
            Generation::Seed => 4,
            Generation::Stack | Generation::Tasks => ENOUGH,
        }
    }
}

/// Runs the subnet to its end.
pub(super) async fn run(home: Home, plan: Plan, judging: Judging, output: Output) -> miette::Result<()> {
    let roles = cast::roles(home.settings.inputs.miners);
    let names: Vec<String> = roles.iter().map(|role| role.name.clone()).collect();
    let mut questions = Questions::new(names.clone(), judging);
    let view = &mut questions.view;
    let stage = Stage::open(&home, &plan, &names, view, &output).await?;
    let subnet = &stage.subnet;
    view.starting("loading the models");
    let files = cast::unpack(&home.folder().join("prompting"))?;
    let given = home.settings.inputs.base_model.clone();
    // A model that the user brought is the one that is thought to be good.
    let trained = given.unwrap_or_else(|| files.join("miner"));
    let shipped = home.folder().join("base-model");
    let models = Models {
        files: &files,
        miner: &trained,
    };
    let trained = chat::local_model(Some(models.miner), &shipped, AT_ONCE)?;
    let cast = Cast::assemble(trained, chat::local_model(None, &shipped, AT_ONCE)?);

    let records = Records::open(&home, "prompting", subnet.netuid);
    view.starting("starting the miners");
    let mut neurons = Neurons::new();
    let addresses = free_addresses(roles.len())
        .into_diagnostic()
        .wrap_err("no port is free for a miner")?;
    for ((role, account), address) in roles.iter().zip(&subnet.miners).zip(addresses) {
        match cast.mind(role.manner) {
            Some(mind) => {
                let routes = assay_prompting::routes(mind);
                let miner = miner(&home, subnet, account, &records, address, routes)?;
                neurons.miner(account, miner);
            }
            None => announce(subnet, account, address).await?,
        }
    }
    let (events, mut inbox) = broadcast::channel(EVENTS);
    let (standing, standings) = watch::channel(None);
    for (index, account) in subnet.validators.iter().enumerate() {
        let telling = (index == 0).then_some((&events, &standing));
        let validator = validator(&home, subnet, account, &records, judging, models, telling)?;
        neurons.validator(account, |end| async {
            validator.run_until(end).await.map_err(command::failure)
        });
    }
    drop((events, standing));
    output.say(&format!(
        "chain    {}\nhome     {}\n",
        subnet.devnet.url(),
        home.folder().display(),
    ));

    let mut epochs = Epochs {
        records,
        subnet,
        system: &mut questions,
        output,
        block_time: plan.block_time,
        wanted: plan.epochs,
        pace: Pace::of(&plan),
        enough: judging.enough(),
        done: Vec::new(),
    };
    let end = epochs
        .follow(&mut inbox, standings.clone(), &mut neurons.running)
        .await;
    neurons.end().await;
    epochs.rest(&mut inbox, &standings);
    let done = epochs.done;
    questions.view.phase(match &end {
        Ok(()) => Phase::Finished,
        Err(error) => Phase::Failed {
            reason: error.to_string(),
        },
    });
    let document = summary::of(&home, subnet, judging, &roles, &questions, &standings, done).await;
    stage.close(end, document, summary::text, &output).await
}

/// Where models and texts are.
#[derive(Clone, Copy, Debug)]
struct Models<'a> {
    /// Everything that is shipped.
    files: &'a Path,
    /// The model of the good miners, which all of them may be asked to run.
    miner: &'a Path,
}

/// Where a validator tells what it does.
type Telling<'a> = (
    &'a broadcast::Sender<PromptingEvent>,
    &'a watch::Sender<Option<PromptingStanding>>,
);

fn validator(
    home: &Home,
    subnet: &LocalSubnet,
    account: &Account,
    records: &Records,
    judging: Judging,
    models: Models<'_>,
    telling: Option<Telling<'_>>,
) -> miette::Result<PromptingValidator> {
    let settings = judging.settings();
    let mut folders = ModelFolders::new(models.files.join("models"));
    let stack = folders.stack(&settings).map_err(command::unusable)?;
    let gate = folders.gate(&settings).map_err(command::unusable)?;
    let shards = LocalShards::open(&[models.files.join("contexts.jsonl")]).into_diagnostic()?;
    let texts = DataSet::new(shards, vec!["context".to_owned()], ChaCha8Rng::from_os_rng());
    let inference = match judging.inference {
        Inference::NotAsked => None,
        Inference::Asked => Some(folders.inference_in(models.miner, &settings)),
    };
    let inference = inference.transpose().map_err(command::unusable)?;
    Ok(PromptingValidator {
        neuron: neuron(home, subnet, account, records, Path::new("validators"))?,
        settings,
        stack,
        gate: Some(gate),
        routing: judging.routing,
        inference,
        texts: Box::new(texts),
        people: None,
        weights: WeightSettings {
            version_key: judging.profile.spec_version(),
            ..WeightSettings::default()
        },
        pace: assay_neuron::Pace::Time(Duration::from_millis(200)),
        events: telling.map_or_else(|| broadcast::Sender::new(1), |(events, _)| events.clone()),
        standing: telling.map_or_else(|| watch::Sender::new(None), |(_, standing)| standing.clone()),
    })
}
