//! All judges of a validator together, and what they remember.

use super::{
    Batch, Column, DifferenceReward, JudgeError, MaskModel, NsfwMask, RewardModel, penalties::PenaltyModel,
};
use crate::{
    Fidelity,
    scoring::{
        combine::{Factor, Mask, Reward, Weighted, combine, logged, normalised_column},
        difference::{difference, difference_rewards, is_answer},
        normaliser::Normaliser,
    },
};
use std::{collections::BTreeMap, fmt, io, path::Path};

/// What a batch is worth.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Judgement {
    /// One reward an answer, 0 to 1.
    pub rewards: Vec<f64>,
    /// Every figure that led to it.
    pub columns: Vec<Column>,
}

/// The judges, in order.
#[derive(Debug)]
pub struct Stack {
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// The seed's: one model's differences, shared out among the answers of a batch.
    Shares {
        model: DifferenceReward,
        shift: f64,
        filter: Option<NsfwMask>,
    },
    /// A weighted sum, times masks and penalties.
    Sum {
        rewards: Vec<WeightedModel>,
        masks: Vec<Box<dyn MaskModel>>,
        /// Those that are switched off.
        off: Vec<Mask>,
        penalties: Vec<PenaltyModel>,
        fidelity: Fidelity,
    },
}

struct WeightedModel {
    model: Box<dyn RewardModel>,
    weight: f64,
    normaliser: Normaliser,
}

impl fmt::Debug for WeightedModel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("WeightedModel")
            .field("model", &self.model)
            .field("weight", &self.weight)
            .field("rewards", &self.normaliser.count())
            .finish()
    }
}

/// Puts a [`Stack`] together.
#[derive(Debug)]
pub struct StackBuilder {
    rewards: Vec<WeightedModel>,
    masks: Vec<Box<dyn MaskModel>>,
    off: Vec<Mask>,
    penalties: Vec<PenaltyModel>,
    limit: u64,
    fidelity: Fidelity,
}

impl StackBuilder {
    /// Adds a reward model with its weight. One without weight is left out.
    #[must_use]
    pub fn reward(mut self, model: impl RewardModel + 'static, weight: f64) -> Self {
        if weight > 0.0 {
            self.rewards.push(WeightedModel {
                model: Box::new(model),
                weight,
                normaliser: Normaliser::new(self.limit, self.fidelity),
            });
        }
        self
    }

    /// Adds a mask.
    #[must_use]
    pub fn mask(mut self, mask: impl MaskModel + 'static) -> Self {
        self.masks.push(Box::new(mask));
        self
    }

    /// Switches a mask off.
    #[must_use]
    pub fn off(mut self, mask: Mask) -> Self {
        self.off.push(mask);
        self
    }

    /// Adds a penalty.
    #[must_use]
    pub fn penalty(mut self, penalty: PenaltyModel) -> Self {
        self.penalties.push(penalty);
        self
    }

    /// The stack.
    #[must_use]
    pub fn build(self) -> Stack {
        Stack {
            kind: Kind::Sum {
                rewards: self.rewards,
                masks: self.masks,
                off: self.off,
                penalties: self.penalties,
                fidelity: self.fidelity,
            },
        }
    }
}

impl Stack {
    /// The seed's: what each answer adds to the prompt by this model, as a share of all; hateful ones are no answers where
    /// there is a filter.
    #[must_use]
    pub fn shares(model: DifferenceReward, shift: f64, filter: Option<NsfwMask>) -> Self {
        Self {
            kind: Kind::Shares { model, shift, filter },
        }
    }

    /// A sum of reward models times masks. `limit` is how many rewards the statistics of each count as at most.
    #[must_use]
    pub fn sum(limit: u64, fidelity: Fidelity) -> StackBuilder {
        StackBuilder {
            rewards: Vec::new(),
            masks: Vec::new(),
            off: Vec::new(),
            penalties: Vec::new(),
            limit,
            fidelity,
        }
    }

