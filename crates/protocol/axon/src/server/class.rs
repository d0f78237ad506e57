//! What a route answers: the class of a synapse, as plain data.

use super::{Refusal, Synapse};
use crate::synapse::{BodyHash, Field, body_hash, read_fields};

/// The class of a synapse: what is the same for every one of them.
#[derive(Clone, Debug, PartialEq)]
pub struct SynapseClass {
    /// Its name, which is its route too.
    pub name: String,
    /// The fields as Python declares them, in order.
    pub fields: Vec<Field>,
    /// Names of the fields that a synapse-v10 signature covers, in the order of the original's `required_hash_fields`.
    pub hashed: Vec<String>,
}

impl SynapseClass {
    /// That of a type.
    #[must_use]
    pub fn of<S: Synapse>() -> Self {
        Self {
            name: S::NAME.to_owned(),
            fields: S::fields(),
            hashed: S::HASHED.iter().map(|&name| name.to_owned()).collect(),
        }
    }

    /// Whether it declares this field.
    #[must_use]
    pub fn declares(&self, name: &str) -> bool {
        self.fields.iter().any(|field| field.name == name)
    }

    /// Whether the body is the one whose hash was signed.
    pub(super) fn check_hash(&self, body: &[u8], signed: &str) -> Result<(), Refusal> {
        let hash = if self.hashed.is_empty() {
            BodyHash::EMPTY
        } else {
            self.hash(body)?
        };
        if hash.to_string() == signed {
            Ok(())
        } else {
            Err(Refusal::BodyHash)
        }
    }

    fn hash(&self, body: &[u8]) -> Result<BodyHash, Refusal> {
        let refused = |problem: String| Refusal::Body { problem };
        let names: Vec<&str> = self.hashed.iter().map(String::as_str).collect();
        let given = read_fields(body, &names).map_err(|error| refused(error.to_string()))?;
        let mut values = Vec::with_capacity(given.len());
        for (name, given) in names.into_iter().zip(given) {
            let field = self
                .fields
                .iter()
                .find(|field| field.name == name)
                .ok_or_else(|| refused(format!("the hashed field `{name}` is not declared")))?;
            let value = match given {
                Some(value) => field.coerce(value).map_err(|error| refused(error.to_string()))?,
                None => field
                    .default
                    .clone()
                    .ok_or_else(|| refused(format!("the field `{name}` is missing")))?,
            };
            values.push(value);
        }
        Ok(body_hash(&values))
    }
}
