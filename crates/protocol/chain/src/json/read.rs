//! JSON into values of declared types.

use super::ArgumentError;
use assay_keys::AccountId;
use scale_info::{Field, PortableRegistry, TypeDef, TypeDefPrimitive, Variant, form::PortableForm};
use scale_value::{BitSequence, Composite, Value};
use serde_json::{Map, Value as Json};

/// Alternatives named in an error; a call enum has a hundred.
const NAMED: usize = 12;

/// The value of a type that JSON stands for.
pub(crate) fn value_of(types: &PortableRegistry, id: u32, json: &Json) -> Result<Value, ArgumentError> {
    let Some(ty) = types.resolve(id) else {
        return Err(ArgumentError::new("a type that the metadata describes", json));
    };
    let name = ty.path.ident().unwrap_or_default();
    match &ty.type_def {
        TypeDef::Composite(_) if name == "AccountId32" && json.is_string() => account(json),
        TypeDef::Composite(composite) => {
            fields(types, &composite.fields, json).map(|fields| Value::without_context(fields.into()))
        }
        TypeDef::Variant(enumeration) if name == "Option" => match json {
            Json::Null => Ok(Value::unnamed_variant("None", [])),
            some => {
                let inner = enumeration
                    .variants
                    .iter()
                    .find_map(|variant| variant.fields.first());
                let inner = inner.ok_or_else(|| ArgumentError::new("null", json))?;
                Ok(Value::unnamed_variant(
                    "Some",
                    [value_of(types, inner.ty.id, some)?],
                ))
            }
        },
        TypeDef::Variant(enumeration) => match json {
            // A plain address is by far the most common way to name an account.
            Json::String(text) if name == "MultiAddress" && text.parse::<AccountId>().is_ok() => {
                Ok(Value::unnamed_variant("Id", [account(json)?]))
            }
            json => variant(types, &enumeration.variants, json),
        },
        TypeDef::Sequence(list) => items(types, list.type_param.id, None, json),
        TypeDef::Array(list) => items(types, list.type_param.id, Some(list.len), json),
        TypeDef::Tuple(tuple) => match json {
            Json::Null if tuple.fields.is_empty() => Ok(Value::unnamed_composite([])),
            Json::Array(parts) if parts.len() == tuple.fields.len() => {
                let parts = parts.iter().zip(&tuple.fields).enumerate();
                let parts: Result<Vec<_>, _> = parts
                    .map(|(place, (part, ty))| value_of(types, ty.id, part).map_err(|error| error.at(place)))
                    .collect();
                parts.map(Value::unnamed_composite)
            }
            _ => Err(ArgumentError::new(
                format!("an array of {}", tuple.fields.len()),
                json,
            )),
        },
        TypeDef::Primitive(primitive) => primitive_value(primitive, json),
        TypeDef::Compact(compact) => value_of(types, compact.type_param.id, json),
        TypeDef::BitSequence(_) => bits(json),
    }
}

/// Arguments or fields by their names: an object with each of them, or an array in their order.
pub(crate) fn arguments(
    types: &PortableRegistry,
    fields: &[(&str, u32)],
    json: &Json,
) -> Result<Vec<(String, Value)>, ArgumentError> {
    let names = || {
        fields
            .iter()
            .map(|(name, _)| *name)
            .collect::<Vec<_>>()
            .join(", ")
    };
    match json {
        Json::Object(given) => {
            if let Some((name, value)) = given
                .iter()
                .find(|(name, _)| !fields.iter().any(|(field, _)| field == name))
            {
                let known = if fields.is_empty() {
                    "nothing".to_owned()
                } else {
                    names()
                };
                return Err(ArgumentError::new(format!("only {known}"), value).within(name));
            }
            fields
                .iter()
                .map(|&(name, id)| {
                    let value = match given.get(name) {
                        Some(value) => value_of(types, id, value),
                        None if is_option(types, id) => value_of(types, id, &Json::Null),
                        None => Err(ArgumentError {
                            found: "nothing".to_owned(),
                            ..ArgumentError::new(describe(types, id), &Json::Null)
                        }),
                    };
                    value
                        .map(|value| (name.to_owned(), value))
                        .map_err(|error| error.within(name))
                })
                .collect()
        }
        Json::Null if fields.is_empty() => Ok(Vec::new()),
        Json::Array(given) if given.len() == fields.len() => fields
            .iter()
            .zip(given)
            .map(|(&(name, id), value)| {
                value_of(types, id, value)
                    .map(|value| (name.to_owned(), value))
                    .map_err(|error| error.within(name))
            })
            .collect(),
        other => Err(ArgumentError::new(
            format!("an object with {}, or an array of {}", names(), fields.len()),
            other,
        )
        .within("arguments")),
    }
}

