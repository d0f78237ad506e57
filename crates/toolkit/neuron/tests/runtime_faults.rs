//! Neurons in bad times: slots change hands, the subnet grows and shrinks, and the chain stalls, resets and half-opens
//! behind a proxy. No score is lost, none goes to the wrong miner, and nothing hangs.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod echoing;
#[path = "../../../protocol/chain/tests/chaos/proxy.rs"]
mod proxy;
mod subnet;

use assay_chain::{AccountId, Block, Uid, scale_value::Value};
use assay_devnet::{BlockProduction, Devnet};
use assay_neuron::{
    Attempt, AttemptStage, Exit, Pace, ScoreBook, Shutdown, Validator, WeightHistory, WeightSchedule,
    WeightSettings,
};
use echoing::{POOR, Running, Skill, config, mine, score};
use proxy::{Network, Proxy};
use std::{collections::BTreeMap, path::Path, time::Duration};
use subnet::Subnet;
use tokio::time::{Instant, sleep, timeout};

/// No wait of this test may take longer.
const HANG: Duration = Duration::from_secs(120);

/// How long bad times last: epochs pass meanwhile.
const BAD: Duration = Duration::from_secs(4);

const VALIDATORS: [&str; 2] = ["First", "Second"];

async fn until(what: &str, mut reached: impl AsyncFnMut() -> bool) {
    let until = Instant::now() + HANG;
    while !reached().await {
        assert!(Instant::now() < until, "{what}: not within {HANG:?}");
        sleep(Duration::from_millis(50)).await;
    }
}

struct Stage<'a> {
    subnet: &'a Subnet,
    home: &'a Path,
}

impl Stage<'_> {
    fn account(&self, name: &str) -> AccountId {
        self.subnet.hotkey(name).account()
    }

    async fn uid(&self, name: &str) -> Option<Uid> {
        self.subnet
            .client
            .uid(self.subnet.netuid, &self.account(name))
            .await
            .unwrap()
    }

    fn attempts(&self, validator: &str) -> Vec<Attempt> {
        WeightHistory::look(self.home.join(validator).join("weights.jsonl")).unwrap_or_default()
    }

    /// How many slots the subnet has.
    async fn most_neurons(&self, most: u128) {
        self.subnet
            .admin("sudo_set_max_allowed_uids", "max_allowed_uids", Value::u128(most))
            .await;
    }

    /// Waits until every validator has a row that the chain took after now, and that pays these and nobody else.
    async fn rows_pay(&self, what: &str, expected: &[(&str, Paid)]) {
        let since = self.subnet.client.head().await.unwrap().number;
        let expected: BTreeMap<AccountId, Paid> = expected
            .iter()
            .map(|(name, paid)| (self.account(name), *paid))
            .collect();
        for validator in VALIDATORS {
            until(&format!("{what}: a row of {validator}"), async || {
                let attempts = self.attempts(validator);
                let newest = attempts.iter().rfind(|attempt| is_applied_after(attempt, since));
                let Some(start) = newest.and_then(|attempt| attempt.start.as_ref()) else {
                    return false;
                };
                let paid: BTreeMap<AccountId, Paid> = start
                    .entries
                    .iter()
                    .filter_map(|entry| Some((entry.hotkey, Paid::of(entry.value)?)))
                    .collect();
                paid == expected
            })
            .await;
        }
    }
}

/// What a row gives to a miner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Paid {
    /// The largest weight.
    Most,
    /// Less.
    Some,
}

impl Paid {
    fn of(value: u16) -> Option<Self> {
        match value {
            0 => None,
            u16::MAX => Some(Self::Most),
            _ => Some(Self::Some),
        }
    }
}

fn is_applied_after(attempt: &Attempt, block: Block) -> bool {
    matches!(attempt.stage(), Some(AttemptStage::Applied { .. }))
        && attempt.taken_at().is_some_and(|taken| taken > block)
}

async fn world() -> (Devnet, Subnet) {
    let neurons = ["Idle", "First", "Second", "Poor", "Good"];
    let (devnet, subnet) = Subnet::with(&neurons, BlockProduction::OnDemand).await;
    for validator in VALIDATORS {
        subnet.permit(&devnet, validator).await;
    }
    subnet.admin("sudo_set_tempo", "tempo", Value::u128(20)).await;
    // Those who are there from the start are immune no more; who comes later is.
    subnet
        .admin("sudo_set_immunity_period", "immunity_period", Value::u128(150))
        .await;
    subnet
        .admin("sudo_set_min_allowed_uids", "min_allowed_uids", Value::u128(1))
        .await;
    subnet
        .admin("sudo_set_min_non_immune_uids", "min", Value::u128(0))
        .await;
    devnet
        .set_block_production(BlockProduction::Every(Duration::from_millis(100)))
        .unwrap();
    (devnet, subnet)
}

fn validate(stage: &Stage<'_>, url: &str, name: &str, shutdown: &Shutdown) -> Running {
    let Stage { subnet, home } = *stage;
    let config = config(url, subnet.netuid, subnet.hotkey(name), &home.join(name));
    let validator = Validator::new(config)
        .pace(Pace::Time(Duration::from_millis(200)))
        .weights(WeightSettings {
            schedule: WeightSchedule::Epochs { lead: 10 },
            ..WeightSettings::default()
        })
        .score(score);
    tokio::spawn(validator.run_until(shutdown.clone()))
}

