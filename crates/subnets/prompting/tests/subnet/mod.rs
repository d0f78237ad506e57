//! A subnet with miners that say what a test wants, and judges that a test can foresee.

#![allow(dead_code, reason = "each test binary uses its share")]
#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use assay_chain::{AccountId, Endpoints};
use assay_localnet::{Account, LocalSubnet, LocalSubnetConfig, free_addresses};
use assay_minds::Mind;
use assay_models::ModelError;
use assay_neuron::{
    AccessRules, AxonPlace, Callers, Exit, Miner, NeuronConfig, NeuronRecords, Shutdown, WeightSettings,
};
use assay_prompting::{
    Fidelity, People, Profile, PromptingEvent, PromptingStanding, PromptingValidator,
    PromptingValidatorError, Routing, Settings, StepTold,
    bootstrap::Always,
    judging::{
        Batch, BlacklistMask, DiversityMask, Embedder, InferenceJudge, JudgeError, RewardModel, Stack,
        TaskValidatorMask,
    },
    profile::{Flow, Generation},
    prompts::tasks::TaskKind,
    scoring::{
        combine::{Mask, Reward},
        diversity::{Alone, Cut, history::History},
    },
};
use assay_records::{Log, LogConfig};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use tempfile::TempDir;
use tokio::{
    sync::{broadcast, watch},
    task::JoinHandle,
};

/// Far more than anything here takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

const SEED: &str = "00112233445566778899aabbccddeeff";

/// From where the keys of a participant of the subnet are derived; its hotkey from `//default` below.
pub(crate) fn path_of(name: &str) -> String {
    format!("//assay//{SEED}//{name}")
}

pub(crate) const TEXT: &str =
    "The bridge over the river was built of stone. It has seven arches. Nobody knows its age.";

/// A subnet on a chain of its own.
pub(crate) struct Subnet {
    pub(crate) local: LocalSubnet,
    folder: TempDir,
    log: Log,
    shutdown: Shutdown,
    miners: Vec<JoinHandle<()>>,
}

