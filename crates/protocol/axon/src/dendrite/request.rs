//! What to ask.

use super::SynapseFields;
use crate::{
    json::to_json,
    synapse::{
        BodyHash, CoercionError, Field, InputObject, PythonJsonError, SynapseHead, Terminal, body_hash,
    },
};
use http::uri::PathAndQuery;
use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::{Map, Value};
use std::time::Duration;

/// Keys of the body that are not the class's.
const RESERVED: [&str; 7] = [
    "name",
    "timeout",
    "total_size",
    "header_size",
    "dendrite",
    "axon",
    "computed_body_hash",
];

/// A synapse to send to one axon or to many.
#[derive(Clone, Debug)]
pub struct SynapseRequest {
    name: String,
    path: PathAndQuery,
    fields: SynapseFields,
    hash: BodyHash,
    required: Vec<InputObject>,
    timeout: Duration,
}

/// Why something is no synapse.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// Not the name of a Python class.
    #[error("the name of a synapse is made of ASCII letters, digits and underscores")]
    Name,
    /// Not a JSON object.
    #[error("the fields of a synapse are a JSON object: {0}")]
    Fields(#[from] serde_json::Error),
    /// A field with a name that every synapse has already.
    #[error("`{field}` is a field of every synapse and cannot be one of its class")]
    Reserved {
        /// Which one.
        field: String,
    },
    /// A field that the synapse does not have.
    #[error("the synapse has no field `{field}`")]
    Unknown {
        /// Which one.
        field: String,
    },
    /// A value that Python would not read.
    #[error("the field `{field}` cannot be read in Python: {problem}")]
    Python {
        /// Which one.
        field: String,
        /// Why.
        problem: PythonJsonError,
    },
    /// A value of another type than is declared.
    #[error(transparent)]
    Type(#[from] CoercionError),
}

impl SynapseRequest {
    /// A synapse of the class `name` whose fields are those of `fields`, in the order in which Python declares them.
    /// Those that are the axon's to fill belong to it too, as null or their default: from an answer no others are taken.
    ///
    /// Whoever is asked has `timeout` from the moment when it is the request's turn until the answer is there.
    ///
    /// # Errors
    /// [`RequestError`] for a name that no class has, or fields that are not those of a class.
    pub fn new(name: &str, fields: &impl Serialize, timeout: Duration) -> Result<Self, RequestError> {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if name.is_empty() || !name.bytes().all(is_name) {
            return Err(RequestError::Name);
        }
        let path = PathAndQuery::try_from(format!("/{name}")).map_err(|_| RequestError::Name)?;
        let fields = SynapseFields::of(fields)?;
        if let Some(field) = fields.names().find(|field| RESERVED.contains(field)) {
            return Err(RequestError::Reserved {
                field: field.to_owned(),
            });
        }
        Ok(Self {
            name: name.to_owned(),
            path,
            fields,
            hash: BodyHash::EMPTY,
            required: Vec::new(),
            timeout,
        })
    }

    /// Sends stand-ins for these fields, which the class has no defaults for. Old axons refuse a request without them.
    ///
    /// # Errors
    /// [`RequestError::Unknown`] for a field that the synapse does not have.
    pub fn requiring(mut self, fields: &[&str]) -> Result<Self, RequestError> {
        for &field in fields {
            let json = self.fields.json(field).ok_or_else(|| unknown(field))?;
            self.required.extend(InputObject::of(field, &emptied(json)?));
        }
        Ok(self)
    }

    /// Signs these fields, in the order and with the types that the class declares in `required_hash_fields`. Without
    /// it the signature does not cover the body.
    ///
    /// # Errors
    /// [`RequestError`] for a field that the synapse does not have, or with a value of another type.
    pub fn hashing(mut self, fields: &[Field]) -> Result<Self, RequestError> {
        let mut values = Vec::with_capacity(fields.len());
        for field in fields {
            let value = self
                .fields
                .python(&field.name)
                .map_err(|problem| RequestError::Python {
                    field: field.name.clone(),
                    problem,
                })?
                .ok_or_else(|| unknown(&field.name))?;
            values.push(field.coerce(value)?);
        }
        self.hash = body_hash(&values);
        Ok(self)
    }

    /// Signs a hash that was made elsewhere.
    #[must_use]
    pub fn hashed(mut self, hash: BodyHash) -> Self {
        self.hash = hash;
        self
    }

    /// How long those asked have.
    #[must_use]
    pub const fn timeout(&self) -> Duration {
        self.timeout
    }

    pub(super) const fn path(&self) -> &PathAndQuery {
        &self.path
    }

    pub(super) const fn hash(&self) -> BodyHash {
        self.hash
    }

    /// Whether a field of an answer is the class's. All others (name, timeout, who asked) stay what we said.
    pub(super) fn has_field(&self, name: &str) -> bool {
        self.fields.json(name).is_some()
    }

    pub(super) fn head(&self, dendrite: Terminal, axon: Terminal) -> SynapseHead {
        SynapseHead {
            name: Some(self.name.clone()),
            timeout: Some(self.timeout.as_secs_f64()),
            dendrite,
            axon,
            input_objects: self.required.clone(),
            body_hash: self.hash.to_string(),
        }
    }

    /// The body, in the order of Python's.
    pub(super) fn body(&self, head: &SynapseHead) -> Result<Vec<u8>, serde_json::Error> {
        /// What stands around the fields.
        const ENVELOPE: usize = 2_048;
        let fields = self.fields.entries();
        let length: usize = fields.map(|(name, json)| name.len() + json.get().len()).sum();
        to_json(&Body { request: self, head }, ENVELOPE + length)
    }
}

/// A value with the type of this one. A long text is not read only to see that it is one.
fn emptied(json: &str) -> Result<Value, serde_json::Error> {
    match json.as_bytes().first() {
        Some(b'"') => Ok(Value::String(String::new())),
        Some(b'[') => Ok(Value::Array(Vec::new())),
        Some(b'{') => Ok(Value::Object(Map::new())),
        _ => serde_json::from_str(json),
    }
}

fn unknown(field: &str) -> RequestError {
    RequestError::Unknown {
        field: field.to_owned(),
    }
}

struct Body<'a> {
    request: &'a SynapseRequest,
    head: &'a SynapseHead,
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", &self.request.name)?;
        map.serialize_entry("timeout", &self.head.timeout)?;
        // Sizes of Python's objects in memory, which nobody looks at.
        map.serialize_entry("total_size", &0)?;
        map.serialize_entry("header_size", &0)?;
        map.serialize_entry("dendrite", &self.head.dendrite)?;
        map.serialize_entry("axon", &self.head.axon)?;
        // Python fills it in for the headers only.
        map.serialize_entry("computed_body_hash", "")?;
        for (name, json) in self.request.fields.entries() {
            map.serialize_entry(name, json)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::{RequestError, SynapseRequest};
    use crate::synapse::{Field, FieldType, Terminal};
    use serde::Serialize;
    use std::time::Duration;

    #[derive(Serialize)]
    struct Echo {
        text: &'static str,
        n: i64,
        reply: Option<String>,
    }

    const ECHO: Echo = Echo {
        text: "hello",
        n: 3,
        reply: None,
    };

    fn echo() -> SynapseRequest {
        SynapseRequest::new("Echo", &ECHO, Duration::from_secs(12)).unwrap()
    }

    #[test]
    fn the_body_has_pythons_order() {
        let request = echo();
        let head = request.head(Terminal::default(), Terminal::default());
        let body = String::from_utf8(request.body(&head).unwrap()).unwrap();
        let terminal = r#"{"status_code":null,"status_message":null,"process_time":null,"ip":null,"port":null,"version":null,"nonce":null,"uuid":null,"hotkey":null,"signature":null}"#;
        assert_eq!(
            body,
            format!(
                r#"{{"name":"Echo","timeout":12.0,"total_size":0,"header_size":0,"dendrite":{terminal},"axon":{terminal},"computed_body_hash":"","text":"hello","n":3,"reply":null}}"#
            )
        );
    }

    #[test]
    fn the_hash_is_that_of_the_captured_request() {
        let fields = [
            Field::required("text", FieldType::Str),
            Field::required("n", FieldType::Int),
        ];
        let request = echo().hashing(&fields).unwrap();
        assert_eq!(
            request.hash.to_string(),
            "24cf12887e6c5561e2324a8502632b91ab190cb95c64e423290c141641613abb"
        );
    }

    #[test]
    fn what_is_no_synapse_is_refused_before_it_is_sent() {
        let second = Duration::from_secs(1);
        for name in ["", "../admin", "Echo?x=1", "Écho"] {
            let made = SynapseRequest::new(name, &ECHO, second);
            assert!(matches!(made, Err(RequestError::Name)), "{name}");
        }
        assert!(matches!(
            SynapseRequest::new("Echo", &[1], second),
            Err(RequestError::Fields(_))
        ));
        assert!(matches!(
            SynapseRequest::new("Echo", &serde_json::json!({"axon": 1}), second),
            Err(RequestError::Reserved { .. })
        ));
        assert!(matches!(
            echo().requiring(&["txet"]),
            Err(RequestError::Unknown { .. })
        ));
    }
}
