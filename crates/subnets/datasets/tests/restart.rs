//! A validator killed with SIGKILL again and again goes on where it was.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod stage;

use std::{
    collections::HashMap,
    env,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::mpsc,
};

use assay_chain::{ChainClient, ConnectOptions};
use assay_datasets::{
    DatasetEvent, EventKind, EventSink, Validator,
    event::{Standing, Waiting, WeightsStage},
    profile::CompetitionId,
    state::{RoundState, State},
};
use assay_hub::HubClient;
use stage::{Account, DEADLINE, Stage, accounts, rows};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

const CHAIN: &str = "ASSAY_TEST_CHAIN";
const HUB: &str = "ASSAY_TEST_HUB";
const NETUID: &str = "ASSAY_TEST_NETUID";
const FOLDER: &str = "ASSAY_TEST_FOLDER";
const NAME: &str = "ASSAY_TEST_NAME";

/// The process that is killed: a validator that writes its events to its standard output.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the process that the other test starts and kills; does nothing by itself"]
async fn child_validator() {
    let Ok(chain) = env::var(CHAIN) else { return };
    let var = |name| env::var(name).unwrap();
    let chain = ChainClient::connect(chain.parse().unwrap(), ConnectOptions::default())
        .await
        .unwrap();
    let hub = HubClient::new(&var(HUB), None).unwrap();
    let folder = PathBuf::from(var(FOLDER));
    let config = stage::validator_config(var(NETUID).parse().unwrap(), &folder, &var(NAME));
    let (sender, mut events) = broadcast::channel::<DatasetEvent>(16 * 1024);
    let hotkey = stage::hotkey_of(&var(NAME));
    let sink = EventSink::new(hotkey.account(), sender);
    tokio::spawn(Validator::new(chain, hub, hotkey, config, sink).run(CancellationToken::new()));
    while let Ok(event) = events.recv().await {
        println!("EVENT {}", serde_json::to_string(&event).unwrap());
    }
}

/// Whether it is time to kill.
type Moment<'a> = &'a dyn Fn(&EventKind) -> bool;

/// A running child and what it tells.
struct Running {
    child: Child,
    lines: mpsc::Receiver<EventKind>,
}

