//! The recipe of a competition: everything that turns rows and a seed into a loss.
//!
//! Two validators that agree on recipe, base model, held-out rows and seed publish the same losses, so all four are
//! identified by hash in every result, and a result is never reused when one of them changes.

use std::{
    io::{self, Read},
    path::{Path, PathBuf},
};

use assay_models::{
    Evaluation, LoraConfig, Projection, RowOrder, Schedule, StepRule, Targets, TrainingRecipe,
};
use blake2::{Blake2b, Digest, digest::consts::U32};
use serde::{Deserialize, Serialize};

use crate::rows::{DatasetLimits, MarksInContent, SystemText, Template, canonical_text, hash_into};

/// The version of this file's format that is written and understood.
pub const RECIPE_VERSION: u32 = 1;

/// A 32-byte BLAKE2b hash that identifies an input of a competition; written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Identity(pub [u8; 32]);

impl std::fmt::Display for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Identity({self})")
    }
}

impl From<Identity> for String {
    fn from(identity: Identity) -> Self {
        identity.to_string()
    }
}

impl TryFrom<String> for Identity {
    type Error = hex::FromHexError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes)?;
        Ok(Self(bytes))
    }
}

/// How the losses of the held-out rows become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LossMean {
    /// The seed's: rows in batches of so many in the order of the file, the mean over the target tokens of each
    /// batch, and the mean of those weighted by rows.
    BatchMeans(std::num::NonZeroUsize),
    /// The mean over rows of each row's mean over its target tokens: short answers weigh as much as long ones.
    Rows,
    /// The mean over all target tokens.
    Tokens,
}

impl LossMean {
    /// One loss out of an evaluation, in nats.
    pub fn of(self, evaluation: &Evaluation) -> f64 {
        let batch = match self {
            Self::Rows => return evaluation.mean_of_examples,
            Self::Tokens => return evaluation.token_weighted,
            Self::BatchMeans(batch) => batch.get(),
        };
        let mut weighted = 0.0;
        let batches = evaluation
            .per_example
            .chunks(batch)
            .zip(evaluation.target_tokens.chunks(batch));
        for (losses, targets) in batches {
            let sum: f64 = losses.iter().zip(targets).map(|(loss, n)| loss * *n as f64).sum();
            let tokens = targets.iter().sum::<usize>() as f64;
            weighted += sum / tokens * losses.len() as f64;
        }
        weighted / evaluation.per_example.len() as f64
    }
}

/// A recipe file (`recipe.toml`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// [`RECIPE_VERSION`].
    pub version: u32,
    /// What it is called in tables.
    pub name: String,
    /// How rows are written for the base model.
    pub template: Template,
    /// What to do with rows without a system text.
    #[serde(default)]
    pub system_text: SystemText,
    /// What control tokens spelled out in rows mean.
    #[serde(default)]
    pub marks_in_content: MarksInContent,
    /// How the held-out losses become one.
    pub loss: LossMean,
    /// The most a dataset may be.
    #[serde(default)]
    pub limits: DatasetLimits,
    /// How an adapter is trained.
    pub training: TrainingRecipe,
}

/// Why a recipe cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecipeError {
    /// The file cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The file is no recipe.
    #[error("{path} is no recipe: {source}", path = .path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<toml::de::Error>,
    },
    /// The file was written for another version of this program.
    #[error("{path} has version {found}; this program reads version {RECIPE_VERSION}", path = .path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
    },
    /// The training part holds a value that cannot train.
    #[error("{path}: {source}", path = .path.display())]
    Training {
        /// The file.
        path: PathBuf,
        /// Which value.
        source: assay_models::ModelError,
    },
}

/// A recipe file is a page of text; anything larger is not one.
const RECIPE_BYTES: u64 = 64 << 10;

