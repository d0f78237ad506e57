//! Any bytes as a file of `torch.save`, and as the pickle inside of one.
#![no_main]

use assay_models::list_torch_tensors;
use libfuzzer_sys::fuzz_target;
use std::io::{Cursor, Write};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

const STORAGE: [u8; 64] = [0; 64];

fn check(file: &[u8]) {
    let Ok(tensors) = list_torch_tensors(Cursor::new(file)) else {
        return;
    };
    for tensor in tensors {
        let elements: usize = tensor.shape.iter().product();
        assert!(elements <= file.len(), "a tensor has more elements than the file has bytes");
    }
}

fuzz_target!(|bytes: &[u8]| {
    check(bytes);
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, content) in [("a/data.pkl", bytes), ("a/data/0", &STORAGE)] {
        archive.start_file(name, stored).expect("it is begun");
        archive.write_all(content).expect("it is written");
    }
    check(&archive.finish().expect("it is finished").into_inner());
});
