//! Where questions begin.

use crate::{commands::hub::place::HubArgs, configuration::expand_home, hinted::hinted};
use assay_hub::{RefName, RepoId};
use assay_prompting::{
    Profile,
    bootstrap::{BootstrapError, DataSet, HubShards, LocalShards, Mixture, ShardLimits, Texts},
    profile::Generation,
};
use miette::{IntoDiagnostic, miette};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::path::{Path, PathBuf};

/// Where questions begin. Without any of these: the data sets of the profile's original, from the hub.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Texts to begin with")]
pub(crate) struct TextsArgs {
    /// A file of texts (.jsonl, .parquet or .txt), or a folder of such; may be given several times
    #[arg(long, value_name = "PATH", conflicts_with = "contexts_repo")]
    contexts: Vec<PathBuf>,
    /// A data set of the hub, OWNER/NAME; several are drawn from alike
    #[arg(long, value_name = "REPO")]
    contexts_repo: Vec<RepoId>,
    /// Only files of the data sets whose path begins so
    #[arg(long, value_name = "PREFIX", default_value = "")]
    contexts_below: String,
    /// Branch, tag or commit of the data sets
    #[arg(long, value_name = "NAME", default_value = "main")]
    contexts_revision: RefName,
    /// The column of the texts [default: context, or else text]
    #[arg(long, value_name = "NAME")]
    contexts_column: Vec<String>,
    /// Draw in this order again
    #[arg(long, value_name = "SEED")]
    contexts_seed: Option<u64>,
    #[command(flatten)]
    hub: HubArgs,
}

impl TextsArgs {
    /// The texts. Shards of the hub are put into `folder` while they are read.
    pub(super) fn texts(&self, profile: &Profile, folder: &Path) -> miette::Result<Box<dyn Texts>> {
        let columns = if self.contexts_column.is_empty() {
            vec!["context".to_owned(), "text".to_owned()]
        } else {
            self.contexts_column.clone()
        };
        let mut rng = match self.contexts_seed {
            Some(seed) => ChaCha8Rng::seed_from_u64(seed),
            None => ChaCha8Rng::from_os_rng(),
        };
        if !self.contexts.is_empty() {
            let paths: Vec<PathBuf> = self.contexts.iter().map(|path| expand_home(path)).collect();
            let shards = LocalShards::open(&paths).map_err(told)?;
            return Ok(Box::new(DataSet::new(shards, columns, rng)));
        }
        let repos = if self.contexts_repo.is_empty() {
            originals(profile.generation)?
        } else {
            self.contexts_repo.clone()
        };
        let client = self.hub.client()?;
        let sources = repos.into_iter().enumerate().map(|(number, repo)| {
            let shards = HubShards::new(
                client.clone(),
                repo,
                self.contexts_revision.clone(),
                self.contexts_below.clone(),
                folder.join(number.to_string()),
                ShardLimits::default(),
            );
            let rng = ChaCha8Rng::from_rng(&mut rng);
            let source: Box<dyn Texts> = Box::new(DataSet::new(shards, columns.clone(), rng));
            (source, 1.0)
        });
        let sources = sources.collect();
        Ok(Box::new(
            Mixture::new(sources, ChaCha8Rng::from_rng(&mut rng)).into_diagnostic()?,
        ))
    }
}

/// What the originals draw from, as it is on the hub today.
fn originals(generation: Generation) -> miette::Result<Vec<RepoId>> {
    let names: &[&str] = match generation {
        Generation::Seed => &["rajpurkar/squad_v2"],
        Generation::Stack | Generation::Tasks => &[
            "Skylion007/openwebtext",
            "togethercomputer/RedPajama-Data-1T-Sample",
        ],
    };
    let repo = |name: &&str| name.parse().map_err(|error| miette!("{name}: {error}"));
    names.iter().map(repo).collect()
}

fn told(error: BootstrapError) -> miette::Report {
    let hint = error.hint().to_owned();
    hinted(error, Some(hint))
}
