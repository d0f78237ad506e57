//! Starts a run's miners and validators as tasks of this process.
//!
//! They are the same miners and validators that `assay miner` and `assay validator` run against a public network:
//! each has its own wallet, its own connection to the chain and the hub, and its own folder.

use super::{
    cast::{Cast, Manner, MinerRole},
    home::Home,
};
use assay_chain::{ChainClient, NetUid};
use assay_datasets::{
    DatasetEvent, EventSink, Miner, MinerConfig, MinerError, Patience, Profile, Publish, Recipe,
    RoundSchedule, Validator, ValidatorConfig, ValidatorError, outcome::DATA_FILE,
};
use assay_hub::{ExistingRepo, HubClient, RepoPath, RepoType, Source, Visibility};
use assay_localnet::Account;
use assay_neuron::NeuronRecords;
use miette::IntoDiagnostic;
use secrecy::SecretString;
use sha2::{Digest, Sha256};
use std::time::Duration;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

/// Where everything of a run is reached.
#[derive(Clone, Debug)]
pub(super) struct Surroundings {
    pub(super) chain_url: String,
    pub(super) hub_url: String,
    pub(super) netuid: NetUid,
    pub(super) profile: Profile,
    pub(super) recipe: Recipe,
    pub(super) events: broadcast::Sender<DatasetEvent>,
    pub(super) stop: CancellationToken,
}

impl Surroundings {
    async fn chain(&self) -> miette::Result<ChainClient> {
        let endpoint = self.chain_url.parse().into_diagnostic()?;
        ChainClient::connect(endpoint, assay_chain::ConnectOptions::default())
            .await
            .into_diagnostic()
    }
}

/// The token of a miner's account on the run's hub.
pub(super) fn hub_token(home: &Home, miner: &str) -> SecretString {
    let digest = Sha256::digest(format!("hub token of {miner}, seed {}", home.settings.seed));
    SecretString::from(format!("hf_{}", hex::encode(&digest[..16])))
}

/// Publishes a miner's dataset as its role says; why it will not be published, in words, when it will not.
pub(super) async fn mine(
    around: Surroundings,
    home_folder: std::path::PathBuf,
    token: SecretString,
    role: MinerRole,
    account: Account,
    base_model: std::path::PathBuf,
) -> miette::Result<Result<(), MinerError>> {
    let chain = around.chain().await?;
    let hub = HubClient::new(&around.hub_url, Some(token)).into_diagnostic()?;
    if role.manner == Manner::Careless {
        publish_unchecked(&chain, &hub, &around, &role, &account).await?;
        return Ok(Ok(()));
    }
    let config = MinerConfig {
        netuid: around.netuid,
        competition: around.profile.competition.clone(),
        dataset: role.dataset,
        repo: role.repo,
        visibility: Visibility::Public,
        recipe: around.recipe.clone(),
        base_model,
        home: home_folder,
        first_pause: Duration::from_secs(1),
        longest_pause: Duration::from_secs(30),
    };
    let events = EventSink::new(account.hotkey.account(), around.events.clone());
    let miner = Miner::new(chain, hub, account.hotkey, config, events);
    Ok(miner
        .run(Publish::Everything, around.stop.clone())
        .await
        .map(drop))
}

/// Runs a validator until it is told to stop.
pub(super) async fn validate(
    around: Surroundings,
    cast: Cast,
    home_folder: std::path::PathBuf,
    account: Account,
    records: Option<NeuronRecords>,
) -> miette::Result<Result<(), ValidatorError>> {
    let config = ValidatorConfig {
        netuid: around.netuid,
        profile: around.profile.clone(),
        recipe: around.recipe.clone(),
        base_model: cast.base_model,
        held_out: cast.held_out,
        rounds: RoundSchedule::Epochs,
        home: home_folder,
        threads: None,
        patience: Patience {
            download: Duration::from_secs(60),
            // Half an hour is far beyond what the shipped model needs; a model of the user's may need it.
            job: Duration::from_secs(30 * 60),
            attempts: 5,
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(30),
        },
    };
    let chain = around.chain().await?;
    let hub = HubClient::new(&around.hub_url, None).into_diagnostic()?;
    let events = EventSink::new(account.hotkey.account(), around.events.clone());
    let mut validator = Validator::new(chain, hub, account.hotkey, config, events);
    if let Some(records) = records {
        validator = validator.recording(records);
    }
    Ok(validator.run(around.stop.clone()).await)
}

/// Uploads and commits whatever is in the file, as miners do that check nothing first. What is already published is
/// left as it is.
async fn publish_unchecked(
    chain: &ChainClient,
    hub: &HubClient,
    around: &Surroundings,
    role: &MinerRole,
    account: &Account,
) -> miette::Result<()> {
    let hotkey = account.hotkey.account();
    if chain
        .commitment(around.netuid, &hotkey)
        .await
        .into_diagnostic()?
        .is_some()
    {
        return Ok(());
    }
    hub.create_repo(
        &role.repo,
        RepoType::Dataset,
        Visibility::Public,
        ExistingRepo::Keep,
    )
    .await
    .into_diagnostic()?;
    let path: RepoPath = DATA_FILE.parse().into_diagnostic()?;
    let source = Source::File(role.dataset.clone());
    let revision = hub
        .upload_file(
            &role.repo,
            RepoType::Dataset,
            &path,
            source,
            "Publish the dataset",
        )
        .await
        .into_diagnostic()?;
    let text = format!("{}:{}:{revision}", role.repo, around.profile.competition);
    let receipt = chain
        .set_commitment(&account.hotkey, around.netuid, &text)
        .await
        .into_diagnostic()?;
    receipt.in_block().await.into_diagnostic()?;
    Ok(())
}
