//! Any method with any parameters: the node answers each request and stays alive.
#![no_main]

use arbitrary::{Arbitrary, Result, Unstructured};
use assay_fuzz::{ask, check_alive, hexed, methods, send};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

#[derive(Debug)]
enum Request {
    /// A method's name and parameters of plausible kinds.
    Plausible { method: usize, params: Vec<Parameter> },
    /// Any text at all.
    Raw(String),
}

#[derive(Debug, Arbitrary)]
enum Parameter {
    Null,
    Flag(bool),
    Number(u64),
    Negative(i64),
    Bytes(Vec<u8>),
    Hash([u8; 32]),
    /// A key of the state: a pallet's and an item's prefix, and something behind.
    Key { system: bool, rest: Vec<u8> },
    Text(String),
    Head,
    List(Vec<Parameter>),
    Query { key: Vec<u8>, kind: u8 },
}

impl<'a> Arbitrary<'a> for Request {
    fn arbitrary(input: &mut Unstructured<'a>) -> Result<Self> {
        if input.ratio(1, 8)? {
            return Ok(Self::Raw(input.arbitrary()?));
        }
        Ok(Self::Plausible {
            method: input.choose_index(methods().len())?,
            params: (0..input.int_in_range(0..=5)?)
                .map(|_| input.arbitrary())
                .collect::<Result<_>>()?,
        })
    }
}

impl Parameter {
    fn json(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Flag(flag) => json!(flag),
            Self::Number(number) => json!(number),
            Self::Negative(number) => json!(number),
            Self::Bytes(bytes) => json!(hexed(bytes)),
            Self::Hash(hash) => json!(hexed(hash)),
            Self::Key { system, rest } => {
                let prefix: &[u8] = match system {
                    true => &[0x26, 0xaa, 0x39, 0x4e, 0xea, 0x56, 0x30, 0xe0, 0x7c, 0x48, 0xae, 0x0c, 0x95, 0x58, 0xce, 0xf7],
                    false => &[0x65, 0x8f, 0xaa, 0x38, 0x50, 0x70, 0xe0, 0x74, 0xc8, 0x5b, 0xf6, 0xb5, 0x68, 0xcf, 0x05, 0x55],
                };
                json!(hexed(&[prefix, rest].concat()))
            }
            Self::Text(text) => json!(text),
            Self::Head => ask("chain_getBlockHash", &json!([]))["result"].clone(),
            Self::List(list) => list.iter().map(Self::json).collect(),
            Self::Query { key, kind } => {
                let kinds = ["value", "hash", "descendantsValues", "descendantsHashes", "other"];
                json!({ "key": hexed(key), "type": kinds[usize::from(*kind) % kinds.len()] })
            }
        }
    }
}

fuzz_target!(|request: Request| {
    match request {
        Request::Plausible { method, params } => {
            let params: Vec<Value> = params.iter().map(Parameter::json).collect();
            ask(&methods()[method], &params.into());
        }
        Request::Raw(text) => {
            send(&text);
        }
    }
    check_alive();
});