    /// Judges a batch. It takes processor time, seconds with large models.
    ///
    /// Nothing is remembered of a batch that fails but what judges before the failing one have taken in.
    ///
    /// # Errors
    /// [`JudgeError`]: our own fault, which must not cost anybody anything.
    pub fn judge(&mut self, batch: &Batch<'_>) -> Result<Judgement, JudgeError> {
        if batch.answers.is_empty() {
            return Ok(Judgement::default());
        }
        match &mut self.kind {
            Kind::Shares { model, shift, filter } => shares(model, *shift, filter.as_ref(), batch),
            Kind::Sum {
                rewards,
                masks,
                off,
                penalties,
                fidelity,
            } => sum(rewards, masks, off, penalties, batch, *fidelity),
        }
    }

    /// What is to be kept over a restart.
    #[must_use]
    pub fn state(&self) -> StackState {
        let mut files = BTreeMap::new();
        if let Kind::Sum { rewards, masks, .. } = &self.kind {
            let statistics: BTreeMap<&str, &Normaliser> = rewards
                .iter()
                .map(|part| (part.model.reward().column(), &part.normaliser))
                .collect();
            // Plain numbers under plain names always have a JSON form.
            let statistics = serde_json::to_vec_pretty(&statistics).unwrap_or_default();
            files.insert(STATISTICS.to_owned(), statistics);
            for mask in masks {
                if let Some((name, content)) = mask.keep() {
                    files.insert(name.to_owned(), content);
                }
            }
        }
        StackState { files }
    }

    /// Goes on from what an earlier process kept in this folder. Files that are not there are no error: a judge of which
    /// nothing was kept begins anew.
    ///
    /// # Errors
    /// [`UnusableState`] for a file that cannot be read: it is not overwritten.
    pub fn restore(&mut self, folder: &Path) -> Result<(), UnusableState> {
        let Kind::Sum { rewards, masks, .. } = &mut self.kind else {
            return Ok(());
        };
        if let Some(content) = kept(folder, STATISTICS)? {
            let damaged = |problem: String| UnusableState::Damaged {
                path: folder.join(STATISTICS),
                problem,
            };
            let mut statistics: BTreeMap<String, Normaliser> =
                serde_json::from_slice(&content).map_err(|error| damaged(error.to_string()))?;
            for part in rewards {
                if let Some(kept) = statistics.remove(part.model.reward().column()) {
                    part.normaliser = kept;
                }
            }
        }
        for mask in masks {
            let Some((name, _)) = mask.keep() else { continue };
            if let Some(content) = kept(folder, name)? {
                mask.restore(&content).map_err(|problem| UnusableState::Damaged {
                    path: folder.join(name),
                    problem,
                })?;
            }
        }
        Ok(())
    }
}

/// The file of the reward models' statistics.
const STATISTICS: &str = "reward_statistics.json";

/// Bytes of a kept file at most: the largest is the history of answers.
const MOST_BYTES: u64 = 1 << 30;

pub(super) fn kept(folder: &Path, name: &str) -> Result<Option<Vec<u8>>, UnusableState> {
    let path = folder.join(name);
    match fs_err::metadata(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
        Ok(found) if found.len() > MOST_BYTES => {
            return Err(UnusableState::Damaged {
                path,
                problem: format!("it has {} bytes", found.len()),
            });
        }
        Ok(_) => {}
    }
    Ok(Some(fs_err::read(&path)?))
}

/// Why what was kept is of no use.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnusableState {
    /// A file cannot be read or written; the message names it.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A file is not what it should be.
    #[error("{path} cannot be used: {problem}")]
    Damaged {
        /// Which.
        path: std::path::PathBuf,
        /// Why.
        problem: String,
    },
}

/// What a stack remembers, as files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StackState {
    /// Content by name.
    pub files: BTreeMap<String, Vec<u8>>,
}

impl StackState {
    /// Writes each file so that it is either the old or the new.
    ///
    /// # Errors
    /// When one cannot be written; the others may be new already.
    pub fn save(&self, folder: &Path) -> io::Result<()> {
        for (name, content) in &self.files {
            assay_neuron::replace_file(&folder.join(name), content)?;
        }
        Ok(())
    }
}

