//! Conversations in files of JSON lines.

use super::{Augmenter, Conversation, SynthDataset, SynthError, Turn};
use crate::HookError;
use futures::future::BoxFuture;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;
use std::{
    fs::File,
    io::{BufRead, BufReader, Read, Seek, SeekFrom},
    path::PathBuf,
    sync::Arc,
};

/// The longest line that is read. Conversations are far below it; longer ones are passed over.
const LINE_BYTES: u64 = 4 * 1024 * 1024;

/// Lines that are tried for one sample. In data of use nearly the first is good; a file without any must not keep the
/// loop busy.
const TRIES: usize = 100;

/// Conversations in local files, one JSON object a line:
/// `{"conversation": [{"role": "user", "content": "…"}, {"role": "assistant", "content": "…"}]}`, as LMSYS-Chat-1M has
/// them; other fields are passed over.
///
/// Only where each line begins is kept in memory, so that a file of gigabytes costs megabytes.
#[derive(Clone, Debug)]
pub struct ConversationFiles(Arc<Index>);

#[derive(Debug)]
struct Index {
    files: Vec<PathBuf>,
    /// File and offset of each line.
    lines: Vec<(u32, u64)>,
    augmenter: Augmenter,
}

#[derive(Deserialize)]
struct Line {
    conversation: Vec<Turn>,
}

impl ConversationFiles {
    /// Finds the lines of these files.
    ///
    /// # Errors
    /// [`SynthError`] for a file that cannot be read, or when there is no line at all.
    pub fn open(files: &[PathBuf], augmenter: Augmenter) -> Result<Self, SynthError> {
        let mut lines = Vec::new();
        for (number, path) in files.iter().enumerate() {
            let number = u32::try_from(number).unwrap_or(u32::MAX);
            let mut reader = BufReader::with_capacity(256 * 1024, fs_err::File::open(path)?);
            let mut at = 0;
            loop {
                let (count, is_blank) = skip_line(&mut reader)?;
                if count == 0 {
                    break;
                }
                if !is_blank && count <= LINE_BYTES {
                    lines.push((number, at));
                }
                at += count;
            }
        }
        if lines.is_empty() {
            return Err(SynthError::Empty {
                path: files.first().cloned().unwrap_or_default(),
            });
        }
        Ok(Self(Arc::new(Index {
            files: files.to_vec(),
            lines,
            augmenter,
        })))
    }

    /// How many lines there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.lines.len()
    }

    /// Never.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.lines.is_empty()
    }
}

/// Bytes of the next line with its end, and whether it is blank. It is never held as a whole.
fn skip_line(reader: &mut impl BufRead) -> std::io::Result<(u64, bool)> {
    let (mut count, mut is_blank) = (0, true);
    loop {
        let buffer = reader.fill_buf()?;
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let taken = end.map_or(buffer.len(), |end| end + 1);
        is_blank &= buffer[..taken].iter().all(u8::is_ascii_whitespace);
        count += taken as u64;
        let is_last = end.is_some() || taken == 0;
        reader.consume(taken);
        if is_last {
            return Ok((count, is_blank));
        }
    }
}

impl Index {
    fn sample(&self, rng: &mut ChaCha8Rng) -> Result<Conversation, SynthError> {
        let mut last = None;
        for _ in 0..TRIES {
            let (file, offset) = self.lines[rng.random_range(0..self.lines.len())];
            let path = &self.files[file as usize];
            last = Some(path);
            let Some(turns) = self.read(path, offset)? else {
                tracing::debug!(path = %path.display(), offset, "a line is no conversation");
                continue;
            };
            let known = Conversation {
                turns,
                source: path
                    .file_name()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned(),
                is_organic: false,
            };
            if let Some(sample) = self.augmenter.conversation(&known, rng) {
                return Ok(sample);
            }
        }
        Err(SynthError::Unusable {
            path: last.cloned().unwrap_or_default(),
            tries: TRIES,
        })
    }

    /// The messages of a line; nothing when it is no conversation.
    fn read(&self, path: &PathBuf, offset: u64) -> Result<Option<Vec<Turn>>, SynthError> {
        let mut file: File = fs_err::File::open(path)?.into_parts().0;
        file.seek(SeekFrom::Start(offset))?;
        let mut line = Vec::new();
        BufReader::new(file.take(LINE_BYTES)).read_until(b'\n', &mut line)?;
        Ok(serde_json::from_slice(&line)
            .ok()
            .map(|line: Line| line.conversation))
    }
}

impl<S: From<Conversation> + Send + 'static> SynthDataset<S> for ConversationFiles {
    fn sample(&self, mut rng: ChaCha8Rng) -> BoxFuture<'_, Result<Option<S>, HookError>> {
        let index = self.0.clone();
        Box::pin(async move {
            // A disk may take its time.
            let sample = tokio::task::spawn_blocking(move || index.sample(&mut rng)).await??;
            Ok(Some(sample.into()))
        })
    }
}
