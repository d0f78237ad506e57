//! Hashes of bodies as bittensor 10.5 computes them (`vectors/wire/body_hash.json`), every row.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use assay_axon::synapse::{
    BodyHash, CoercionError, Field, FieldType, MAX_DEPTH, PythonJsonError, PythonValue, body_hash, field_hash,
};
use proptest::prelude::*;

const VECTORS: &[u8] = include_bytes!("../../../../vectors/wire/body_hash.json");

fn read(json: &str) -> PythonValue {
    PythonValue::from_json(json.as_bytes()).unwrap()
}

fn entry<'a>(dict: &'a PythonValue, key: &str) -> &'a PythonValue {
    let PythonValue::Dict(entries) = dict else {
        panic!("{dict:?} is no dict")
    };
    &entries[key]
}

fn items(value: &PythonValue) -> &[PythonValue] {
    let PythonValue::List(items) = value else {
        panic!("{value:?} is no list")
    };
    items
}

/// What the class of a row declared. Its fields were `Any` but for the few whose label tells.
fn declared(label: &str, field: &str) -> FieldType {
    match (label, field) {
        ("float_field_given_int" | "float_field_given_3e21", _) => FieldType::Float,
        ("echo_hello_3", "text") => FieldType::Str,
        ("echo_hello_3", "n") => FieldType::Int,
        ("stream_prompts", _) => FieldType::list(FieldType::Str),
        _ => FieldType::Any,
    }
}

#[test]
fn every_row_has_pythons_texts_and_hashes() {
    let vectors = PythonValue::from_json(VECTORS).unwrap();
    let rows = items(entry(&vectors, "rows"));
    assert_eq!(rows.len(), 48);
    for row in rows {
        let label = entry(row, "label").to_str();
        let values: Vec<_> = items(entry(row, "field_order"))
            .iter()
            .map(|name| {
                let name = name.to_str();
                let value = entry(entry(row, "fields"), &name).clone();
                Field::required(&*name, declared(&label, &name))
                    .coerce(value)
                    .unwrap()
            })
            .collect();
        let texts: Vec<_> = values.iter().map(PythonValue::to_str).collect();
        let expected: Vec<_> = items(entry(row, "python_str"))
            .iter()
            .map(PythonValue::to_str)
            .collect();
        assert_eq!(texts, expected, "{label}");
        let hashes: Vec<_> = values
            .iter()
            .map(|value| PythonValue::from(hex::encode(field_hash(value))))
            .collect();
        assert_eq!(hashes, items(entry(row, "field_hashes")), "{label}");
        let hash = body_hash(&values);
        assert_eq!(hash.to_string(), entry(row, "body_hash").to_str(), "{label}");
        assert_eq!(hash.to_string().parse(), Ok(hash), "{label}");
    }
}

#[test]
fn no_hashed_field_gives_the_constant() {
    assert_eq!(body_hash([]), BodyHash::EMPTY);
    let upper = BodyHash::EMPTY.to_string().to_uppercase();
    assert!(upper.parse::<BodyHash>().is_err());
    assert!("a7ff".parse::<BodyHash>().is_err());
}

