//! The epochs that a run has finished, kept on disk so that a kill loses none.
//!
//! A round's score is written down before the chain is moved on to the epoch that pays for it. Cut off in between,
//! the next start finds the score, sees that the epoch has passed, and only has to add what was paid.

use super::{home::write_atomically, results::MinerLine};
use assay_chain::Block;
use miette::{IntoDiagnostic, WrapErr};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// A finished epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct EpochRecord {
    /// Its number in this run, from 1.
    pub(super) epoch: u64,
    /// Closing block of the round whose weights it paid for.
    pub(super) round: Block,
    /// The epoch's block.
    pub(super) block: Block,
    pub(super) miners: Vec<MinerLine>,
}

/// A scored round whose epoch has not been seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct PendingEpoch {
    pub(super) round: Block,
    /// The head when it was noted: the epoch that pays for it is a later block.
    pub(super) after: Block,
    pub(super) miners: Vec<MinerLine>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Content {
    schema: u32,
    epochs: Vec<EpochRecord>,
    pending: Option<PendingEpoch>,
    /// The number of epochs at which the current command ends; none when it has ended, or has no end.
    target: Option<u64>,
}

const SCHEMA: u32 = 1;

/// Epochs that are kept. The file is written anew at each one: many more, and a run of weeks writes megabytes each
/// time; many fewer, and the plots lose their past.
const KEPT_EPOCHS: usize = 1_000;

/// The file of finished epochs.
#[derive(Debug)]
pub(super) struct History {
    file: PathBuf,
    content: Content,
}

impl History {
    pub(super) fn open(folder: &Path) -> miette::Result<Self> {
        let file = folder.join("epochs.json");
        let content = if file.is_file() {
            let text = fs_err::read(&file).into_diagnostic()?;
            serde_json::from_slice(&text)
                .into_diagnostic()
                .wrap_err_with(|| format!("{} is not what `assay up` wrote", file.display()))?
        } else {
            Content {
                schema: SCHEMA,
                ..Content::default()
            }
        };
        if content.schema != SCHEMA {
            return Err(miette::miette!(
                help = "use the version of assay that made it, or another folder with --home",
                "{} has layout {}, this version reads {SCHEMA}",
                file.display(),
                content.schema
            ));
        }
        Ok(Self { file, content })
    }

    pub(super) fn epochs(&self) -> &[EpochRecord] {
        &self.content.epochs
    }

    pub(super) fn pending(&self) -> Option<&PendingEpoch> {
        self.content.pending.as_ref()
    }

    /// Epochs finished since the run began.
    pub(super) fn finished(&self) -> u64 {
        self.content.epochs.last().map_or(0, |record| record.epoch)
    }

    /// Closing block of the newest round that has been paid.
    pub(super) fn last_round(&self) -> Option<Block> {
        self.content.epochs.last().map(|record| record.round)
    }

    /// Begins a command that is to run for `more` epochs, or goes on with one that was cut off; the number of
    /// finished epochs at which it ends.
    pub(super) fn aim(&mut self, more: Option<u64>) -> miette::Result<Option<u64>> {
        self.content.target = match (more, self.content.target) {
            (None, _) => None,
            (Some(_), Some(target)) if target > self.finished() => Some(target),
            (Some(more), _) => Some(self.finished() + more),
        };
        self.save()?;
        Ok(self.content.target)
    }

    /// The command has reached its end.
    pub(super) fn reached(&mut self) -> miette::Result<()> {
        self.content.target = None;
        self.save()
    }

    pub(super) fn set_pending(&mut self, pending: PendingEpoch) -> miette::Result<()> {
        self.content.pending = Some(pending);
        self.save()
    }

    /// Writes down a finished epoch; nothing is pending afterwards.
    pub(super) fn finish(
        &mut self,
        round: Block,
        block: Block,
        miners: Vec<MinerLine>,
    ) -> miette::Result<&EpochRecord> {
        let epoch = self.finished() + 1;
        self.content.epochs.push(EpochRecord {
            epoch,
            round,
            block,
            miners,
        });
        let surplus = self.content.epochs.len().saturating_sub(KEPT_EPOCHS);
        self.content.epochs.drain(..surplus);
        self.content.pending = None;
        self.save()?;
        self.content
            .epochs
            .last()
            .ok_or_else(|| miette::miette!("an epoch that was just written down is gone"))
    }

    fn save(&self) -> miette::Result<()> {
        write_atomically(&self.file, &serde_json::to_vec(&self.content).into_diagnostic()?)
    }
}
