//! Reads a run's file, by the description of its format alone.

use serde_json::{Map, Value};
use std::path::Path;

const BLOCK: usize = 32 * 1024;

/// What a run's file holds.
#[derive(Debug, Default)]
pub(crate) struct RunFile {
    pub(crate) history: Vec<Map<String, Value>>,
    pub(crate) summary: Map<String, Value>,
    pub(crate) system: usize,
    pub(crate) begun: usize,
    pub(crate) ended: usize,
    /// The records' own numbers.
    pub(crate) numbers: Vec<u64>,
}

pub(crate) fn read(path: &Path) -> RunFile {
    let bytes = fs_err::read(path).unwrap();
    let mut file = RunFile::default();
    for record in records(&bytes) {
        for (field, value) in fields(&record) {
            match (field, value) {
                (1, Field::Number(number)) => file.numbers.push(number),
                (2, Field::Bytes(history)) => file.history.push(items(history, 1).collect()),
                (3, Field::Bytes(summary)) => file.summary.extend(items(summary, 1)),
                (7, Field::Bytes(_)) => file.system += 1,
                (17, Field::Bytes(_)) => file.begun += 1,
                (18, Field::Bytes(_)) => file.ended += 1,
                _ => {}
            }
        }
    }
    file
}

fn records(bytes: &[u8]) -> Vec<Vec<u8>> {
    assert_eq!(&bytes[..7], b":W&B\xe1\xbe\0");
    let (mut at, mut records, mut begun) = (7, Vec::new(), Vec::new());
    // Not whether anything was begun: where a block has room for a header only, the first piece is empty.
    let mut is_within = false;
    while at < bytes.len() {
        let room = BLOCK - at % BLOCK;
        if room < 7 {
            assert!(bytes[at..at + room].iter().all(|byte| *byte == 0));
            at += room;
            continue;
        }
        let header = &bytes[at..at + 7];
        let length = usize::from(u16::from_le_bytes([header[4], header[5]]));
        let piece = &bytes[at + 7..at + 7 + length];
        let mut checksum = crc32fast::Hasher::new();
        checksum.update(&header[6..]);
        checksum.update(piece);
        assert_eq!(checksum.finalize().to_le_bytes(), header[..4]);
        assert_eq!(matches!(header[6], 1 | 2), !is_within);
        begun.extend_from_slice(piece);
        is_within = matches!(header[6], 2 | 3);
        if !is_within {
            records.push(std::mem::take(&mut begun));
        }
        at += 7 + length;
    }
    assert!(!is_within, "the last record is whole");
    records
}

enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

fn number(bytes: &[u8], at: &mut usize) -> u64 {
    let (mut value, mut shift) = (0, 0);
    loop {
        let byte = bytes[*at];
        *at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return value;
        }
        shift += 7;
    }
}

fn fields(bytes: &[u8]) -> Vec<(u64, Field<'_>)> {
    let (mut at, mut fields) = (0, Vec::new());
    while at < bytes.len() {
        let key = number(bytes, &mut at);
        let field = match key & 7 {
            0 => Field::Number(number(bytes, &mut at)),
            2 => {
                let length = usize::try_from(number(bytes, &mut at)).unwrap();
                at += length;
                Field::Bytes(&bytes[at - length..at])
            }
            kind => panic!("no field of ours is of kind {kind}"),
        };
        fields.push((key >> 3, field));
    }
    fields
}

/// Named values in JSON.
fn items(bytes: &[u8], of: u64) -> impl Iterator<Item = (String, Value)> {
    fields(bytes)
        .into_iter()
        .filter(move |(field, _)| *field == of)
        .map(|(_, item)| {
            let Field::Bytes(item) = item else { panic!() };
            let (mut name, mut value) = (String::new(), Value::Null);
            for (field, content) in fields(item) {
                let Field::Bytes(content) = content else { panic!() };
                let text = String::from_utf8(content.to_vec()).unwrap();
                match field {
                    1 | 2 => name = text,
                    _ => value = serde_json::from_str(&text).unwrap(),
                }
            }
            (name, value)
        })
        .collect::<Vec<_>>()
        .into_iter()
}
