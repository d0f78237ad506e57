//! Every attempt to set weights, with the stages it went through, on disk.
//!
//! The first line tells the layout's version and the chain: attempts of one mean nothing on another. Then one line of
//! JSON for each step, appended and flushed to the disk before the next step is taken: what a crash can lose is the last
//! line's end, which the next start drops. An attempt whose last known stage is `Submitted` was cut off there; the weight
//! setter finds out what became of it.
//!
//! As long as a history is open no other process can open it: a second one would go on with the same attempts, and what
//! it rewrites at its start would leave the first with a file that has no name any more.

use crate::{atomic_file, file_lock};
use assay_chain::{
    AccountId, Block, BlockHash, BlockRef, CiphertextDigest, ExtrinsicHash, NetUid, RevealPlan,
    TimelockedCommit, Uid,
};
use fs_err::File;
use serde::{Deserialize, Serialize};
use std::{
    collections::VecDeque,
    io::{self, Write},
    path::{Path, PathBuf},
    time::SystemTime,
};

/// The version of the file's layout. 1 had no line that told it, and no commits; 2 did not tell the chain.
pub const SCHEMA: u32 = 3;

/// Attempts that are kept. At an attempt every 100 blocks of 12 s these are some two weeks.
const KEPT: usize = 1000;

/// An entry of an attempt's row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptEntry {
    /// The slot at the time.
    pub uid: Uid,
    /// Who held it.
    pub hotkey: AccountId,
    /// The weight.
    pub value: u16,
}

/// What an attempt was made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptStart {
    /// The subnet.
    pub netuid: NetUid,
    /// The validator.
    pub hotkey: AccountId,
    /// The block at which hotkeys were matched with slots.
    pub block: BlockRef,
    /// The version key sent.
    pub version_key: u64,
    /// The row.
    pub entries: Vec<AttemptEntry>,
    /// Hotkeys that had a score but no slot.
    pub without_slot: Vec<AccountId>,
}

/// A step of an attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AttemptStage {
    /// The chain would refuse it; nothing was sent.
    Refused {
        /// Why.
        reason: String,
    },
    /// It was encrypted, and is about to be committed.
    Sealed {
        /// Which commit it is.
        digest: CiphertextDigest,
        /// When it will be revealed.
        plan: RevealPlan,
    },
    /// The pool has it.
    Submitted {
        /// The transaction.
        hash: ExtrinsicHash,
        /// The last block that can hold it.
        valid_until: Block,
    },
    /// A block has it and it succeeded.
    InBlock {
        /// The block.
        block: BlockRef,
    },
    /// The block that had it was dropped by a reorganisation; the same transaction goes on.
    Reorged {
        /// The dropped block.
        from: BlockRef,
    },
    /// A final block has it.
    Finalized {
        /// The block.
        block: BlockRef,
    },
    /// The chain's queue holds the commit, and will reveal it.
    Committed {
        /// The commit.
        commit: TimelockedCommit,
    },
    /// The chain has revealed the commit.
    Revealed {
        /// The block.
        block: BlockRef,
    },
    /// The chain's state shows the row.
    Applied {
        /// The block at which it was seen.
        block: BlockRef,
    },
    /// It failed.
    Failed {
        /// Why.
        reason: String,
        /// The chain's own name of the error.
        chain_error: Option<String>,
        /// After how many blocks another try makes sense, where that is known.
        #[serde(default)]
        blocks_to_wait: Option<u64>,
    },
}

impl AttemptStage {
    /// Whether nothing comes after it.
    pub fn is_last(&self) -> bool {
        matches!(
            self,
            Self::Refused { .. } | Self::Applied { .. } | Self::Failed { .. }
        )
    }
}

/// A step and when it was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageRecord {
    /// Milliseconds since 1970.
    pub at_ms: u64,
    /// The step.
    pub stage: AttemptStage,
}

/// An attempt to set weights.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Its number, counted from 1.
    pub number: u64,
    /// When it began, in milliseconds since 1970.
    pub at_ms: u64,
    /// What it was made of; nothing when it was refused before there was a row.
    pub start: Option<AttemptStart>,
    /// Its steps so far.
    pub stages: Vec<StageRecord>,
}

impl Attempt {
    /// The block that took the row or its commit, once that is final.
    pub fn taken_at(&self) -> Option<Block> {
        self.stages.iter().rev().find_map(|record| match &record.stage {
            AttemptStage::Finalized { block } | AttemptStage::Applied { block } => Some(block.number),
            AttemptStage::Committed { commit } => Some(commit.block.number),
            _ => None,
        })
    }

    /// The last step.
    pub fn stage(&self) -> Option<&AttemptStage> {
        self.stages.last().map(|record| &record.stage)
    }

