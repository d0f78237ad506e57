//! Causal models for what they expect next: the logits behind the tokens of a text.

use std::{ops::Range, path::Path, sync::Arc};

use crate::{
    BaseModel, Device, ModelError,
    checkpoint::Checkpoint,
    kernels::{cross_entropy, matmul::Update},
    text::TextTokenizer,
    transformer::{Beginning, ConfigFile, DeviceMap, Family, Linear, Rows, Transformer, WithBias, Workspace},
};

/// Rows of logits that are computed at a time. Fewer make the product with the vocabulary flat; more need memory that
/// grows with the vocabulary: 128 rows of 152,000 logits are 78 MB.
const LOGIT_ROWS: usize = 128;

/// A causal language model of any family. Cloning shares the weights.
#[derive(Debug, Clone)]
pub struct CausalModel {
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    Qwen2(BaseModel),
    Described(Arc<Described>),
}

#[derive(Debug)]
struct Described {
    model: Transformer,
    head: Head,
    tokenizer: TextTokenizer,
}

#[derive(Debug)]
enum Head {
    Own(Linear),
    /// The embedding of the tokens.
    Tied,
    /// Either, on a device.
    OnDevice(DeviceMap),
}

/// What several texts begin with, for one model: [`CausalModel::begin`].
#[derive(Debug)]
pub struct TextBeginning {
    tokens: Vec<u32>,
    /// Nothing for a model that computes its texts as a whole.
    computed: Option<Beginning>,
}

impl TextBeginning {
    /// Number of its tokens.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Whether texts have nothing in common.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }
}

impl From<BaseModel> for CausalModel {
    fn from(base: BaseModel) -> Self {
        Self {
            kind: Kind::Qwen2(base),
        }
    }
}

impl CausalModel {
    /// Loads a folder of any causal family.
    ///
    /// # Errors
    /// Files that are missing, too large, unsound or of a family that this crate does not know; the error names what
    /// is supported.
    pub fn load(folder: &Path) -> Result<Self, ModelError> {
        Self::load_on(folder, Device::Cpu)
    }

    /// The same on a device. Models of Qwen2's kind compute here, whatever is wanted.
    ///
    /// # Errors
    /// As [`Self::load`], and [`ModelError::Device`].
    pub fn load_on(folder: &Path, device: Device) -> Result<Self, ModelError> {
        let config = ConfigFile::load(&folder.join("config.json"))?;
        if config.text("model_type")? == "qwen2" {
            return Ok(BaseModel::load(folder)?.into());
        }
        let family = Family::of(&config, &[Family::Gptj, Family::GptNeo], "qwen2, gptj, gpt_neo")?;
        let tokenizer = TextTokenizer::load(folder)?;
        let mut checkpoint = Checkpoint::open(folder)?;
        let mut loader = family.loader(&mut checkpoint);
        let model = family.load(&config, &mut loader)?;
        let tied = config.flag("tie_word_embeddings", family == Family::GptNeo)?;
        let mut loader = loader.head();
        let head = if tied {
            Head::Tied
        } else {
            // GPT-J's head has a bias, which is how it is told from others.
            let bias = if loader.has("lm_head.bias") {
                WithBias::Yes
            } else {
                WithBias::No
            };
            Head::Own(loader.linear("lm_head", model.hidden, model.vocabulary(), bias)?)
        };
        let head = match (head, device) {
            (head, Device::Cpu) => head,
            (Head::Own(head), device) => Head::OnDevice(DeviceMap::of_linear(head, device)?),
            (Head::Tied, device) => Head::OnDevice(DeviceMap::of_table(&model.embeddings.tokens, device)?),
            (head @ Head::OnDevice(_), _) => head,
        };
        Ok(Self {
            kind: Kind::Described(Arc::new(Described {
                model: model.on(device)?,
                head,
                tokenizer,
            })),
        })
    }

    /// Token ids of a text; special tokens written out in it become their ids, none are added.
    ///
    /// # Errors
    /// [`ModelError::Tokenizer`].
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, ModelError> {
        match &self.kind {
            Kind::Qwen2(base) => base.encode(text),
            Kind::Described(model) => model.tokenizer.ids(text),
        }
    }

