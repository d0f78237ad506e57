//! A whole subnet in this process: a devnet, a hub, and accounts with slots in a subnet of short epochs.

#![allow(
    dead_code,
    unused_imports,
    reason = "each test file uses its own part of the stage"
)]
#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod gate;

use std::{
    net::Ipv4Addr,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use assay_chain::{AccountId, Call, ChainClient, ConnectOptions, NetUid, Rao, Receipt};
use assay_datasets::{
    DatasetEvent, EventKind, EventSink, Patience, Profile, Recipe, RoundSchedule, Validator, ValidatorConfig,
    ValidatorError,
    event::{MinerScore, WeightsStage},
    outcome::DATA_FILE,
    recipe::LossMean,
    rows::Template,
};
use assay_devnet::{BlockProduction, Devnet, DevnetConfig, Storage};
use assay_hub::{
    ExistingRepo, HubClient, HubServer, HubServerConfig, RepoId, RepoType, Revision, Visibility,
};
use assay_keys::{Pair, Scheme};
use assay_models::{LoraConfig, RowOrder, Schedule, StepRule, Targets, TrainingRecipe};
use assay_neuron::NeuronRecords;
use assay_records::{Log, LogConfig, Stream, read};
use scale_value::Value;
use tempfile::TempDir;
use tokio::{sync::broadcast, task::JoinHandle};
use tokio_util::sync::CancellationToken;

pub(crate) use gate::{Gate, Rule};

/// Longest that anything here may take on a busy machine with two cores; ends a test that hangs.
pub(crate) const DEADLINE: Duration = Duration::from_secs(240);

pub(crate) const TEMPO: u16 = 30;
pub(crate) const HUB_TOKEN: &str = "hf_of_everybody";

pub(crate) struct Account {
    pub(crate) name: String,
    uri: String,
}

impl Account {
    fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            uri: format!("//stage//{name}"),
        }
    }

    pub(crate) fn coldkey(&self) -> Pair {
        Pair::from_uri(&self.uri, Scheme::Sr25519).unwrap()
    }

    pub(crate) fn hotkey(&self) -> Pair {
        hotkey_of(&self.name)
    }

    pub(crate) fn id(&self) -> AccountId {
        self.hotkey().account()
    }
}

/// The hotkey of an account, for a process that knows its name only.
pub(crate) fn hotkey_of(name: &str) -> Pair {
    Pair::from_uri(&format!("//stage//{name}//hot"), Scheme::Sr25519).unwrap()
}

pub(crate) struct Stage {
    pub(crate) devnet: Devnet,
    pub(crate) hub: HubServer,
    /// In front of the hub: what goes through it can be made to fail.
    pub(crate) gate: Gate,
    pub(crate) chain: ChainClient,
    pub(crate) netuid: NetUid,
    pub(crate) folder: TempDir,
    /// Where validators record what they do.
    log: Log,
    owner: Account,
    sudo: Pair,
    revisions: AtomicU32,
}

impl Stage {
    /// Sets everything up: validators have stake and a permit, miners a slot.
    pub(crate) async fn build(validators: &[&Account], miners: &[&Account]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let devnet = Devnet::start(chain_config(folder.path(), None)).await.unwrap();
        let config = HubServerConfig::new(folder.path().join("hub")).account(
            assay_hub::Account::new("everybody", HUB_TOKEN)
                .organization("miners")
                .organization("owner"),
        );
        let hub = HubServer::start(config).await.unwrap();
        let gate = Gate::open(hub.url()).await;
        let chain = ChainClient::connect(devnet.url().parse().unwrap(), ConnectOptions::default())
            .await
            .unwrap();
        let log = Log::open(LogConfig::new(folder.path().join("records"), "the stage")).unwrap();
        let mut stage = Self {
            log,
            devnet,
            hub,
            gate,
            chain,
            netuid: NetUid(0),
            folder,
            owner: Account::new("owner"),
            sudo: Pair::from_uri("//Alice", Scheme::Sr25519).unwrap(),
            revisions: AtomicU32::new(0),
        };
        stage.found(validators, miners).await;
        stage
    }

    /// Stops the chain, does something meanwhile, and starts it again where it was.
    pub(crate) async fn without_chain(mut self, meanwhile: impl Future<Output = ()>) -> Self {
        let port = self.devnet.url().rsplit(':').next().unwrap().parse().unwrap();
        self.devnet.stop().await;
        meanwhile.await;
        self.devnet = Devnet::start(chain_config(self.folder.path(), Some(port)))
            .await
            .unwrap();
        self
    }

