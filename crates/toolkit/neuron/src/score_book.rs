//! Scores that survive: kept by hotkey, loaded before they can be saved, replaced in one step.
//!
//! A slot changes hands when its holder is pruned, so a score that is kept by uid ends up with somebody else. Here the
//! hotkey is the key, and uids are only a view of the book [at one block](ScoreBook::view).
//!
//! A book is opened, never created from nothing over an old one: a file that cannot be read is an error and stays as
//! it is, and as long as a book is open no other process can open it.

use crate::{MovingAverage, atomic_file, file_lock};
use assay_chain::{AccountId, Block, Metagraph, NetUid, Uid};
use fs_err::File;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

/// The version of the file's layout that is written. Version 1 had plain scores and no history.
pub const SCHEMA: u32 = 2;

/// A hotkey's entry.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// The score.
    #[serde(deserialize_with = "exactly")]
    pub value: f64,
    /// How many observations went into it.
    pub observations: u64,
    /// The last block at which the hotkey had a slot; nothing before the first [`align`](ScoreBook::align).
    pub last_seen: Option<Block>,
}

/// What changed in a subnet since the book was last aligned with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Alignment {
    /// Hotkeys with a slot that the book did not know.
    pub newcomers: Vec<AccountId>,
    /// Hotkeys of the book that have lost their slot since the last time. Their scores stay, in case they come back.
    pub departed: Vec<AccountId>,
}

/// Why a book cannot be opened or saved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScoreBookError {
    /// Another process has it open.
    #[error("{} is in use by another process", path.display())]
    InUse {
        /// The book.
        path: PathBuf,
    },
    /// The file is damaged or no score book.
    #[error("{} is no score book that can be read; it was left as it is", path.display())]
    Corrupt {
        /// The book.
        path: PathBuf,
        /// Where reading stopped.
        #[source]
        source: serde_json::Error,
    },
    /// Written by a newer version.
    #[error("{} has layout {found}, this version knows up to {SCHEMA}", path.display())]
    TooNew {
        /// The book.
        path: PathBuf,
        /// Its layout.
        found: u32,
    },
    /// The book is of another subnet.
    #[error("{} holds the scores of subnet {found}, not of {expected}", path.display())]
    OtherSubnet {
        /// The book.
        path: PathBuf,
        /// Its subnet.
        found: NetUid,
        /// The subnet asked for.
        expected: NetUid,
    },
    /// A score that is not a finite number.
    #[error("the score of {hotkey} would be {value}")]
    NotANumber {
        /// Whose score.
        hotkey: AccountId,
        /// What it would be.
        value: f64,
    },
    /// The file system refused.
    #[error(transparent)]
    File(#[from] io::Error),
}

impl ScoreBookError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::InUse { .. } => {
                "one validator a book: stop the other one, or give this one another folder".to_owned()
            }
            Self::Corrupt { path, .. } => {
                format!(
                    "restore {0} from a backup, or move it away to start anew: mv {0} {0}.damaged",
                    path.display()
                )
            }
            Self::TooNew { .. } => "update Assay".to_owned(),
            Self::OtherSubnet { .. } => "give each subnet a folder of its own".to_owned(),
            Self::NotANumber { .. } | Self::File(_) => return None,
        })
    }
}

/// The layout of the file.
#[derive(Serialize, Deserialize)]
struct Contents {
    schema: u32,
    netuid: NetUid,
    scores: BTreeMap<AccountId, Score>,
}

/// The layout of version 1.
#[derive(Deserialize)]
struct ContentsV1 {
    netuid: NetUid,
    scores: BTreeMap<AccountId, ScoreV1>,
}

#[derive(Deserialize)]
struct ScoreV1(#[serde(deserialize_with = "exactly")] f64);

/// Reads a number from its text: what serde_json itself makes of one may differ in the last bit, and a score that is
/// loaded and saved at every start would drift.
fn exactly<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let text = Box::<RawValue>::deserialize(deserializer)?;
    text.get().parse().map_err(serde::de::Error::custom)
}

#[derive(Deserialize)]
struct Schema {
    schema: u32,
}

/// The scores of a subnet's hotkeys.
#[derive(Debug)]
pub struct ScoreBook {
    path: PathBuf,
    netuid: NetUid,
    scores: BTreeMap<AccountId, Score>,
    // Held as long as the book is open.
    _lock: File,
}

impl ScoreBook {
    /// Opens a book, or starts an empty one where there is no file. Nothing is written.
    ///
    /// # Errors
    ///
    /// When the file is damaged, of another subnet, too new, or open elsewhere.
    pub fn open(path: impl Into<PathBuf>, netuid: NetUid) -> Result<Self, ScoreBookError> {
        let path = path.into();
        let Some(lock) = file_lock::lock(&path)? else {
            return Err(ScoreBookError::InUse { path });
        };
        let scores = match fs_err::read(&path) {
            Ok(bytes) => read(&path, netuid, &bytes)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(error.into()),
        };
        Ok(Self {
            path,
            netuid,
            scores,
            _lock: lock,
        })
    }

    /// The scores of a book that may be open elsewhere, as they were when it was last saved; none where there is no file.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open), but for a book that is in use.
    pub fn look(
        path: impl AsRef<Path>,
        netuid: NetUid,
    ) -> Result<BTreeMap<AccountId, Score>, ScoreBookError> {
        let path = path.as_ref();
        match fs_err::read(path) {
            Ok(bytes) => read(path, netuid, &bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeMap::new()),
            Err(error) => Err(error.into()),
        }
    }