    /// Whether no final block is known to have taken it, and yet one may. What waits for its reveal is not under way: the
    /// chain has it, and takes further rows.
    pub fn is_under_way(&self) -> bool {
        let is_committed = |record: &StageRecord| matches!(record.stage, AttemptStage::Committed { .. });
        !self.is_over() && !self.stages.iter().any(is_committed)
    }

    /// Whether its end is known.
    pub fn is_over(&self) -> bool {
        self.stage().is_some_and(AttemptStage::is_last)
    }
}

/// The file's first line.
#[derive(Serialize, Deserialize)]
struct Header {
    schema: u32,
    /// The first block of the chain; not told in files of older layouts.
    #[serde(default)]
    genesis: Option<BlockHash>,
}

/// A line of the file.
#[derive(Serialize, Deserialize)]
struct Line {
    attempt: u64,
    at_ms: u64,
    event: Event,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Event {
    Began(Option<AttemptStart>),
    Stage(AttemptStage),
}

/// Why a history cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HistoryError {
    /// A line before the last is damaged.
    #[error("line {line} of {} cannot be read; the file was left as it is", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// Where reading stopped.
        #[source]
        source: serde_json::Error,
    },
    /// A newer version wrote it.
    #[error("{} has layout {found}, this version reads up to {SCHEMA}; the file was left as it is", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its layout.
        found: u32,
    },
    /// It is of another chain.
    #[error("{} is of the chain with the genesis {found}, not of {expected}; the file was left as it is", path.display())]
    OtherChain {
        /// The file.
        path: PathBuf,
        /// Genesis of its chain.
        found: BlockHash,
        /// Genesis of the chain that it was opened for.
        expected: BlockHash,
    },
    /// Another process has it open.
    #[error("{} is in use by another process", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The file system refused.
    #[error(transparent)]
    File(#[from] io::Error),
}

impl HistoryError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Corrupt { path, .. } => {
                format!(
                    "restore {0} from a backup, or move it away to start anew: mv {0} {0}.damaged",
                    path.display()
                )
            }
            Self::Newer { .. } => "update Assay".to_owned(),
            Self::OtherChain { .. } => "give each chain a folder of its own".to_owned(),
            Self::InUse { .. } => {
                "one process sets a validator's weights: stop the other one, or give this one another file"
                    .to_owned()
            }
            Self::File(_) => return None,
        })
    }
}

/// The attempts of one validator in one subnet.
#[derive(Debug)]
pub struct WeightHistory {
    file: File,
    /// Where the last whole line ends.
    length: u64,
    attempts: VecDeque<Attempt>,
    // Held as long as the history is open.
    _lock: File,
}

impl WeightHistory {
    /// Opens the history of the chain with this genesis, or starts one. A file that does not tell its chain, as older
    /// versions wrote it, is taken for one of this chain and tells so from now on.
    ///
    /// # Errors
    ///
    /// When the file is of another chain, open elsewhere, or damaged anywhere but in its last line, or the file system
    /// refuses.
    pub fn open(path: impl AsRef<Path>, genesis: BlockHash) -> Result<Self, HistoryError> {
        let path = path.as_ref();
        let Some(lock) = file_lock::lock(path)? else {
            return Err(HistoryError::InUse {
                path: path.to_owned(),
            });
        };
        let Contents {
            genesis: found,
            attempts,
            is_clean,
        } = read(path)?;
        if let Some(found) = found.filter(|found| *found != genesis) {
            return Err(HistoryError::OtherChain {
                path: path.to_owned(),
                found,
                expected: genesis,
            });
        }
        if !is_clean {
            let mut text = header(genesis).map_err(io::Error::from)?;
            for attempt in &attempts {
                for line in lines_of(attempt) {
                    serde_json::to_writer(&mut text, &line).map_err(io::Error::from)?;
                    text.push(b'\n');
                }
            }
            atomic_file::replace(path, &text)?;
        }
        let file = File::options().append(true).open(path)?;
        Ok(Self {
            length: file.metadata()?.len(),
            file,
            attempts,
            _lock: lock,
        })
    }

