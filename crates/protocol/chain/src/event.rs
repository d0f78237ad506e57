//! An event that a transaction caused.

use assay_keys::AccountId;
use scale_value::{Composite, Primitive, Value, ValueDef};
use serde::{Serialize, Serializer, ser::SerializeStruct};
use std::fmt;

/// An event of the chain. As text and in JSON its fields are written the way they stand in the metadata.
#[derive(Clone, Debug, PartialEq)]
pub struct ChainEvent {
    pallet: String,
    name: String,
    fields: Composite<()>,
}

impl ChainEvent {
    pub(crate) fn new(pallet: &str, name: &str, fields: Composite<()>) -> Self {
        Self {
            pallet: pallet.to_owned(),
            name: name.to_owned(),
            fields,
        }
    }

    /// The pallet, `SubtensorModule` for one.
    pub fn pallet(&self) -> &str {
        &self.pallet
    }

    /// The event, `WeightsSet` for one.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is this event.
    pub fn is(&self, pallet: &str, name: &str) -> bool {
        self.pallet == pallet && self.name == name
    }

    /// The number in the field of this name; nothing when there is no such field or it is not a number.
    pub fn integer(&self, field: &str) -> Option<u128> {
        match &self.fields {
            Composite::Named(fields) => fields
                .iter()
                .find(|(name, _)| name == field)
                .and_then(|(_, value)| number(value)),
            Composite::Unnamed(_) => None,
        }
    }

    /// The number in the field at this place, whether the fields have names or not.
    pub fn integer_at(&self, place: usize) -> Option<u128> {
        self.fields.values().nth(place).and_then(number)
    }

    /// The account in the field of this name; nothing when there is no such field or it is not an account.
    pub fn account(&self, field: &str) -> Option<AccountId> {
        match &self.fields {
            Composite::Named(fields) => fields
                .iter()
                .find(|(name, _)| name == field)
                .and_then(|(_, value)| account(value)),
            Composite::Unnamed(_) => None,
        }
    }

    /// The account in the field at this place, whether the fields have names or not.
    pub fn account_at(&self, place: usize) -> Option<AccountId> {
        self.fields.values().nth(place).and_then(account)
    }

    /// The fields, each with its name where the chain gives one.
    pub fn fields(&self) -> Vec<(Option<&str>, String)> {
        match &self.fields {
            Composite::Named(fields) => fields
                .iter()
                .map(|(name, value)| (Some(name.as_str()), text(value)))
                .collect(),
            Composite::Unnamed(fields) => fields.iter().map(|value| (None, text(value))).collect(),
        }
    }
}

/// A number, possibly in a wrapper of one field.
fn number(value: &Value) -> Option<u128> {
    match &value.value {
        ValueDef::Primitive(Primitive::U128(number)) => Some(*number),
        ValueDef::Composite(fields) if fields.len() == 1 => fields.values().next().and_then(number),
        _ => None,
    }
}

fn account(value: &Value) -> Option<AccountId> {
    bytes(value)?.try_into().ok().map(AccountId)
}

/// Bytes, possibly in wrappers of one field.
pub(crate) fn bytes(value: &Value) -> Option<Vec<u8>> {
    let ValueDef::Composite(fields) = &value.value else {
        return None;
    };
    let byte = |value: &Value| match &value.value {
        ValueDef::Primitive(Primitive::U128(number)) => u8::try_from(*number).ok(),
        _ => None,
    };
    let whole: Option<Vec<u8>> = fields.values().map(byte).collect();
    match whole {
        Some(bytes) => Some(bytes),
        None if fields.len() == 1 => fields.values().next().and_then(bytes),
        None => None,
    }
}

fn text(value: &Value) -> String {
    match bytes(value) {
        Some(bytes) if bytes.len() == 32 => format!("0x{}", hex::encode(bytes)),
        _ => value.to_string(),
    }
}

impl fmt::Display for ChainEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}(", self.pallet, self.name)?;
        for (place, (name, value)) in self.fields().into_iter().enumerate() {
            let comma = if place > 0 { ", " } else { "" };
            match name {
                Some(name) => write!(f, "{comma}{name}: {value}")?,
                None => write!(f, "{comma}{value}")?,
            }
        }
        f.write_str(")")
    }
}

impl Serialize for ChainEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fields: Vec<_> = self
            .fields()
            .into_iter()
            .map(|(name, value)| name.map_or(value.clone(), |name| format!("{name}: {value}")))
            .collect();
        let mut event = serializer.serialize_struct("ChainEvent", 3)?;
        event.serialize_field("pallet", &self.pallet)?;
        event.serialize_field("name", &self.name)?;
        event.serialize_field("fields", &fields)?;
        event.end()
    }
}
