//! Datasets, and scores.

use crate::recorder::{Always, Recorder, every_15_seconds, until};
use assay_axon::UnixNanos;
use assay_organic::{
    Fingerprint, History, HistoryLimits, OrganicConfig, OrganicScorer,
    scoring::{ScoreUpdate, Weighted, total_reward},
    synth::{
        Augmenter, Conversation, ConversationFiles, Datasets, Replay, Synonyms, SynthDataset, SynthError,
        Templates, Turn,
    },
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, HashSet},
    path::Path,
    sync::Arc,
    time::Duration,
};

fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

async fn draw(dataset: &impl SynthDataset<Conversation>, seed: u64) -> Conversation {
    dataset.sample(rng(seed)).await.unwrap().unwrap()
}

#[tokio::test]
async fn conversations_come_from_the_lines_of_files() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (folder.path().join("a.jsonl"), folder.path().join("b.jsonl"));
    fs_err::write(
        &a,
        concat!(
            r#"{"conversation_id": "1", "conversation": [{"role": "user", "content": "the quick brown fox"}, {"role": "assistant", "content": "jumps"}], "language": "English"}"#,
            "\n\n   \nnot json\n",
            r#"{"conversation": [{"role": "assistant", "content": "only me"}]}"#,
            "\n"
        ),
    )
    .unwrap();
    // The last line has no end.
    fs_err::write(&b, r#"{"conversation": [{"role": "user", "content": "ünï ☃"}]}"#).unwrap();
    let words = folder.path().join("words.txt");
    fs_err::write(&words, "# animals\nfox vixen red_fox fox\nquick fast\n").unwrap();
    let augmenter = Augmenter::new(Synonyms::read(&words).unwrap());
    let files = ConversationFiles::open(&[a.clone(), b], augmenter).unwrap();
    assert_eq!(files.len(), 4);

    let mut seen = HashSet::new();
    for seed in 0..300 {
        let made = draw(&files, seed).await;
        assert!(made.turns.iter().any(Turn::asks) && !made.turns.last().unwrap().is_assistant());
        assert!(made.source == "a.jsonl" || made.source == "b.jsonl");
        seen.insert(made.turns[0].content.clone());
    }
    for wanted in [
        "the quick brown vixen",
        "the quick brown red fox",
        "the fast brown fox",
        "ünï ☃",
        "ünï☃",
    ] {
        assert!(seen.contains(wanted), "{wanted} is not among {seen:?}");
    }
    assert_eq!(draw(&files, 7).await, draw(&files, 7).await);

    fs_err::write(&a, "{}\n{}\n").unwrap();
    let useless = ConversationFiles::open(std::slice::from_ref(&a), Augmenter::default()).unwrap();
    let error = SynthDataset::<Conversation>::sample(&useless, rng(1))
        .await
        .unwrap_err();
    assert!(
        error.private_text().contains("a.jsonl"),
        "{}",
        error.private_text()
    );
    fs_err::write(&a, "\n").unwrap();
    assert!(matches!(
        ConversationFiles::open(&[a], Augmenter::default()),
        Err(SynthError::Empty { .. })
    ));
    fs_err::write(&words, "ok okay\nlonely\n").unwrap();
    let error = Synonyms::read(&words).unwrap_err().to_string();
    assert!(
        error.ends_with("words.txt line 2: a word needs at least one other that may stand for it"),
        "{error}"
    );
}

#[test]
fn a_message_never_loses_its_last_word() {
    let augmenter = Augmenter::default();
    let mut rng = rng(1);
    for message in ["a", "ab", "é", "x y", &"word ".repeat(500)] {
        for _ in 0..500 {
            assert!(!augmenter.message(message, &mut rng).trim().is_empty());
        }
    }
}

#[tokio::test]
async fn templates_are_filled_and_their_faults_told_with_the_line() {
    let text =
        "# asks\ncity = Lisbon | Osaka\nverb = visit\nWhy {verb} {city}? {{ok}\n\nHello = everybody?\n";
    let templates = Templates::parse(text, Path::new("asks.txt"));
    // A line like that is a list, though no template uses it.
    let templates = templates.unwrap();
    let mut seen = HashSet::new();
    for seed in 0..40 {
        seen.insert(draw(&templates, seed).await.turns[0].content.clone());
    }
    let wanted = ["Why visit Lisbon? {ok}", "Why visit Osaka? {ok}"].map(str::to_owned);
    assert_eq!(seen, wanted.into());
    for (text, words) in [
        (
            "a {b}",
            "asks.txt line 1: the template uses {b}, and there is no line `b = …`",
        ),
        ("x\na {b", "asks.txt line 2: a brace is not closed"),
        ("a = |", "asks.txt line 1: the list has no entry"),
        (
            "a = b",
            "asks.txt has no conversations: it must have one JSON object a line",
        ),
    ] {
        assert_eq!(
            Templates::parse(text, Path::new("asks.txt"))
                .unwrap_err()
                .to_string(),
            words
        );
    }
}