    async fn found(&mut self, validators: &[&Account], miners: &[&Account]) {
        for account in validators.iter().chain(miners).copied().chain([&self.owner]) {
            self.fund(account).await;
        }
        let receipt = self
            .chain
            .create_subnet(&self.owner.coldkey(), &self.owner.id())
            .await
            .unwrap();
        self.netuid = receipt.in_block().await.unwrap().created_subnet().unwrap();
        settled(
            self.chain
                .start_call(&self.owner.coldkey(), self.netuid)
                .await
                .unwrap(),
        )
        .await;
        self.set("sudo_set_admin_freeze_window", None, ("window", Value::u128(0)))
            .await;
        self.set_here(
            "sudo_set_commit_reveal_weights_enabled",
            ("enabled", Value::bool(false)),
        )
        .await;
        self.set_here(
            "sudo_set_weights_set_rate_limit",
            ("weights_set_rate_limit", Value::u128(0)),
        )
        .await;
        self.set_here("sudo_set_tempo", ("tempo", Value::u128(TEMPO.into())))
            .await;
        for account in validators.iter().chain(miners) {
            self.register(account).await;
        }
        for account in validators {
            let stake = Rao::from_tao(1_000);
            settled(
                self.chain
                    .add_stake(&account.coldkey(), self.netuid, &account.id(), stake)
                    .await
                    .unwrap(),
            )
            .await;
        }
        // Permits come with an epoch.
        self.epoch().await;
    }

    pub(crate) async fn fund(&self, account: &Account) {
        let to = account.coldkey().account();
        let gift = Call::transfer(&to, Rao::from_tao(20_000), assay_chain::Existence::KeepAlive);
        self.send(&self.sudo, &gift).await;
    }

    pub(crate) async fn register(&self, account: &Account) {
        let limit = Rao::from_tao(5_000);
        settled(
            self.chain
                .register(&account.coldkey(), self.netuid, &account.id(), limit)
                .await
                .unwrap(),
        )
        .await;
    }

    pub(crate) async fn set_here(&self, call: &'static str, argument: (&'static str, Value)) {
        self.set(call, Some(self.netuid), argument).await;
    }

    async fn set(&self, call: &'static str, netuid: Option<NetUid>, argument: (&'static str, Value)) {
        let netuid = netuid.map(|netuid| ("netuid", Value::u128(netuid.0.into())));
        let call = Call::new("AdminUtils", call, netuid.into_iter().chain([argument]));
        settled(self.chain.sudo(&self.sudo, &call).await.unwrap()).await;
    }

    pub(crate) async fn send(&self, signer: &Pair, call: &Call) {
        settled(self.chain.submit(signer, call).await.unwrap()).await;
    }

    /// Runs the chain to its next epoch, which closes a round.
    pub(crate) async fn epoch(&self) {
        self.devnet.run_to_epoch(self.netuid.0).await.unwrap();
    }

    pub(crate) fn hub_for_miners(&self) -> HubClient {
        HubClient::new(&self.hub.url(), Some(HUB_TOKEN.into())).unwrap()
    }

    /// The hub as validators see it: through the gate, without a token.
    pub(crate) fn hub_for_validators(&self) -> HubClient {
        HubClient::new(&self.gate.url(), None).unwrap()
    }

    pub(crate) fn repo_of(miner: &Account) -> RepoId {
        format!("miners/{}", miner.name).parse().unwrap()
    }

    /// Uploads a file as it is, without the miner's checks.
    pub(crate) async fn upload(&self, repo: &RepoId, content: &str) -> Revision {
        let hub = self.hub_for_miners();
        hub.create_repo(repo, RepoType::Dataset, Visibility::Public, ExistingRepo::Keep)
            .await
            .unwrap();
        let path = DATA_FILE.parse().unwrap();
        let number = self.revisions.fetch_add(1, Ordering::Relaxed);
        let message = format!("Upload {number}");
        hub.upload_file(
            repo,
            RepoType::Dataset,
            &path,
            content.as_bytes().to_vec().into(),
            &message,
        )
        .await
        .unwrap()
    }

    /// Commits any text.
    pub(crate) async fn commit(&self, miner: &Account, text: &str) {
        settled(
            self.chain
                .set_commitment(&miner.hotkey(), self.netuid, text)
                .await
                .unwrap(),
        )
        .await;
    }

    /// Uploads a dataset and commits to it.
    pub(crate) async fn publish(&self, miner: &Account, content: &str) -> Revision {
        let repo = Self::repo_of(miner);
        let revision = self.upload(&repo, content).await;
        self.commit(miner, &format!("{repo}:f127:{revision}")).await;
        revision
    }

    pub(crate) fn validator_config(&self, name: &str) -> ValidatorConfig {
        validator_config(self.netuid, self.folder.path(), name)
    }

    /// Starts a validator as a task.
    pub(crate) fn validator(&self, account: &Account, config: ValidatorConfig) -> Running {
        let (sender, events) = broadcast::channel(16 * 1024);
        let stop = CancellationToken::new();
        let sink = EventSink::new(account.id(), sender);
        let validator = Validator::new(
            self.chain.clone(),
            self.hub_for_validators(),
            account.hotkey(),
            config,
            sink,
        );
        let records = NeuronRecords::new(self.log.as_source(&account.id().to_string()), "datasets");
        let task = tokio::spawn(validator.recording(records).run(stop.clone()));
        Running { events, stop, task }
    }

    /// What a validator has recorded in a stream.
    pub(crate) fn recorded<S: Stream>(&self, validator: &Account) -> Vec<S> {
        let events = read::<S>(&self.folder.path().join("records"), ..).unwrap();
        let events = events.map(Result::unwrap);
        let of_validator = events.filter(|event| event.stamp.source == validator.id().to_string());
        of_validator.map(|event| event.event).collect()
    }

    pub(crate) async fn incentive(&self, miner: &Account) -> u16 {
        self.chain
            .metagraph(self.netuid)
            .await
            .unwrap()
            .by_hotkey(&miner.id())
            .map_or(0, |neuron| neuron.incentive)
    }
}

