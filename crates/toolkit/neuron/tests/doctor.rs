//! What a checkup says of a machine and its hotkey, and that it says what to do.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod subnet;

use assay_chain::{
    AccountId, AxonAnnouncement, EndpointHealth, EndpointState, EpochSchedule, Hyperparameters, Metagraph,
};
use assay_devnet::BlockProduction;
use assay_neuron::{
    Circumstances, Finding, NotReached, Subject, Verdict,
    doctor::{
        AxonReading, ChainClock, Checkup, ClockReading, Examination, FileState, HomeReading, KeyFileReading,
        Role, examine,
    },
};
use std::{os::unix::fs::PermissionsExt, time::Duration};
use subnet::{Subnet, pair};

struct Chain {
    metagraph: Metagraph,
    rules: Hyperparameters,
    epochs: EpochSchedule,
}

impl Chain {
    async fn read(subnet: &Subnet) -> Self {
        let snapshot = subnet.client.pin().await.unwrap();
        Self {
            metagraph: snapshot.metagraph(subnet.netuid).await.unwrap(),
            rules: snapshot.hyperparameters(subnet.netuid).await.unwrap(),
            epochs: snapshot.epoch_schedule(subnet.netuid).await.unwrap(),
        }
    }

    fn of(&self, role: Role, hotkey: AccountId) -> Examination<'_> {
        Examination {
            role,
            circumstances: Circumstances {
                metagraph: &self.metagraph,
                hyperparameters: &self.rules,
                epochs: &self.epochs,
                block_time: Duration::from_secs(12),
                hotkey,
                version_key: None,
            },
            clock: None,
            nodes: &[],
            axon: None,
            key_files: &[],
            home: None,
        }
    }
}

fn about(checkup: &Checkup, subject: Subject) -> Vec<&Finding> {
    checkup
        .findings
        .iter()
        .filter(|finding| finding.subject == subject)
        .collect()
}

/// The one finding about something; whatever is not well has a remedy.
fn only(checkup: &Checkup, subject: Subject) -> (Verdict, String) {
    let found = about(checkup, subject);
    assert_eq!(found.len(), 1, "{found:?}");
    if found[0].verdict == Verdict::Stops {
        assert!(!checkup.works);
        assert!(found[0].remedy.is_some(), "{found:?}");
    }
    (found[0].verdict, found[0].fact.clone())
}

#[tokio::test]
async fn a_miner_is_told_about_its_slot_and_its_axon_and_not_about_weights() {
    let (devnet, subnet) = Subnet::with(&["Miner"], BlockProduction::OnDemand).await;
    let miner = subnet.hotkey("Miner");
    let chain = Chain::read(&subnet).await;
    let checkup = examine(&chain.of(Role::Miner, pair("//Stranger").account()));
    let (verdict, fact) = only(&checkup, Subject::Registration);
    assert_eq!((verdict, fact.contains("not registered")), (Verdict::Stops, true));

    let checkup = examine(&chain.of(Role::Miner, miner.account()));
    assert_eq!(only(&checkup, Subject::Registration).0, Verdict::Passes);
    assert_eq!(only(&checkup, Subject::Axon).0, Verdict::Stops);
    for subject in [
        Subject::Stake,
        Subject::Permit,
        Subject::RateLimit,
        Subject::RowLength,
    ] {
        assert!(about(&checkup, subject).is_empty(), "{subject:?}");
    }

    let address = "10.0.0.1:8091".parse().unwrap();
    let wanted = AxonAnnouncement {
        address,
        version: 1,
        protocol: 4,
    };
    let receipt = subnet
        .client
        .serve_axon(&miner, subnet.netuid, wanted)
        .await
        .unwrap();
    receipt.finalized().await.unwrap();
    let chain = Chain::read(&subnet).await;
    let refused = NotReached {
        reason: "connection refused".to_owned(),
    };
    let look = |role, wanted: &str, reached| {
        let axon = AxonReading {
            wanted: Some(wanted.parse().unwrap()),
            reached,
        };
        let mut examination = chain.of(role, miner.account());
        examination.axon = Some(&axon);
        examine(&examination)
    };
    let well = look(Role::Miner, "10.0.0.1:8091", Some(Ok(())));
    assert!(well.works, "{well:?}");
    assert_eq!(about(&well, Subject::Axon).len(), 2);
    let moved = look(Role::Miner, "10.0.0.1:9000", None);
    let (verdict, fact) = only(&moved, Subject::Axon);
    assert_eq!(verdict, Verdict::Stops);
    assert!(
        fact.contains("10.0.0.1:8091") && fact.contains("10.0.0.1:9000"),
        "{fact}"
    );
    let shut = look(Role::Miner, "10.0.0.1:8091", Some(Err(refused.clone())));
    assert!(!shut.works);
    let finding = about(&shut, Subject::Axon)[1];
    assert!(finding.fact.contains("connection refused"), "{finding:?}");
    assert!(finding.remedy.as_ref().unwrap().contains("8091"), "{finding:?}");
    // A validator can do without.
    let shut = look(Role::Validator, "10.0.0.1:8091", Some(Err(refused)));
    assert_eq!(about(&shut, Subject::Axon)[1].verdict, Verdict::Note);
    // And hears of what stands before its weights.
    assert_eq!(only(&shut, Subject::Permit).0, Verdict::Stops);
    devnet.stop().await;
}

