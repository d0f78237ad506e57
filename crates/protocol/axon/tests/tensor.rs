//! Tensors as bittensor 10.5 sends them (`vectors/wire/tensor.json`), every row both ways.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use assay_axon::tensor::{DType, Element, MAX_RANK, Tensor, TensorError, TypeNames};
use base64::{Engine, prelude::BASE64_STANDARD};
use proptest::{collection::vec, prelude::*};
use serde_json::{Value, json};

const VECTORS: &str = include_str!("../../../../vectors/wire/tensor.json");

fn rows() -> Vec<Value> {
    let vectors: Value = serde_json::from_str(VECTORS).unwrap();
    vectors["rows"].as_array().unwrap().clone()
}

fn flat(values: &Value) -> Vec<&Value> {
    match values {
        Value::Array(items) => items.iter().flat_map(flat).collect(),
        single => vec![single],
    }
}

/// The values of a row as Rust's type has them.
fn numbers<T>(row: &Value, number: impl Fn(&Value) -> Option<T>) -> Vec<T> {
    flat(&row["values"])
        .into_iter()
        .map(|value| number(value).unwrap())
        .collect()
}

fn shape(row: &Value) -> Vec<usize> {
    serde_json::from_value(row["shape_in"].clone()).unwrap()
}

/// The row's values make the row's JSON and MessagePack, and are what is read from them.
fn assert_row<T: Element + PartialEq + std::fmt::Debug>(row: &Value, values: &[T]) {
    let made = Tensor::from_values(&shape(row), values).unwrap();
    assert_eq!(serde_json::to_value(&made).unwrap(), row["json"]);
    assert_eq!(hex::encode(made.to_msgpack()), row["msgpack_hex"]);
    let read: Tensor = serde_json::from_value(row["json"].clone()).unwrap();
    assert_eq!(read, made);
    assert_eq!(read.values::<T>().unwrap(), values);
}

#[test]
fn every_row_is_written_and_read() {
    let rows = rows();
    assert_eq!(rows.len(), 6);
    for row in &rows {
        match row["dtype_in"].as_str().unwrap() {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "the row's numbers are of this type"
            )]
            "float32" => assert_row(
                row,
                &numbers(row, |value| value.as_f64().map(|float| float as f32)),
            ),
            "int64" => assert_row(row, &numbers(row, Value::as_i64)),
            "bool" => assert_row(row, &numbers(row, Value::as_bool)),
            "uint8" => assert_row(
                row,
                &numbers(row, |value| value.as_u64().and_then(|int| u8::try_from(int).ok())),
            ),
            // A half is 0x3800, and Rust has no type for it.
            "float16" => {
                let made = Tensor::from_bytes(DType::Float16, &[1], vec![0x00, 0x38]).unwrap();
                assert_eq!(serde_json::to_value(&made).unwrap(), row["json"]);
                assert_eq!(hex::encode(made.to_msgpack()), row["msgpack_hex"]);
                assert_eq!(
                    serde_json::from_value::<Tensor>(row["json"].clone()).unwrap(),
                    made
                );
            }
            other => panic!("no such type: {other}"),
        }
    }
}

#[test]
fn the_json_has_the_keys_in_pythons_order() {
    let tensor = Tensor::from_values(&[3], &[1.0f32, 2.0, 3.5]).unwrap();
    assert_eq!(
        serde_json::to_string(&tensor).unwrap(),
        r#"{"buffer":"hcQCbmTDxAR0eXBlozxmNMQEa2luZMQAxAVzaGFwZZEDxARkYXRhxAwAAIA/AAAAQAAAYEA=","dtype":"float32","shape":[3]}"#
    );
}

#[test]
fn a_single_number_is_written_with_the_shape_zero() {
    let single = Tensor::from_values(&[], &[7.0f64]).unwrap();
    let json = serde_json::to_value(&single).unwrap();
    assert_eq!(json["shape"], json!([0]));
    let read: Tensor = serde_json::from_value(json).unwrap();
    assert_eq!(read.shape(), &[] as &[usize]);
    assert_eq!(read.values::<f64>().unwrap(), [7.0]);
}

#[test]
fn names_of_torch_are_kept() {
    let tensor = Tensor::from_values(&[1], &[1i64])
        .unwrap()
        .with_names(TypeNames::Torch);
    let json = serde_json::to_value(&tensor).unwrap();
    assert_eq!(json["dtype"], "torch.int64");
    let read: Tensor = serde_json::from_value(json).unwrap();
    assert_eq!(read.names(), TypeNames::Torch);
    assert_eq!(read, tensor);
}

/// Of the array [1, 2, 3.5]: the shape beside the buffer counts, as in Python.
#[test]
fn the_outer_shape_counts() {
    let buffer = BASE64_STANDARD.encode(
        Tensor::from_values(&[3], &[1.0f32, 2.0, 3.5])
            .unwrap()
            .to_msgpack(),
    );
    let read =
        |shape: &[usize]| Tensor::from_parts(&buffer, "float32", shape).map(|tensor| tensor.shape().to_vec());
    assert_eq!(read(&[3, 1]), Ok(vec![3, 1]));
    assert_eq!(read(&[0]), Ok(vec![3]));
    assert!(matches!(read(&[2]), Err(TensorError::Shape { found: 12, .. })));
    assert!(matches!(read(&[usize::MAX, 2]), Err(TensorError::Shape { .. })));
    assert!(matches!(
        read(&[1; MAX_RANK + 1]),
        Err(TensorError::TooManyDimensions { .. })
    ));
}

