//! The dendrite on a machine that has no open files left. The test runs itself again in a process that may open few, as
//! it would otherwise take them from the tests beside it.

#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up fails by panicking"
)]

use assay_axon::{
    Dendrite, DendriteConfig, Outcome, SynapseRequest, Target,
    dendrite::{OwnFault, Verdict},
};
use assay_keys::{AccountId, Pair, Scheme};
use std::{fs::File, process::Command, time::Duration};

/// Set in the process that may open few files.
const FEW: &str = "ASSAY_TEST_FEW_FILES";

#[test]
fn when_files_run_out_it_is_our_own_fault() {
    if std::env::var_os(FEW).is_some() {
        return ask_without_files();
    }
    let output = Command::new("sh")
        .args([
            "-c",
            "ulimit -n 64 && exec \"$0\" --exact when_files_run_out_it_is_our_own_fault",
        ])
        .arg(std::env::current_exe().unwrap())
        .env(FEW, "1")
        // A trace of a failure is read from files, which there are none of.
        .env("RUST_BACKTRACE", "0")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
}

fn ask_without_files() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let pair = Pair::from_uri("//Alice", Scheme::Sr25519).unwrap();
    let dendrite = Dendrite::new(pair, DendriteConfig::default());
    let none = serde_json::json!({});
    let request = SynapseRequest::new("Echo", &none, Duration::from_secs(5)).unwrap();
    let target = Target {
        hotkey: AccountId([1; 32]),
        address: ([127, 0, 0, 1], 9).into(),
    };
    let _taken: Vec<File> = std::iter::from_fn(|| File::open("/dev/null").ok()).collect();
    let reply = runtime.block_on(dendrite.call(&target, &request));
    assert!(
        matches!(reply.outcome, Outcome::OwnFault(OwnFault::Machine { .. })),
        "{reply:?}"
    );
    assert_eq!(reply.outcome.verdict(), Verdict::OwnFault);
}
