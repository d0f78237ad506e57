//! Any bytes as a transaction: submitted, tried, and asked what they would cost.
#![no_main]

use assay_fuzz::{ask, check_alive, hexed};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

fuzz_target!(|bytes: &[u8]| {
    // With its right length in front most of them come further than to the first check.
    let mut framed = codec::Encode::encode(&codec::Compact(u32::try_from(bytes.len()).unwrap_or(u32::MAX)));
    framed.extend(bytes);
    for extrinsic in [bytes, &framed] {
        let extrinsic = hexed(extrinsic);
        for method in ["system_dryRun", "author_submitExtrinsic", "payment_queryInfo"] {
            ask(method, &json!([extrinsic]));
        }
    }
    check_alive();
});