fn chain_config(folder: &Path, port: Option<u16>) -> DevnetConfig {
    DevnetConfig {
        blocks: BlockProduction::OnDemand,
        data: Storage::Folder(folder.join("chain")),
        listen: (Ipv4Addr::LOCALHOST, port.unwrap_or(0)).into(),
        ..DevnetConfig::default()
    }
}

/// A validator's configuration by the name of its folder; a child process makes the same.
pub(crate) fn validator_config(netuid: NetUid, folder: &Path, name: &str) -> ValidatorConfig {
    let held_out = folder.join("held-out.jsonl");
    if !held_out.exists() {
        fs_err::write(&held_out, rows("eval.jsonl", 12)).unwrap();
    }
    ValidatorConfig {
        netuid,
        profile: Profile::seed(),
        recipe: recipe(),
        base_model: base_model(),
        held_out,
        rounds: RoundSchedule::Epochs,
        home: folder.join(name),
        threads: None,
        patience: Patience {
            attempts: 3,
            first_pause: Duration::from_millis(50),
            longest_pause: Duration::from_millis(200),
            ..Patience::default()
        },
    }
}

pub(crate) fn base_model() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../vectors/flock/base")
}

/// A recipe under which the reference model learns something from two dozen rows in a moment.
pub(crate) fn recipe() -> Recipe {
    Recipe {
        name: "stage".to_owned(),
        loss: LossMean::Rows,
        training: TrainingRecipe {
            epochs: 2,
            min_steps: 0,
            micro_batch: 1,
            accumulation: 4,
            learning_rate: 5e-3,
            warmup_steps: 2,
            schedule: Schedule::Linear,
            max_grad_norm: Some(1.0),
            weight_decay: 0.0,
            betas: [0.9, 0.999],
            eps: 1e-8,
            context_length: 160,
            step_rule: StepRule::Native,
            order: RowOrder::Shuffled,
            lora: LoraConfig {
                rank: 8,
                alpha: 16.0,
                dropout: 0.1,
                targets: Targets::AllLinear,
            },
        },
        ..Recipe::seed(Template::Qwen)
    }
}

/// The first rows of a demonstration file.
pub(crate) fn rows(name: &str, count: usize) -> String {
    let file = assay_datasets::demo::files()
        .into_iter()
        .find(|file| file.name == name)
        .unwrap();
    file.content
        .lines()
        .take(count)
        .map(|line| format!("{line}\n"))
        .collect()
}

pub(crate) fn accounts<const N: usize>(names: [&str; N]) -> [Account; N] {
    names.map(Account::new)
}

async fn settled(receipt: Receipt) {
    receipt.in_block().await.unwrap();
}

/// A validator that runs.
pub(crate) struct Running {
    pub(crate) events: broadcast::Receiver<DatasetEvent>,
    pub(crate) stop: CancellationToken,
    pub(crate) task: JoinHandle<Result<(), ValidatorError>>,
}

impl Running {
    /// Waits for the first event that `wanted` makes something of.
    pub(crate) async fn until<T>(&mut self, mut wanted: impl FnMut(EventKind) -> Option<T>) -> T {
        let waiting = async {
            loop {
                match self.events.recv().await {
                    Ok(event) => {
                        if let Some(found) = wanted(event.kind) {
                            return found;
                        }
                    }
                    Err(broadcast::error::RecvError::Lagged(_)) => {}
                    Err(broadcast::error::RecvError::Closed) => {
                        panic!("the validator ended: {:?}", (&mut self.task).await)
                    }
                }
            }
        };
        tokio::time::timeout(DEADLINE, waiting)
            .await
            .expect("the validator came to nothing")
    }

    /// Waits for a round's table.
    pub(crate) async fn table(&mut self) -> Vec<MinerScore> {
        self.until(|kind| match kind {
            EventKind::RoundScored { rows, .. } => Some(rows),
            _ => None,
        })
        .await
    }

    /// Waits until weights are final.
    pub(crate) async fn weights(&mut self) {
        self.until(|kind| {
            matches!(
                kind,
                EventKind::Weights {
                    stage: WeightsStage::Finalized { .. },
                    ..
                }
            )
            .then_some(())
        })
        .await;
    }

    /// Waits until it has nothing more to do for the round.
    pub(crate) async fn idle(&mut self) {
        self.until(|kind| matches!(kind, EventKind::Waiting { .. }).then_some(()))
            .await;
    }

    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap().unwrap();
    }
}

/// A miner's line in a table.
pub(crate) fn line<'a>(table: &'a [MinerScore], miner: &Account) -> &'a MinerScore {
    table.iter().find(|score| score.hotkey == miner.id()).unwrap()
}
