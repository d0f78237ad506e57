//! Recorded epochs: the `yuma-vectors-1` file format, and its replay.
//!
//! A file holds cases; a case holds hyperparameters and consecutive epochs with their inputs and, where the file
//! comes from a chain, the expected outputs. The format is plain serde data, so the caller brings the parser:
//!
//! ```
//! use assay_yuma::vectors::{Document, replay};
//! # let text = r#"{"schema":"yuma-vectors-1","cases":[{"id":"one","n":1,"params":{"kappa":32767,
//! #   "bonds_penalty":65535,"bonds_moving_average":900000,"yuma3":false,"liquid_alpha":false,"alpha_low":0,
//! #   "alpha_high":0,"alpha_sigmoid_steepness":1000,"max_allowed_validators":1,"tempo":10,
//! #   "activity_cutoff_blocks":10,"stake_threshold":0,"tao_weight":"0","owner_uid":null,"commit_reveal":false},
//! #   "epochs":[{"input":{"block":9,"last_mechanism_step_block":0,"rao_emission":1000,"alpha_stake":[5],
//! #   "root_stake":[0],"block_at_registration":[0],"last_update":[9],"validator_permit":[1],"weights":{},
//! #   "bonds":{}}}]}]}"#;
//! let document: Document = serde_json::from_str(text)?;
//! let replayed = replay(&document)?;
//! assert_eq!(replayed[0].outputs[0].emission, [1000]);
//! assert!(replayed.iter().all(|case| case.difference.is_none()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod difference;
mod document;

pub use difference::{Difference, Field};
pub use document::{Bonds, Case, Document, Epoch, Expected, Input, Params, SCHEMA, SparseRows, Trace};

use crate::epoch::epoch;
use crate::input::{BondsRule, CommitReveal, EpochInput, Hyperparameters, LiquidAlpha, Neuron, Row};
use crate::output::EpochOutput;
use serde::Serialize;

/// Why a file cannot be replayed. None of these goes away by trying again: the file has to change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VectorError {
    /// The file says that it is something else.
    #[error("the schema is `{found}`, not `{SCHEMA}`")]
    Schema {
        /// What the file says.
        found: String,
    },
    /// A per-uid list is too short or too long.
    #[error("case {case}, epoch {epoch}: `{field}` has {found} entries for {expected} uids")]
    Length {
        /// The case's id.
        case: String,
        /// The epoch, from zero.
        epoch: usize,
        /// The list.
        field: &'static str,
        /// How many uids the case has.
        expected: usize,
        /// How many entries the list has.
        found: usize,
    },
    /// A row of weights or bonds is not a list of pairs of a uid and a value.
    #[error(
        "case {case}, epoch {epoch}: row {uid} of `{field}` is not a list of uid and value pairs of 16 bits"
    )]
    Row {
        /// The case's id.
        case: String,
        /// The epoch, from zero.
        epoch: usize,
        /// `weights` or `bonds`.
        field: &'static str,
        /// Whose row.
        uid: u16,
    },
    /// The first epoch of a case has no predecessor to take bonds from.
    #[error("case {case}: the first epoch cannot take its bonds from a previous one")]
    NoPreviousEpoch {
        /// The case's id.
        case: String,
    },
}

/// One case after its replay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Replayed {
    /// The case's id.
    pub case: String,
    /// What each epoch gave, up to and including the first that differs.
    pub outputs: Vec<EpochOutput>,
    /// The first field that is not what the file expects. The replay of the case stops there.
    pub difference: Option<Difference>,
}

/// Runs every epoch of a file.
///
/// Each epoch starts from the recorded inputs; where these say that the bonds are the previous epoch's, from the
/// bonds that were computed here.
///
/// # Errors
/// When the file is not a well-formed `yuma-vectors-1`. A wrong number in it is a [`Difference`] instead.
pub fn replay(document: &Document) -> Result<Vec<Replayed>, VectorError> {
    document.check_schema()?;
    document.cases.iter().map(replay_case).collect()
}

fn replay_case(case: &Case) -> Result<Replayed, VectorError> {
    let mut outputs: Vec<EpochOutput> = Vec::with_capacity(case.epochs.len());
    let mut difference = None;
    for (index, recorded) in case.epochs.iter().enumerate() {
        let previous = outputs.last().map(|output| output.bonds.as_slice());
        let input = case.epoch_input(index, previous)?;
        let output = epoch(&input);
        difference = recorded
            .expected
            .as_ref()
            .and_then(|expected| difference::first(&case.id, index, expected, &output));
        outputs.push(output);
        if difference.is_some() {
            break;
        }
    }
    Ok(Replayed {
        case: case.id.clone(),
        outputs,
        difference,
    })
}

