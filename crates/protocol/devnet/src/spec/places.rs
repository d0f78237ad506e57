//! On which line each field of a file is.

use super::SpecError;
use std::collections::HashMap;
use toml::de::{DeTable, DeValue};

/// The lines of a file's fields, by their paths: `subnets[0].neurons[2].axon`.
#[derive(Debug)]
pub(super) struct Places(HashMap<String, usize>);

impl Places {
    pub(super) fn of(text: &str) -> Result<Self, SpecError> {
        let table = DeTable::parse(text).map_err(|error| SpecError::toml(text, &error))?;
        let mut places = Self(HashMap::new());
        places.enter(text, "", table.get_ref());
        Ok(places)
    }

    /// The line of a field; of what it is in, where the field itself is not written.
    pub(super) fn line(&self, path: &str) -> usize {
        let mut path = path;
        loop {
            if let Some(line) = self.0.get(path) {
                return *line;
            }
            match path.rfind(['.', '[']) {
                Some(end) => path = &path[..end],
                None => return 1,
            }
        }
    }

    fn enter(&mut self, text: &str, path: &str, table: &DeTable<'_>) {
        for (key, value) in table {
            let name = key.get_ref();
            let path = if path.is_empty() {
                name.to_string()
            } else {
                format!("{path}.{name}")
            };
            self.0.insert(path.clone(), line_of(text, key.span().start));
            self.look(text, &path, value.get_ref());
        }
    }

    fn look(&mut self, text: &str, path: &str, value: &DeValue<'_>) {
        match value {
            DeValue::Table(table) => self.enter(text, path, table),
            DeValue::Array(values) => {
                for (number, value) in values.iter().enumerate() {
                    let path = format!("{path}[{number}]");
                    self.0.insert(path.clone(), line_of(text, value.span().start));
                    self.look(text, &path, value.get_ref());
                }
            }
            _ => {}
        }
    }
}

/// Lines count from one.
pub(super) fn line_of(text: &str, at: usize) -> usize {
    let before = text.as_bytes().iter().take(at);
    before.filter(|byte| **byte == b'\n').count() + 1
}
