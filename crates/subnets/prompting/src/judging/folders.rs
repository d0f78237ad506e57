//! The judges of a profile, loaded from folders in the Hugging Face layout.

use super::{
    BlacklistMask, DifferenceReward, DiversityMask, Embedder, Gate, InferenceJudge, LikelihoodReward,
    NgramMask, NsfwMask, PairReward, PenaltyModel, PromptReward, ReciprocateReward, ReferenceReward,
    RelevanceMask, Stack, TaskValidatorMask, TextEmbedder,
};
use crate::{
    profile::{Flow, Settings},
    scoring::{
        combine::{Mask, Reward},
        diversity::history::History,
        ngram::{NgramBlacklist, Tokens},
    },
};
use assay_minds::{LocalModel, Mind};
use assay_models::{
    BaseModel, CausalModel, Classifier, Device, Embedding, Encoder, ModelError, TextTokens, ValueModel,
};
use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// A model that judges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Finds answers likely or not.
    Dpo,
    /// Prefers answers as people did, by pairs.
    Rlhf,
    /// Prefers answers as people did, by conversations.
    Reciprocate,
    /// The seed's value head.
    Dahoas,
    /// Is asked for a mark.
    Prompt,
    /// Finds hatred.
    Nsfw,
    /// Compares texts by their tokens.
    Bert,
    /// Compares texts by their sentences.
    Mpnet,
    /// Embeds prompts for the gating model.
    Gating,
    /// Is run by miners too.
    Inference,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Dpo,
        Self::Rlhf,
        Self::Reciprocate,
        Self::Dahoas,
        Self::Prompt,
        Self::Nsfw,
        Self::Bert,
        Self::Mpnet,
        Self::Gating,
        Self::Inference,
    ];

    /// Its folder below that of all models.
    #[must_use]
    pub fn folder(self) -> &'static str {
        match self {
            Self::Dpo => "dpo",
            Self::Rlhf => "rlhf",
            Self::Reciprocate => "reciprocate",
            Self::Dahoas => "dahoas",
            Self::Prompt => "prompt",
            Self::Nsfw => "nsfw",
            Self::Bert => "bert",
            Self::Mpnet => "mpnet",
            Self::Gating => "gating",
            Self::Inference => "inference",
        }
    }

    /// The model that the original loads from the hub. Any of the same kind will do.
    #[must_use]
    pub fn original(self) -> &'static str {
        match self {
            Self::Dpo => "EleutherAI/gpt-j-6b",
            Self::Rlhf => "OpenAssistant/reward-model-deberta-v3-large-v2",
            Self::Reciprocate => "reciprocate/gpt-j_rm_format-oa",
            Self::Dahoas => "EleutherAI/gpt-j-6b, with hf_ckpt.pt of Dahoas/gptj-rm-static",
            Self::Prompt => "Qwen/Qwen2-7B-Instruct",
            Self::Nsfw => "facebook/roberta-hate-speech-dynabench-r4-target",
            Self::Bert => "google-bert/bert-base-uncased",
            Self::Mpnet => "sentence-transformers/all-mpnet-base-v2",
            Self::Gating => "EleutherAI/gpt-neo-125m",
            Self::Inference => "Qwen/Qwen2-7B-Instruct",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.folder())
    }
}

/// Why the judges cannot be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JudgesError {
    /// A folder is not there.
    #[error("the model {role} is missing: {path} does not exist")]
    Missing {
        /// Which.
        role: Role,
        /// Where it should be.
        path: PathBuf,
    },
    /// A folder cannot be used.
    #[error("the model {role} in {path} cannot be used")]
    Model {
        /// Which.
        role: Role,
        /// Where it is.
        path: PathBuf,
        /// Why.
        source: ModelError,
    },
    /// A classifier with another number of labels than its role needs.
    #[error("the model {role} in {path} has {labels} labels; {needed} are needed")]
    Labels {
        /// Which.
        role: Role,
        /// Where it is.
        path: PathBuf,
        /// How many it has.
        labels: usize,
        /// How many it should have.
        needed: &'static str,
    },
    /// A reward by likeness to a reference, and nothing that makes one.
    #[error("answers shall be held against references, and nothing is there that makes them")]
    NoReference,
    /// The disk.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl JudgesError {
    /// What to do.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Missing { role, path } => format!(
                "put a model in the Hugging Face layout there; the original uses {}: `assay hub download --type model {} --to {}`. A reward \
                 model without weight is not needed, nor one of a filter that is off",
                role.original(),
                role.original().split(',').next().unwrap_or_default(),
                path.display()
            ),
            Self::Model {
                source: ModelError::Device { .. },
                ..
            } => "name another device with --device; cpu is always there".to_owned(),
            Self::Model { .. } | Self::Labels { .. } => {
                "it must be a folder in the Hugging Face layout, with a model of the role's kind".to_owned()
            }
            Self::NoReference => {
                "name a model (--reference-model DIR, or --reference-endpoint URL), or set --reference-weight 0"
                    .to_owned()
            }
            Self::Io(_) => "see whether the folder can be read".to_owned(),
        }
    }
}

