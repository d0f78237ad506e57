//! What a probe finds at an address: nobody, somebody else, an axon that refuses, and the right one.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use assay_axon::{
    Caller, Dialect, Finding, Identity, Probe, Target, probe,
    probe::{Identity as Whose, Unreachable},
    server::{Access, Axon, AxonConfig, Blacklisted},
};
use assay_keys::{Pair, Scheme};
use std::{net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

fn pair(uri: &str) -> Pair {
    Pair::from_uri(uri, Scheme::Sr25519).unwrap()
}

fn bob_at(address: SocketAddr) -> Target {
    Target {
        hotkey: pair("//Bob").account(),
        address,
    }
}

fn quick() -> Probe {
    Probe {
        answer: Duration::from_millis(300),
        ..Probe::default()
    }
}

/// Nobody but Alice.
struct OnlyAlice;

impl Access for OnlyAlice {
    fn admit(&self, caller: &Caller, _route: &str) -> Result<(), Blacklisted> {
        match &caller.identity {
            Identity::Hotkey(hotkey) if *hotkey == pair("//Alice").account() => Ok(()),
            _ => Err(Blacklisted {
                reason: "not in metagraph".to_owned(),
            }),
        }
    }
}

async fn axon(config: AxonConfig) -> Axon {
    Axon::build(pair("//Bob"), config)
        .access(OnlyAlice)
        .listen(&["127.0.0.1:0".parse().unwrap()])
        .await
        .unwrap()
}

/// A peer that says this to whoever connects, and closes when the other does.
async fn saying(answer: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = [0; 16_384];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(answer.as_bytes()).await;
                if answer.is_empty() {
                    while stream.read(&mut request).await.unwrap_or(0) > 0 {}
                }
            });
        }
    });
    address
}

#[tokio::test]
async fn the_right_axon_is_fine_to_whom_it_answers_in_either_manner() {
    for config in [AxonConfig::default(), AxonConfig::bittensor10()] {
        let axon = axon(config).await;
        let target = bob_at(axon.addresses()[0]);
        let alice = pair("//Alice");
        let report = probe(&target, Some(&alice), &Probe::default()).await;
        assert_eq!(report.finding, Finding::Fine, "{report:?}");
        assert_eq!(report.identity, Whose::Proven);
        let spoken: Vec<Dialect> = report.speaks().collect();
        assert_eq!(spoken, [Dialect::SynapseV10, Dialect::Btauth, Dialect::Epistula]);
        assert!(report.connected_in.unwrap() + report.answered_in.unwrap() <= report.took);

        // To a stranger it proves its hotkey all the same.
        let report = probe(&target, None, &Probe::default()).await;
        assert_eq!(report.finding, Finding::Fine, "{report:?}");

        let report = probe(&target, Some(&pair("//Eve")), &Probe::default()).await;
        let Finding::RefusesSigned { dialect, said } = &report.finding else {
            panic!("{report:?}")
        };
        assert_eq!((*dialect, said.status.as_u16()), (Dialect::SynapseV10, 403));
        assert_eq!(said.words, "Forbidden. Key is blacklisted: not in metagraph.");
        axon.stop().await;
    }
}

#[tokio::test]
async fn another_hotkeys_axon_is_not_taken_for_the_right_one() {
    for config in [AxonConfig::default(), AxonConfig::bittensor10()] {
        let axon = axon(config).await;
        let target = Target {
            hotkey: pair("//Charlie").account(),
            address: axon.addresses()[0],
        };
        let report = probe(&target, Some(&pair("//Alice")), &Probe::default()).await;
        assert!(
            matches!(report.finding, Finding::OtherHotkey { .. }),
            "{report:?}"
        );
        assert!(!report.is_fine());
        axon.stop().await;
    }
}

