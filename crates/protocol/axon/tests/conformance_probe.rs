//! What a probe finds of the axon of bittensor 10.5. By itself: that axon takes a port that was free a moment before, which
//! a test beside it could have.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use assay_axon::{Dialect, Finding, Probe, Target, probe, probe::DialectAnswer};
use assay_keys::{Pair, Scheme};
use std::{net::SocketAddr, time::Duration};

fn pair(uri: &str) -> Pair {
    Pair::from_uri(uri, Scheme::Sr25519).unwrap()
}

#[tokio::test]
#[ignore = "needs the Python peers: cargo xtask test runs it"]
async fn the_axon_of_bittensor_is_known_and_its_refusals_are_told() {
    let axon = assay_peers::Python::venv("sdk10")
        .script("conformance/sdk10/axon_serve.py")
        .serve();
    let said = axon.said();
    let port = u16::try_from(said["port"].as_u64().unwrap()).unwrap();
    let target = Target {
        hotkey: said["hotkey"].as_str().unwrap().parse().unwrap(),
        address: SocketAddr::from(([127, 0, 0, 1], port)),
    };
    let alice = pair("//Alice");
    let report = probe(&target, Some(&alice), &Probe::default()).await;
    assert_eq!(report.finding, Finding::Fine, "{report:?}");
    assert_eq!(report.speaks().collect::<Vec<_>>(), [Dialect::SynapseV10]);
    assert!(
        matches!(&report.dialects[1].1, DialectAnswer::Refused(_)),
        "{report:?}"
    );

    // It tells whose it is when it is asked for another's.
    let other = Target {
        hotkey: pair("//Bob").account(),
        ..target
    };
    let report = probe(&other, None, &Probe::default()).await;
    let hotkey = Some(target.hotkey);
    assert_eq!(report.finding, Finding::OtherHotkey { hotkey }, "{report:?}");

    let echo = serde_json::json!({"text": "hello"});
    let black = assay_axon::SynapseRequest::new("Black", &echo, Duration::from_secs(12)).unwrap();
    let how = Probe {
        request: Some(black.requiring(&["text"]).unwrap()),
        ..Probe::default()
    };
    let report = probe(&target, Some(&alice), &how).await;
    let Finding::RefusesSigned { said, .. } = &report.finding else {
        panic!("{report:?}")
    };
    assert_eq!(said.status.as_u16(), 403);
    assert_eq!(said.words, "Forbidden. Key is blacklisted: not today.");
}
