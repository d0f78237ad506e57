//! How pieces of several miners are told apart.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How pieces of several miners are told apart in one stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Framing {
    /// Lines of JSON: `{"uid":1,"chunk":"…"}` for a piece, and at a miner's end `{"uid":1,"completed":true}`, or
    /// `false` when it failed.
    #[default]
    Lines,
    /// JSON in Python's spacing with nothing between the pieces and no marks of an end, as the original sends it.
    Undelimited,
}

impl Framing {
    pub(super) fn chunk(self, uid: u16, text: &str) -> Bytes {
        let quoted = Value::from(text).to_string();
        match self {
            Self::Lines => format!("{{\"uid\":{uid},\"chunk\":{quoted}}}\n").into(),
            Self::Undelimited => format!("{{\"uid\": {uid}, \"chunk\": {}}}", ascii(&quoted)).into(),
        }
    }

    pub(super) fn end(self, uid: u16, is_completed: bool) -> Option<Bytes> {
        match self {
            Self::Lines => Some(format!("{{\"uid\":{uid},\"completed\":{is_completed}}}\n").into()),
            Self::Undelimited => None,
        }
    }
}

/// A JSON string as Python writes it: other characters than ASCII in UTF-16 units, and delete as it is.
fn ascii(quoted: &str) -> String {
    let mut text = String::with_capacity(quoted.len());
    for character in quoted.chars() {
        if character.is_ascii() {
            text.push(character);
        } else {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                text.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    text
}