fn is_option(types: &PortableRegistry, id: u32) -> bool {
    types
        .resolve(id)
        .is_some_and(|ty| ty.path.ident().as_deref() == Some("Option"))
}

/// A type in a few words, for those who left its value out.
fn describe(types: &PortableRegistry, id: u32) -> String {
    let Some(ty) = types.resolve(id) else {
        return "a value".to_owned();
    };
    match (&ty.type_def, ty.path.ident()) {
        (_, Some(name)) => format!("a value of {name}"),
        (TypeDef::Primitive(primitive), None) => {
            format!("a value of {}", format!("{primitive:?}").to_lowercase())
        }
        (TypeDef::Compact(compact), None) => describe(types, compact.type_param.id),
        (TypeDef::Sequence(_) | TypeDef::Array(_), None) => "a list".to_owned(),
        _ => "a value".to_owned(),
    }
}

fn account(json: &Json) -> Result<Value, ArgumentError> {
    let account = json.as_str().and_then(|text| text.parse::<AccountId>().ok());
    match account {
        Some(account) => Ok(Value::from_bytes(account.0)),
        None => Err(ArgumentError::new("an account's address", json)),
    }
}

/// The fields of a struct or of a variant.
fn fields(
    types: &PortableRegistry,
    fields: &[Field<PortableForm>],
    json: &Json,
) -> Result<Composite<()>, ArgumentError> {
    if let [field] = fields {
        let by_name = field
            .name
            .as_ref()
            .and_then(|name| json.as_object().filter(|object| object.len() == 1)?.get(name));
        let inner = value_of(types, field.ty.id, by_name.unwrap_or(json))?;
        return Ok(match &field.name {
            Some(name) => Composite::Named(vec![(name.clone(), inner)]),
            None => Composite::Unnamed(vec![inner]),
        });
    }
    if fields.iter().all(|field| field.name.is_some()) && !fields.is_empty() {
        let named: Vec<_> = fields
            .iter()
            .filter_map(|field| Some((field.name.as_deref()?, field.ty.id)))
            .collect();
        return arguments(types, &named, json).map(Composite::Named);
    }
    match json {
        Json::Array(parts) if parts.len() == fields.len() => {
            let parts = parts.iter().zip(fields).enumerate();
            let parts: Result<Vec<_>, _> = parts
                .map(|(place, (part, field))| {
                    value_of(types, field.ty.id, part).map_err(|error| error.at(place))
                })
                .collect();
            parts.map(Composite::Unnamed)
        }
        Json::Null if fields.is_empty() => Ok(Composite::Unnamed(Vec::new())),
        Json::Object(object) if fields.is_empty() && object.is_empty() => Ok(Composite::Unnamed(Vec::new())),
        other => Err(ArgumentError::new(format!("an array of {}", fields.len()), other)),
    }
}

fn variant(
    types: &PortableRegistry,
    variants: &[Variant<PortableForm>],
    json: &Json,
) -> Result<Value, ArgumentError> {
    let refuse = || {
        let mut names: Vec<_> = variants
            .iter()
            .take(NAMED)
            .map(|variant| variant.name.as_str())
            .collect();
        if variants.len() > NAMED {
            names.push("…");
        }
        ArgumentError::new(format!("one of {}", names.join(", ")), json)
    };
    let single = |object: &Map<String, Json>| {
        let (name, content) = object.iter().next().filter(|_| object.len() == 1)?;
        Some((name.clone(), content.clone()))
    };
    let (name, content) = match json {
        Json::String(name) => (name.clone(), Json::Null),
        Json::Object(object) => single(object).ok_or_else(refuse)?,
        _ => return Err(refuse()),
    };
    let found = variants
        .iter()
        .find(|variant| variant.name == name)
        .ok_or_else(refuse)?;
    let values = fields(types, &found.fields, &content).map_err(|error| error.within(&name))?;
    Ok(Value::variant(name, values))
}

