//! The headers of a request or an answer.

use super::{PythonValue, Terminal, terminal::header_text};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName};
use serde_json::Value;

const AXON: &str = "bt_header_axon_";
const DENDRITE: &str = "bt_header_dendrite_";
const INPUT_OBJECT: &str = "bt_header_input_obj_";

/// Why headers are not those of a synapse. It names the header, never its value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeadError {
    /// Bytes that are no visible ASCII.
    #[error("the header {prefix}{field} is not visible ASCII")]
    Unreadable {
        /// The terminal's, or nothing.
        prefix: &'static str,
        /// The field.
        field: &'static str,
    },
    /// Not a number where one belongs.
    #[error("the header {prefix}{field} is not a number")]
    Number {
        /// The terminal's, or nothing.
        prefix: &'static str,
        /// The field.
        field: &'static str,
    },
    /// A required field without a stand-in that fits it, which only bittensor's manner asks for.
    #[error("the header bt_header_input_obj_{field} is missing or does not fit the field")]
    StandIn {
        /// Which one.
        field: String,
    },
    /// There more than once. Two readers could take different ones for the signed one.
    #[error("the header {header} is there more than once")]
    Repeated {
        /// Which one.
        header: String,
    },
}

/// An empty value that stands for a field, so that an old axon can build its class before it has read the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputObject {
    /// The field, in lower case: headers know no other.
    pub field: String,
    /// JSON of the empty value, such as `""` or `[]`.
    pub empty: String,
}

impl InputObject {
    /// The stand-in for a field with this value; nothing for null, which old axons cannot take.
    #[must_use]
    pub fn of(field: &str, value: &Value) -> Option<Self> {
        let empty = match value {
            Value::Null => return None,
            Value::Bool(_) => "false",
            Value::Number(number) if number.is_f64() => "0.0",
            Value::Number(_) => "0",
            Value::String(_) => "\"\"",
            Value::Array(_) => "[]",
            Value::Object(_) => "{}",
        };
        Some(Self {
            field: field.to_owned(),
            empty: empty.to_owned(),
        })
    }
}

/// Everything that the headers of a synapse say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SynapseHead {
    /// The class. The path decides, not this.
    pub name: Option<String>,
    /// Seconds that the sender waits. Not covered by its signature, so never to be trusted far.
    pub timeout: Option<f64>,
    /// Who asks.
    pub dendrite: Terminal,
    /// Who is asked.
    pub axon: Terminal,
    /// Stand-ins for required fields. Ours to send, never to require.
    pub input_objects: Vec<InputObject>,
    /// Hash of the signed fields, 64 hexadecimal digits; empty when there is none.
    pub body_hash: String,
}

impl SynapseHead {
    /// Reads headers.
    ///
    /// # Errors
    /// [`HeadError`] for a known header that cannot be what it says, or is there twice. Unknown ones are passed over, and
    /// so are sizes and stand-ins, which only Python can make use of.
    pub fn from_headers(headers: &HeaderMap) -> Result<Self, HeadError> {
        let is_ours = |name: &&HeaderName| {
            name.as_str().starts_with("bt_header_")
                || ["name", "timeout", "computed_body_hash"].contains(&name.as_str())
        };
        let repeated = |name: &&HeaderName| headers.get_all(*name).iter().nth(1).is_some();
        if let Some(name) = headers.keys().filter(is_ours).find(repeated) {
            return Err(HeadError::Repeated {
                header: name.to_string(),
            });
        }
        Self::from_first_headers(headers)
    }

    /// As [`SynapseHead::from_headers`], where of a header that is there twice the first counts, as in Python.
    ///
    /// # Errors
    /// [`HeadError`] for a known header that cannot be what it says.
    pub fn from_first_headers(headers: &HeaderMap) -> Result<Self, HeadError> {
        let text = |field: &'static str| {
            headers
                .get(field)
                .map(|value| {
                    value
                        .to_str()
                        .map_err(|_| HeadError::Unreadable { prefix: "", field })
                })
                .transpose()
        };
        let timeout = text("timeout")?
            .map(|seconds| {
                seconds.trim().parse().map_err(|_| HeadError::Number {
                    prefix: "",
                    field: "timeout",
                })
            })
            .transpose()?;
        Ok(Self {
            name: text("name")?.map(str::to_owned),
            timeout,
            dendrite: Terminal::from_headers(headers, DENDRITE)?,
            axon: Terminal::from_headers(headers, AXON)?,
            input_objects: input_objects(headers),
            body_hash: text("computed_body_hash")?.unwrap_or_default().to_owned(),
        })
    }

    /// The headers, in the order in which Python sends them.
    #[must_use]
    pub fn to_headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if let Some(name) = &self.name {
            headers.insert("name", header_text(name));
        }
        if let Some(timeout) = self.timeout {
            headers.insert("timeout", header_text(&PythonValue::Float(timeout).to_str()));
        }
        self.axon.write_headers(&mut headers, AXON);
        self.dendrite.write_headers(&mut headers, DENDRITE);
        for InputObject { field, empty } in &self.input_objects {
            // A field whose name no header can have is one that no old axon can be asked with.
            if let Ok(name) = HeaderName::try_from(format!("{INPUT_OBJECT}{field}")) {
                headers.insert(name, header_text(&STANDARD.encode(empty)));
            }
        }
        // Sizes of Python's objects in memory: they must be numbers, and nobody looks at them.
        headers.insert("header_size", header_text("0"));
        headers.insert("total_size", header_text("0"));
        headers.insert("computed_body_hash", header_text(&self.body_hash));
        headers
    }
}

/// The stand-ins that can be read.
fn input_objects(headers: &HeaderMap) -> Vec<InputObject> {
    let found = headers.iter().filter_map(|(name, value)| {
        let field = name.as_str().strip_prefix(INPUT_OBJECT)?;
        let empty = String::from_utf8(STANDARD.decode(value.as_bytes()).ok()?).ok()?;
        Some(InputObject {
            field: field.to_owned(),
            empty,
        })
    });
    found.collect()
}