    /// Reads the attempts without opening the file for writing: for those who only look.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn look(path: impl AsRef<Path>) -> Result<Vec<Attempt>, HistoryError> {
        read(path.as_ref()).map(|contents| contents.attempts.into())
    }

    /// The attempts, oldest first.
    pub fn attempts(&self) -> impl DoubleEndedIterator<Item = &Attempt> {
        self.attempts.iter()
    }

    /// Notes a new attempt; its number.
    ///
    /// # Errors
    ///
    /// When the file system refuses.
    pub fn begin(&mut self, start: Option<AttemptStart>) -> Result<u64, HistoryError> {
        let number = self.attempts.back().map_or(1, |last| last.number + 1);
        let at_ms = now_ms();
        self.append(&Line {
            attempt: number,
            at_ms,
            event: Event::Began(start.clone()),
        })?;
        self.attempts.push_back(Attempt {
            number,
            at_ms,
            start,
            stages: Vec::new(),
        });
        if self.attempts.len() > KEPT {
            self.attempts.pop_front();
        }
        Ok(number)
    }

    /// Notes a step of an attempt.
    ///
    /// # Errors
    ///
    /// When the file system refuses.
    pub fn note(&mut self, number: u64, stage: AttemptStage) -> Result<(), HistoryError> {
        let at_ms = now_ms();
        self.append(&Line {
            attempt: number,
            at_ms,
            event: Event::Stage(stage.clone()),
        })?;
        if let Some(attempt) = self
            .attempts
            .iter_mut()
            .rev()
            .find(|attempt| attempt.number == number)
        {
            attempt.stages.push(StageRecord { at_ms, stage });
        }
        Ok(())
    }

    fn append(&mut self, line: &Line) -> Result<(), HistoryError> {
        let mut text = serde_json::to_vec(line).map_err(io::Error::from)?;
        text.push(b'\n');
        let written = self.file.write_all(&text).and_then(|()| self.file.sync_data());
        match written {
            Ok(()) => {
                self.length += text.len() as u64;
                Ok(())
            }
            Err(error) => {
                // Half a line, of a disk that was full for one, would make a damaged one of the next.
                self.file.set_len(self.length)?;
                Err(error.into())
            }
        }
    }
}

/// What a file holds.
#[derive(Default)]
struct Contents {
    genesis: Option<BlockHash>,
    attempts: VecDeque<Attempt>,
    /// Whether it can be appended to as it is.
    is_clean: bool,
}

fn read(path: &Path) -> Result<Contents, HistoryError> {
    let text = match fs_err::read(path) {
        Ok(text) => text,
        // A new file is begun with its header.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Contents::default()),
        Err(error) => return Err(error.into()),
    };
    let mut attempts: VecDeque<Attempt> = VecDeque::new();
    let first = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let header = serde_json::from_slice::<Header>(first).ok();
    if let Some(Header { schema: found, .. }) = header.as_ref().filter(|header| header.schema > SCHEMA) {
        return Err(HistoryError::Newer {
            path: path.to_owned(),
            found: *found,
        });
    }
    let is_torn = !text.is_empty() && !text.ends_with(b"\n");
    let genesis = header.as_ref().and_then(|header| header.genesis);
    let is_current = header.as_ref().is_some_and(|header| header.schema == SCHEMA);
    let mut is_clean = !is_torn && is_current && genesis.is_some();
    let mut lines = text
        .split(|byte| *byte == b'\n')
        .enumerate()
        .skip(usize::from(header.is_some()))
        .filter(|(_, line)| !line.is_empty())
        .peekable();
    while let Some((number, line)) = lines.next() {
        let line: Line = match serde_json::from_slice(line) {
            Ok(line) => line,
            // Torn off by a crash while it was written.
            Err(_) if lines.peek().is_none() && is_torn => break,
            Err(source) => {
                return Err(HistoryError::Corrupt {
                    path: path.to_owned(),
                    line: number + 1,
                    source,
                });
            }
        };
        match line.event {
            Event::Began(start) => attempts.push_back(Attempt {
                number: line.attempt,
                at_ms: line.at_ms,
                start,
                stages: Vec::new(),
            }),
            Event::Stage(stage) => {
                if let Some(attempt) = attempts
                    .iter_mut()
                    .rev()
                    .find(|attempt| attempt.number == line.attempt)
                {
                    attempt.stages.push(StageRecord {
                        at_ms: line.at_ms,
                        stage,
                    });
                }
            }
        }
    }
    while attempts.len() > KEPT {
        attempts.pop_front();
        is_clean = false;
    }
    Ok(Contents {
        genesis,
        attempts,
        is_clean,
    })
}

/// The first line of a file.
fn header(genesis: BlockHash) -> Result<Vec<u8>, serde_json::Error> {
    let mut line = serde_json::to_vec(&Header {
        schema: SCHEMA,
        genesis: Some(genesis),
    })?;
    line.push(b'\n');
    Ok(line)
}

fn lines_of(attempt: &Attempt) -> impl Iterator<Item = Line> {
    let began = Line {
        attempt: attempt.number,
        at_ms: attempt.at_ms,
        event: Event::Began(attempt.start.clone()),
    };
    let stages = attempt.stages.iter().map(|record| Line {
        attempt: attempt.number,
        at_ms: record.at_ms,
        event: Event::Stage(record.stage.clone()),
    });
    std::iter::once(began).chain(stages)
}

fn now_ms() -> u64 {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