/// A miner's wallet name, and what it answers with; nothing for one that is not there.
pub(crate) type Part = (&'static str, Option<Arc<dyn Mind>>);

impl Subnet {
    pub(crate) async fn start(parts: Vec<Part>) -> Self {
        Self::start_with(parts, |_| TaskKind::ALL.into()).await
    }

    /// The same with miners that do only these tasks.
    pub(crate) async fn start_with(parts: Vec<Part>, tasks: impl Fn(&str) -> BTreeSet<TaskKind>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let local = LocalSubnet::start(LocalSubnetConfig {
            block_time: Duration::from_millis(200),
            validators: vec!["validator".to_owned()],
            miners: parts.iter().map(|(name, _)| (*name).to_owned()).collect(),
            ..LocalSubnetConfig::new(folder.path(), SEED)
        })
        .await
        .unwrap();
        let log = Log::open(LogConfig::new(folder.path().join("records"), "test")).unwrap();
        let mut subnet = Self {
            local,
            log,
            folder,
            shutdown: Shutdown::new(),
            miners: Vec::new(),
        };
        let addresses = free_addresses(parts.len()).unwrap();
        for (index, ((name, mind), address)) in parts.into_iter().zip(addresses).enumerate() {
            let account = &subnet.local.miners[index];
            let mut place = AxonPlace::listening([address]).published_at(address);
            place.access = AccessRules {
                callers: Callers::Registered,
                ..AccessRules::default()
            };
            let Some(mind) = mind else { continue };
            let miner = assay_prompting::routes_for(mind, &tasks(name))
                .into_iter()
                .fold(Miner::new(subnet.neuron(account).with_axon(place)), Miner::route);
            let running = miner.run_until(subnet.shutdown.clone());
            subnet.miners.push(tokio::spawn(async move {
                running.await.unwrap();
            }));
        }
        subnet
    }

    pub(crate) fn neuron(&self, account: &Account) -> NeuronConfig {
        let network: Endpoints = self.local.devnet.url().parse().unwrap();
        let home = self.folder.path().join("neurons").join(&account.name);
        let mut config = NeuronConfig::new(network, self.local.netuid, account.hotkey.clone(), home);
        config.sync_every = 1;
        config.checkpoint_every = Duration::from_millis(100);
        let source = self.log.as_source(&account.hotkey.account().to_string());
        config.records = Some(NeuronRecords::new(source, "prompting"));
        config
    }

    /// Where everything is that neurons write.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where the validator keeps what its judges remember.
    pub(crate) fn judges(&self) -> PathBuf {
        self.folder.path().join("neurons/validator/judges")
    }

    pub(crate) fn hotkey(&self, name: &str) -> AccountId {
        let mut accounts = self.local.miners.iter();
        accounts
            .find(|account| account.name == name)
            .unwrap()
            .hotkey
            .account()
    }

    /// A validator with this stack.
    pub(crate) fn validate(&self, settings: Settings, stack: Stack) -> Validating {
        self.validate_with(settings, stack, None)
    }

    /// The same, and people may ask.
    pub(crate) fn validate_with(
        &self,
        settings: Settings,
        stack: Stack,
        people: Option<People>,
    ) -> Validating {
        self.start_validator(settings, stack, people, None)
    }

    /// The same, and miners are asked to run a model.
    pub(crate) fn validate_inference(
        &self,
        settings: Settings,
        stack: Stack,
        judge: InferenceJudge,
    ) -> Validating {
        self.start_validator(settings, stack, None, Some(judge))
    }

    fn start_validator(
        &self,
        settings: Settings,
        stack: Stack,
        people: Option<People>,
        inference: Option<InferenceJudge>,
    ) -> Validating {
        let (events, heard) = broadcast::channel(256);
        let (standing, standings) = watch::channel(None);
        let validator = PromptingValidator {
            neuron: self.neuron(&self.local.validators[0]),
            settings,
            stack,
            gate: None,
            routing: Routing::Random,
            inference,
            texts: Box::new(Always(TEXT.to_owned())),
            people,
            weights: WeightSettings::default(),
            pace: assay_neuron::Pace::Time(Duration::from_millis(50)),
            events,
            standing,
        };
        Validating::start(validator, heard, standings)
    }

    pub(crate) async fn stop(self) {
        self.shutdown.begin();
        for miner in self.miners {
            miner.await.unwrap();
        }
        self.local.stop().await;
    }
}

/// A validator that runs.
pub(crate) struct Validating {
    shutdown: Shutdown,
    running: JoinHandle<Result<Exit, PromptingValidatorError>>,
    heard: broadcast::Receiver<PromptingEvent>,
    pub(crate) standings: watch::Receiver<Option<PromptingStanding>>,
}

impl Validating {
    pub(crate) fn start(
        validator: PromptingValidator,
        heard: broadcast::Receiver<PromptingEvent>,
        standings: watch::Receiver<Option<PromptingStanding>>,
    ) -> Self {
        let shutdown = Shutdown::new();
        let running = tokio::spawn(validator.run_until(shutdown.clone()));
        Self {
            shutdown,
            running,
            heard,
            standings,
        }
    }

    pub(crate) async fn event(&mut self) -> PromptingEvent {
        tokio::time::timeout(PATIENCE, self.heard.recv())
            .await
            .unwrap()
            .unwrap()
    }

    /// The next step of which this holds.
    pub(crate) async fn step(&mut self, wanted: impl Fn(&StepTold) -> bool) -> StepTold {
        loop {
            if let PromptingEvent::Step(step) = self.event().await
                && wanted(&step)
            {
                return *step;
            }
        }
    }

    pub(crate) fn score(&self, hotkey: AccountId) -> f64 {
        let standing = self.standings.borrow();
        let scores = standing.iter().flat_map(|standing| &standing.scores);
        scores
            .clone()
            .find(|(known, _)| *known == hotkey)
            .map_or(0.0, |(_, score)| *score)
    }

    /// Why it does not start.
    pub(crate) async fn fail(self) -> PromptingValidatorError {
        let ended = tokio::time::timeout(PATIENCE, self.running).await;
        ended.unwrap().unwrap().unwrap_err()
    }

    pub(crate) async fn stop(self) {
        self.shutdown.begin();
        let exit = tokio::time::timeout(PATIENCE, self.running)
            .await
            .unwrap()
            .unwrap()
            .unwrap();
        assert_eq!(exit.code(), 0, "{exit}");
    }
}

/// The stack's flow with one round, judged by one model.
pub(crate) fn settings() -> Settings {
    let profile = Profile::new(Generation::Stack, Fidelity::Fixed);
    Settings {
        flow: Flow::Rounds { rounds: 1 },
        reward_weights: vec![(Reward::Dpo, 1.0)],
        masks: vec![Mask::Blacklist, Mask::TaskValidator, Mask::Diversity],
        followup_timeout: Duration::from_secs(5),
        answer_timeout: Duration::from_secs(5),
        ..profile.settings()
    }
}

/// Longer answers are better; so many batches fail first.
#[derive(Debug, Default)]
pub(crate) struct ByLength {
    pub(crate) failures: Arc<AtomicU32>,
}

impl RewardModel for ByLength {
    fn reward(&self) -> Reward {
        Reward::Dpo
    }

    fn raw(&mut self, batch: &Batch<'_>) -> Result<Vec<Option<f64>>, JudgeError> {
        let fails = self
            .failures
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        if fails.is_ok() {
            return Err(JudgeError::NoNumber {
                column: Reward::Dpo.column(),
                figure: f64::NAN,
            });
        }
        Ok(batch
            .answers
            .iter()
            .map(|answer| Some(answer.text.len() as f64))
            .collect())
    }
}

/// Equal texts are the same vector, others have nothing in common.
#[derive(Debug)]
pub(crate) struct Digests;

impl Embedder for Digests {
    fn width(&self) -> usize {
        256
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, ModelError> {
        let vector = |text: &&str| {
            // FNV-1a, as a seed.
            let digest = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
            });
            let mut random = ChaCha8Rng::seed_from_u64(digest);
            (0..256).map(|_| random.random_range(-1.0..1.0)).collect()
        };
        Ok(texts.iter().map(vector).collect())
    }
}

pub(crate) fn stack(settings: &Settings, model: ByLength) -> Stack {
    let history = History::new(settings.mask_rules.history);
    Stack::sum(settings.normaliser_limit, settings.fidelity)
        .reward(model, 1.0)
        .mask(BlacklistMask)
        .mask(TaskValidatorMask(settings.fidelity))
        .mask(DiversityMask::new(
            Arc::new(Digests),
            history,
            Cut::Soft,
            Alone::Diverse,
            settings.fidelity,
        ))
        .build()
}