#[tokio::test]
async fn what_is_no_axon_is_said_to_be_what_it_is() {
    let nobody = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    let found = async |address: SocketAddr| probe(&bob_at(address), None, &quick()).await.finding;
    assert_eq!(found(nobody).await, Finding::Unreachable(Unreachable::Refused));
    assert_eq!(found("0.0.0.0:8091".parse().unwrap()).await, Finding::NotServing);
    let after = Duration::from_millis(300);
    assert_eq!(found(saying("").await).await, Finding::Silent { after });
    let garbage = found(saying("SSH-2.0-OpenSSH_9.6\r\n\r\n").await).await;
    assert!(matches!(garbage, Finding::NotHttp { .. }), "{garbage:?}");
    let other = found(saying("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello").await).await;
    let Finding::NotAnAxon { said } = &other else {
        panic!("{other:?}")
    };
    assert_eq!((said.status.as_u16(), said.words.as_str()), (200, "hello"));
    let closing = found(saying("HTTP/1.1 2").await).await;
    assert_eq!(closing, Finding::Closes);
    for finding in [garbage, other, closing] {
        assert!(!finding.to_string().is_empty());
    }
}

/// What becomes of whoever comes after the challenge.
#[derive(Clone, Copy, Debug)]
enum ThenIt {
    /// It waits for longer than this, on a clock that the test moves.
    Hangs(Duration),
    Closes,
}

/// A way to an axon that lets one connection through, and then no more: where a proxy has but one place, or where the
/// axon's work is stuck behind its door.
async fn letting_one_through(to: SocketAddr, then_it: ThenIt) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut first, _) = listener.accept().await.unwrap();
        let mut axon = TcpStream::connect(to).await.unwrap();
        tokio::spawn(async move { tokio::io::copy_bidirectional(&mut first, &mut axon).await });
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = [0; 16_384];
                assert!(stream.read(&mut request).await.unwrap() > 0);
                match then_it {
                    ThenIt::Hangs(until) => {
                        tokio::time::pause();
                        tokio::time::advance(until).await;
                        tokio::time::resume();
                        while stream.read(&mut request).await.unwrap_or(0) > 0 {}
                    }
                    ThenIt::Closes => {}
                }
            });
        }
    });
    address
}

#[tokio::test]
async fn an_axon_that_leaves_the_signed_caller_without_a_word_is_still_an_axon() {
    let axon = axon(AxonConfig::default()).await;
    let how = Probe::default();
    let after = how.answer;
    for (then_it, expected) in [
        (ThenIt::Hangs(after), Finding::Silent { after }),
        (ThenIt::Closes, Finding::Closes),
    ] {
        let address = letting_one_through(axon.addresses()[0], then_it).await;
        let report = probe(&bob_at(address), Some(&pair("//Alice")), &how).await;
        assert_eq!(report.identity, Whose::Proven, "{report:?}");
        assert_eq!(report.finding, expected, "{report:?}");
        assert_eq!(report.dialects.len(), 3);
    }
    axon.stop().await;
}

/// An axon that would rather have been somebody else repeats what another has signed: the proof is over a key that was
/// made for this probe.
#[tokio::test]
async fn a_proof_for_another_question_proves_nothing() {
    let axon = axon(AxonConfig::default()).await;
    // What the right axon signed for an earlier stranger.
    let report = probe(&bob_at(axon.addresses()[0]), None, &Probe::default()).await;
    assert_eq!(report.identity, Whose::Proven);
    let forged = saying(
        "HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\nbt_header_axon_status_code: 401\r\n\
         bt_header_axon_nonce: 1795162185562208017\r\nbt_header_axon_uuid: bc27224a-e4b9-11f1-87d5-02fc00000001\r\n\
         bt_header_axon_signature: 0xf8041a045d6953481af8b601075f43c346cc935f75014e20cdd49821f6b48f4281439c0cc6668e5b\
         625db85a654d82cfc65bd7dbe08bb636f82b3dddbfba6086\r\n\r\n",
    )
    .await;
    let target = Target {
        hotkey: "5EPCUjPxiHAcNooYipQFWr9NmmXJKpNG5RhcntXwbtUySrgH"
            .parse()
            .unwrap(),
        address: forged,
    };
    let report = probe(&target, None, &quick()).await;
    assert_eq!(report.finding, Finding::OtherHotkey { hotkey: None });
    axon.stop().await;
}