#[test]
fn json_is_read_as_python_reads_it() {
    let texts = [
        ("-0", "0"),
        ("-0.0", "-0.0"),
        ("1e3", "1000.0"),
        ("1E400", "inf"),
        ("-1e400", "-inf"),
        ("123456789012345.6", "123456789012345.6"),
        ("9999999999999998.0", "9999999999999998.0"),
        ("0.00012345", "0.00012345"),
        // Halfway between two texts of the same length.
        ("-92581284705668.625", "-92581284705668.62"),
        ("608299596474465.75", "608299596474465.8"),
        ("9007199254740993.0", "9007199254740992.0"),
        ("1.5e-7", "1.5e-07"),
        ("18446744073709551616", "18446744073709551616"),
        (r#"{"a": 1, "b": 2, "a": 3}"#, "{'a': 3, 'b': 2}"),
        (r#"{"it's": "\ud83e\udd80"}"#, r#"{"it's": '🦀'}"#),
        ("[\"\u{3000}\u{85}\u{10ffff}\"]", r"['\u3000\x85\U0010ffff']"),
        (" [ ] ", "[]"),
    ];
    for (json, text) in texts {
        assert_eq!(read(json).to_str(), text, "{json}");
    }
}

#[test]
fn texts_that_are_no_json_are_refused() {
    for json in [
        "",
        "nul",
        "[1,]",
        "{\"a\"}",
        "{1: 2}",
        "01",
        "1.",
        "-",
        "[] []",
        "'a'",
        r#""\ud800""#,
        "\"",
    ] {
        let error = PythonValue::from_json(json.as_bytes()).unwrap_err();
        assert!(matches!(error, PythonJsonError::Syntax(_)), "{json}: {error}");
    }
    assert!(PythonValue::from_json(b"\"\xff\"").is_err());
    for json in ["[NaN]", "[Infinity]", "[-Infinity]"] {
        let error = PythonValue::from_json(json.as_bytes()).unwrap_err();
        assert!(
            matches!(error, PythonJsonError::NotFinite { offset: 1 }),
            "{json}: {error}"
        );
    }
    assert!(PythonValue::from_json("9".repeat(4300).as_bytes()).is_ok());
    let error = PythonValue::from_json("9".repeat(4301).as_bytes()).unwrap_err();
    assert!(matches!(error, PythonJsonError::LongInt { offset: 0 }), "{error}");
}

#[test]
fn nesting_ends_somewhere() {
    let nested = |depth| [vec![b'['; depth], vec![b']'; depth]].concat();
    assert!(PythonValue::from_json(&nested(MAX_DEPTH)).is_ok());
    assert_eq!(
        PythonValue::from_json(&nested(MAX_DEPTH + 1)),
        Err(PythonJsonError::TooDeep { offset: MAX_DEPTH })
    );
    assert!(PythonValue::from_json(&vec![b'['; 1_000_000]).is_err());
}

#[test]
fn tuples_are_told_from_lists() {
    let pair = FieldType::Tuple(vec![FieldType::Int, FieldType::Float]);
    assert_eq!(pair.coerce(read("[1, 2]")).unwrap().to_str(), "(1, 2.0)");
    let single = FieldType::Tuple(vec![FieldType::Str]);
    assert_eq!(single.coerce(read(r#"["a"]"#)).unwrap().to_str(), "('a',)");
    let none = FieldType::Tuple(Vec::new());
    assert_eq!(none.coerce(read("[]")).unwrap().to_str(), "()");
}

/// What pydantic 2.13 makes of the same.
#[test]
fn values_take_the_type_of_their_field() {
    let rows = [
        (FieldType::Int, "true", "1"),
        (FieldType::Int, "2.0", "2"),
        (FieldType::Int, "-0.0", "0"),
        (FieldType::Int, "1e18", "1000000000000000000"),
        (FieldType::Int, "1180591620717411303424", "1180591620717411303424"),
        (FieldType::Float, "false", "0.0"),
        (
            FieldType::Float,
            "1180591620717411303424",
            "1.1805916207174113e+21",
        ),
        (FieldType::Bool, "1", "True"),
        (FieldType::Bool, "-0.0", "False"),
        (FieldType::optional(FieldType::Float), "null", "None"),
        (FieldType::optional(FieldType::Float), "7", "7.0"),
        (
            FieldType::dict(FieldType::Float),
            r#"{"z": 1, "a": 2}"#,
            "{'z': 1.0, 'a': 2.0}",
        ),
    ];
    for (kind, json, text) in rows {
        assert_eq!(kind.coerce(read(json)).unwrap().to_str(), text, "{kind} {json}");
    }
}

#[test]
fn a_model_is_hashed_in_the_order_of_its_declaration() {
    let message = FieldType::Model(vec![
        Field::required("role", FieldType::Str),
        Field::with_default("weight", FieldType::Float, 1.0),
    ]);
    let messages = Field::required("messages", FieldType::list(message));
    let sent = read(r#"[{"weight": 2, "ignored": [], "role": "user"}, {"role": "it's"}]"#);
    assert_eq!(
        messages.coerce(sent).unwrap().to_str(),
        r#"[{'role': 'user', 'weight': 2.0}, {'role': "it's", 'weight': 1.0}]"#
    );
    let missing = messages.coerce(read(r#"[{"role": "user"}, {}]"#)).unwrap_err();
    assert_eq!(
        missing,
        CoercionError::Missing {
            field: "messages[1].role".to_owned()
        }
    );
}

#[test]
fn a_value_of_another_type_is_refused_by_name() {
    let error = |kind, json| {
        Field::required("x", kind)
            .coerce(read(json))
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        error(FieldType::Str, "5"),
        "the field `x` is declared as str and holds int"
    );
    assert_eq!(
        error(
            FieldType::list(FieldType::list(FieldType::Int)),
            "[[1], [2, 2.5]]"
        ),
        "the field `x[1][1]` is declared as int and holds an unfit float"
    );
    assert_eq!(
        error(FieldType::dict(FieldType::Bool), r#"{"k": 2}"#),
        "the field `x.k` is declared as bool and holds an unfit int"
    );
    assert_eq!(
        error(FieldType::Int, "1e20"),
        "the field `x` is declared as int and holds an unfit float"
    );
    let beyond = "9".repeat(400);
    assert_eq!(
        error(FieldType::Float, &beyond),
        "the field `x` is declared as float and holds an unfit int"
    );
    assert_eq!(
        error(FieldType::Tuple(vec![FieldType::Any]), "[]"),
        "the field `x` is declared as a tuple of 1 and holds 0 items"
    );
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(value) = PythonValue::from_json(&bytes) {
            drop(value.to_repr());
        }
    }

    /// Texts of the letters that JSON is made of, which come further into the reader.
    #[test]
    fn near_json_is_read_or_refused(text in r#"[\[\]{}",:0-9eE.+\-\\untrfalsNI ]{0,60}"#) {
        if let Ok(value) = PythonValue::from_json(text.as_bytes()) {
            drop(value.to_repr());
        }
    }

    #[test]
    fn what_serde_json_writes_comes_back(float in any::<f64>(), int in any::<i64>(), text in any::<String>()) {
        prop_assume!(float.is_finite());
        let json = serde_json::json!([float, int, text]).to_string();
        let expected = PythonValue::List(vec![float.into(), int.into(), text.into()]);
        prop_assert_eq!(PythonValue::from_json(json.as_bytes()).unwrap(), expected);
    }

    /// The text of a float reads back as the same float.
    #[test]
    fn the_text_of_a_float_is_that_float(float in any::<f64>()) {
        let text = PythonValue::Float(float).to_repr();
        let back: f64 = text.parse().unwrap();
        prop_assert!(back == float || (back.is_nan() && float.is_nan()));
    }
}
