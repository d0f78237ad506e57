//! What miners and validators of a dataset competition have to agree on, and where their hub is.

use crate::{chain::mark, commands::weights::is_of, configuration::expand_home, context::Context, up};
use assay_chain::{AccountId, ChainClient, NetUid};
use assay_datasets::{CompetitionId, Recipe, rows::Template};
use assay_hub::{DEFAULT_ENDPOINT, HubClient};
use miette::{IntoDiagnostic, WrapErr};
use secrecy::SecretString;
use std::path::{Path, PathBuf};

/// Flags of both sides of a dataset competition.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct CompetitionArgs {
    /// Number of the subnet
    #[arg(long, value_name = "N")]
    pub(crate) netuid: NetUid,
    /// The competition, as commitments name it
    #[arg(long, value_name = "ID", default_value_t = CompetitionId::seed(), alias = "competition_id")]
    pub(crate) competition: CompetitionId,
    /// Folder of the base model [default: the shipped one]
    #[arg(long, value_name = "DIR", alias = "base_model")]
    base_model: Option<PathBuf>,
    /// How adapters are trained [default: recipe.toml beside the base model, or else the seed's]
    #[arg(long, value_name = "FILE")]
    recipe: Option<PathBuf>,
    /// Address of the hub; HF_TOKEN opens what is not public
    #[arg(long, value_name = "URL", env = "HF_ENDPOINT", default_value = DEFAULT_ENDPOINT)]
    hub: String,
    /// Folder for everything that must survive a restart [default: one below ~/.assay for each chain, subnet and hotkey]
    #[arg(long, value_name = "DIR")]
    home: Option<PathBuf>,
}

impl CompetitionArgs {
    /// The hub, entered with `HF_TOKEN` when it is set.
    pub(crate) fn hub(&self) -> miette::Result<HubClient> {
        HubClient::new(&self.hub, hub_token()).into_diagnostic()
    }

    /// The folder of this neuron on this chain, made if it is not there. `side` is `miners` or `validators`.
    pub(crate) async fn home(
        &self,
        side: &str,
        hotkey: &AccountId,
        chain: &ChainClient,
    ) -> miette::Result<PathBuf> {
        let home = match &self.home {
            Some(home) => home.clone(),
            None => {
                let side = expand_home(Path::new("~/.assay")).join(side);
                let home = side.join(format!("datasets-{}-{}-{hotkey}", mark(chain), self.netuid));
                // Earlier versions did not name the chain. A miner's folder tells none; what it published stays its own.
                let earlier = side.join(format!("datasets-{}-{hotkey}", self.netuid));
                if !home.exists() && earlier.exists() && is_of(chain, &earlier.join("weights.jsonl")).await? {
                    fs_err::rename(&earlier, &home).into_diagnostic()?;
                }
                home
            }
        };
        fs_err::create_dir_all(&home).into_diagnostic()?;
        Ok(home)
    }

    /// The base model's folder and the recipe.
    pub(crate) fn rules(&self, home: &Path, context: &Context) -> miette::Result<(PathBuf, Recipe)> {
        let base_model = match &self.base_model {
            Some(folder) => folder.clone(),
            None => up::unpack_base_model(&home.join("base-model"))
                .wrap_err("the shipped base model cannot be written out")?,
        };
        let beside = base_model.join("recipe.toml");
        let recipe = match &self.recipe {
            Some(file) => Recipe::load(file).into_diagnostic()?,
            None if beside.is_file() => Recipe::load(&beside).into_diagnostic()?,
            None => {
                context
                    .output()
                    .say("no recipe.toml beside the base model: training by the seed's recipe");
                Recipe::seed(Template::Qwen)
            }
        };
        Ok((base_model, recipe))
    }
}

/// What opens a hub's repositories that are not public.
pub(crate) fn hub_token() -> Option<SecretString> {
    let token = std::env::var("HF_TOKEN").ok().filter(|token| !token.is_empty());
    token.map(SecretString::from)
}
