//! The held-out rows that every adapter is measured on.

use std::{io::BufReader, path::Path};

use assay_models::Example;

use crate::{
    recipe::{Identity, Recipe},
    rows::{Dataset, DatasetFault, DatasetLimits, ReadError, RowEncoder},
};

/// The held-out rows, as tokens.
#[derive(Debug, Clone)]
pub struct HeldOut {
    /// Rows in the order of the file.
    pub examples: Vec<Example>,
    /// Which rows, in which order.
    pub identity: Identity,
}

/// Why held-out rows cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HeldOutError {
    /// The file cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A row is not as it must be.
    #[error("the held-out rows in {path} cannot be used: {fault}")]
    Fault {
        /// The file.
        path: String,
        /// What is wrong with it.
        fault: DatasetFault,
    },
}

impl HeldOut {
    /// Reads a file of rows. The same rules hold as for miners' rows, except for the limits on size: the file is
    /// the operator's own.
    ///
    /// # Errors
    /// When the file cannot be read or any row cannot be measured, for one row without a target would make every
    /// loss undefined.
    pub fn load(path: &Path, encoder: &RowEncoder, recipe: &Recipe) -> Result<Self, HeldOutError> {
        let limits = DatasetLimits {
            bytes: u64::MAX,
            rows: usize::MAX,
            tokens: usize::MAX,
            ..recipe.limits
        };
        let file = fs_err::File::open(path).map_err(ReadError::from)?;
        match Dataset::read(BufReader::new(file), encoder, recipe.system_text, &limits)? {
            Ok(rows) => Ok(Self {
                examples: rows.examples,
                identity: Identity(rows.digest),
            }),
            Err(fault) => Err(HeldOutError::Fault {
                path: path.display().to_string(),
                fault,
            }),
        }
    }
}
