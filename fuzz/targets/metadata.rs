//! Any bytes as the metadata of a chain: the client reads them or says why not.
#![no_main]

use libfuzzer_sys::fuzz_target;

// The client reads metadata on a thread of its own and takes a panic there for an answer of the wrong shape; what must
// not happen is the end of the process: an overflow of the stack, memory without bounds, a hang.
fuzz_target!(
    init: std::panic::set_hook(Box::new(|_| {})),
    |bytes: &[u8]| {
        let _ = std::panic::catch_unwind(|| assay_chain::fuzzing::read_metadata(bytes));
    }
);
