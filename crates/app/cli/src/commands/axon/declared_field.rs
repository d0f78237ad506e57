//! A field of a synapse's class as it is declared on the command line.

use super::hashed_fields::parse_type;
use assay_axon::synapse::{Field, PythonValue};
use std::str::FromStr;

/// `NAME:TYPE` for a field that must be sent, `NAME:TYPE=JSON` for one with a default.
#[derive(Clone, Debug)]
pub(super) struct DeclaredField(pub(super) Field);

impl FromStr for DeclaredField {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (declared, default) = match text.split_once('=') {
            Some((declared, default)) => (declared, Some(default)),
            None => (text, None),
        };
        let (name, kind) = declared
            .split_once(':')
            .ok_or_else(|| format!("\"{text}\" has no type: write NAME:TYPE or NAME:TYPE=JSON"))?;
        if name.is_empty() {
            return Err(format!("\"{text}\" names no field"));
        }
        let kind = parse_type(kind)?;
        let field = match default {
            None => Field::required(name, kind),
            Some(json) => {
                let value = PythonValue::from_json(json.as_bytes())
                    .map_err(|error| format!("the default of \"{name}\" is no JSON: {error}"))?;
                let value = kind
                    .coerce(value)
                    .map_err(|error| format!("the default of \"{name}\" does not fit: {error}"))?;
                Field::with_default(name, kind, value)
            }
        };
        Ok(Self(field))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use assay_axon::synapse::FieldType;

    #[test]
    fn a_field_is_required_unless_it_has_a_default() {
        let field = |text: &str| text.parse::<DeclaredField>().map(|field| field.0);
        assert_eq!(field("text:str"), Ok(Field::required("text", FieldType::Str)));
        assert_eq!(
            field("reply:Optional[str]=null"),
            Ok(Field::with_default(
                "reply",
                FieldType::optional(FieldType::Str),
                PythonValue::None
            ))
        );
        for wrong in ["text", ":str", "n:int=\"x\"", "n:int=", "n:number=1"] {
            assert!(field(wrong).is_err(), "{wrong}");
        }
    }
}
