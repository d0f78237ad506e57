//! A run as files: the folder that `wandb sync` takes.
//!
//! ```text
//! offline-run-20261129_120000-k3v9x0ab/
//!   run-k3v9x0ab.wandb            records in blocks with checksums
//!   run-k3v9x0ab.wandb.synced     put there by the official client when it has uploaded it
//!   files/                        further files of the run: none
//! ```

mod blocks;
mod messages;
mod room;

use crate::{
    WandbError,
    config::WandbConfig,
    redact::Redactor,
    run::{Line, Run},
};
use blocks::Blocks;
use fs_err as fs;
use messages::{Kind, Record};
use serde_json::{Map, Value};
use std::{
    io::{Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};
use time::{format_description::BorrowedFormatItem, macros::format_description};

/// How the name of a run's folder begins.
const FOLDER: &str = "offline-run-";

const STAMP: &[BorrowedFormatItem<'_>] = format_description!("[year][month][day]_[hour][minute][second]");

/// The file of a run, open for writing.
#[derive(Debug)]
pub(crate) struct RunFile {
    file: fs::File,
    blocks: Blocks,
    records: i64,
    id: String,
}

/// The run's folder.
pub(crate) fn folder(root: &Path, run: &Run) -> Result<PathBuf, WandbError> {
    let stamp = run
        .began
        .to_offset(time::UtcOffset::UTC)
        .format(STAMP)
        .map_err(std::io::Error::other)?;
    Ok(root.join(format!("{FOLDER}{stamp}-{}", run.id)))
}

impl RunFile {
    /// Begins a run's folder.
    pub(crate) fn begin(
        root: &Path,
        run: &mut Run,
        config: &WandbConfig,
        redactor: &Redactor,
    ) -> Result<Self, WandbError> {
        room::make(root, config.offline_bytes)?;
        let folder = folder(root, run)?;
        fs::create_dir_all(folder.join("files"))?;
        let file = fs::File::create(folder.join(file_name(&run.id)))?;
        let mut this = Self {
            file,
            blocks: Blocks::default(),
            records: 0,
            id: run.id.clone(),
        };
        let header = messages::header();
        let begun = messages::begun(run, config, &redactor.settings(&config.all_settings()));
        let mut bytes = this.blocks.opening().to_vec();
        this.append(Kind::Header(header), &mut bytes);
        this.append(Kind::Run(begun), &mut bytes);
        this.write(&bytes)?;
        this.tell(run);
        Ok(this)
    }

    /// Goes on with a run whose file was written before. What comes after its last whole batch is cut off: a batch that
    /// a kill tore, or the record that ended it at the last stop. `None` when the run cannot go on: its file has gone, is
    /// too short, or was uploaded.
    pub(crate) fn resume(root: &Path, run: &Run) -> Result<Option<Self>, WandbError> {
        let path = folder(root, run)?.join(file_name(&run.id));
        let is_synced = synced(&path).exists();
        if run.file_bytes == 0 || is_synced || !path.is_file() {
            return Ok(None);
        }
        let mut file = fs::OpenOptions::new().write(true).open(&path)?;
        if file.metadata()?.len() < run.file_bytes {
            return Ok(None);
        }
        file.set_len(run.file_bytes)?;
        file.seek(SeekFrom::End(0))?;
        Ok(Some(Self {
            file,
            blocks: Blocks::at(run.file_bytes),
            records: run.file_records,
            id: run.id.clone(),
        }))
    }

    /// Adds lines and what they changed of the summary, and forces them to the disk.
    pub(crate) fn add(
        &mut self,
        run: &mut Run,
        lines: &[Line],
        before: &Map<String, Value>,
    ) -> Result<(), WandbError> {
        let mut bytes = Vec::new();
        for line in lines {
            let record = match line {
                Line::History(line) => Kind::History(messages::history(line)),
                Line::System(line) => Kind::Stats(messages::stats(line)),
            };
            self.append(record, &mut bytes);
        }
        let changed = messages::summary(before, &run.summary);
        if !changed.update.is_empty() {
            self.append(Kind::Summary(changed), &mut bytes);
        }
        self.write(&bytes)?;
        self.tell(run);
        Ok(())
    }

    /// Writes the record that ends a run. The run does not count it, so that a later start can go on without it.
    pub(crate) fn end(&mut self, run: &Run) -> Result<(), WandbError> {
        let mut bytes = Vec::new();
        self.append(Kind::Exit(messages::exit(run)), &mut bytes);
        self.write(&bytes)
    }

    fn append(&mut self, kind: Kind, to: &mut Vec<u8>) {
        self.records += 1;
        let record = Record::new(self.records, &self.id, kind);
        self.blocks.put(&prost::Message::encode_to_vec(&record), to);
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), WandbError> {
        self.file.write_all(bytes)?;
        Ok(self.file.sync_data()?)
    }

    fn tell(&self, run: &mut Run) {
        run.file_bytes = self.blocks.written();
        run.file_records = self.records;
    }
}

fn file_name(id: &str) -> String {
    format!("run-{id}.wandb")
}

/// What the official client puts beside a run's file when it has uploaded it.
fn synced(run_file: &Path) -> PathBuf {
    run_file.with_extension("wandb.synced")
}
