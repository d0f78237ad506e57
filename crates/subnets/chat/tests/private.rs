//! What people ask in private, through a whole subnet: it is scored, and then it is nowhere.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use assay_chain::Endpoints;
use assay_chat::{ChatEvent, ChatValidator, SampleSource};
use assay_gateway::{
    GatewayConfig,
    keys::{KeyStore, NewKey, Privacy},
};
use assay_localnet::{Account, LocalSubnet, LocalSubnetConfig, free_addresses};
use assay_minds::{Endpoint, Mind, MindError, Wishes, whole_answer};
use assay_neuron::{AccessRules, AxonPlace, Callers, Miner, NeuronConfig, Shutdown};
use assay_organic::{OrganicConfig, synth::Turn};
use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use std::{
    io::{self, Write},
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};
use tokio::sync::{broadcast, watch};

/// Nothing here takes long; a test that waits this long has hung.
const PATIENCE: Duration = Duration::from_secs(60);
const QUESTION: &str = "Where are the emeralds buried?";
const ANSWER: &str = "Behind our lighthouse.";
/// Nobody else says these.
const SECRETS: [&str; 2] = ["emeralds", "lighthouse"];

/// Says the same to everybody.
#[derive(Debug)]
struct Confidant;

impl Mind for Confidant {
    fn answer(&self, _: &[Turn], _: Wishes) -> BoxStream<'static, Result<String, MindError>> {
        stream::iter([Ok(ANSWER.to_owned())]).boxed()
    }
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The files below a folder that hold these bytes.
fn holding(folder: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs_err::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(holding(&path, text));
        } else if fs_err::read(&path)
            .unwrap()
            .windows(text.len())
            .any(|part| part == text.as_bytes())
        {
            found.push(path.display().to_string());
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_exchange_is_scored_and_written_nowhere() {
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt()
        .with_env_filter(
            "info,assay_chat=trace,assay_organic=trace,assay_gateway=trace,assay_neuron=trace,assay_axon=trace",
        )
        .with_writer(move || writer.clone())
        .init();
    let folder = tempfile::tempdir().unwrap();
    let subnet = LocalSubnet::start(LocalSubnetConfig {
        block_time: Duration::from_millis(200),
        validators: vec!["validator".to_owned()],
        miners: vec!["miner".to_owned()],
        ..LocalSubnetConfig::new(folder.path(), "00112233445566778899aabbccddeeff")
    })
    .await
    .unwrap();
    let neuron = |account: &Account| {
        let network: Endpoints = subnet.devnet.url().parse().unwrap();
        let mut config = NeuronConfig::new(
            network,
            subnet.netuid,
            account.hotkey.clone(),
            folder.path().join("neurons").join(&account.name),
        );
        config.sync_every = 1;
        config
    };
    let shutdown = Shutdown::new();
    let address = free_addresses(1).unwrap()[0];
    let mut place = AxonPlace::listening([address]).published_at(address);
    place.access = AccessRules {
        callers: Callers::Registered,
        ..AccessRules::default()
    };
    let miner = Miner::new(neuron(&subnet.miners[0]).with_axon(place))
        .route(assay_chat::route(Arc::new(Confidant)))
        .run_until(shutdown.clone());
    let miner = tokio::spawn(miner);

    let keys = folder.path().join("gateway");
    let new = NewKey {
        name: "ada".to_owned(),
        privacy: Privacy::Private,
        ..NewKey::default()
    };
    let (_, key) = KeyStore::at(&keys).create(new, SystemTime::now()).unwrap();
    let (events, mut heard) = broadcast::channel(64);
    let (standing, mut standings) = watch::channel(None);
    let validator = ChatValidator {
        neuron: neuron(&subnet.validators[0]),
        organic: OrganicConfig {
            trigger_frequency: 0.1,
            trigger_frequency_min: 0.1,
            ..OrganicConfig::default()
        },
        gateway: GatewayConfig {
            listen: "127.0.0.1:0".parse().unwrap(),
            ..GatewayConfig::with_keys(&keys, "assay")
        },
        reference: Arc::new(Confidant),
        synth: None,
        share: 0.1,
        weights: Default::default(),
        events,
        standing,
    };
    let validator = tokio::spawn(validator.run_until(shutdown.clone()));

    let scored = async {
        let gateway = standings.wait_for(Option::is_some).await.unwrap();
        let url = format!("http://{}/v1", gateway.as_ref().unwrap().gateway);
        drop(gateway);
        let person = Endpoint::new(&url, "assay", Some(key.reveal().to_owned().into()), PATIENCE).unwrap();
        // Until the validator has seen the miner on chain there is nobody to answer.
        let answer = loop {
            match whole_answer(&person, &[Turn::user(QUESTION)], Wishes::default()).await {
                Ok(answer) => break answer,
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        };
        assert_eq!(answer, ANSWER);
        heard.recv().await.unwrap()
    };
    let event = tokio::time::timeout(PATIENCE, scored).await.unwrap();
    let ChatEvent::Scored(sample) = &event else {
        panic!("{event:?}");
    };
    assert_eq!(sample.source, SampleSource::Private);
    assert_eq!(sample.rewards[0].hotkey, subnet.miners[0].hotkey.account());
    assert!(sample.rewards[0].reward.unwrap() > 0.99);

    shutdown.begin();
    assert_eq!(validator.await.unwrap().unwrap().code(), 0);
    assert_eq!(miner.await.unwrap().unwrap().code(), 0);
    subnet.stop().await;

    let told = format!("{event:?}");
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("a chat ended"), "{log}");
    // What is written is found: the holder's name, and the validator's scores.
    assert_ne!(holding(&keys, "ada"), [] as [&str; 0]);
    let hotkey = sample.rewards[0].hotkey.to_string();
    assert_ne!(holding(&folder.path().join("neurons"), &hotkey), [] as [&str; 0]);
    for secret in SECRETS {
        assert_eq!(holding(folder.path(), secret), [] as [&str; 0]);
        assert!(!told.contains(secret), "{told}");
        assert_eq!(log.lines().find(|line| line.contains(secret)), None);
    }
}
