//! People who ask a validator of prompts: they are answered by miners, and what they were answered is judged like everything
//! else; their words go where they may go. And answers held against what the validator itself would answer.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod subnet;

use assay_gateway::{
    GatewayConfig,
    keys::{KeyStore, NewKey, Privacy},
};
use assay_keys::AccountId;
use assay_minds::{Endpoint, Mind, Scripted, Turn, Wishes, whole_answer};
use assay_prompting::{
    People, RecordedWords, Settings, StepTold,
    judging::{Answer, Batch, DiversityMask, NgramMask, ReferenceReward, Stack, Words},
    profile::StepWeights,
    scoring::{
        blacklist::Blacklist,
        diversity::{Alone, Cut, history::History},
        ngram::{NgramBlacklist, NgramRule, Tokens},
    },
};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};
use subnet::{ByLength, Digests, PATIENCE, Subnet, Validating, settings, stack};

const QUESTION: &str = "Which bridge is the oldest, and who says so?";
const LONG: &str =
    "The one of stone, says the chronicle of the town, which is itself younger than the bridge.";
const SHORT: &str = "The one of stone.";

fn says(text: &'static str) -> Option<Arc<dyn Mind>> {
    Some(Arc::new(Scripted::new(move |question| {
        // To a person; what validators ask is answered differently each time.
        Some(if question.contains(QUESTION) {
            text.to_owned()
        } else {
            format!("{text} {}", question.len())
        })
    })))
}

/// The files below a folder that hold this text.
fn holding(folder: &Path, text: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs_err::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(holding(&path, text));
        } else if fs_err::read(&path)
            .unwrap()
            .windows(text.len())
            .any(|part| part == text.as_bytes())
        {
            found.push(path);
        }
    }
    found
}

fn key(folder: &Path, name: &str, privacy: Privacy) -> String {
    let new = NewKey {
        name: name.to_owned(),
        privacy,
        ..NewKey::default()
    };
    let (_, key) = KeyStore::at(folder).create(new, SystemTime::now()).unwrap();
    key.reveal().to_owned()
}

