//! Values of declared types into JSON.

use assay_keys::AccountId;
use scale_info::{PortableRegistry, TypeDef, TypeDefPrimitive};
use scale_value::{Composite, Primitive, Value, ValueDef};
use serde_json::{Map, Value as Json};

/// The JSON of a value whose parts know their types.
pub(crate) fn json_of(types: &PortableRegistry, value: &Value<u32>) -> Json {
    match &value.value {
        ValueDef::Primitive(primitive) => primitive_json(primitive),
        ValueDef::BitSequence(bits) => bits.iter().map(Json::Bool).collect(),
        ValueDef::Composite(fields) => composite(types, value.context, fields),
        ValueDef::Variant(variant) => {
            let is_option = types
                .resolve(value.context)
                .is_some_and(|ty| ty.path.ident().as_deref() == Some("Option"));
            match (is_option, variant.values.values().next()) {
                (true, None) => Json::Null,
                (true, Some(inner)) => json_of(types, inner),
                (false, None) => Json::String(variant.name.clone()),
                (false, Some(_)) => {
                    let content = fields_json(types, &variant.values);
                    Json::Object(Map::from_iter([(variant.name.clone(), content)]))
                }
            }
        }
    }
}

fn primitive_json(primitive: &Primitive) -> Json {
    match primitive {
        Primitive::Bool(value) => Json::Bool(*value),
        Primitive::Char(letter) => Json::String(letter.to_string()),
        Primitive::String(text) => Json::String(text.clone()),
        Primitive::U128(number) => match u64::try_from(*number) {
            Ok(number) => number.into(),
            Err(_) => Json::String(number.to_string()),
        },
        Primitive::I128(number) => match i64::try_from(*number) {
            Ok(number) => number.into(),
            Err(_) => Json::String(number.to_string()),
        },
        Primitive::U256(bytes) | Primitive::I256(bytes) => hex_json(bytes),
    }
}

fn hex_json(bytes: &[u8]) -> Json {
    Json::String(format!("0x{}", hex::encode(bytes)))
}

fn composite(types: &PortableRegistry, id: u32, fields: &Composite<u32>) -> Json {
    let Some(ty) = types.resolve(id) else {
        return fields_json(types, fields);
    };
    let is_byte = |id: u32| {
        types
            .resolve(id)
            .is_some_and(|ty| matches!(ty.type_def, TypeDef::Primitive(TypeDefPrimitive::U8)))
    };
    match &ty.type_def {
        TypeDef::Composite(_) => {
            let account = (ty.path.ident().as_deref() == Some("AccountId32"))
                .then(|| flat_bytes(fields)?.try_into().ok().map(AccountId))
                .flatten();
            match account {
                Some(account) => Json::String(account.to_string()),
                None => fields_json(types, fields),
            }
        }
        TypeDef::Sequence(list) if is_byte(list.type_param.id) => bytes_json(types, fields),
        TypeDef::Array(list) if is_byte(list.type_param.id) => bytes_json(types, fields),
        TypeDef::Tuple(tuple) if tuple.fields.is_empty() => Json::Null,
        _ => fields.values().map(|value| json_of(types, value)).collect(),
    }
}

fn bytes_json(types: &PortableRegistry, fields: &Composite<u32>) -> Json {
    match flat_bytes(fields) {
        Some(bytes) => hex_json(&bytes),
        None => fields.values().map(|value| json_of(types, value)).collect(),
    }
}

/// The bytes of a list of bytes, or of one inside structs of one field.
fn flat_bytes(fields: &Composite<u32>) -> Option<Vec<u8>> {
    let byte = |value: &Value<u32>| u8::try_from(value.as_u128()?).ok();
    let whole: Option<Vec<u8>> = fields.values().map(byte).collect();
    match whole {
        Some(bytes) => Some(bytes),
        None if fields.len() == 1 => match &fields.values().next()?.value {
            ValueDef::Composite(inner) => flat_bytes(inner),
            _ => None,
        },
        None => None,
    }
}

fn fields_json(types: &PortableRegistry, fields: &Composite<u32>) -> Json {
    match fields {
        Composite::Named(fields) => Json::Object(
            fields
                .iter()
                .map(|(name, value)| (name.clone(), json_of(types, value)))
                .collect(),
        ),
        Composite::Unnamed(fields) => match fields.as_slice() {
            [only] => json_of(types, only),
            fields => fields.iter().map(|value| json_of(types, value)).collect(),
        },
    }
}
