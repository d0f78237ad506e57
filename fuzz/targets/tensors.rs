//! Any bytes as a tensor: the MessagePack of numpy, and the JSON around it.
#![no_main]

use assay_axon::Tensor;
use base64::{Engine, prelude::BASE64_STANDARD};
use libfuzzer_sys::fuzz_target;

const TYPES: [&str; 8] = [
    "float32",
    "float16",
    "float64",
    "int8",
    "int64",
    "uint8",
    "bool",
    "torch.float32",
];

fn check(tensor: &Tensor) {
    let packed = BASE64_STANDARD.encode(tensor.to_msgpack());
    let json = serde_json::to_string(tensor).expect("it is written");
    let again: Tensor = serde_json::from_str(&json).expect("what was written is read");
    assert_eq!(&again, tensor);
    assert!(json.contains(&packed));
    let _ = (
        tensor.values::<f32>(),
        tensor.values::<i64>(),
        tensor.values::<bool>(),
    );
}

fuzz_target!(|bytes: &[u8]| {
    if let Ok(tensor) = serde_json::from_slice::<Tensor>(bytes) {
        check(&tensor);
    }
    let Some((&[kind, rank, first, second], packed)) = bytes.split_first_chunk::<4>() else {
        return;
    };
    let shape = [usize::from(first), usize::from(second), usize::MAX];
    let shape = &shape[..usize::from(rank % 4)];
    let buffer = BASE64_STANDARD.encode(packed);
    let name = TYPES[usize::from(kind) % TYPES.len()];
    if let Ok(tensor) = Tensor::from_parts(&buffer, name, shape) {
        check(&tensor);
    }
});