    /// The id of a token by its text, such as `<|endoftext|>`.
    #[must_use]
    pub fn token_id(&self, token: &str) -> Option<u32> {
        match &self.kind {
            Kind::Qwen2(base) => base.token_id(token),
            Kind::Described(model) => model.tokenizer.id(token),
        }
    }

    /// Number of tokens that the model knows: the width of a row of logits.
    #[must_use]
    pub fn vocabulary(&self) -> usize {
        match &self.kind {
            Kind::Qwen2(base) => base.architecture().vocabulary,
            Kind::Described(model) => model.model.vocabulary(),
        }
    }

    /// Tokens of the longest text.
    #[must_use]
    pub fn max_positions(&self) -> usize {
        match &self.kind {
            Kind::Qwen2(base) => base.max_context(),
            Kind::Described(model) => {
                let most = model.model.max_tokens;
                model
                    .tokenizer
                    .model_max_length
                    .map_or(most, |length| length.min(most))
            }
        }
    }

    /// The text of token ids.
    ///
    /// # Errors
    /// [`ModelError::Tokenizer`].
    pub fn decode(&self, ids: &[u32]) -> Result<String, ModelError> {
        match &self.kind {
            Kind::Qwen2(base) => base.decode(ids),
            Kind::Described(model) => model.tokenizer.decode(ids),
        }
    }

    /// The likeliest next tokens of a text, so many at most: for a word or two. What does not fit the model is cut off at the
    /// text's beginning. Every token computes the whole text anew.
    ///
    /// # Errors
    /// A tokenizer that fails or does not fit the model's vocabulary, or an empty text.
    pub fn complete(&self, text: &str, tokens: usize) -> Result<String, ModelError> {
        let mut ids = self.encode(text)?;
        let room = self.max_positions().saturating_sub(tokens);
        ids.drain(..ids.len().saturating_sub(room));
        let start = ids.len();
        for _ in 0..tokens {
            let last = ids.len().saturating_sub(1);
            let mut likeliest = 0;
            self.visit_logits(&ids, last..ids.len(), &mut |_, logits| {
                let best = (0_u32..)
                    .zip(&*logits)
                    .reduce(|best, next| if next.1 > best.1 { next } else { best });
                likeliest = best.map_or(0, |(id, _)| id);
            })?;
            ids.push(likeliest);
        }
        self.decode(&ids[start..])
    }

    /// Calls `visit` with each of `positions`, in order, and the logits behind the token there: what the model expects
    /// at the next position. The row is the visitor's to change. A part of the rows is in memory at a time.
    ///
    /// One text keeps one core busy: run texts side by side.
    ///
    /// # Errors
    /// An empty or too long text, positions outside of it, or tokens outside of the vocabulary.
    pub fn visit_logits(
        &self,
        ids: &[u32],
        positions: Range<usize>,
        visit: &mut dyn FnMut(usize, &mut [f32]),
    ) -> Result<(), ModelError> {
        if positions.end > ids.len() {
            return Err(ModelError::Context {
                requested: positions.end,
                limit: ids.len(),
            });
        }
        let vocabulary = self.vocabulary();
        let mut show = |first: usize, logits: &mut [f32]| {
            for (position, row) in (first..).zip(logits.chunks_exact_mut(vocabulary)) {
                visit(position, row);
            }
        };
        match &self.kind {
            Kind::Qwen2(base) => base.visit_logits(ids, positions, LOGIT_ROWS, &mut show),
            Kind::Described(model) => model.visit_logits(ids, positions, &mut show),
        }
    }

    /// Computes what several texts begin with, so that [`Self::visit_logits_after`] need not for each of them. A Qwen2 model
    /// takes part without saving anything.
    ///
    /// # Errors
    /// As [`Self::visit_logits`].
    pub fn begin(&self, ids: &[u32]) -> Result<TextBeginning, ModelError> {
        let computed = match &self.kind {
            Kind::Described(model) if !ids.is_empty() => {
                model.model.check(ids)?;
                Some(model.model.begin(ids, &mut Workspace::default())?)
            }
            Kind::Described(_) | Kind::Qwen2(_) => None,
        };
        Ok(TextBeginning {
            tokens: ids.to_vec(),
            computed,
        })
    }

