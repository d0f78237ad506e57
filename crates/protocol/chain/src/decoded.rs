//! Values of the chain as a person reads them: an account is an account, bytes are bytes, an amount knows its type.

use assay_keys::AccountId;
use serde::{
    Serialize, Serializer,
    ser::{SerializeMap, SerializeSeq, SerializeStruct},
};

/// Bytes of one value that are kept. The longest argument of everyday use, a commitment, has some hundred; a remark may
/// have millions, which nobody reads and a cache cannot hold.
pub(crate) const KEPT_BYTES: usize = 2_048;

/// A value of any type, decoded by the metadata. What comes from outside is bounded: long byte strings are cut.
///
/// In JSON an account is its SS58 address, bytes are `0x…` text (see [`CutBytes`]), numbers beyond 53 bits are text,
/// and a variant is an object with its name as the only key, or the name alone when it carries nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Decoded {
    /// Nothing: an absent option, or a type without content.
    Nothing,
    /// Yes or no.
    Bool(bool),
    /// A number that cannot be negative.
    Unsigned(u128),
    /// A number that may be negative.
    Signed(i128),
    /// Text.
    Text(String),
    /// An account.
    Account(AccountId),
    /// Bytes: a hash, a signature, a name, whatever.
    Bytes(CutBytes),
    /// Values in order.
    List(Vec<Decoded>),
    /// Values by name.
    Record(Vec<DecodedField>),
    /// One of several, by name, with what it carries.
    Variant {
        /// Which.
        name: String,
        /// A [`List`](Self::List), a [`Record`](Self::Record), or [`Nothing`](Self::Nothing).
        content: Box<Decoded>,
    },
    /// A call inside the value, as in a batch.
    Call(Box<DecodedCall>),
}

/// The beginning of a byte string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CutBytes {
    /// The first bytes, all of them when there are not more than 2048.
    pub start: Vec<u8>,
    /// How many there are in all.
    pub length: usize,
}

impl CutBytes {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self {
            start: bytes[..bytes.len().min(KEPT_BYTES)].to_vec(),
            length: bytes.len(),
        }
    }

    /// The text that the bytes are, when they are: UTF-8 without control characters, and not empty.
    pub fn text(&self) -> Option<&str> {
        let text = std::str::from_utf8(&self.start).ok()?;
        let readable = !text.is_empty()
            && text
                .chars()
                .all(|character| !character.is_control() || character == '\n');
        readable.then_some(text)
    }

    /// `0x…`, ending in `…` when it was cut.
    pub fn hex(&self) -> String {
        let cut = if self.start.len() < self.length { "…" } else { "" };
        format!("0x{}{cut}", hex::encode(&self.start))
    }
}

/// A value with the name and the type that the chain's source gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodedField {
    /// Its name, where it has one.
    pub name: Option<String>,
    /// The name of its type as the source writes it; `TaoBalance` for one.
    pub type_name: Option<String>,
    /// The value.
    pub value: Decoded,
}

/// A call with its arguments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DecodedCall {
    /// The pallet, `SubtensorModule` for one.
    pub pallet: String,
    /// The call, `set_weights` for one.
    pub name: String,
    /// Its arguments in order.
    #[serde(serialize_with = "fields")]
    pub arguments: Vec<DecodedField>,
}

/// An event with its fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DecodedEvent {
    /// The pallet.
    pub pallet: String,
    /// The event, `WeightsSet` for one.
    pub name: String,
    /// Its fields in order.
    #[serde(serialize_with = "fields")]
    pub fields: Vec<DecodedField>,
}

impl DecodedCall {
    /// `Pallet.call`.
    pub fn title(&self) -> String {
        format!("{}.{}", self.pallet, self.name)
    }

    /// The argument of this name.
    pub fn argument(&self, name: &str) -> Option<&Decoded> {
        find(&self.arguments, name)
    }
}

impl DecodedEvent {
    /// `Pallet.Event`.
    pub fn title(&self) -> String {
        format!("{}.{}", self.pallet, self.name)
    }
}

fn find<'a>(fields: &'a [DecodedField], name: &str) -> Option<&'a Decoded> {
    fields
        .iter()
        .find(|field| field.name.as_deref() == Some(name))
        .map(|field| &field.value)
}