/// The models of a validator, each in a folder named after its role, loaded when a judge first needs it and shared between
/// judges.
pub struct ModelFolders {
    root: PathBuf,
    device: Device,
    mpnet: Option<Arc<TextEmbedder>>,
    reference: Option<(Arc<dyn Mind>, Duration)>,
}

impl fmt::Debug for ModelFolders {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ModelFolders")
            .field("root", &self.root)
            .finish_non_exhaustive()
    }
}

impl ModelFolders {
    /// The models below this folder.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            device: Device::Cpu,
            mpnet: None,
            reference: None,
        }
    }

    /// The same on a device. Models of Qwen2's kind (`prompt`, `inference`) compute on the cores all the same.
    #[must_use]
    pub fn on(mut self, device: Device) -> Self {
        self.device = device;
        self
    }

    /// The same with what makes reference answers, and how long it may take for one.
    #[must_use]
    pub fn with_reference(mut self, mind: Arc<dyn Mind>, patience: Duration) -> Self {
        self.reference = Some((mind, patience));
        self
    }

    /// The judges that these settings want.
    ///
    /// # Errors
    /// [`JudgesError`] for a model that is wanted and cannot be loaded.
    pub fn stack(&mut self, settings: &Settings) -> Result<Stack, JudgesError> {
        if settings.flow == Flow::TwoStages {
            let filter = if settings.masks_on().any(|mask| mask == Mask::Nsfw) {
                Some(self.nsfw(settings)?)
            } else {
                None
            };
            let model = self.difference(settings)?;
            return Ok(Stack::shares(model, settings.reward_shift, filter));
        }
        let mut stack = Stack::sum(settings.normaliser_limit, settings.fidelity);
        for (reward, weight) in &settings.reward_weights {
            if *weight == 0.0 {
                continue;
            }
            stack = match reward {
                Reward::Dpo => {
                    let model = self.load(Role::Dpo, CausalModel::load_on)?;
                    stack.reward(LikelihoodReward::new(model, settings.repetition), *weight)
                }
                Reward::Rlhf => stack.reward(PairReward(self.classifier(Role::Rlhf)?), *weight),
                Reward::Reciprocate => {
                    stack.reward(ReciprocateReward(self.classifier(Role::Reciprocate)?), *weight)
                }
                Reward::Dahoas => stack.reward(self.difference(settings)?, *weight),
                Reward::Prompt => {
                    let model = self.load(Role::Prompt, CausalModel::load_on)?;
                    stack.reward(PromptReward::new(model, settings.fidelity), *weight)
                }
                Reward::Reference => {
                    let (mind, patience) = self.reference.clone().ok_or(JudgesError::NoReference)?;
                    stack.reward(ReferenceReward::new(mind, self.mpnet()?, patience), *weight)
                }
            };
        }
        for mask in &settings.masks {
            if settings.masks_off.contains(mask) {
                stack = stack.off(*mask);
                continue;
            }
            stack = match mask {
                Mask::Blacklist => match &settings.mask_rules.ngram {
                    None => stack.mask(BlacklistMask),
                    Some(rule) => {
                        let tokens = WordTokens(self.load(Role::Bert, |folder, _| TextTokens::load(folder))?);
                        stack.mask(NgramMask::new(NgramBlacklist::new(rule.clone()), tokens))
                    }
                },
                Mask::TaskValidator => stack.mask(TaskValidatorMask(settings.fidelity)),
                Mask::Relevance => {
                    let bert = self.load(Role::Bert, Encoder::load_on)?;
                    let by_tokens = TextEmbedder::new(bert, Embedding::MeanOfWindows);
                    let by_sentence: Arc<dyn Embedder> = self.mpnet()?;
                    stack.mask(RelevanceMask::new(
                        by_tokens,
                        by_sentence,
                        settings.mask_rules.relevance,
                    ))
                }
                Mask::Diversity => {
                    let rules = &settings.mask_rules;
                    let history = History::new(rules.history);
                    let mpnet = self.mpnet()?;
                    stack.mask(DiversityMask::new(
                        mpnet,
                        history,
                        rules.diversity,
                        rules.alone,
                        settings.fidelity,
                    ))
                }
                Mask::Nsfw => stack.mask(self.nsfw(settings)?),
            };
        }
        for penalty in &settings.penalties {
            stack = stack.penalty(PenaltyModel::new(
                *penalty,
                settings.largest_penalties,
                settings.fidelity,
            ));
        }
        Ok(stack.build())
    }

    /// Whether there is a folder for the gating model.
    #[must_use]
    pub fn has_gate(&self) -> bool {
        self.folder(Role::Gating).is_dir()
    }

    /// The gating model over the encoder in the folder `gating`: the mean of its tokens where it is a sentence encoder, the
    /// state of the last token where it is a causal model.
    ///
    /// # Errors
    /// [`JudgesError`].
    pub fn gate(&self, settings: &Settings) -> Result<Gate, JudgesError> {
        self.gate_in(&self.folder(Role::Gating), settings)
    }

    /// The same over the encoder in another folder.
    ///
    /// # Errors
    /// [`JudgesError`].
    pub fn gate_in(&self, folder: &Path, settings: &Settings) -> Result<Gate, JudgesError> {
        let encoder = load(Role::Gating, folder, |folder| {
            Encoder::load_on(folder, self.device)
        })?;
        let how = if encoder.is_causal() {
            Embedding::LastToken
        } else {
            Embedding::MeanOfWindows
        };
        Ok(Gate::new(TextEmbedder::new(encoder, how), settings.gating))
    }

    /// What checks that miners run the model in the folder `inference`.
    ///
    /// # Errors
    /// [`JudgesError`].
    pub fn inference(&self, settings: &Settings) -> Result<InferenceJudge, JudgesError> {
        self.inference_in(&self.folder(Role::Inference), settings)
    }

    /// The same with the model in another folder.
    ///
    /// # Errors
    /// [`JudgesError`].
    pub fn inference_in(&self, folder: &Path, settings: &Settings) -> Result<InferenceJudge, JudgesError> {
        let model = load(Role::Inference, folder, BaseModel::load)?;
        Ok(InferenceJudge::new(LocalModel::new(model, 1), settings.inference))
    }

    fn folder(&self, role: Role) -> PathBuf {
        self.root.join(role.folder())
    }

    fn load<T>(
        &self,
        role: Role,
        loader: impl FnOnce(&Path, Device) -> Result<T, ModelError>,
    ) -> Result<T, JudgesError> {
        load(role, &self.folder(role), |folder| loader(folder, self.device))
    }

    fn classifier(&self, role: Role) -> Result<Classifier, JudgesError> {
        self.load(role, Classifier::load_on)
    }

    fn difference(&self, settings: &Settings) -> Result<DifferenceReward, JudgesError> {
        let model = self.load(Role::Dahoas, |folder, device| {
            ValueModel::load_on(folder, &head_file(folder)?, device)
        })?;
        Ok(DifferenceReward::new(
            model,
            settings.reward_shift,
            settings.fidelity,
        ))
    }

    fn nsfw(&self, settings: &Settings) -> Result<NsfwMask, JudgesError> {
        let classifier = self.classifier(Role::Nsfw)?;
        if classifier.labels() != 2 {
            return Err(JudgesError::Labels {
                role: Role::Nsfw,
                path: self.folder(Role::Nsfw),
                labels: classifier.labels(),
                needed: "two, \"not hateful\" and \"hateful\",",
            });
        }
        Ok(NsfwMask::new(classifier, settings.mask_rules.nsfw))
    }

    fn mpnet(&mut self) -> Result<Arc<TextEmbedder>, JudgesError> {
        if let Some(mpnet) = &self.mpnet {
            return Ok(Arc::clone(mpnet));
        }
        let encoder = self.load(Role::Mpnet, Encoder::load_on)?;
        let mpnet = TextEmbedder::new(encoder, Embedding::SentenceTransformers);
        Ok(Arc::clone(self.mpnet.insert(mpnet)))
    }
}

fn load<T>(
    role: Role,
    path: &Path,
    loader: impl FnOnce(&Path) -> Result<T, ModelError>,
) -> Result<T, JudgesError> {
    if !path.is_dir() {
        return Err(JudgesError::Missing {
            role,
            path: path.to_owned(),
        });
    }
    loader(path).map_err(|source| JudgesError::Model {
        role,
        path: path.to_owned(),
        source,
    })
}

/// The file of the value head: the original's name, or a safetensors file of the same content.
fn head_file(folder: &Path) -> Result<PathBuf, ModelError> {
    let names = ["hf_ckpt.pt", "value_head.safetensors"];
    let found = names
        .iter()
        .map(|name| folder.join(name))
        .find(|path| path.is_file());
    Ok(found.unwrap_or_else(|| folder.join(names[0])))
}

/// The tokens of the phrases that are counted.
struct WordTokens(TextTokens);

impl Tokens for WordTokens {
    fn encode(&self, text: &str) -> Vec<u32> {
        // A text that cannot be cut into tokens is not counted.
        self.0.encode(text).unwrap_or_default()
    }

    fn decode(&self, tokens: &[u32]) -> String {
        self.0.decode(tokens).unwrap_or_default()
    }
}