#[tokio::test]
async fn the_machine_is_looked_at_as_it_is() {
    let (devnet, subnet) = Subnet::with(&["Miner"], BlockProduction::OnDemand).await;
    let chain = Chain::read(&subnet).await;
    let base = || chain.of(Role::Validator, subnet.hotkey("Miner").account());

    // The clock: the chain's in milliseconds, ours, and what a chain of one's own may do.
    let clock = |here_ms, chain_ms, chain_clock| {
        let mut examination = base();
        examination.clock = Some(ClockReading {
            here_ms,
            chain_ms,
            block_time: Duration::from_secs(12),
            chain_clock,
        });
        only(&examine(&examination), Subject::Clock)
    };
    let (wall, free) = (ChainClock::Wall, ChainClock::MayRunAhead);
    assert_eq!(clock(100_000, 95_000, wall).0, Verdict::Passes);
    assert_eq!(clock(100_000, 101_500, wall).0, Verdict::Passes);
    let (verdict, fact) = clock(100_000, 107_300, wall);
    assert_eq!(
        (verdict, fact.contains("7.3 s behind")),
        (Verdict::Stops, true),
        "{fact}"
    );
    assert_eq!(clock(100_000, 107_300, free).0, Verdict::Note);
    assert_eq!(clock(146_000, 100_000, wall).0, Verdict::Passes);
    assert_eq!(clock(200_000, 100_000, wall).0, Verdict::Note);
    let reading = ClockReading::take(&subnet.client).await.unwrap();
    assert_eq!(reading.chain_clock, free);
    assert!(
        reading.chain_ms.abs_diff(reading.here_ms) < 86_400_000,
        "{reading:?}"
    );

    // Files.
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("hotkey");
    let file = |path: &std::path::Path| {
        let reading = [KeyFileReading::take(path)];
        let mut examination = base();
        examination.key_files = &reading;
        only(&examine(&examination), Subject::KeyFile)
    };
    assert_eq!(file(&key).0, Verdict::Stops, "it is not there");
    fs_err::write(&key, "secret").unwrap();
    let chmod = |mode| fs_err::set_permissions(&key, std::fs::Permissions::from_mode(mode)).unwrap();
    chmod(0o644);
    let (verdict, fact) = file(&key);
    assert_eq!(
        (verdict, fact.contains("mode 644")),
        (Verdict::Note, true),
        "{fact}"
    );
    chmod(0o600);
    assert_eq!(file(&key).0, Verdict::Passes);
    let unreadable = KeyFileReading {
        path: key,
        state: FileState::Unreadable {
            reason: "permission denied".to_owned(),
        },
    };
    let mut examination = base();
    examination.key_files = std::slice::from_ref(&unreadable);
    assert_eq!(only(&examine(&examination), Subject::KeyFile).0, Verdict::Stops);

    // The disk.
    let home = |reading: &HomeReading| {
        let mut examination = base();
        examination.home = Some(reading);
        only(&examine(&examination), Subject::Home).0
    };
    let real = HomeReading::take(folder.path().join("not/yet/there"));
    assert_eq!(real.writable, Ok(()));
    assert!(real.free_bytes.unwrap() > 0);
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        1,
        "it leaves nothing behind"
    );
    let with = |free_bytes, writable| HomeReading {
        path: folder.path().to_owned(),
        free_bytes,
        writable,
    };
    assert_eq!(home(&with(Some(1 << 40), Ok(()))), Verdict::Passes);
    assert_eq!(home(&with(Some(500 << 20), Ok(()))), Verdict::Note);
    assert_eq!(home(&with(Some(50 << 20), Ok(()))), Verdict::Stops);
    assert_eq!(
        home(&with(Some(1 << 40), Err("read-only".to_owned()))),
        Verdict::Stops
    );

    // Nodes.
    let node = |state, lag, latency| EndpointHealth {
        endpoint: "ws://10.0.0.7:9944".parse().unwrap(),
        state,
        last_error: Some("refused".to_owned()),
        latency: Some(Duration::from_millis(latency)),
        head: None,
        lag: Some(lag),
    };
    let verdicts = |nodes: &[EndpointHealth]| -> Vec<Verdict> {
        let mut examination = base();
        examination.nodes = nodes;
        about(&examine(&examination), Subject::Node)
            .iter()
            .map(|finding| finding.verdict)
            .collect()
    };
    let (active, resting) = (EndpointState::Active, EndpointState::Resting);
    assert_eq!(
        verdicts(&[node(active, 0, 20), node(resting, 0, 20)]),
        [Verdict::Passes, Verdict::Note]
    );
    assert_eq!(verdicts(&[node(active, 40, 20)]), [Verdict::Note]);
    assert_eq!(verdicts(&[node(active, 0, 4_000)]), [Verdict::Note]);
    assert_eq!(
        verdicts(&[node(resting, 0, 20), node(EndpointState::OtherChain, 0, 20)]),
        [Verdict::Stops, Verdict::Note, Verdict::Note]
    );
    assert_eq!(verdicts(&subnet.client.endpoints()), [Verdict::Passes]);
    devnet.stop().await;
}
