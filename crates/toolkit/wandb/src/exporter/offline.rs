//! Events go into folders.

use super::worker::{Desk, Progress, link};
use crate::{
    WandbError,
    offline::{RunFile, folder},
    run::Run,
};

/// The file that is being written, when one is.
#[derive(Debug, Default)]
pub(super) struct Offline(Option<RunFile>);

impl Offline {
    /// A write failed: what the file holds is not known. The next one begins by cutting it to what is.
    pub(super) fn forget(&mut self) {
        self.0 = None;
    }

    pub(super) fn write(&mut self, desk: &mut Desk, mut run: Run) -> Result<Progress, WandbError> {
        let Some(file) = self.file(desk, &mut run)? else {
            // It was uploaded or taken away since the last start: what comes goes into another.
            desk.close_run()?;
            return Ok(Progress::Done);
        };
        let mut batch = desk.batch(&run, usize::MAX);
        file.add(&mut batch.after, &batch.lines, &batch.before.summary)?;
        let events = batch.lines.len();
        desk.commit(batch.after, events)?;
        desk.backoff.succeeded();
        Ok(Progress::Done)
    }

    pub(super) fn end(&mut self, desk: &Desk, run: &Run) -> Result<Progress, WandbError> {
        let mut run = run.clone();
        if run.file_bytes > 0
            && let Some(file) = self.file(desk, &mut run)?
        {
            file.end(&run)?;
        }
        self.forget();
        Ok(Progress::Done)
    }

    fn file(&mut self, desk: &Desk, run: &mut Run) -> Result<Option<&mut RunFile>, WandbError> {
        if self.0.is_none() {
            let root = desk.folder.path();
            self.0 = if run.file_bytes == 0 {
                Some(RunFile::begin(root, run, &desk.config, &desk.redactor)?)
            } else {
                RunFile::resume(root, run)?
            };
            let mut link = link(&run.id);
            link.folder = Some(folder(root, run)?);
            desk.reporter.run(link);
        }
        Ok(self.0.as_mut())
    }
}