impl Recipe {
    /// The seed's recipe, as far as it does not depend on the base model: rank 4, alpha 8, dropout 0.1 on queries
    /// and values, windows of 8 single rows, 3 epochs, 2e-4 after 100 warm-up steps, 512 tokens.
    ///
    /// Differs from the original in the base model's numbers, which stay as they are instead of being quantised to
    /// four bits.
    pub fn seed(template: Template) -> Self {
        Self {
            version: RECIPE_VERSION,
            name: "seed".to_owned(),
            template,
            system_text: SystemText::Optional,
            marks_in_content: MarksInContent::Text,
            loss: LossMean::BatchMeans(const { std::num::NonZeroUsize::new(8).unwrap() }),
            limits: DatasetLimits::default(),
            training: TrainingRecipe {
                epochs: 3,
                min_steps: 0,
                micro_batch: 1,
                accumulation: 8,
                learning_rate: 2e-4,
                warmup_steps: 100,
                schedule: Schedule::Linear,
                max_grad_norm: Some(1.0),
                weight_decay: 0.0,
                betas: [0.9, 0.999],
                eps: 1e-8,
                context_length: 512,
                step_rule: StepRule::Compat,
                order: RowOrder::Shuffled,
                lora: LoraConfig {
                    rank: 4,
                    alpha: 8.0,
                    dropout: 0.1,
                    targets: Targets::Named(vec![Projection::Query, Projection::Value]),
                },
            },
        }
    }

    /// Reads a recipe file.
    ///
    /// # Errors
    /// When it cannot be read, is no recipe, or cannot train.
    pub fn load(path: &Path) -> Result<Self, RecipeError> {
        #[derive(Deserialize)]
        struct Head {
            version: u32,
        }
        let mut text = String::new();
        fs_err::File::open(path)?
            .take(RECIPE_BYTES)
            .read_to_string(&mut text)?;
        let parse = |source| RecipeError::Parse {
            path: path.to_owned(),
            source: Box::new(source),
        };
        // The version first: an unknown one explains unknown fields better than their names do.
        let head: Head = toml::from_str(&text).map_err(parse)?;
        if head.version != RECIPE_VERSION {
            return Err(RecipeError::Version {
                path: path.to_owned(),
                found: head.version,
            });
        }
        let recipe: Self = toml::from_str(&text).map_err(parse)?;
        recipe.training.check().map_err(|source| RecipeError::Training {
            path: path.to_owned(),
            source,
        })?;
        Ok(recipe)
    }

    /// The recipe's hash together with the base model's: what a loss depends on besides rows, held-out rows and
    /// seed.
    pub fn identity(&self, base_model: Identity) -> Identity {
        // A recipe is plain data with text keys, which always has a JSON form.
        let value = serde_json::to_value(self).unwrap_or_default();
        let mut out = [0; 32];
        hash_into(
            format!("{}\n{base_model}", canonical_text(&value)).as_bytes(),
            &mut out,
        );
        Identity(out)
    }
}

/// The hash of a base model's folder: configuration, tokenizer and weights, by name and content.
///
/// # Errors
/// When a file cannot be read.
pub fn base_model_identity(folder: &Path) -> io::Result<Identity> {
    let mut names: Vec<String> = fs_err::read_dir(folder)?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| {
            name.ends_with(".safetensors")
                || matches!(
                    name.as_str(),
                    "config.json" | "tokenizer.json" | "model.safetensors.index.json"
                )
        })
        .collect();
    names.sort_unstable();
    let mut hasher = Blake2b::<U32>::new();
    let mut buffer = vec![0; 1 << 20];
    for name in names {
        let mut file = fs_err::File::open(folder.join(&name))?;
        hasher.update((name.len() as u64).to_le_bytes());
        hasher.update(&name);
        hasher.update(file.metadata()?.len().to_le_bytes());
        loop {
            let read = file.read(&mut buffer)?;
            if read == 0 {
                break;
            }
            hasher.update(&buffer[..read]);
        }
    }
    Ok(Identity(hasher.finalize().into()))
}
