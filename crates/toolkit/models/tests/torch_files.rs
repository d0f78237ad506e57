//! Files of `torch.save` that nobody should trust, written byte by byte.

use std::io::{Cursor, Write};

use assay_models::{TorchFileError, TorchTensor, list_torch_tensors};
use proptest::prelude::*;
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

/// A zip archive of stored entries.
fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, content) in entries {
        writer.start_file(*name, stored).expect("it is begun");
        writer.write_all(content).expect("it is written");
    }
    writer.finish().expect("it is finished").into_inner()
}

/// An archive of a pickle and one storage of six floats.
fn file(pickle: &[u8]) -> Vec<u8> {
    archive(&[
        ("a/data.pkl", pickle),
        ("a/byteorder", b"little"),
        ("a/data/0", &[0; 24]),
    ])
}

fn list(bytes: &[u8]) -> Result<Vec<TorchTensor>, TorchFileError> {
    list_torch_tensors(Cursor::new(bytes))
}

fn text(value: &str) -> Vec<u8> {
    let mut bytes = vec![b'X'];
    bytes.extend((value.len() as u32).to_le_bytes());
    bytes.extend(value.as_bytes());
    bytes
}

fn number(value: i64) -> Vec<u8> {
    let mut bytes = vec![0x8a, 8];
    bytes.extend(value.to_le_bytes());
    bytes
}

fn tuple(values: &[i64]) -> Vec<u8> {
    let mut bytes = vec![b'('];
    bytes.extend(values.iter().flat_map(|value| number(*value)));
    bytes.push(b't');
    bytes
}

/// `('storage', FloatStorage, key, 'cpu', elements)` as a persistent object.
fn storage(key: &str, elements: i64) -> Vec<u8> {
    let mut bytes = vec![b'('];
    bytes.extend(text("storage"));
    bytes.extend(b"ctorch\nFloatStorage\n");
    bytes.extend(text(key));
    bytes.extend(text("cpu"));
    bytes.extend(number(elements));
    bytes.extend(b"tQ");
    bytes
}

/// A pickle of one tensor.
fn tensor(storage: &[u8], offset: i64, shape: &[i64], strides: &[i64]) -> Vec<u8> {
    let mut pickle = b"\x80\x02}".to_vec();
    pickle.extend(text("w"));
    pickle.extend(b"ctorch._utils\n_rebuild_tensor_v2\n(");
    pickle.extend(storage);
    pickle.extend(number(offset));
    pickle.extend(tuple(shape));
    pickle.extend(tuple(strides));
    pickle.extend(b"\x89ccollections\nOrderedDict\n)RtRs.");
    pickle
}

fn sound() -> Vec<u8> {
    tensor(&storage("0", 6), 0, &[2, 3], &[3, 1])
}

#[test]
fn a_plain_dictionary_is_listed() {
    let listed = list(&file(&sound())).expect("it is sound");
    assert_eq!(
        listed,
        [TorchTensor {
            name: "w".to_owned(),
            shape: vec![2, 3],
            element: "F32".to_owned(),
        }]
    );
    let turned = tensor(&storage("0", 6), 0, &[3, 2], &[1, 3]);
    assert!(list(&file(&turned)).is_ok());
}

#[test]
fn a_tensor_must_lie_inside_of_its_storage() {
    for (name, storage_bytes, offset, shape, strides) in [
        ("behind the end", storage("0", 6), 4, vec![3], vec![1]),
        ("offset behind the end", storage("0", 6), 7, vec![], vec![]),
        (
            "a storage larger than its entry",
            storage("0", 7),
            0,
            vec![7],
            vec![1],
        ),
        (
            "a storage smaller than its entry",
            storage("0", 5),
            0,
            vec![5],
            vec![1],
        ),
        (
            "a stride that leaves it",
            storage("0", 6),
            0,
            vec![2, 2],
            vec![5, 1],
        ),
        (
            "one element shown a billion times",
            storage("0", 6),
            0,
            vec![1 << 30],
            vec![0],
        ),
        (
            "an overflow of sizes",
            storage("0", 6),
            0,
            vec![i64::MAX, 3],
            vec![1, 1],
        ),
        (
            "an overflow of strides",
            storage("0", 6),
            0,
            vec![3, 2],
            vec![i64::MAX, i64::MAX],
        ),
        (
            "an overflow of elements",
            storage("0", i64::MAX),
            0,
            vec![2],
            vec![1],
        ),
        (
            "an offset at the limit",
            storage("0", 6),
            i64::MAX,
            vec![2],
            vec![1],
        ),
    ] {
        let found = list(&file(&tensor(&storage_bytes, offset, &shape, &strides)));
        assert!(
            matches!(&found, Err(TorchFileError::OutsideStorage { tensor }) if tensor == "w"),
            "{name}: {found:?}"
        );
    }
    let missing = list(&file(&tensor(&storage("9", 6), 0, &[6], &[1])));
    assert!(
        matches!(&missing, Err(TorchFileError::MissingStorage { storage, .. }) if storage == "9"),
        "{missing:?}"
    );
    for (shape, strides) in [
        (vec![-1], vec![1]),
        (vec![2, 3], vec![1]),
        (vec![1; 9], vec![1; 9]),
    ] {
        let found = list(&file(&tensor(&storage("0", 6), 0, &shape, &strides)));
        assert!(matches!(found, Err(TorchFileError::Pickle { .. })), "{found:?}");
    }
}