#[tokio::test]
async fn a_replay_changes_what_users_asked_and_has_nothing_before_they_did() {
    let history = Arc::new(History::new(HistoryLimits {
        age: Duration::from_secs(3_600),
        samples: 2,
    }));
    let augmenter = Augmenter::default();
    let replay = Replay::new(history.clone(), move |known: &Conversation, rng| {
        augmenter.conversation(known, rng)
    });
    assert!(replay.sample(rng(1)).await.unwrap().is_none());
    let asked = |text: &str| Conversation {
        turns: vec![Turn::user(text)],
        source: "users".to_owned(),
        is_organic: true,
    };
    let now = UnixNanos::now();
    for text in ["first", "second question", "third question"] {
        history.remember(Some(asked(text).fingerprint()), asked(text), now);
    }
    let holds = |text: &str, after: u64| {
        history.holds(&asked(text).fingerprint(), now.plus(Duration::from_secs(after)))
    };
    assert!(!holds("first", 0) && holds("SECOND question ", 0));
    for seed in 0..20 {
        let made = draw(&replay, seed).await;
        assert!(!made.is_organic && made.turns[0].content.len() > 12, "{made:?}");
    }
    assert!(!holds("second question", 3_601) && history.is_empty(now.plus(Duration::from_secs(3_601))));
    assert_ne!(Fingerprint::of(["ab", "c"]), Fingerprint::of(["a", "bc"]));
}

#[tokio::test(start_paused = true)]
async fn what_may_not_be_remembered_is_replayed_to_nobody_and_still_recognised() {
    let private = "my diary of today";
    let hooks = Recorder {
        private: Some(private),
        ..Recorder::default()
    };
    let history = Arc::new(History::new(HistoryLimits::default()));
    let replay = Replay::new(history.clone(), |known: &Value, _rng| {
        Some(json!({ "replayed": known }))
    });
    let repeats = Arc::new(Always(json!("MY diary of today ")));
    let scorer = OrganicScorer::build(hooks)
        .config(every_15_seconds())
        .history(history.clone())
        .synth(Datasets::new([Arc::new(replay) as Arc<dyn SynthDataset<Value>>, repeats]).unwrap())
        .finish()
        .unwrap();
    for sample in ["what is gold", private] {
        scorer.submit(json!(sample), None).unwrap();
    }
    scorer.start();
    until(&scorer, |status| status.organic == 2 && status.synthetic == 20).await;
    let asked = scorer.hooks().trace.asked();
    let gold = json!({"replayed": "what is gold"});
    assert!(asked[2..].iter().all(|sample| *sample == gold), "{asked:?}");
    let now = UnixNanos::now();
    assert_eq!(history.len(now), 1);
    assert!(history.holds(&Fingerprint::of([private]), now));
    let later = now.plus(HistoryLimits::default().age + Duration::from_secs(1));
    assert!(!history.holds(&Fingerprint::of([private]), later));
    scorer.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_configuration_names_its_datasets() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("asks.txt");
    fs_err::write(&path, "What is gold?\n").unwrap();
    let config = |path: &Path| -> OrganicConfig {
        serde_json::from_value(serde_json::json!({"synth": [{"templates": path}]})).unwrap()
    };
    assert!(
        Datasets::<Conversation>::from_config(&config(&path))
            .unwrap()
            .is_some()
    );
    assert!(
        Datasets::<Conversation>::from_config(&OrganicConfig::default())
            .unwrap()
            .is_none()
    );
    let history = Arc::new(History::new(HistoryLimits::default()));
    let replay = || Replay::new(history.clone(), |known: &Conversation, _rng| Some(known.clone()));
    let named = || Datasets::from_config(&config(&path)).unwrap().unwrap();
    assert!(named().and(replay(), 0.5).is_ok());
    assert!(named().and(replay(), 0.0).is_err());
    let missing = folder.path().join("none.txt");
    let error = Datasets::<Conversation>::from_config(&config(&missing)).unwrap_err();
    assert!(error.to_string().contains("none.txt"));
}

#[test]
fn scores_move_as_the_first_organic_subnet_moves_them() {
    let weighted = |weight, value| Weighted { weight, value };
    let reward = total_reward(&[weighted(0.8, 0.5), weighted(0.2, 0.3)], &[weighted(0.5, 0.1)]);
    assert!((reward - 0.437).abs() < 1e-12);
    for (scale, first) in [(1.0, 0.4927), (0.1, 0.45337)] {
        let mut scores = BTreeMap::from([(0, 0.5), (1, 0.2), (2, 0.0)]);
        ScoreUpdate::default().apply(&mut scores, &[(0, reward)], scale);
        for (uid, wanted) in [(0, first), (1, 0.199), (2, 0.0)] {
            assert!((scores[&uid] - wanted).abs() < 1e-12, "{scores:?}");
        }
    }
    // What is no number counts as nothing, and who is new starts from nothing.
    let mut scores = BTreeMap::from([("known", 0.5)]);
    ScoreUpdate::default().apply(&mut scores, &[("known", f64::NAN), ("new", 1.0)], 1.0);
    assert!((scores["known"] - 0.449).abs() < 1e-12 && (scores["new"] - 0.099).abs() < 1e-12);
}
