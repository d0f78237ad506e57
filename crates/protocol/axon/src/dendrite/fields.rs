//! The fields of a synapse as JSON, in their order.

use crate::{
    json::to_json,
    synapse::{PythonJsonError, PythonValue},
};
use indexmap::IndexMap;
use serde::{
    Deserializer, Serialize, Serializer,
    de::{DeserializeOwned, DeserializeSeed, IgnoredAny, MapAccess, Visitor},
};
use serde_json::value::RawValue;
use std::fmt;

/// Fields of a synapse, each as the JSON that was written for it. Their order is kept, and so is that of the keys inside
/// them: both are part of what Python hashes.
#[derive(Clone, Debug, Default)]
pub struct SynapseFields(IndexMap<String, Box<RawValue>>);

impl SynapseFields {
    /// Those of a struct or a map.
    ///
    /// # Errors
    /// When it cannot be written as JSON, or is no object there.
    pub fn of(value: &impl Serialize) -> Result<Self, serde_json::Error> {
        Self::read(&to_json(value, 0)?, |_| true)
    }

    /// Those of a JSON object that are wanted. The others are passed over without being kept: an answer may have
    /// millions. Of one that comes twice the last counts, as in Python.
    pub(crate) fn read(json: &[u8], wanted: impl Fn(&str) -> bool) -> Result<Self, serde_json::Error> {
        let mut deserializer = serde_json::Deserializer::from_slice(json);
        let fields = Wanted(wanted).deserialize(&mut deserializer)?;
        deserializer.end()?;
        Ok(fields)
    }

    /// The value of a field; none if it is not there.
    ///
    /// # Errors
    /// When it is there and of another type.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, serde_json::Error> {
        self.json(name).map(|json| serde_json::from_str(json)).transpose()
    }

    /// The value of a field as Python reads it; none if it is not there.
    ///
    /// # Errors
    /// When Python would not read it.
    pub fn python(&self, name: &str) -> Result<Option<PythonValue>, PythonJsonError> {
        self.json(name)
            .map(|json| PythonValue::from_json(json.as_bytes()))
            .transpose()
    }

    /// The JSON of a field.
    #[must_use]
    pub fn json(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|json| json.get())
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Names and values, in order.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&str, &RawValue)> {
        self.0.iter().map(|(name, json)| (name.as_str(), json.as_ref()))
    }
}

impl Serialize for SynapseFields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.entries())
    }
}

/// Reads an object and keeps the fields that are wanted.
struct Wanted<W>(W);

impl<'de, W: Fn(&str) -> bool> DeserializeSeed<'de> for Wanted<W> {
    type Value = SynapseFields;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<SynapseFields, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, W: Fn(&str) -> bool> Visitor<'de> for Wanted<W> {
    type Value = SynapseFields;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<SynapseFields, A::Error> {
        let mut fields = IndexMap::new();
        while let Some(name) = map.next_key::<String>()? {
            if (self.0)(&name) {
                fields.insert(name, map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(SynapseFields(fields))
    }
}
