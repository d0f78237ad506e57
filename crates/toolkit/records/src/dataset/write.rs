//! Rows into the files of their splits.

mod jsonl;
mod parquet;

use super::{
    choose::Row,
    error::BuildError,
    plan::{BuildPlan, FileKind},
    report::{File, SplitReport},
};
use fs_err as fs;
use std::path::{Path, PathBuf};

/// A file being written.
trait RowFile {
    fn add(&mut self, row: &Row<'_>) -> Result<(), BuildError>;

    /// What is in it so far, about.
    fn bytes(&self) -> u64;

    /// Forces it to the disk.
    fn finish(self: Box<Self>) -> Result<(), BuildError>;
}

/// The files of all splits.
pub(super) struct Writers<'a> {
    plan: &'a BuildPlan,
    folder: PathBuf,
    splits: Vec<SplitWriter>,
}

#[derive(Default)]
struct SplitWriter {
    current: Option<Box<dyn RowFile>>,
    /// Rows of each file.
    files: Vec<u64>,
}

impl<'a> Writers<'a> {
    pub(super) fn new(plan: &'a BuildPlan, folder: &Path) -> Self {
        Self {
            plan,
            folder: folder.to_owned(),
            splits: plan
                .splits
                .parts()
                .iter()
                .map(|_| SplitWriter::default())
                .collect(),
        }
    }

    pub(super) fn add(&mut self, split: usize, row: &Row<'_>) -> Result<(), BuildError> {
        let Some(writer) = self.splits.get_mut(split) else {
            return Ok(());
        };
        let file = match &mut writer.current {
            Some(file) => file,
            None => {
                let path = part(&self.folder, self.plan, split, writer.files.len());
                writer.files.push(0);
                writer.current.insert(open(self.plan, &path)?)
            }
        };
        file.add(row)?;
        let is_full = file.bytes() >= self.plan.shard_bytes;
        if let Some(rows) = writer.files.last_mut() {
            *rows += 1;
        }
        if is_full && let Some(file) = writer.current.take() {
            file.finish()?;
        }
        Ok(())
    }

    /// Ends the files and gives them their names. A split without rows has none.
    pub(super) fn finish(self) -> Result<Vec<SplitReport>, BuildError> {
        let mut reports = Vec::new();
        for (number, (writer, split)) in self.splits.into_iter().zip(self.plan.splits.parts()).enumerate() {
            if let Some(file) = writer.current {
                file.finish()?;
            }
            let mut files = Vec::new();
            for (index, rows) in writer.files.iter().enumerate() {
                let extension = self.plan.file.extension();
                let path = format!(
                    "data/{}-{index:05}-of-{:05}.{extension}",
                    split.name,
                    writer.files.len()
                );
                let place = self.folder.join(&path);
                fs::rename(part(&self.folder, self.plan, number, index), &place)?;
                files.push(File {
                    path,
                    rows: *rows,
                    bytes: fs::metadata(&place)?.len(),
                });
            }
            reports.push(SplitReport {
                name: split.name.clone(),
                rows: writer.files.iter().sum(),
                files,
            });
        }
        Ok(reports)
    }
}

/// How many files there are is known at the end, and is in their names.
fn part(folder: &Path, plan: &BuildPlan, split: usize, index: usize) -> PathBuf {
    folder.join(format!("data/{split}-{index:05}.{}.part", plan.file.extension()))
}

fn open(plan: &BuildPlan, path: &Path) -> Result<Box<dyn RowFile>, BuildError> {
    Ok(match plan.file {
        FileKind::Jsonl => Box::new(jsonl::Lines::create(path, plan.format, plan.details)?),
        FileKind::Parquet => Box::new(parquet::Table::create(path, plan.format, plan.details)?),
    })
}