fn shares(
    model: &DifferenceReward,
    shift: f64,
    filter: Option<&NsfwMask>,
    batch: &Batch<'_>,
) -> Result<Judgement, JudgeError> {
    let mut columns = Vec::new();
    let mut counts: Vec<bool> = batch
        .answers
        .iter()
        .map(|answer| is_answer(answer.text))
        .collect();
    if let Some(filter) = filter {
        let judged = filter.judge(&batch.texts()).map_err(|source| JudgeError::Model {
            column: Mask::Nsfw.column(),
            source,
        })?;
        for (counts, judged) in counts.iter_mut().zip(&judged) {
            *counts &= judged.passes;
        }
        let factors = judged.iter().map(|judged| f64::from(u8::from(judged.passes)));
        columns.push(Column::numbers(Mask::Nsfw.column(), factors.clone()));
        columns.push(Column::numbers(normalised_column(Mask::Nsfw.column()), factors));
        columns.push(Column::some_numbers(
            "nsfw_filter_score",
            judged.iter().map(|judged| judged.score),
        ));
    }
    let counted: Vec<_> = batch
        .answers
        .iter()
        .zip(&counts)
        .filter(|(_, counts)| **counts)
        .map(|(answer, _)| *answer)
        .collect();
    let values = model
        .values(batch.prompt, &counted)
        .map_err(|source| JudgeError::Model {
            column: Reward::Dahoas.column(),
            source,
        })?;
    let mut values = values.into_iter();
    let values: Vec<_> = counts
        .iter()
        .map(|counts| counts.then(|| values.next()).flatten())
        .collect();
    let rewards = difference_rewards(&values, shift);
    let raw = values
        .iter()
        .map(|values| values.map(|values| difference(values, shift)));
    columns.push(Column::some_numbers(Reward::Dahoas.column(), raw));
    columns.push(Column::numbers(
        normalised_column(Reward::Dahoas.column()),
        rewards.iter().copied(),
    ));
    Ok(Judgement { rewards, columns })
}

fn sum(
    rewards: &mut [WeightedModel],
    masks: &mut [Box<dyn MaskModel>],
    off: &[Mask],
    penalties: &[PenaltyModel],
    batch: &Batch<'_>,
    fidelity: Fidelity,
) -> Result<Judgement, JudgeError> {
    let count = batch.answers.len();
    let mut columns = Vec::new();
    // Every model before any statistics move: a batch that fails leaves no trace in them.
    let raw: Vec<Vec<Option<f64>>> = rewards
        .iter_mut()
        .map(|part| part.model.raw(batch))
        .collect::<Result<_, _>>()?;
    let mut factors: Vec<(&'static str, Vec<f64>)> = Vec::new();
    for mask in masks {
        let column = mask.mask().column();
        let figures = mask.factors(batch)?;
        columns.push(Column::some_numbers(column, figures.raw));
        columns.push(Column::numbers(
            normalised_column(column),
            figures.factors.iter().copied(),
        ));
        columns.extend(figures.details);
        factors.push((column, figures.factors));
    }
    for mask in off {
        factors.push((mask.column(), Mask::off(count, fidelity)));
    }
    for penalty in penalties {
        let (applied, figures) = penalty.judge(batch);
        columns.extend(figures);
        factors.push((penalty.penalty().column(), applied));
    }
    let mut normalised = Vec::new();
    for (part, raw) in rewards.iter_mut().zip(raw) {
        let figures = part.normaliser.normalise_batch(&raw);
        let column = part.model.reward().column();
        columns.push(Column::some_numbers(column, raw));
        columns.push(Column::some_numbers(normalised_column(column), logged(&figures)));
        normalised.push((part.model.reward(), part.weight, figures));
    }
    let weighted: Vec<Weighted<'_>> = normalised
        .iter()
        .map(|(reward, weight, figures)| Weighted {
            reward: *reward,
            weight: *weight,
            normalised: figures,
        })
        .collect();
    let factors: Vec<Factor<'_>> = factors
        .iter()
        .map(|(column, factors)| Factor { column, factors })
        .collect();
    Ok(Judgement {
        rewards: combine(count, &weighted, &factors)?,
        columns,
    })
}