#[tokio::test(flavor = "multi_thread")]
async fn scores_stay_with_their_miners_through_replacements_resizes_and_a_broken_network() {
    let (devnet, subnet) = world().await;
    let folder = tempfile::tempdir().unwrap();
    let stage = Stage {
        subnet: &subnet,
        home: folder.path(),
    };
    let proxy = Proxy::before(&devnet).await;
    let url = proxy.url();
    let shutdown = Shutdown::new();
    let miner = |name: &str, skill| {
        let config = config(
            &url,
            subnet.netuid,
            subnet.hotkey(name),
            &folder.path().join(name),
        );
        mine(config, skill, &shutdown)
    };
    let (good, poor) = (miner("Good", Skill::Good), miner("Poor", Skill::Poor));
    let published = async || {
        let metagraph = subnet.client.metagraph(subnet.netuid).await.unwrap();
        let served = metagraph.neurons.iter().filter(|neuron| neuron.axon.is_some());
        served.count() == 2
    };
    until("both miners are published", published).await;
    let validators = VALIDATORS.map(|name| validate(&stage, &url, name, &shutdown));
    stage
        .rows_pay("at first", &[("Good", Paid::Most), ("Poor", Paid::Some)])
        .await;

    // Once all who work are paid, whoever is paid least goes first; the validators are paid more than Poor.
    until("everybody is paid", async || {
        let metagraph = subnet.client.metagraph(subnet.netuid).await.unwrap();
        let paid = |name: &str| metagraph.by_hotkey(&stage.account(name)).unwrap().emission;
        let least = paid("Poor");
        least.0 > 0 && ["First", "Second", "Good"].iter().all(|name| paid(name) > least)
    })
    .await;

    // Newcomers take the slots of Idle, whose score nobody knows, and of Poor, who has one.
    let (idles, poors) = (stage.uid("Idle").await.unwrap(), stage.uid("Poor").await.unwrap());
    stage.most_neurons(6).await;
    subnet.join("Newcomer").await;
    subnet.join("Usurper").await;
    assert_eq!(stage.uid("Newcomer").await, Some(idles));
    assert_eq!(stage.uid("Usurper").await, Some(poors));
    let lost = timeout(HANG, poor)
        .await
        .expect("a miner that hangs")
        .unwrap()
        .unwrap_err();
    assert_eq!(lost.code(), 77);
    assert!(lost.to_string().contains("is not registered in subnet"), "{lost}");
    stage
        .rows_pay("after a replacement", &[("Good", Paid::Most)])
        .await;

    // The subnet grows, and shrinks: Good moves into the slot that was Poor's and Usurper's.
    stage.most_neurons(10).await;
    subnet.join("Late").await;
    stage.rows_pay("after growing", &[("Good", Paid::Most)]).await;
    subnet
        .admin("sudo_set_immunity_period", "immunity_period", Value::u128(1))
        .await;
    subnet
        .admin("sudo_trim_to_max_allowed_uids", "max_n", Value::u128(5))
        .await;
    assert_eq!(
        (stage.uid("Usurper").await, stage.uid("Late").await),
        (None, None)
    );
    assert_eq!(stage.uid("Good").await, Some(poors));
    stage.rows_pay("after shrinking", &[("Good", Paid::Most)]).await;

    // Poor comes back, in another slot, and its score is still its own.
    stage.most_neurons(10).await;
    subnet.join("Poor").await;
    assert_ne!(stage.uid("Poor").await, Some(poors));
    stage
        .rows_pay("after coming back", &[("Good", Paid::Most), ("Poor", Paid::Some)])
        .await;
    let poor = miner("Poor", Skill::Poor);

    for bad in [Network::Stalled, Network::Resetting, Network::HalfOpen] {
        if bad == Network::HalfOpen {
            // Old connections would live on; now all are new ones.
            proxy.becomes(Network::Resetting);
            sleep(Duration::from_millis(200)).await;
        }
        proxy.becomes(bad);
        sleep(BAD).await;
        proxy.becomes(Network::Good);
        let paid = [("Good", Paid::Most), ("Poor", Paid::Some)];
        stage.rows_pay(&format!("after {bad:?}"), &paid).await;
    }
    // An end in the middle of bad times is an end too.
    proxy.becomes(Network::Stalled);
    sleep(Duration::from_millis(500)).await;
    shutdown.begin();
    for running in validators.into_iter().chain([good, poor]) {
        let exit = timeout(HANG, running)
            .await
            .expect("a neuron that hangs")
            .unwrap()
            .unwrap();
        assert!(matches!(exit, Exit::Stopped), "{exit}");
    }

    let (good, poor) = (stage.account("Good"), stage.account("Poor"));
    for validator in VALIDATORS {
        let book = ScoreBook::open(folder.path().join(validator).join("scores.json"), subnet.netuid).unwrap();
        let known: Vec<AccountId> = book.entries().map(|(hotkey, _)| *hotkey).collect();
        let mut expected = vec![good, poor];
        expected.sort_unstable();
        assert_eq!(known, expected, "nobody else has a score");
        assert_eq!(
            book.get(&good).unwrap().value,
            1.0,
            "{validator}: no answer of Good was lost"
        );
        let score = book.get(&poor).unwrap().value;
        assert!(score > 0.0 && score <= POOR, "{validator}: {score}");
        for attempt in stage.attempts(validator) {
            let entries = attempt.start.iter().flat_map(|start| &start.entries);
            let mut paid = entries.filter(|entry| entry.value > 0);
            assert!(paid.all(|entry| known.contains(&entry.hotkey)), "{attempt:?}");
        }
    }
    devnet.stop().await;
}
