//! The zip archive around the pickle and the storages.

use std::{
    collections::HashMap,
    io::{Read, Seek, SeekFrom},
};

use zip::{CompressionMethod, ZipArchive};

use super::TorchFileError;

/// Most bytes of the pickle; that of a model of a thousand tensors has 200 KB.
const PICKLE_LIMIT: u64 = 16 << 20;

/// Most entries; a model has one for every tensor and a few more.
const ENTRY_LIMIT: usize = 1 << 17;

/// What the format of before torch 1.6 begins with: a pickled number of its own.
const LEGACY: [u8; 6] = [0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc];

/// Where a storage lies.
#[derive(Debug, Clone, Copy)]
pub(super) struct Storage {
    pub(super) start: u64,
    pub(super) bytes: u64,
}

/// The pickle, and the storages by their keys.
#[derive(Debug)]
pub(super) struct Archive {
    pub(super) pickle: Vec<u8>,
    pub(super) storages: HashMap<String, Storage>,
}

impl Archive {
    pub(super) fn open(file: &mut (impl Read + Seek)) -> Result<Self, TorchFileError> {
        file.seek(SeekFrom::Start(0))?;
        let mut start = Vec::new();
        file.by_ref().take(LEGACY.len() as u64).read_to_end(&mut start)?;
        if start == LEGACY {
            return Err(TorchFileError::Legacy);
        }
        if !start.starts_with(b"PK\x03\x04") {
            return Err(TorchFileError::NotAnArchive);
        }
        let length = file.seek(SeekFrom::End(0))?;
        file.seek(SeekFrom::Start(0))?;
        let mut archive = ZipArchive::new(file)?;
        if archive.len() > ENTRY_LIMIT {
            return Err(TorchFileError::TooMany {
                what: "entries",
                found: archive.len() as u64,
                limit: ENTRY_LIMIT as u64,
            });
        }
        let mut entries = HashMap::new();
        let mut folder = None;
        for index in 0..archive.len() {
            let entry = archive.by_index_raw(index)?;
            let name = entry.name()?.into_owned();
            let (Some(start), bytes) = (entry.data_start(), entry.size()) else {
                return Err(TorchFileError::NoPickle);
            };
            let stored = entry.compression() == CompressionMethod::Stored
                && !entry.encrypted()
                && entry.compressed_size() == bytes;
            if !stored || start.checked_add(bytes).is_none_or(|end| end > length) {
                return Err(TorchFileError::Compressed { entry: name });
            }
            if let Some(before) = name.strip_suffix("/data.pkl")
                && folder.replace(before.to_owned()).is_some()
            {
                return Err(TorchFileError::NoPickle);
            }
            entries.insert(name, Storage { start, bytes });
        }
        let folder = folder.ok_or(TorchFileError::NoPickle)?;
        let file = archive.into_inner();
        let mut read = |name: &str, limit: u64| -> Result<Option<Vec<u8>>, TorchFileError> {
            let Some(entry) = entries.get(&format!("{folder}/{name}")) else {
                return Ok(None);
            };
            if entry.bytes > limit {
                return Err(TorchFileError::TooMany {
                    what: "bytes of pickle",
                    found: entry.bytes,
                    limit,
                });
            }
            let mut content = Vec::new();
            file.seek(SeekFrom::Start(entry.start))?;
            file.by_ref().take(entry.bytes).read_to_end(&mut content)?;
            Ok(Some(content))
        };
        if read("byteorder", 64)?.is_some_and(|order| order != b"little") {
            return Err(TorchFileError::BigEndian);
        }
        let pickle = read("data.pkl", PICKLE_LIMIT)?.ok_or(TorchFileError::NoPickle)?;
        let prefix = format!("{folder}/data/");
        let storages = entries
            .into_iter()
            .filter_map(|(name, storage)| Some((name.strip_prefix(&prefix)?.to_owned(), storage)))
            .collect();
        Ok(Self { pickle, storages })
    }
}
