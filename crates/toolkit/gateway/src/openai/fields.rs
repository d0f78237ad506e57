//! JSON objects taken apart field by field, so that every complaint names its field.

use super::Refusal;
use serde_json::{Map, Value};

/// What is left of an object, and where it stands.
#[derive(Debug)]
pub(super) struct Fields {
    place: String,
    map: Map<String, Value>,
}

impl Fields {
    /// The body itself.
    pub(super) fn of_body(map: Map<String, Value>) -> Self {
        Self {
            place: String::new(),
            map,
        }
    }

    /// An object within.
    pub(super) fn of(value: Value, place: String) -> Result<Self, Refusal> {
        match value {
            Value::Object(map) => Ok(Self { place, map }),
            other => Err(mismatch(&place, "an object", &other)),
        }
    }

    /// The full name of a field.
    pub(super) fn path(&self, name: &str) -> String {
        if self.place.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.place)
        }
    }

    /// Takes a field; null is as if it were not there, as many clients send it.
    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        self.map.remove(name).filter(|value| !value.is_null())
    }

    /// Takes a field that must be there.
    pub(super) fn require(&mut self, name: &str) -> Result<Value, Refusal> {
        let path = self.path(name);
        self.take(name).ok_or_else(|| Refusal::Parameter {
            problem: format!("You must send `{path}`."),
            param: path,
            code: Some("missing_required_parameter"),
        })
    }

    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, Refusal> {
        let path = self.path(name);
        self.take(name).map(|value| text(value, &path)).transpose()
    }

    pub(super) fn flag(&mut self, name: &str) -> Result<Option<bool>, Refusal> {
        let path = self.path(name);
        match self.take(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(other) => Err(mismatch(&path, "true or false", &other)),
        }
    }

    /// A number from `low` to `high`.
    pub(super) fn number(&mut self, name: &str, low: f64, high: f64) -> Result<Option<f64>, Refusal> {
        let path = self.path(name);
        let Some(value) = self.take(name) else {
            return Ok(None);
        };
        let Some(number) = value.as_f64() else {
            return Err(mismatch(&path, "a number", &value));
        };
        if (low..=high).contains(&number) {
            Ok(Some(number))
        } else {
            Err(Refusal::parameter(
                path.clone(),
                format!("`{path}` must be from {low} to {high}."),
            ))
        }
    }

    pub(super) fn integer(&mut self, name: &str) -> Result<Option<i64>, Refusal> {
        let path = self.path(name);
        self.take(name)
            .map(|value| {
                value
                    .as_i64()
                    .ok_or_else(|| mismatch(&path, "a whole number", &value))
            })
            .transpose()
    }

    /// Takes what has no effect.
    pub(super) fn ignore(&mut self, names: &[&str]) {
        for name in names {
            self.map.remove(*name);
        }
    }

    /// Refuses a field unless it says the one thing that is done anyway.
    pub(super) fn only(
        &mut self,
        name: &str,
        is_harmless: impl FnOnce(&Value) -> bool,
    ) -> Result<(), Refusal> {
        match self.take(name) {
            Some(value) if !is_harmless(&value) => Err(self.unsupported(name)),
            _ => Ok(()),
        }
    }

    /// A complaint about a field that this gateway cannot honour.
    pub(super) fn unsupported(&self, name: &str) -> Refusal {
        let path = self.path(name);
        Refusal::Parameter {
            problem: format!(
                "This gateway cannot do what `{path}` asks for: its miners answer in text only. Leave it out."
            ),
            param: path,
            code: Some("unsupported_parameter"),
        }
    }

    /// Refuses what is left: a typing error would otherwise go unnoticed.
    pub(super) fn finish(self) -> Result<(), Refusal> {
        /// Characters of a name that are repeated.
        const SHOWN: usize = 64;
        let Some((name, _)) = self.map.iter().find(|(_, value)| !value.is_null()) else {
            return Ok(());
        };
        let name: String = name.chars().take(SHOWN).collect();
        let path = self.path(&name);
        Err(Refusal::Parameter {
            problem: format!("There is no parameter `{path}`. Check how it is written, or leave it out."),
            param: path,
            code: Some("unknown_parameter"),
        })
    }
}

/// A text.
pub(super) fn text(value: Value, path: &str) -> Result<String, Refusal> {
    match value {
        Value::String(text) => Ok(text),
        other => Err(mismatch(path, "a text", &other)),
    }
}

/// A value of another type.
pub(super) fn mismatch(path: &str, wanted: &str, value: &Value) -> Refusal {
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    Refusal::Parameter {
        problem: format!("`{path}` must be {wanted}, and is {found}."),
        param: path.to_owned(),
        code: Some("invalid_type"),
    }
}
