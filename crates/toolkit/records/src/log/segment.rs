//! A file of lines that is being written.

use crate::{
    error::RecordsError,
    layout::{self, Day, Segment},
};
use fs_err as fs;
use std::{
    io::{self, Read, Seek, SeekFrom, Write},
    path::Path,
    time::Instant,
};

#[derive(Debug)]
pub(super) struct OpenSegment {
    pub(super) segment: Segment,
    file: fs::File,
    /// Bytes that are whole lines.
    pub(super) bytes: u64,
    pub(super) opened: Instant,
    /// Written, but not yet forced to the disk.
    dirty: bool,
    /// A part of a line is at the end and cannot be cut off: nothing may follow it.
    torn: bool,
}

impl OpenSegment {
    /// Begins the file of the stream's events from number `first` on.
    pub(super) fn begin(
        root: &Path,
        stream: &str,
        version: u32,
        day: Day,
        first: u64,
        now: Instant,
    ) -> Result<Self, RecordsError> {
        let folder = layout::day_folder(root, stream, version, day);
        fs::create_dir_all(&folder)?;
        let path = folder.join(layout::lines_file(first));
        let file = fs::OpenOptions::new().create_new(true).write(true).open(&path);
        let file = match file {
            // Left by an attempt on a full disk, which wrote nothing whole.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                fs::OpenOptions::new().write(true).truncate(true).open(&path)
            }
            file => file,
        }?;
        // Its name too must survive a power cut.
        std::fs::File::open(&folder)?.sync_all()?;
        Ok(Self {
            segment: Segment {
                path,
                version,
                day,
                first,
                last: None,
            },
            file,
            bytes: 0,
            opened: now,
            dirty: false,
            torn: false,
        })
    }

    /// Appends lines, all or none of them.
    pub(super) fn append(&mut self, lines: &[u8]) -> Result<(), RecordsError> {
        if self.torn {
            return Err(RecordsError::damaged(
                &self.segment.path,
                "a part of a line is at its end",
            ));
        }
        match self.file.write_all(lines) {
            Ok(()) => {
                self.bytes += lines.len() as u64;
                self.dirty = true;
                Ok(())
            }
            Err(error) => {
                let cut = self.file.file().set_len(self.bytes);
                let back = self.file.seek(SeekFrom::Start(self.bytes));
                self.torn = cut.is_err() || back.is_err();
                Err(error.into())
            }
        }
    }

    /// Whether nothing can be appended any more.
    pub(super) fn is_torn(&self) -> bool {
        self.torn
    }

    /// Forces what is written to the disk.
    pub(super) fn sync(&mut self) -> Result<(), RecordsError> {
        if self.dirty {
            self.file.sync_data()?;
            self.dirty = false;
        }
        Ok(())
    }
}

/// Cuts off the part of a line that a kill left at a file's end, and returns the bytes that are left.
pub(super) fn cut_torn_line(path: &Path) -> Result<u64, RecordsError> {
    const STEP: u64 = 64 * 1024;
    let mut file = fs::OpenOptions::new().read(true).write(true).open(path)?;
    let length = file.seek(SeekFrom::End(0))?;
    let mut end = length;
    let mut buffer = Vec::new();
    while end > 0 {
        let start = end.saturating_sub(STEP);
        file.seek(SeekFrom::Start(start))?;
        buffer.clear();
        Read::by_ref(&mut file)
            .take(end - start)
            .read_to_end(&mut buffer)?;
        if let Some(at) = buffer.iter().rposition(|byte| *byte == b'\n') {
            end = start + at as u64 + 1;
            break;
        }
        end = start;
    }
    if end < length {
        tracing::info!(file = %path.display(), bytes = length - end, "cut off a line that was not written whole");
        file.file().set_len(end)?;
        file.sync_data()?;
    }
    Ok(end)
}