    /// The subnet.
    pub fn netuid(&self) -> NetUid {
        self.netuid
    }

    /// The entry of a hotkey.
    pub fn get(&self, hotkey: &AccountId) -> Option<&Score> {
        self.scores.get(hotkey)
    }

    /// All entries, ascending by hotkey.
    pub fn entries(&self) -> impl Iterator<Item = (&AccountId, &Score)> {
        self.scores.iter()
    }

    /// Sets a score.
    ///
    /// # Errors
    ///
    /// When it is not a finite number; the old one stays.
    pub fn set(&mut self, hotkey: AccountId, value: f64) -> Result<(), ScoreBookError> {
        if !value.is_finite() {
            return Err(ScoreBookError::NotANumber { hotkey, value });
        }
        let entry = self.scores.entry(hotkey).or_insert(Score {
            value,
            observations: 0,
            last_seen: None,
        });
        entry.value = value;
        entry.observations += 1;
        Ok(())
    }

    /// Moves a score towards an observation, by this average.
    ///
    /// # Errors
    ///
    /// When the result is not a finite number; the old one stays.
    pub fn observe(
        &mut self,
        hotkey: AccountId,
        observation: f64,
        average: &MovingAverage,
    ) -> Result<(), ScoreBookError> {
        let known = self.scores.get(&hotkey).filter(|score| score.observations > 0);
        let value = average.after(known.map(|score| score.value), observation);
        self.set(hotkey, value)
    }

    /// Notes who has a slot now. Scores are neither moved nor removed.
    pub fn align(&mut self, metagraph: &Metagraph) -> Alignment {
        let block = metagraph.block.number;
        let previous = self.scores.values().filter_map(|score| score.last_seen).max();
        let mut alignment = Alignment::default();
        for neuron in &metagraph.neurons {
            match self.scores.get_mut(&neuron.hotkey) {
                Some(score) => score.last_seen = Some(block),
                None => alignment.newcomers.push(neuron.hotkey),
            }
        }
        let left = |score: &Score| score.last_seen != Some(block) && score.last_seen == previous;
        alignment.departed = self
            .scores
            .iter()
            .filter(|(_, score)| left(score))
            .map(|(hotkey, _)| *hotkey)
            .collect();
        alignment
    }

    /// The scores by slot at a metagraph's block: one for each neuron, 0 for those that the book does not know.
    pub fn view(&self, metagraph: &Metagraph) -> Vec<(Uid, f64)> {
        let score = |hotkey| self.scores.get(hotkey).map_or(0.0, |score| score.value);
        metagraph
            .neurons
            .iter()
            .map(|neuron| (neuron.uid, score(&neuron.hotkey)))
            .collect()
    }

    /// Removes hotkeys that had no slot since before a block; how many.
    pub fn forget_unseen_since(&mut self, block: Block) -> usize {
        let before = self.scores.len();
        self.scores
            .retain(|_, score| score.last_seen.is_none_or(|seen| seen >= block));
        before - self.scores.len()
    }

    /// Writes the book: afterwards the file holds either the old scores or the new ones, whatever happens meanwhile.
    ///
    /// # Errors
    ///
    /// When the file system refuses; the old file stays then.
    pub fn save(&self) -> Result<(), ScoreBookError> {
        self.page()?.write()
    }

    /// What the file is to hold, to be written without the book: a disk can be slow.
    pub(crate) fn page(&self) -> Result<Page, ScoreBookError> {
        let contents = Contents {
            schema: SCHEMA,
            netuid: self.netuid,
            scores: self.scores.clone(),
        };
        Ok(Page {
            path: self.path.clone(),
            text: serde_json::to_vec_pretty(&contents).map_err(io::Error::from)?,
        })
    }
}

/// What a book's file is to hold.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Page {
    path: PathBuf,
    text: Vec<u8>,
}

impl Page {
    /// Replaces the file. Waits on the disk.
    pub(crate) fn write(&self) -> Result<(), ScoreBookError> {
        Ok(atomic_file::replace(&self.path, &self.text)?)
    }
}

fn read(path: &Path, netuid: NetUid, bytes: &[u8]) -> Result<BTreeMap<AccountId, Score>, ScoreBookError> {
    let corrupt = |source| ScoreBookError::Corrupt {
        path: path.to_owned(),
        source,
    };
    let Schema { schema } = serde_json::from_slice(bytes).map_err(corrupt)?;
    let (found, scores) = match schema {
        1 => {
            let old: ContentsV1 = serde_json::from_slice(bytes).map_err(corrupt)?;
            let migrate = |(hotkey, ScoreV1(value))| {
                let score = Score {
                    value,
                    // How many there were is not known; one keeps the next from replacing it whole.
                    observations: 1,
                    last_seen: None,
                };
                (hotkey, score)
            };
            (old.netuid, old.scores.into_iter().map(migrate).collect())
        }
        SCHEMA => {
            let contents: Contents = serde_json::from_slice(bytes).map_err(corrupt)?;
            (contents.netuid, contents.scores)
        }
        found => {
            return Err(ScoreBookError::TooNew {
                path: path.to_owned(),
                found,
            });
        }
    };
    if found != netuid {
        return Err(ScoreBookError::OtherSubnet {
            path: path.to_owned(),
            found,
            expected: netuid,
        });
    }
    Ok(scores)
}
