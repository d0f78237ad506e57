//! A whole neuron: who may start, what a scorer's rounds may do to it, and what it leaves on disk.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod echoing;
mod recorded;
mod subnet;

use assay_chain::{Alpha, Block, scale_value::Value};
use assay_devnet::BlockProduction;
use assay_neuron::{
    AttemptStage, Exit, Miner, NeuronError, NeuronRecords, NotRegistered, Pace, RestartPolicy, ScoreBook,
    Shutdown, StakeCheck, TaskFailure, Validator, WeightHistory, WeightSchedule, WeightSettings,
};
use assay_records::{Log, LogConfig};
use echoing::{POOR, Skill, config, mine, score};
use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use subnet::{Subnet, pair};
use tokio::time::{Instant, timeout};

/// No wait of these tests may take longer.
const HANG: Duration = Duration::from_secs(120);

const BLOCKS: BlockProduction = BlockProduction::Every(Duration::from_millis(100));

async fn idle(_: assay_neuron::Context) -> Result<(), Infallible> {
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_work_is_told_why_and_what_to_do_before_anything_is_made() {
    let (devnet, subnet) = Subnet::with(&["Poor"], BlockProduction::OnDemand).await;
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    let start = async |hotkey, check| {
        let config = config(&devnet.url(), subnet.netuid, hotkey, &home);
        let validator = Validator::new(config).score(idle).stake(check);
        timeout(HANG, validator.run_until(Shutdown::new()))
            .await
            .unwrap()
            .unwrap_err()
    };
    let error = start(pair("//Stranger"), StakeCheck::Chain).await;
    assert_eq!(error.code(), 77, "{error}");
    assert!(error.hint().unwrap().contains("assay subnet register"), "{error}");

    let minimum = Alpha::from_alpha(5);
    let error = start(subnet.hotkey("Poor"), StakeCheck::AtLeast(minimum)).await;
    let NeuronError::Registration(NotRegistered::StakeTooLow { stake, .. }) = error else {
        panic!("{error}")
    };
    assert_eq!(stake, Alpha::ZERO);
    assert_eq!(
        error.hint().unwrap(),
        format!(
            "stake 5 α more on the hotkey: assay stake add --netuid {}",
            subnet.netuid
        )
    );
    // The chain's own threshold.
    subnet
        .root("sudo_set_stake_threshold", "min_stake", Value::u128(1_000))
        .await;
    let error = start(subnet.hotkey("Poor"), StakeCheck::Chain).await;
    assert!(
        matches!(
            error,
            NeuronError::Registration(NotRegistered::StakeTooLow { .. })
        ),
        "{error}"
    );

    let bare = config(&devnet.url(), subnet.netuid, subnet.hotkey("Poor"), &home);
    let error = Miner::new(bare.clone())
        .run_until(Shutdown::new())
        .await
        .unwrap_err();
    assert_eq!((error.code(), error.to_string().contains("axon")), (78, true));
    let error = Validator::new(bare).run_until(Shutdown::new()).await.unwrap_err();
    assert!(error.to_string().contains("scorer"));
    assert!(!home.exists(), "nothing is made before it may work");
    devnet.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_out_of_reach_is_waited_for_as_long_as_said_and_a_shutdown_ends_the_wait() {
    let folder = tempfile::tempdir().unwrap();
    let nobody = "ws://127.0.0.1:9";
    let mut config = config(nobody, assay_chain::NetUid(2), pair("//Someone"), folder.path());
    config.start_patience = Duration::from_secs(2);
    let validator = Validator::new(config.clone()).score(idle);
    let error = timeout(HANG, validator.run_until(Shutdown::new()))
        .await
        .unwrap()
        .unwrap_err();
    assert_eq!(error.code(), 69, "{error}");

    config.start_patience = HANG * 10;
    let shutdown = Shutdown::new();
    let waiting = tokio::spawn(Validator::new(config).score(idle).run_until(shutdown.clone()));
    shutdown.begin();
    let exit = timeout(HANG, waiting).await.unwrap().unwrap().unwrap();
    assert!(matches!(exit, Exit::Stopped), "{exit}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_round_that_falls_silent_is_begun_anew_and_given_up_in_the_end() {
    let (devnet, subnet) = Subnet::with(&["Validator"], BlockProduction::OnDemand).await;
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(
        &devnet.url(),
        subnet.netuid,
        subnet.hotkey("Validator"),
        folder.path(),
    );
    config.restarts = RestartPolicy {
        restarts: 2,
        first_pause: Duration::from_millis(10),
        ..RestartPolicy::default()
    };
    let begun = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&begun);
    let me = subnet.hotkey("Validator").account();
    let validator = Validator::new(config)
        .stake(StakeCheck::Unchecked)
        .silence(Duration::from_millis(1_500))
        .score(move |context| {
            counted.fetch_add(1, Ordering::SeqCst);
            async move {
                context.reward(me, 1.0)?;
                // Signs of life keep it for longer than the limit, then there are none.
                for _ in 0..5 {
                    tokio::time::sleep(Duration::from_millis(400)).await;
                    context.alive();
                }
                std::future::pending::<()>().await;
                Ok::<_, assay_neuron::ScoreBookError>(())
            }
        });
    let exit = timeout(HANG, validator.run_until(Shutdown::new()))
        .await
        .unwrap()
        .unwrap();
    let Exit::GaveUp { task, failure } = &exit else {
        panic!("{exit}")
    };
    assert_eq!((task.as_str(), exit.code()), ("rounds", 1));
    assert!(matches!(failure, TaskFailure::Silent { .. }), "{failure}");
    assert_eq!(begun.load(Ordering::SeqCst), 3);
    // What was rewarded until then is kept.
    let book = ScoreBook::open(folder.path().join("scores.json"), subnet.netuid).unwrap();
    assert_eq!(book.get(&me).unwrap().observations, 3);
    devnet.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_neuron_whose_slot_is_taken_away_ends_with_a_code_and_a_hint_and_keeps_its_scores() {
    let (devnet, subnet) = Subnet::with(&["Miner", "Validator"], BLOCKS).await;
    let folder = tempfile::tempdir().unwrap();
    let home = |name: &str| folder.path().join(name);
    let settings = |name| config(&devnet.url(), subnet.netuid, subnet.hotkey(name), &home(name));
    let shutdown = Shutdown::new();
    let miner = mine(settings("Miner"), Skill::Good, &shutdown);
    let (scored, mut scores) = tokio::sync::watch::channel(false);
    let of_whom = subnet.hotkey("Miner").account();
    let validator = Validator::new(settings("Validator"))
        .stake(StakeCheck::Unchecked)
        .score(move |context| {
            let scored = scored.clone();
            async move {
                context.reward(of_whom, 1.0)?;
                scored.send_replace(true);
                Ok::<_, assay_neuron::ScoreBookError>(())
            }
        });
    let validator = tokio::spawn(validator.run_until(shutdown.clone()));
    let is_published = async {
        while subnet
            .client
            .metagraph(subnet.netuid)
            .await
            .unwrap()
            .by_hotkey(&of_whom)
            .unwrap()
            .axon
            .is_none()
        {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(HANG, is_published).await.unwrap();
    timeout(HANG, scores.wait_for(|scored| *scored))
        .await
        .unwrap()
        .unwrap();

    for (name, running) in [("Miner", miner), ("Validator", validator)] {
        let hotkey = subnet.hotkey(name).account();
        subnet.give_slot_away(name).await;
        let error = timeout(HANG, running).await.unwrap().unwrap().unwrap_err();
        assert!(
            matches!(error, NeuronError::SlotLost(NotRegistered::Unregistered { .. })),
            "{name}: {error}"
        );
        assert_eq!(error.code(), 77, "{name}: {error}");
        assert_eq!(
            error.to_string(),
            format!(
                "the neuron has lost its slot: hotkey {hotkey} is not registered in subnet {}",
                subnet.netuid
            )
        );
        let hint = error.hint().unwrap();
        assert!(
            hint.contains("assay subnet register") && hint.contains("start the neuron again"),
            "{hint}"
        );
    }
    let book = ScoreBook::open(home("Validator").join("scores.json"), subnet.netuid).unwrap();
    assert!(book.get(&of_whom).is_some());
    devnet.stop().await;
}

/// What the child process of the next test does.
const CHILD: &str = "ASSAY_TEST_BLOCKS_ITS_THREAD";

#[test]
fn a_round_that_blocks_its_thread_ends_the_process_with_a_code_of_its_own() {
    if std::env::var_os(CHILD).is_some() {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let (devnet, subnet) = Subnet::with(&["Validator"], BlockProduction::OnDemand).await;
            let folder = tempfile::tempdir().unwrap();
            let mut config = config(
                &devnet.url(),
                subnet.netuid,
                subnet.hotkey("Validator"),
                folder.path(),
            );
            config.stuck_after = Duration::from_millis(500);
            let validator = Validator::new(config)
                .stake(StakeCheck::Unchecked)
                .score(|_| async {
                    loop {
                        std::thread::sleep(Duration::from_millis(100));
                    }
                    #[expect(unreachable_code, reason = "it says what the result would be")]
                    Ok::<_, Infallible>(())
                });
            validator.run_until(Shutdown::new()).await.unwrap();
        });
        return;
    }
    let name = "a_round_that_blocks_its_thread_ends_the_process_with_a_code_of_its_own";
    let mut child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(CHILD, "1")
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let until = std::time::Instant::now() + HANG;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if std::time::Instant::now() > until {
            child.kill().unwrap();
            panic!("the process hangs");
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    assert_eq!(status.code(), Some(i32::from(assay_neuron::STUCK)));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_epoch_has_a_row_a_kill_loses_no_score_and_the_records_tell_what_happened() {
    let (devnet, subnet) = Subnet::with(&["Validator", "Good", "Poor"], BlockProduction::OnDemand).await;
    subnet.permit(&devnet, "Validator").await;
    subnet.admin("sudo_set_tempo", "tempo", Value::u128(20)).await;
    devnet.set_block_production(BLOCKS).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let home = |name: &str| folder.path().join(name);
    let shutdown = Shutdown::new();
    // Neurons of one process share its log, each under its own name.
    let log = Log::open(LogConfig::new(home("records"), "the process")).unwrap();
    let settings = |name| {
        let hotkey = subnet.hotkey(name);
        let records = NeuronRecords::new(log.as_source(&hotkey.account().to_string()), "echo");
        config(&devnet.url(), subnet.netuid, hotkey, &home(name)).with_records(records)
    };
    let miners = [
        mine(settings("Good"), Skill::Good, &shutdown),
        mine(settings("Poor"), Skill::Poor, &shutdown),
    ];
    let (good, poor) = (subnet.hotkey("Good").account(), subnet.hotkey("Poor").account());
    // Only when both are there does the validator begin, so that none is asked too early.
    let until = Instant::now() + HANG;
    loop {
        let metagraph = subnet.client.metagraph(subnet.netuid).await.unwrap();
        if [good, poor]
            .iter()
            .all(|miner| metagraph.by_hotkey(miner).unwrap().axon.is_some())
        {
            break;
        }
        assert!(Instant::now() < until, "the miners are not published");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let begun = Arc::new(AtomicU32::new(0));
    let validate = || {
        let mut config = settings("Validator");
        config.records = config.records.map(NeuronRecords::with_chain);
        let begun = Arc::clone(&begun);
        // A round takes longer than an epoch.
        let validator = Validator::new(config)
            .pace(Pace::Time(Duration::from_millis(2_500)))
            .weights(WeightSettings {
                schedule: WeightSchedule::Epochs { lead: 10 },
                ..WeightSettings::default()
            })
            .score(move |context| {
                begun.fetch_add(1, Ordering::SeqCst);
                score(context)
            });
        tokio::spawn(validator.run_until(shutdown.clone()))
    };
    let applied = || -> Vec<Block> {
        let history = WeightHistory::look(home("Validator").join("weights.jsonl")).unwrap_or_default();
        let applied = history
            .iter()
            .filter(|attempt| matches!(attempt.stage(), Some(AttemptStage::Applied { .. })));
        applied.filter_map(assay_neuron::Attempt::taken_at).collect()
    };
    let rows = async |count: usize| {
        let until = Instant::now() + HANG;
        while applied().len() < count {
            assert!(Instant::now() < until, "only {:?}", applied());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let validator = validate();
    rows(4).await;
    // Killed between two steps, without a chance to end well.
    validator.abort();
    let _ = validator.await;
    let before = applied();
    let lengths: Vec<u64> = before.windows(2).map(|pair| pair[1].since(pair[0])).collect();
    assert!(
        lengths.iter().all(|blocks| (11..=31).contains(blocks)),
        "{before:?}: one in each epoch of 21 blocks"
    );

    // The lock of a killed process goes with it; here the tasks that hold it end a moment later.
    let until = Instant::now() + HANG;
    let book = loop {
        match ScoreBook::open(home("Validator").join("scores.json"), subnet.netuid) {
            Ok(book) => break book,
            Err(error) => assert!(Instant::now() < until, "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let values = [good, poor].map(|miner| book.get(&miner).unwrap().value);
    assert_eq!(values, [1.0, POOR]);
    drop(book);

    let validator = validate();
    rows(before.len() + 2).await;
    let axon = subnet.client.metagraph(subnet.netuid).await.unwrap();
    let axon = axon.by_hotkey(&good).unwrap().axon.unwrap().address;
    let unsigned = tokio::task::spawn_blocking(move || recorded::ask_unsigned(axon))
        .await
        .unwrap();
    shutdown.begin();
    for running in miners.into_iter().chain([validator]) {
        let exit = timeout(HANG, running).await.unwrap().unwrap().unwrap();
        assert!(matches!(exit, Exit::Stopped), "{exit}");
    }
    let stored = subnet.client.weights(subnet.netuid).await.unwrap();
    let values: Vec<u16> = stored[0].entries.iter().map(|(_, value)| *value).collect();
    assert_eq!(values, [0, 0, 65535, 16384], "owner, validator, good, poor");

    let (folder, me) = (home("records"), subnet.hotkey("Validator").account());
    let history = WeightHistory::look(home("Validator").join("weights.jsonl")).unwrap();
    recorded::attempts(&folder, &me, &history);
    assert_eq!(recorded::applied_row(&folder, &me), values);
    let begun = begun.load(Ordering::SeqCst);
    let whole = recorded::rounds(&folder, &me, begun, &[(good, 1.0), (poor, POOR)]);
    assert!(begun - whole <= 2, "only the two that were ended in their middle");
    recorded::calls(&folder, &good, &me, whole, begun, unsigned);
    recorded::hardware(&folder);
    let owner = assay_chain::AccountId(pair("//Alice//owner").account().0);
    recorded::chain(&folder, &me, &[owner, me, good, poor]);
    devnet.stop().await;
}