#[test]
fn every_global_but_those_of_tensors_is_refused_by_name() {
    for (pickle, refused) in [
        (
            b"\x80\x02cos\nsystem\n(X\x02\x00\x00\x00lstR.".to_vec(),
            "os.system",
        ),
        (b"\x80\x02cbuiltins\neval\n.".to_vec(), "builtins.eval"),
        (
            b"\x80\x02ctorch.storage\n_load_from_bytes\n.".to_vec(),
            "torch.storage._load_from_bytes",
        ),
        (
            b"\x80\x02ctorch.nn\nFloatStorage\n.".to_vec(),
            "torch.nn.FloatStorage",
        ),
        (
            b"\x80\x04\x8c\x05posix\x8c\x06system\x93.".to_vec(),
            "posix.system",
        ),
        (
            b"\x80\x02c__builtin__\ngetattr\n.".to_vec(),
            "__builtin__.getattr",
        ),
    ] {
        let found = list(&file(&pickle));
        assert!(
            matches!(&found, Err(TorchFileError::Global { global }) if global == refused),
            "{refused}: {found:?}"
        );
    }
    // INST, OBJ, NEWOBJ, NEWOBJ_EX, the extension registry, out-of-band buffers, sets, text numbers.
    for operation in [
        b'i', b'o', 0x81, 0x92, 0x82, 0x83, 0x84, 0x97, 0x8f, b'I', b'P', b'd', b'2',
    ] {
        let found = list(&file(&[0x80, 4, b'}', operation, b'.']));
        assert!(
            matches!(found, Err(TorchFileError::Operation { operation: refused, at: 3 }) if refused == operation),
            "{found:?}"
        );
    }
}

#[test]
fn bombs_stay_small() {
    // Each tuple holds the one before it twice: 2^200 leaves, 200 objects.
    let mut doubling = b"\x80\x02)".to_vec();
    for _ in 0..200 {
        doubling.extend(b"q\x00h\x00\x86");
    }
    doubling.push(b'.');
    assert!(matches!(
        list(&file(&doubling)),
        Err(TorchFileError::NotAStateDict)
    ));

    let mut objects = b"\x80\x02".to_vec();
    objects.extend(std::iter::repeat_n(b'}', 2_000_000));
    assert!(matches!(
        list(&file(&objects)),
        Err(TorchFileError::TooMany { .. })
    ));

    let mut marks = b"\x80\x02".to_vec();
    marks.extend(std::iter::repeat_n(b'(', 2_000_000));
    assert!(matches!(list(&file(&marks)), Err(TorchFileError::TooMany { .. })));

    // A memo's index of four billion, and a text of four gigabytes that is not there.
    assert!(matches!(
        list(&file(b"\x80\x02}r\xff\xff\xff\xff.")),
        Err(TorchFileError::TooMany { .. })
    ));
    assert!(matches!(
        list(&file(b"\x80\x02X\xff\xff\xff\xffa")),
        Err(TorchFileError::Pickle { .. })
    ));
    let long = list(&file(&vec![b'('; 17 << 20]));
    assert!(matches!(long, Err(TorchFileError::TooMany { limit, .. }) if limit == 16 << 20));

    // A dictionary that contains itself.
    let found = list(&file(b"\x80\x02}q\x00X\x0a\x00\x00\x00state_dicth\x00s."));
    assert!(matches!(found, Err(TorchFileError::NotAStateDict)), "{found:?}");
}

#[test]
fn archives_that_torch_does_not_write_are_refused() {
    let pickle = sound();
    let data: (&str, &[u8]) = ("a/data/0", &[0; 24]);
    assert!(matches!(list(b""), Err(TorchFileError::NotAnArchive)));
    assert!(matches!(
        list(b"{\"json\": 1}"),
        Err(TorchFileError::NotAnArchive)
    ));
    assert!(matches!(
        list(b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."),
        Err(TorchFileError::Legacy)
    ));
    assert!(matches!(list(&archive(&[data])), Err(TorchFileError::NoPickle)));
    assert!(matches!(
        list(&archive(&[
            ("a/data.pkl", &pickle),
            ("b/data.pkl", &pickle),
            data
        ])),
        Err(TorchFileError::NoPickle)
    ));
    assert!(matches!(
        list(&archive(&[
            ("a/data.pkl", &pickle),
            ("a/byteorder", b"big"),
            data
        ])),
        Err(TorchFileError::BigEndian)
    ));
    // The method of the entries' compression, in the directory and before each entry.
    let mut squeezed = file(&pickle);
    for (signature, at) in [(b"PK\x01\x02", 10), (b"PK\x03\x04", 8)] {
        let places: Vec<usize> = (0..squeezed.len() - 4)
            .filter(|place| &squeezed[*place..place + 4] == signature)
            .collect();
        assert_eq!(places.len(), 3);
        for place in places {
            squeezed[place + at] = 8;
        }
    }
    let found = list(&squeezed);
    assert!(
        matches!(found, Err(TorchFileError::Compressed { .. })),
        "{found:?}"
    );
}

#[test]
fn a_file_that_ends_early_is_an_error_at_every_byte() {
    let pickle = sound();
    for length in 0..pickle.len() {
        assert!(
            list(&file(&pickle[..length])).is_err(),
            "{length} bytes of pickle"
        );
    }
    let whole = file(&pickle);
    for length in 0..whole.len() {
        assert!(list(&whole[..length]).is_err(), "{length} bytes of file");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_damage_makes_it_panic(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6), inside in any::<bool>()) {
        let mut pickle = sound();
        let mut whole = file(&pickle);
        let target = if inside { &mut pickle } else { &mut whole };
        for (place, value) in changes {
            let place = place.index(target.len());
            target[place] = value;
        }
        let bytes = if inside { file(&pickle) } else { whole };
        if let Ok(tensors) = list(&bytes) {
            for tensor in tensors {
                prop_assert!(tensor.shape.iter().product::<usize>() <= 24);
            }
        }
    }
}
