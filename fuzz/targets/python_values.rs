//! Any text as the JSON of a body: read as Python reads it, and written as Python writes it.
#![no_main]

use assay_axon::synapse::{Field, FieldType, PythonInt, PythonValue, body_hash, field_hash};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fn types() -> Vec<FieldType> {
    vec![
        FieldType::Any,
        FieldType::Bool,
        FieldType::Int,
        FieldType::Float,
        FieldType::Str,
        FieldType::list(FieldType::Float),
        FieldType::dict(FieldType::Int),
        FieldType::optional(FieldType::list(FieldType::Any)),
        FieldType::Tuple(vec![FieldType::Int, FieldType::Any]),
        FieldType::Model(vec![
            Field::required("a", FieldType::Any),
            Field::with_default("b", FieldType::Float, 1.0),
        ]),
    ]
}

/// Whether another reader found the same. Its numbers are narrower, so they are not compared.
fn is_same(ours: &PythonValue, theirs: &Value) -> bool {
    match (ours, theirs) {
        (PythonValue::None, Value::Null) => true,
        (PythonValue::Bool(ours), Value::Bool(theirs)) => ours == theirs,
        (PythonValue::Int(_) | PythonValue::Float(_), Value::Number(_)) => true,
        (PythonValue::Str(ours), Value::String(theirs)) => ours == theirs,
        (PythonValue::List(ours), Value::Array(theirs)) => {
            ours.len() == theirs.len()
                && ours
                    .iter()
                    .zip(theirs)
                    .all(|(ours, theirs)| is_same(ours, theirs))
        }
        (PythonValue::Dict(ours), Value::Object(theirs)) => {
            ours.len() == theirs.len()
                && ours
                    .iter()
                    .all(|(key, ours)| theirs.get(key).is_some_and(|theirs| is_same(ours, theirs)))
        }
        _ => false,
    }
}

fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let value = PythonValue::from(text);
        assert_eq!(value.to_str(), text);
        let quoted = value.to_repr();
        assert!(quoted.len() >= text.len() + 2);
        if let Ok(int) = text.parse::<PythonInt>() {
            let again: PythonInt = int.to_string().parse().expect("what was written is read");
            assert_eq!(again, int);
        }
    }
    let Ok(value) = PythonValue::from_json(bytes) else {
        return;
    };
    let (text, quoted) = (value.to_str().into_owned(), value.to_repr());
    if !matches!(value, PythonValue::Str(_)) {
        assert_eq!(text, quoted);
    }
    let _ = (field_hash(&value), body_hash([&value]));
    // Whatever we read is JSON to others, unless a number is beyond theirs.
    match serde_json::from_slice::<Value>(bytes) {
        Ok(theirs) => assert!(is_same(&value, &theirs)),
        Err(error) => assert!(error.to_string().contains("number out of range"), "{error}"),
    }
    for kind in types() {
        if let Ok(coerced) = kind.coerce(value.clone()) {
            // A value of the type is one already.
            let again = kind.coerce(coerced.clone()).expect("it has the type");
            assert_eq!(again.to_repr(), coerced.to_repr());
        }
    }
});
