//! A subnet that answers people, from the first block to the summary.
//!
//! The chain, the miners and the validators run in this process and talk through the same sockets and calls as on a public
//! network. The first validator has a gateway; people ask there, and so do the demonstration's users. Under `--epochs`
//! the chain is moved on as soon as enough was scored.

mod cast;
mod summary;
mod users;
mod view;

use super::{
    answering::{Ended, Epochs, Neurons, Pace, Stage, announce, miner, neuron, untimely},
    datasets::Plan,
    home::{Home, write_atomically},
    records::Records,
};
use crate::{commands::chat, output::Output};
use assay_chat::{ChatEvent, ChatStanding, ChatValidator};
use assay_dashboard::state::Phase;
use assay_gateway::{
    GatewayConfig,
    keys::{KeyStore, KeyStoreError, NewKey},
};
use assay_localnet::{Account, LocalSubnet, free_addresses};
use assay_minds::LocalModel;
use assay_organic::{OrganicConfig, synth::Datasets};
use miette::{IntoDiagnostic, WrapErr, miette};
use secrecy::{ExposeSecret, SecretString};
use std::{
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::Arc,
    time::SystemTime,
};
use tokio::{
    sync::{broadcast, watch},
    task::JoinSet,
};
use view::Requests;

/// Events kept for a reader that is slow.
const EVENTS: usize = 1_024;
/// Samples that are scored before an epoch is hurried on to.
const ENOUGH: u64 = 8;
/// The name under which the demonstration's model is offered.
const MODEL: &str = "assay-demo";

/// What is asked for besides what every system is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Traffic {
    /// Where people ask.
    pub(super) gateway: SocketAddr,
    /// People that the demonstration has of its own.
    pub(super) users: u16,
}

/// Runs the subnet to its end.
pub(super) async fn run(home: Home, plan: Plan, traffic: Traffic, output: Output) -> miette::Result<()> {
    let roles = cast::roles(home.settings.inputs.miners);
    let names: Vec<String> = roles.iter().map(|role| role.name.clone()).collect();
    let mut requests = Requests::new(names.clone());
    let view = &mut requests.view;
    let stage = Stage::open(&home, &plan, &names, view, &output).await?;
    let subnet = &stage.subnet;
    view.starting("loading the model");
    let model = chat::local_model(
        home.settings.inputs.base_model.as_deref(),
        &home.folder().join("base-model"),
        2,
    )?;
    let key = demonstration_key(home.folder())?;

    let records = Records::open(&home, "organic", subnet.netuid);
    view.starting("starting the miners");
    let mut neurons = Neurons::new();
    let addresses = free_addresses(roles.len())
        .into_diagnostic()
        .wrap_err("no port is free for a miner")?;
    for ((role, account), address) in roles.iter().zip(&subnet.miners).zip(addresses) {
        match cast::mind(&role.manner, &model) {
            Some(mind) => {
                let miner = miner(
                    &home,
                    subnet,
                    account,
                    &records,
                    address,
                    [assay_chat::route(mind)],
                )?;
                neurons.miner(account, miner);
            }
            None => announce(subnet, account, address).await?,
        }
    }
    let (events, mut inbox) = broadcast::channel(EVENTS);
    let (standing, standings) = watch::channel(None);
    for (index, account) in subnet.validators.iter().enumerate() {
        let gateway = if index == 0 {
            GatewayConfig {
                listen: traffic.gateway,
                ..GatewayConfig::with_keys(home.folder().join("gateway"), MODEL)
            }
        } else {
            // Nobody is told of the others' gateways.
            GatewayConfig {
                listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
                ..GatewayConfig::without_keys(MODEL)
            }
        };
        let validator = validator(
            &home,
            subnet,
            account,
            &records,
            gateway,
            &model,
            &events,
            (index == 0).then_some(&standing),
            Pace::of(&plan),
        )?;
        neurons.validator(account, |end| async {
            validator.run_until(end).await.into_diagnostic()
        });
    }
    drop((events, standing));
    let address = ready(standings.clone(), &mut neurons.running).await?;
    let url = format!("http://{address}/v1");
    let key_file = home.folder().join(KEY_FILE);
    requests.gateway(&url, &key_file);
    output.say(&format!(
        "chain    {}\ngateway  {url}\nhome     {}\n\nask it:\n  curl {url}/chat/completions -H \"Authorization: Bearer $(cat {})\" -H 'Content-Type: application/json' \\\n    -d '{{\"model\": \"{MODEL}\", \"messages\": [{{\"role\": \"user\", \"content\": \"What is the opposite of hot?\"}}]}}'\n",
        subnet.devnet.url(),
        home.folder().display(),
        key_file.display(),
    ));
    let users = users::start(
        traffic.users,
        &url,
        MODEL,
        &key,
        chat::questions(None)?,
        stage.stop.child_token(),
    )?;

    let mut epochs = Epochs {
        records,
        subnet,
        system: &mut requests,
        output,
        block_time: plan.block_time,
        wanted: plan.epochs,
        pace: Pace::of(&plan),
        enough: ENOUGH,
        done: Vec::new(),
    };
    let end = epochs
        .follow(&mut inbox, standings.clone(), &mut neurons.running)
        .await;
    users.abort_all_and_wait().await;
    neurons.end().await;
    epochs.rest(&mut inbox, &standings);
    let done = epochs.done;
    requests.view.phase(match &end {
        Ok(()) => Phase::Finished,
        Err(error) => Phase::Failed {
            reason: error.to_string(),
        },
    });
    let document = summary::of(&home, subnet, &url, &roles, &requests.view, &standings, done).await;
    stage.close(end, document, summary::text, &output).await
}