/// Asks until there is somebody who answers.
async fn ask(url: &str, key: String) -> String {
    let person = Endpoint::new(url, "assay", Some(key.into()), PATIENCE).unwrap();
    let asking = async {
        loop {
            match whole_answer(&person, &[Turn::user(QUESTION)], Wishes::default()).await {
                Ok(answer) => break answer,
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    };
    tokio::time::timeout(PATIENCE, asking).await.unwrap()
}

async fn gateway(validating: &mut Validating) -> String {
    let open = validating.standings.wait_for(|standing| {
        standing
            .as_ref()
            .is_some_and(|standing| standing.gateway.is_some())
    });
    let standing = tokio::time::timeout(PATIENCE, open).await.unwrap().unwrap();
    format!("http://{}/v1", standing.as_ref().unwrap().gateway.unwrap())
}

fn is_organic(step: &StepTold) -> bool {
    step.record.name == "organic"
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_are_answered_is_judged_and_recorded_as_they_allow() {
    let subnet = Subnet::start(vec![("long", says(LONG)), ("short", says(SHORT))]).await;
    let keys = tempfile::tempdir().unwrap();
    let (open, private) = (
        key(keys.path(), "ada", Privacy::Shared),
        key(keys.path(), "bob", Privacy::Private),
    );
    let mut known = 0.0;
    for (words, key, are_kept) in [
        (RecordedWords::Shared, &private, false),
        (RecordedWords::Nothing, &open, false),
        // The last, so that its words can be found on the disk and those before cannot.
        (RecordedWords::Shared, &open, true),
    ] {
        let people = People {
            gateway: GatewayConfig {
                listen: "127.0.0.1:0".parse().unwrap(),
                ..GatewayConfig::with_keys(keys.path(), "assay")
            },
            words,
        };
        // What people ask is all that counts.
        let settings = Settings {
            step_weights: StepWeights {
                summary: 0.0,
                question: 0.0,
                answer: 0.0,
                organic: 4.0,
                inference: 0.0,
            },
            ..settings()
        };
        let stack = stack(&settings, ByLength::default());
        let mut validating = subnet.validate_with(settings, stack, Some(people));
        let url = gateway(&mut validating).await;
        let answer = ask(&url, key.clone()).await;
        assert!(answer == LONG || answer == SHORT, "{answer}");
        let step = validating.step(is_organic).await;
        let told = |name: &str| {
            let hotkey = subnet.hotkey(name);
            step.miners.iter().find(|miner| miner.hotkey == hotkey)
        };
        // The better one; once it is known as that, people hear nobody else.
        let reward = told("long").unwrap().reward.unwrap();
        if let Some(short) = told("short") {
            assert!(reward > short.reward.unwrap(), "{step:#?}");
        }
        let record = &step.record;
        assert!(
            record
                .dpo_reward_model
                .as_ref()
                .unwrap()
                .contains(&Some(LONG.len() as f64)),
            "{step:#?}"
        );
        let said = format!("{record:?}");
        for text in [QUESTION, LONG] {
            assert_eq!(said.contains(text), are_kept, "{text:?}, {words:?}: {said}");
        }
        // Four times the usual twentieth; and of what the network was asked besides, nothing.
        let score = validating.score(subnet.hotkey("long"));
        assert!((score - (0.2 * reward + 0.8 * known)).abs() < 1e-9, "{score}");
        known = score;
        validating.stop().await;
        assert_eq!(
            holding(subnet.folder(), QUESTION).is_empty(),
            !are_kept,
            "{words:?}"
        );
        // How it was judged is there, whoever asked.
        assert_ne!(holding(subnet.folder(), "\"organic\""), [] as [PathBuf; 0]);
    }
    subnet.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_held_against_a_reference_that_is_made_when_all_are_in() {
    let subnet = Subnet::start(vec![
        ("right", says(LONG)),
        ("wrong", says("Nobody has ever asked me that")),
    ])
    .await;
    let settings = settings();
    let reference = Scripted::new(|_| Some(LONG.to_owned()));
    let stack = Stack::sum(settings.normaliser_limit, settings.fidelity)
        .reward(
            ReferenceReward::new(Arc::new(reference), Arc::new(Digests), PATIENCE),
            1.0,
        )
        .build();
    let mut validating = subnet.validate(settings.clone(), stack);
    let step = validating
        .step(|step| step.record.name == "answer0" && step.miners.len() == 2)
        .await;
    let raw = |name: &str| {
        let hotkey = subnet.hotkey(name).to_string();
        let at = step
            .record
            .hotkeys
            .iter()
            .position(|known| *known == hotkey)
            .unwrap();
        step.record.reference_reward_model.as_ref().unwrap()[at].unwrap()
    };
    assert!(raw("right") > 0.3 && raw("wrong") < 0.1, "{:?}", step.record);
    validating.stop().await;

    // One that does not come costs nobody anything.
    let silent = Scripted::new(|_| Some(LONG.to_owned())).after(Duration::from_secs(3_600));
    let stack = Stack::sum(settings.normaliser_limit, settings.fidelity)
        .reward(
            ReferenceReward::new(Arc::new(silent), Arc::new(Digests), Duration::from_millis(50)),
            1.0,
        )
        .build();
    let mut validating = subnet.validate(settings, stack);
    let step = validating.step(|step| step.record.name == "answer0").await;
    assert_eq!(step.record.rewards, vec![None; step.miners.len()]);
    validating.stop().await;
    subnet.stop().await;
}

/// Each word is a token, by its length: enough to count phrases.
struct Lengths;

impl Tokens for Lengths {
    fn encode(&self, text: &str) -> Vec<u32> {
        text.split_whitespace().map(|word| word.len() as u32).collect()
    }

    fn decode(&self, tokens: &[u32]) -> String {
        format!("{tokens:?}")
    }
}

#[test]
fn judges_remember_nothing_of_what_is_to_be_forgotten() {
    let settings = settings();
    let history = History::new(settings.mask_rules.history);
    let mut stack = Stack::sum(settings.normaliser_limit, settings.fidelity)
        .mask(NgramMask::new(
            NgramBlacklist::new(NgramRule::new(settings.fidelity)),
            Lengths,
        ))
        .mask(DiversityMask::new(
            Arc::new(Digests),
            history,
            Cut::Soft,
            Alone::Diverse,
            settings.fidelity,
        ))
        .build();
    let answers = [LONG, SHORT].map(|text| Answer {
        text,
        hotkey: AccountId([1; 32]),
        took: Duration::from_secs(1),
    });
    let mut judge = |words| {
        let batch = Batch {
            step: "organic",
            prompt: QUESTION,
            base_prompt: QUESTION,
            task: None,
            answers: &answers,
            heard: &Blacklist::new([], settings.fidelity),
            words,
        };
        let before = stack.state();
        let judged = stack.judge(&batch).unwrap();
        assert!(
            judged
                .columns
                .iter()
                .any(|column| column.name == "diversity_reward_model")
        );
        let after = stack.state();
        assert_eq!(before.files.keys().len(), 3, "{:?}", before.files.keys());
        let changed = after
            .files
            .iter()
            .filter(|(name, content)| before.files.get(*name) != Some(content));
        changed.map(|(name, _)| name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(judge(Words::Forgotten), [] as [&str; 0]);
    assert_eq!(judge(Words::Kept), ["answers.bin", "phrases.json"]);
    assert_eq!(judge(Words::Forgotten), [] as [&str; 0]);
}
