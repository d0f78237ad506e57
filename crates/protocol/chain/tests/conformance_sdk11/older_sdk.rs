//! bittensor 10.5 shields too, when asked to.

use crate::served::{Served, coldkey};
use serde_json::json;

#[test]
#[ignore = "needs the Python peers: cargo xtask test runs it"]
fn bittensor_10_sends_a_shielded_transfer() {
    let served = Served::start();
    let dave = coldkey("Dave").to_string();
    let told = served.run_with("sdk10", "shielded.py", &[&served.url(), &dave, "2.5"]);
    let transfer = &told[0];
    assert_eq!(transfer["success"], json!(true), "{transfer:#}");
    let rao = |when: &str| transfer[when].as_u64().unwrap();
    assert_eq!(rao("after") - rao("before"), 2_500_000_000);
}