/// Where the key of the demonstration lies, readable by its owner alone.
const KEY_FILE: &str = "gateway-key";
/// The key's name in the store.
const KEY_NAME: &str = "demonstration";

/// The key of the demonstration's users and of whoever sits here; made the first time.
fn demonstration_key(folder: &Path) -> miette::Result<SecretString> {
    let file = folder.join(KEY_FILE);
    if let Ok(text) = fs_err::read_to_string(&file) {
        return Ok(text.trim().to_owned().into());
    }
    let store = KeyStore::at(&folder.join("gateway"));
    let new = || NewKey {
        name: KEY_NAME.to_owned(),
        ..NewKey::default()
    };
    let now = SystemTime::now();
    let created = match store.create(new(), now) {
        // The file with the key was lost, and nobody can read it out of the store.
        Err(KeyStoreError::Taken { .. }) => {
            store.revoke(KEY_NAME, now).and_then(|_| store.create(new(), now))
        }
        created => created,
    };
    let (_, key) = created.into_diagnostic()?;
    let key: SecretString = key.reveal().to_owned().into();
    // A temporary file of its owner's alone, renamed: nobody else can read it at any moment.
    write_atomically(&file, key.expose_secret().as_bytes())?;
    Ok(key)
}

#[expect(
    clippy::too_many_arguments,
    reason = "a validator is made of parts from as many places, once"
)]
fn validator(
    home: &Home,
    subnet: &LocalSubnet,
    account: &Account,
    records: &Records,
    gateway: GatewayConfig,
    model: &LocalModel,
    events: &broadcast::Sender<ChatEvent>,
    standing: Option<&watch::Sender<Option<ChatStanding>>>,
    pace: Pace,
) -> miette::Result<ChatValidator> {
    // Between two samples while nobody waits: as often as an eye follows, or as a hurried run can.
    let seconds = match pace {
        Pace::Own => 3.0,
        Pace::Hurried => 0.75,
    };
    Ok(ChatValidator {
        neuron: neuron(home, subnet, account, records, Path::new("validators"))?,
        organic: OrganicConfig {
            trigger_frequency: seconds,
            trigger_frequency_min: 0.25,
            trigger_scaling_factor: 5.0,
            ..ChatValidator::usual_organic()
        },
        gateway,
        reference: Arc::new(model.clone()),
        synth: Some(Datasets::one(chat::questions(None)?)),
        share: 0.1,
        weights: Default::default(),
        events: events.clone(),
        standing: standing.cloned().unwrap_or_else(|| watch::Sender::new(None)),
    })
}

/// Waits until the gateway listens, and says where.
async fn ready(
    mut standings: watch::Receiver<Option<ChatStanding>>,
    neurons: &mut JoinSet<Ended>,
) -> miette::Result<SocketAddr> {
    tokio::select! {
        standing = standings.wait_for(Option::is_some) => match standing.into_diagnostic()?.as_ref() {
            Some(standing) => Ok(standing.gateway),
            None => Err(miette!("the gateway does not say where it listens")),
        },
        Some(ended) = neurons.join_next() => Err(untimely(ended.into_diagnostic()?)),
    }
}
