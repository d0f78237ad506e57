//! The fields that a synapse's class lists in `required_hash_fields`, as they are written on the command line.

use assay_axon::synapse::{Field, FieldType};
use std::str::FromStr;

/// One of them: `NAME`, or `NAME:TYPE` where the JSON does not say enough (a Python `float` is written as an integer).
#[derive(Clone, Debug)]
pub(super) struct HashedField(pub(super) Field);

impl FromStr for HashedField {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, kind) = match text.split_once(':') {
            Some((name, kind)) => (name, parse_type(kind)?),
            None => (text, FieldType::Any),
        };
        if name.is_empty() {
            return Err(format!("\"{text}\" names no field"));
        }
        Ok(Self(Field::required(name, kind)))
    }
}

/// A type as Python writes it, as far as hashes depend on it.
pub(super) fn parse_type(text: &str) -> Result<FieldType, String> {
    let inner = |prefix: &str| text.strip_prefix(prefix)?.strip_suffix(']');
    if let Some(items) = inner("list[").or_else(|| inner("List[")) {
        return Ok(FieldType::list(parse_type(items)?));
    }
    if let Some(some) = inner("Optional[") {
        return Ok(FieldType::optional(parse_type(some)?));
    }
    match text {
        "bool" => Ok(FieldType::Bool),
        "int" => Ok(FieldType::Int),
        "float" => Ok(FieldType::Float),
        "str" => Ok(FieldType::Str),
        "Any" => Ok(FieldType::Any),
        _ => Err(format!(
            "\"{text}\" is no type: bool, int, float, str, Any, list[…] or Optional[…]"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_has_a_name_and_perhaps_a_type() {
        let field = |text: &str| text.parse::<HashedField>().map(|field| field.0);
        assert_eq!(field("text"), Ok(Field::required("text", FieldType::Any)));
        assert_eq!(
            field("rows:list[Optional[float]]"),
            Ok(Field::required(
                "rows",
                FieldType::list(FieldType::optional(FieldType::Float))
            ))
        );
        for wrong in ["", ":int", "n:number", "n:list[int"] {
            assert!(field(wrong).is_err(), "{wrong}");
        }
    }
}