impl Running {
    fn start(stage: &Stage, account: &Account) -> Self {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--ignored", "--exact", "child_validator", "--nocapture"])
            .env(CHAIN, stage.devnet.url())
            .env(HUB, stage.hub.url())
            .env(NETUID, stage.netuid.to_string())
            .env(FOLDER, stage.folder.path())
            .env(NAME, &account.name)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = std::io::BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in std::io::BufRead::lines(output).map_while(Result::ok) {
                // The first event shares its line with the test harness's own words.
                let Some((_, event)) = line.split_once("EVENT ") else {
                    continue;
                };
                let event: DatasetEvent = serde_json::from_str(event).unwrap();
                if sender.send(event.kind).is_err() {
                    return;
                }
            }
        });
        Self { child, lines }
    }

    /// Reads on until `wanted`, then kills the process; what it told until then.
    fn kill_at(mut self, wanted: impl Fn(&EventKind) -> bool) -> Vec<EventKind> {
        let mut told = Vec::new();
        loop {
            let event = self
                .lines
                .recv_timeout(DEADLINE)
                .expect("the validator came to nothing");
            let now = wanted(&event);
            told.push(event);
            if now {
                break;
            }
        }
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        // What it told before it died, and we had not read yet, happened too.
        told.extend(self.lines.iter());
        told
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_killed_validator_goes_on_and_does_nothing_twice() {
    let validators = accounts(["calm", "killed"]);
    let [calm, killed] = &validators;
    let miners = accounts(["noisy", "clean", "tiny", "malformed"]);
    let stage = Stage::build(&validators.each_ref(), &miners.each_ref()).await;
    for miner in &miners {
        stage
            .publish(miner, &rows(&format!("{}.jsonl", miner.name), 24))
            .await;
    }
    stage.epoch().await;

    let first_step = |kind: &EventKind| matches!(kind, EventKind::Training { step: 1, .. });
    let third_step = |kind: &EventKind| matches!(kind, EventKind::Training { step: 3, .. });
    let moments: [(&str, Moment<'_>); 9] = [
        ("the round began", &|kind| {
            matches!(kind, EventKind::RoundStarted { .. })
        }),
        ("a dataset is downloaded", &|kind| {
            matches!(kind, EventKind::Downloading { .. })
        }),
        ("a dataset passed", &|kind| {
            matches!(kind, EventKind::Accepted { .. })
        }),
        ("training began", &first_step),
        ("training is under way", &third_step),
        ("a dataset has its loss", &|kind| {
            matches!(kind, EventKind::Evaluated { .. })
        }),
        ("the next is measured", &|kind| {
            matches!(kind, EventKind::Evaluating { .. })
        }),
        ("the table is made", &|kind| {
            matches!(kind, EventKind::RoundScored { .. })
        }),
        ("weights are on their way", &|kind| {
            matches!(
                kind,
                EventKind::Weights {
                    stage: WeightsStage::Submitted | WeightsStage::Finalized { .. },
                    ..
                }
            )
        }),
    ];
    let mut evaluated: HashMap<_, u32> = HashMap::new();
    for (moment, wanted) in moments {
        let told = tokio::task::block_in_place(|| Running::start(&stage, killed).kill_at(wanted));
        for event in &told {
            match event {
                EventKind::Evaluated { hotkey, .. } => *evaluated.entry(*hotkey).or_default() += 1,
                EventKind::OwnFault { fault, .. } => panic!("killed when {moment}, it failed: {fault}"),
                EventKind::RoundDropped { reason, .. } => {
                    panic!("killed when {moment}, it dropped: {reason}")
                }
                _ => {}
            }
        }
    }
    let told = tokio::task::block_in_place(|| {
        Running::start(&stage, killed).kill_at(|kind| {
            matches!(
                kind,
                EventKind::Waiting {
                    why: Waiting::NextRound { .. }
                }
            )
        })
    });
    assert!(evaluated.values().all(|times| *times == 1), "{evaluated:?}");

    // The same as a validator that nobody disturbs.
    let mut undisturbed = stage.validator(calm, stage.validator_config("calm"));
    let expected = undisturbed.table().await;
    undisturbed.weights().await;
    undisturbed.stop().await;
    let open = async |name| State::open(&stage.folder.path().join(name)).await.unwrap();
    let (calm_state, killed_state) = (open("calm").await, open("killed").await);
    let round = killed_state
        .newest_round(stage.netuid, &CompetitionId::seed())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(round.state, RoundState::Done);
    assert_eq!(killed_state.scores(round.id).await.unwrap(), expected);
    // Whoever listens to the last process hears the result that an earlier one made.
    let recalled = told.iter().find_map(|event| match event {
        EventKind::RoundScored { rows, .. } => Some(rows),
        _ => None,
    });
    // A number that went through JSON may differ in its last bit.
    let through_json = serde_json::from_str(&serde_json::to_string(&expected).unwrap()).unwrap();
    assert_eq!(recalled, Some(&through_json));
    let results = async |state: &State| {
        let mut results: Vec<_> = state
            .evaluations()
            .await
            .unwrap()
            .into_iter()
            .map(|done| {
                (
                    done.repo.to_string(),
                    done.seed,
                    done.measured.loss,
                    done.measured.row_losses,
                )
            })
            .collect();
        results.sort_by(|a, b| a.0.cmp(&b.0));
        results
    };
    let done = results(&killed_state).await;
    assert_eq!(done.len(), 3);
    assert_eq!(done, results(&calm_state).await);
    assert_eq!(
        expected
            .iter()
            .filter(|s| matches!(s.standing, Standing::BadAnswer(_)))
            .count(),
        1
    );

    // Both rows stand on chain, and are equal.
    let stored = stage.chain.weights(stage.netuid).await.unwrap();
    assert_eq!(stored.len(), 2);
    assert_eq!(stored[0].entries, stored[1].entries);
}
