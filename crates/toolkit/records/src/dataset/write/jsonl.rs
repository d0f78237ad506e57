//! Rows as lines of JSON.

use super::RowFile;
use crate::dataset::{
    build::moment,
    choose::Row,
    error::BuildError,
    plan::{Details, Format},
};
use fs_err as fs;
use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};
use std::{
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};
use time::format_description::well_known::Rfc3339;

/// A file of lines.
pub(super) struct Lines {
    path: PathBuf,
    file: BufWriter<fs::File>,
    format: Format,
    details: Details,
    line: Vec<u8>,
    bytes: u64,
}

impl Lines {
    pub(super) fn create(path: &Path, format: Format, details: Details) -> Result<Self, BuildError> {
        Ok(Self {
            path: path.to_owned(),
            file: BufWriter::with_capacity(256 * 1024, fs::File::create(path)?),
            format,
            details,
            line: Vec::new(),
            bytes: 0,
        })
    }

    fn line(&mut self, row: &Row<'_>) -> Result<(), serde_json::Error> {
        let line = &mut self.line;
        match self.format {
            Format::OpenAi => {
                // No end of line after the last.
                if self.bytes > 0 {
                    line.push(b'\n');
                }
                line.extend_from_slice(b"{\"prompt\": ");
                ascii(line, row.prompt)?;
                line.extend_from_slice(b", \"completion\": ");
                ascii(line, row.completion)?;
                line.push(b'}');
                return Ok(());
            }
            Format::Prompt => {
                put(line, b"{\"prompt\":", row.prompt)?;
                put(line, b",\"completion\":", row.completion)?;
            }
            Format::Chat | Format::Competition => {
                line.extend_from_slice(if self.format == Format::Chat {
                    b"{\"messages\":[".as_slice()
                } else {
                    b"{\"conversations\":["
                });
                put(line, b"{\"role\":\"user\",\"content\":", row.prompt)?;
                put(line, b"},{\"role\":\"assistant\",\"content\":", row.completion)?;
                line.extend_from_slice(b"}]");
            }
            Format::Preference { .. } => {
                put(line, b"{\"prompt\":", row.prompt)?;
                put(line, b",\"chosen\":", row.completion)?;
                put(line, b",\"rejected\":", row.rejected.map_or("", |(text, _)| text))?;
            }
        }
        match (self.details, row.rejected) {
            (Details::None, _) => {}
            (_, None) => put(line, b",\"score\":", &row.score)?,
            (_, Some((_, rejected))) => {
                put(line, b",\"score_chosen\":", &row.score)?;
                put(line, b",\"score_rejected\":", &rejected)?;
            }
        }
        if self.details == Details::Full {
            put(line, b",\"kind\":", row.kind.as_str())?;
            put(line, b",\"run\":", row.run)?;
            let time = row
                .at
                .and_then(moment)
                .and_then(|time| time.format(&Rfc3339).ok());
            put(line, b",\"time\":", &time)?;
        }
        line.extend_from_slice(b"}\n");
        Ok(())
    }
}

impl RowFile for Lines {
    fn add(&mut self, row: &Row<'_>) -> Result<(), BuildError> {
        self.line.clear();
        self.line(row).map_err(|error| BuildError::Unwritable {
            file: self.path.clone(),
            why: error.to_string(),
        })?;
        self.file.write_all(&self.line)?;
        self.bytes += self.line.len() as u64;
        Ok(())
    }

    fn bytes(&self) -> u64 {
        self.bytes
    }

    fn finish(self: Box<Self>) -> Result<(), BuildError> {
        let file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok(file.sync_all()?)
    }
}

fn put<T: Serialize + ?Sized>(line: &mut Vec<u8>, before: &[u8], value: &T) -> Result<(), serde_json::Error> {
    line.extend_from_slice(before);
    serde_json::to_writer(line, value)
}

fn ascii(line: &mut Vec<u8>, text: &str) -> Result<(), serde_json::Error> {
    text.serialize(&mut Serializer::with_formatter(line, Ascii))
}

/// Escapes everything that is not ASCII, as Python does unless told otherwise.
struct Ascii;

impl Formatter for Ascii {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, to: &mut W, fragment: &str) -> io::Result<()> {
        let mut units = [0; 2];
        for piece in fragment.split_inclusive(|letter: char| !letter.is_ascii()) {
            match piece.chars().next_back().filter(|letter| !letter.is_ascii()) {
                None => to.write_all(piece.as_bytes())?,
                Some(letter) => {
                    to.write_all(&piece.as_bytes()[..piece.len() - letter.len_utf8()])?;
                    for unit in letter.encode_utf16(&mut units) {
                        write!(to, "\\u{unit:04x}")?;
                    }
                }
            }
        }
        Ok(())
    }
}