fn items(
    types: &PortableRegistry,
    item: u32,
    length: Option<u32>,
    json: &Json,
) -> Result<Value, ArgumentError> {
    let is_bytes = types
        .resolve(item)
        .is_some_and(|ty| matches!(ty.type_def, TypeDef::Primitive(TypeDefPrimitive::U8)));
    let expected = || match (is_bytes, length) {
        (true, Some(length)) => format!("{length} bytes as \"0x…\""),
        (true, None) => "bytes as \"0x…\", or a text".to_owned(),
        (false, Some(length)) => format!("an array of {length}"),
        (false, None) => "an array".to_owned(),
    };
    let refuse = || ArgumentError::new(expected(), json);
    let fits = |count: usize| length.is_none_or(|length| count == length as usize);
    match json {
        Json::String(text) if is_bytes => {
            let bytes = match text.strip_prefix("0x") {
                Some(digits) => hex::decode(digits).map_err(|_| refuse())?,
                None => text.as_bytes().to_vec(),
            };
            if fits(bytes.len()) {
                Ok(Value::from_bytes(bytes))
            } else {
                Err(refuse())
            }
        }
        Json::Array(list) if fits(list.len()) => {
            let list: Result<Vec<_>, _> = list
                .iter()
                .enumerate()
                .map(|(place, entry)| value_of(types, item, entry).map_err(|error| error.at(place)))
                .collect();
            list.map(Value::unnamed_composite)
        }
        _ => Err(refuse()),
    }
}

fn primitive_value(primitive: &TypeDefPrimitive, json: &Json) -> Result<Value, ArgumentError> {
    let unsigned = |bits: u32| {
        let most = u128::MAX >> (128 - bits);
        let number = match json {
            Json::Number(number) => number.as_u64().map(u128::from),
            Json::String(digits) => digits.parse().ok(),
            _ => None,
        };
        match number.filter(|number| *number <= most) {
            Some(number) => Ok(Value::u128(number)),
            None => Err(ArgumentError::new(format!("a number from 0 to {most}"), json)),
        }
    };
    let signed = |bits: u32| {
        let most = i128::MAX >> (128 - bits);
        let number = match json {
            Json::Number(number) => number.as_i64().map(i128::from),
            Json::String(digits) => digits.parse().ok(),
            _ => None,
        };
        match number.filter(|number| (-most - 1..=most).contains(number)) {
            Some(number) => Ok(Value::i128(number)),
            None => Err(ArgumentError::new(
                format!("a number from {} to {most}", -most - 1),
                json,
            )),
        }
    };
    match primitive {
        TypeDefPrimitive::Bool => match json {
            Json::Bool(value) => Ok(Value::bool(*value)),
            _ => Err(ArgumentError::new("true or false", json)),
        },
        TypeDefPrimitive::Char => {
            let mut letters = json.as_str().unwrap_or_default().chars();
            match (letters.next(), letters.next()) {
                (Some(letter), None) => Ok(Value::char(letter)),
                _ => Err(ArgumentError::new("one character", json)),
            }
        }
        TypeDefPrimitive::Str => match json {
            Json::String(text) => Ok(Value::string(text)),
            _ => Err(ArgumentError::new("a text", json)),
        },
        TypeDefPrimitive::U8 => unsigned(8),
        TypeDefPrimitive::U16 => unsigned(16),
        TypeDefPrimitive::U32 => unsigned(32),
        TypeDefPrimitive::U64 => unsigned(64),
        TypeDefPrimitive::U128 => unsigned(128),
        TypeDefPrimitive::I8 => signed(8),
        TypeDefPrimitive::I16 => signed(16),
        TypeDefPrimitive::I32 => signed(32),
        TypeDefPrimitive::I64 => signed(64),
        TypeDefPrimitive::I128 => signed(128),
        // No runtime declares them as such: wide numbers are structs of words.
        TypeDefPrimitive::U256 | TypeDefPrimitive::I256 => {
            Err(ArgumentError::new("a number of at most 128 bits", json))
        }
    }
}