impl Decoded {
    /// Whether the account stands anywhere in it.
    pub fn mentions(&self, account: &AccountId) -> bool {
        match self {
            Self::Account(found) => found == account,
            Self::List(items) => items.iter().any(|item| item.mentions(account)),
            Self::Record(fields) => fields.iter().any(|field| field.value.mentions(account)),
            Self::Variant { content, .. } => content.mentions(account),
            Self::Call(call) => call
                .arguments
                .iter()
                .any(|argument| argument.value.mentions(account)),
            _ => false,
        }
    }
}

/// The largest whole number that every JSON reader holds exactly.
const EXACT: u128 = 1 << 53;

impl Serialize for Decoded {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Nothing => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Unsigned(value) if *value <= EXACT => serializer.serialize_u128(*value),
            Self::Unsigned(value) => serializer.collect_str(value),
            Self::Signed(value) if value.unsigned_abs() <= EXACT => serializer.serialize_i128(*value),
            Self::Signed(value) => serializer.collect_str(value),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Account(account) => serializer.collect_str(account),
            Self::Bytes(bytes) => bytes.serialize(serializer),
            Self::List(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    list.serialize_element(item)?;
                }
                list.end()
            }
            Self::Record(named) => fields(named, serializer),
            Self::Variant { name, content } if **content == Self::Nothing => serializer.serialize_str(name),
            Self::Variant { name, content } => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry(name, content)?;
                map.end()
            }
            Self::Call(call) => call.serialize(serializer),
        }
    }
}

impl Serialize for CutBytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.start.len() == self.length {
            return serializer.serialize_str(&self.hex());
        }
        let mut cut = serializer.serialize_struct("CutBytes", 2)?;
        cut.serialize_field("start", &self.hex())?;
        cut.serialize_field("length", &self.length)?;
        cut.end()
    }
}

/// An object when all fields have names, a list otherwise.
fn fields<S: Serializer>(fields: &[DecodedField], serializer: S) -> Result<S::Ok, S::Error> {
    if fields.iter().all(|field| field.name.is_some()) {
        let mut map = serializer.serialize_map(Some(fields.len()))?;
        for field in fields {
            map.serialize_entry(field.name.as_deref().unwrap_or_default(), &field.value)?;
        }
        map.end()
    } else {
        let mut list = serializer.serialize_seq(Some(fields.len()))?;
        for field in fields {
            list.serialize_element(&field.value)?;
        }
        list.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_keeps_large_numbers_exact_and_cuts_long_bytes() {
        let field = |name: &str, value| DecodedField {
            name: Some(name.to_owned()),
            type_name: None,
            value,
        };
        let call = DecodedCall {
            pallet: "System".to_owned(),
            name: "remark".to_owned(),
            arguments: vec![
                field("large", Decoded::Unsigned(u128::from(u64::MAX))),
                field("small", Decoded::Signed(-7)),
                field("bytes", Decoded::Bytes(CutBytes::of(&[1, 2]))),
                field("long", Decoded::Bytes(CutBytes::of(&[0xab; 5_000]))),
                field(
                    "variant",
                    Decoded::Variant {
                        name: "None".to_owned(),
                        content: Box::new(Decoded::Nothing),
                    },
                ),
            ],
        };
        let json = serde_json::to_value(&call).unwrap();
        assert_eq!(json["arguments"]["large"], "18446744073709551615");
        assert_eq!(json["arguments"]["small"], -7);
        assert_eq!(json["arguments"]["bytes"], "0x0102");
        assert_eq!(json["arguments"]["long"]["length"], 5_000);
        assert_eq!(json["arguments"]["variant"], "None");
        assert!(
            json["arguments"]["long"]["start"]
                .as_str()
                .unwrap()
                .ends_with('…')
        );
    }

    #[test]
    fn bytes_are_text_only_when_a_person_can_read_them() {
        assert_eq!(CutBytes::of("héllo".as_bytes()).text(), Some("héllo"));
        assert_eq!(CutBytes::of(b"").text(), None);
        assert_eq!(CutBytes::of(&[0xff, 0xfe]).text(), None);
        assert_eq!(CutBytes::of(b"bell\x07").text(), None);
    }
}