impl Document {
    /// Refuses a file of another format.
    ///
    /// # Errors
    /// [`VectorError::Schema`] names what the file says it is.
    pub fn check_schema(&self) -> Result<(), VectorError> {
        if self.schema == SCHEMA {
            Ok(())
        } else {
            Err(VectorError::Schema {
                found: self.schema.clone(),
            })
        }
    }
}

impl Case {
    /// The input of an epoch, with the bonds of the previous one where the file refers to them.
    ///
    /// # Errors
    /// When a list does not fit the number of uids, a row is malformed, or there is no previous epoch.
    ///
    /// # Panics
    /// When there is no such epoch.
    pub fn epoch_input(
        &self,
        index: usize,
        previous_bonds: Option<&[Row]>,
    ) -> Result<EpochInput, VectorError> {
        let input = &self.epochs[index].input;
        let length = |field, found| {
            if found == self.n {
                Ok(())
            } else {
                let case = self.id.clone();
                Err(VectorError::Length {
                    case,
                    epoch: index,
                    field,
                    expected: self.n,
                    found,
                })
            }
        };
        length("alpha_stake", input.alpha_stake.len())?;
        length("root_stake", input.root_stake.len())?;
        length("block_at_registration", input.block_at_registration.len())?;
        length("last_update", input.last_update.len())?;
        length("validator_permit", input.validator_permit.len())?;

        let mut weights = self.rows(index, "weights", &input.weights)?;
        let mut bonds = match (&input.bonds, previous_bonds) {
            (Bonds::Rows(rows), _) => self.rows(index, "bonds", rows)?,
            (Bonds::Previous, Some(rows)) => rows.to_vec(),
            (Bonds::Previous, None) => {
                return Err(VectorError::NoPreviousEpoch {
                    case: self.id.clone(),
                });
            }
        };
        bonds.resize(self.n, Row::new());
        let neurons = (0..self.n).map(|uid| Neuron {
            alpha_stake: input.alpha_stake[uid],
            root_stake: input.root_stake[uid],
            block_at_registration: input.block_at_registration[uid],
            last_update: input.last_update[uid],
            validator_permit: input.validator_permit[uid] != 0,
            weights: std::mem::take(&mut weights[uid]),
            bonds: std::mem::take(&mut bonds[uid]),
            earliest_commit: u16::try_from(uid)
                .ok()
                .and_then(|uid| input.commit_blocks.get(&uid).copied()),
        });
        Ok(EpochInput {
            block: input.block,
            last_mechanism_step_block: input.last_mechanism_step_block,
            rao_emission: input.rao_emission,
            hyperparameters: self.params.hyperparameters(),
            owner_uid: self.params.owner_uid,
            neurons: neurons.collect(),
        })
    }

    fn rows(&self, epoch: usize, field: &'static str, flat: &SparseRows) -> Result<Vec<Row>, VectorError> {
        let mut rows = vec![Row::new(); self.n];
        for (uid, numbers) in flat {
            let malformed = || VectorError::Row {
                case: self.id.clone(),
                epoch,
                field,
                uid: *uid,
            };
            let row = rows.get_mut(usize::from(*uid)).ok_or_else(malformed)?;
            let (pairs, rest) = numbers.as_chunks::<2>();
            if !rest.is_empty() {
                return Err(malformed());
            }
            *row = pairs.iter().map(|[target, value]| (*target, *value)).collect();
        }
        Ok(rows)
    }
}

impl Params {
    /// The hyperparameters as the epoch reads them.
    #[must_use]
    pub fn hyperparameters(&self) -> Hyperparameters {
        Hyperparameters {
            kappa: self.kappa,
            bonds_penalty: self.bonds_penalty,
            bonds_moving_average: self.bonds_moving_average,
            bonds_rule: BondsRule::from_switches(
                self.yuma3,
                self.liquid_alpha,
                LiquidAlpha {
                    low: self.alpha_low,
                    high: self.alpha_high,
                    sigmoid_steepness: self.alpha_sigmoid_steepness,
                },
            ),
            max_allowed_validators: self.max_allowed_validators,
            tempo: self.tempo,
            activity_cutoff_blocks: self.activity_cutoff_blocks,
            stake_threshold: self.stake_threshold,
            tao_weight: self.tao_weight,
            commit_reveal: if self.commit_reveal {
                CommitReveal::Enabled
            } else {
                CommitReveal::Disabled
            },
        }
    }
}