fn bits(json: &Json) -> Result<Value, ArgumentError> {
    let list = json
        .as_array()
        .and_then(|list| list.iter().map(Json::as_bool).collect::<Option<Vec<_>>>());
    match list {
        Some(list) => Ok(Value::bit_sequence(list.into_iter().collect::<BitSequence>())),
        None => Err(ArgumentError::new("an array of true and false", json)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::json_of;
    use codec::Encode;
    use scale_info::{MetaType, Registry, TypeInfo};
    use serde_json::json;

    #[derive(TypeInfo, Encode)]
    #[expect(dead_code, reason = "the type alone counts")]
    enum Kind {
        Plain,
        Wrapped(u16),
        Named { deep: Vec<Kind>, wide: u128 },
        Pair(u8, bool),
    }

    #[derive(TypeInfo)]
    #[expect(dead_code, reason = "the type alone counts")]
    struct Everything {
        kind: Kind,
        maybe: Option<i64>,
        bytes: Vec<u8>,
        hash: [u8; 4],
        pairs: Vec<(u16, [u8; 2])>,
        text: String,
        nothing: (),
        account: AccountId32,
    }

    #[derive(TypeInfo)]
    #[expect(dead_code, reason = "the type alone counts")]
    struct AccountId32([u8; 32]);

    fn registry() -> (PortableRegistry, u32) {
        let mut registry = Registry::new();
        let id = registry.register_type(&MetaType::new::<Everything>()).id;
        (registry.into(), id)
    }

    fn everything() -> Json {
        json!({
            "kind": { "Named": { "deep": ["Plain", { "Wrapped": 7 }, { "Pair": [1, true] }], "wide": "340282366920938463463374607431768211455" } },
            "maybe": -5,
            "bytes": "0x00ff",
            "hash": "0x01020304",
            "pairs": [[65535, "0x0a0b"]],
            "text": "grüße",
            "nothing": null,
            "account": "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY",
        })
    }

    #[test]
    fn what_is_written_is_what_was_read() {
        let (types, id) = registry();
        let value = value_of(&types, id, &everything()).unwrap();
        let mut bytes = Vec::new();
        scale_value::scale::encode_as_type(&value, id, &types, &mut bytes).unwrap();
        let decoded = scale_value::scale::decode_as_type(&mut bytes.as_slice(), id, &types).unwrap();
        assert_eq!(json_of(&types, &decoded), everything());
    }

    #[test]
    fn a_value_that_does_not_fit_is_refused_with_the_way_to_it() {
        let (types, id) = registry();
        let refused = |change: &dyn Fn(&mut Json)| {
            let mut json = everything();
            change(&mut json);
            value_of(&types, id, &json).unwrap_err().to_string()
        };
        assert_eq!(
            refused(&|json| json["kind"]["Named"]["deep"][1] = json!({ "Wrapped": 65536 })),
            "kind.Named.deep[1].Wrapped: expected a number from 0 to 65535, found 65536"
        );
        assert_eq!(
            refused(&|json| json["hash"] = json!("0x01")),
            "hash: expected 4 bytes as \"0x…\", found \"0x01\""
        );
        assert_eq!(
            refused(&|json| json["kind"] = json!("Plane")),
            "kind: expected one of Plain, Wrapped, Named, Pair, found \"Plane\""
        );
        assert!(refused(&|json| json["typo"] = json!(1)).starts_with("typo: expected only kind, maybe"));
        let missing = refused(&|json| {
            json.as_object_mut().unwrap().remove("text");
        });
        assert_eq!(missing, "text: expected a value of str, found nothing");
    }

    #[test]
    fn what_may_be_left_out_may_be_left_out() {
        let (types, id) = registry();
        let mut json = everything();
        json.as_object_mut().unwrap().remove("maybe");
        json["bytes"] = json!("a text");
        let value = value_of(&types, id, &json).unwrap();
        let mut bytes = Vec::new();
        scale_value::scale::encode_as_type(&value, id, &types, &mut bytes).unwrap();
        let decoded = scale_value::scale::decode_as_type(&mut bytes.as_slice(), id, &types).unwrap();
        let written = json_of(&types, &decoded);
        assert_eq!(written["maybe"], Json::Null);
        assert_eq!(written["bytes"], "0x612074657874");
    }
}