/// A map by hand: the entries are keys and values in hexadecimal.
fn map(entries: &[(&str, &str)]) -> String {
    let mut packed = vec![0x80 | u8::try_from(entries.len()).unwrap()];
    for (key, value) in entries {
        packed.extend([0xa0 | u8::try_from(key.len()).unwrap()]);
        packed.extend(key.bytes());
        packed.extend(hex::decode(value).unwrap());
    }
    BASE64_STANDARD.encode(packed)
}

#[test]
fn keys_are_read_in_any_order_and_as_text() {
    let buffer = map(&[
        ("data", "c40205ff"),
        ("shape", "91cd0002"),
        ("type", "a37c6931"),
        ("kind", "a0"),
        ("nd", "c3"),
    ]);
    let tensor = Tensor::from_parts(&buffer, "int8", &[2]).unwrap();
    assert_eq!(tensor.values::<i8>().unwrap(), [5, -1]);
    assert_eq!(
        tensor.values::<u8>(),
        Err(TensorError::OtherType {
            declared: DType::Uint8,
            packed: DType::Int8
        })
    );
}

#[test]
fn what_is_no_array_of_numbers_is_refused() {
    let [nd, kind] = [("nd", "c3"), ("kind", "c400")];
    let [shape, data, bytes] = [("shape", "9101"), ("data", "c40400000000"), ("type", "a33c6634")];
    let error = |entries: &[(&str, &str)]| Tensor::from_parts(&map(entries), "float32", &[1]).unwrap_err();
    assert!(Tensor::from_parts(&map(&[nd, bytes, kind, shape, data]), "float32", &[1]).is_ok());
    let big_endian = error(&[nd, ("type", "a33e6634"), kind, shape, data]);
    assert_eq!(
        big_endian,
        TensorError::BigEndian {
            name: ">f4".to_owned()
        }
    );
    let complex = error(&[nd, ("type", "a33c6338"), kind, shape, data]);
    assert_eq!(
        complex,
        TensorError::UnknownType {
            name: "<c8".to_owned()
        }
    );
    assert_eq!(
        error(&[nd, bytes, ("kind", "c40156"), shape, data]),
        TensorError::NotPlain
    );
    assert_eq!(
        error(&[nd, ("type", "90"), kind, shape, data]),
        TensorError::NotPlain
    );
    assert_eq!(
        error(&[("nd", "c2"), bytes, kind, shape, data]),
        TensorError::NotPlain
    );
    assert_eq!(
        error(&[nd, bytes, kind, shape]),
        TensorError::Missing { key: "data" }
    );
    assert_eq!(error(&[]), TensorError::Missing { key: "nd" });
    let negative = error(&[nd, bytes, kind, ("shape", "91ff"), data]);
    assert_eq!(negative, TensorError::Malformed { part: "shape" });
    // A length of 4 GiB in front of nothing.
    let cut = error(&[nd, bytes, kind, shape, ("data", "c6ffffffff")]);
    assert_eq!(cut, TensorError::Malformed { part: "data" });
    let short = error(&[nd, bytes, kind, shape, ("data", "c4020000")]);
    assert!(matches!(short, TensorError::Shape { found: 2, .. }));
    let other = Tensor::from_parts(&map(&[nd, bytes, kind, shape, data]), "torch.float64", &[1]);
    assert!(matches!(other, Err(TensorError::OtherType { .. })));
    let unnamed = Tensor::from_parts(&map(&[nd, bytes, kind, shape, data]), "torch.bfloat16", &[1]);
    assert!(matches!(unnamed, Err(TensorError::UnknownType { .. })));
    assert!(matches!(
        Tensor::from_parts("=", "bool", &[0]),
        Err(TensorError::Base64(_))
    ));
    assert!(Tensor::from_values(&[2], &[1u8]).is_err());
}

proptest! {
    #[test]
    fn any_buffer_is_read_or_refused(bytes in vec(any::<u8>(), 0..200), shape in vec(any::<usize>(), 0..4)) {
        drop(Tensor::from_parts(&BASE64_STANDARD.encode(bytes), "float32", &shape));
    }

    /// One wrong byte in a good buffer comes further into the reader.
    #[test]
    fn a_damaged_buffer_is_read_or_refused(place in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut packed = Tensor::from_values(&[2, 1], &[1.5f32, 2.0]).unwrap().to_msgpack();
        let place = place.index(packed.len());
        packed[place] = byte;
        drop(Tensor::from_parts(&BASE64_STANDARD.encode(packed), "float32", &[2]));
    }

    #[test]
    fn what_is_written_is_read(values in vec(any::<i32>(), 0..300)) {
        let tensor = Tensor::from_values(&[values.len()], &values).unwrap();
        let json = serde_json::to_string(&tensor).unwrap();
        prop_assert_eq!(serde_json::from_str::<Tensor>(&json).unwrap(), tensor);
    }
}