    /// The same as [`Self::visit_logits`] for a text, given as a whole, that begins so. Positions within the beginning, or a
    /// text that begins otherwise, cost the computation of the whole text.
    ///
    /// # Errors
    /// As [`Self::visit_logits`].
    pub fn visit_logits_after(
        &self,
        beginning: &TextBeginning,
        ids: &[u32],
        positions: Range<usize>,
        visit: &mut dyn FnMut(usize, &mut [f32]),
    ) -> Result<(), ModelError> {
        let before = beginning.len();
        match (&self.kind, &beginning.computed) {
            (Kind::Described(model), Some(computed))
                if positions.start >= before
                    && positions.end <= ids.len()
                    && ids.starts_with(&beginning.tokens) =>
            {
                model.model.check(ids)?;
                let vocabulary = self.vocabulary();
                let mut show = |first: usize, logits: &mut [f32]| {
                    for (position, row) in (before + first..).zip(logits.chunks_exact_mut(vocabulary)) {
                        visit(position, row);
                    }
                };
                let own = positions.start - before..positions.end - before;
                model.visit(Some(computed), &ids[before..], own, &mut show)
            }
            _ => self.visit_logits(ids, positions, visit),
        }
    }

    /// The natural logarithm of the probability of each token from position `first` (at least 1) on, given those
    /// before it.
    ///
    /// # Errors
    /// As [`Self::visit_logits`].
    pub fn log_probabilities(&self, ids: &[u32], first: usize) -> Result<Vec<f64>, ModelError> {
        let positions = first.saturating_sub(1)..ids.len().saturating_sub(1);
        let vocabulary = self.vocabulary();
        let mut found = Vec::with_capacity(positions.len());
        self.visit_logits(ids, positions, &mut |position, row| {
            let losses = cross_entropy::losses(row, vocabulary, &ids[position + 1..position + 2], None);
            found.extend(losses.into_iter().map(|loss| -loss));
        })?;
        Ok(found)
    }
}

impl Described {
    fn visit_logits(
        &self,
        ids: &[u32],
        positions: Range<usize>,
        show: &mut dyn FnMut(usize, &mut [f32]),
    ) -> Result<(), ModelError> {
        self.model.check(ids)?;
        self.visit(None, ids, positions, show)
    }

    /// Of tokens that were checked, perhaps behind a beginning, which positions do not count.
    fn visit(
        &self,
        beginning: Option<&Beginning>,
        ids: &[u32],
        positions: Range<usize>,
        show: &mut dyn FnMut(usize, &mut [f32]),
    ) -> Result<(), ModelError> {
        let model = &self.model;
        // Later tokens do not change what is behind earlier ones.
        let mut rows = Rows::default();
        let seen = &ids[..positions.end.max(1).min(ids.len())];
        rows.push(seen, &vec![0; seen.len()]);
        let mut workspace = Workspace::default();
        match beginning {
            None => model.forward(&rows, &mut workspace)?,
            Some(beginning) => model.forward_after(beginning, &rows, &mut workspace)?,
        }
        let (hidden, scratch) = workspace.hidden_and_scratch();
        let mut logits = Vec::new();
        for first in positions.clone().step_by(LOGIT_ROWS) {
            let count = LOGIT_ROWS.min(positions.end - first);
            let hidden = &hidden[first * model.hidden..][..count * model.hidden];
            match &self.head {
                Head::Own(head) => head.apply(hidden, &mut logits, scratch),
                Head::Tied => {
                    logits.resize(count * model.vocabulary(), 0.0);
                    model
                        .embeddings
                        .tokens
                        .product(hidden, &mut logits, Update::Replace, scratch);
                }
                Head::OnDevice(head) => head.apply(hidden, &mut logits)?,
            }
            show(first, &mut logits);
        }
        Ok(())
    }
}
