//! Miners that are asked to run a model that everybody has: who runs it, who does not, and who is paid.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod subnet;

use assay_axon::server::{Axon, AxonConfig};
use assay_keys::{Pair, Scheme};
use assay_minds::{AnswerWithLogProbs, LocalModel, LogProbWishes, Mind, MindError, Scripted, Turn, Wishes};
use assay_models::{BaseModel, Sampling, generate};
use assay_peers::Python;
use assay_prompting::{
    Fault, Settings,
    judging::{Claim, INFERENCE_FILTER, InferenceJudge, Unverified, Verification},
    profile::InferenceRule,
    scoring::verification::VerificationRule,
};
use futures::{
    FutureExt,
    future::BoxFuture,
    stream::{self, BoxStream, StreamExt},
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use std::{
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use subnet::{ByLength, Subnet, settings, stack};

const RULE: InferenceRule = InferenceRule {
    share: 1.0,
    sample_size: 50,
    timeout: Duration::from_secs(20),
    max_tokens: 40,
    top: 5,
    verification: VerificationRule {
        checked: 0.1,
        least_likeness: 0.9,
        tolerance: 0.25,
    },
};
const WISHES: LogProbWishes = LogProbWishes {
    max_tokens: RULE.max_tokens,
    top: RULE.top,
};

/// The model of the demonstration's good miners, which is small and of Qwen2's kind.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../assets/prompting/miner")
}

fn model() -> BaseModel {
    BaseModel::load(&folder()).unwrap()
}

/// The same with a layer that says nothing: another model with the same vocabulary.
fn swapped() -> BaseModel {
    let other = tempfile::tempdir().unwrap();
    for name in ["config.json", "tokenizer.json"] {
        fs_err::copy(folder().join(name), other.path().join(name)).unwrap();
    }
    let mut weights = fs_err::read(folder().join("model.safetensors")).unwrap();
    let length = u64::from_le_bytes(weights[..8].try_into().unwrap()) as usize;
    let header: Value = serde_json::from_slice(&weights[8..8 + length]).unwrap();
    let place = &header["model.layers.0.mlp.down_proj.weight"]["data_offsets"];
    let at = |end: usize| 8 + length + place[end].as_u64().unwrap() as usize;
    weights[at(0)..at(1)].fill(0);
    fs_err::write(other.path().join("model.safetensors"), weights).unwrap();
    BaseModel::load(other.path()).unwrap()
}

fn asked(text: &str) -> Vec<Turn> {
    vec![Turn::user(format!("Sum up the text: {text}"))]
}

async fn said(base: BaseModel) -> AnswerWithLogProbs {
    let model = LocalModel::new(base, 1);
    model
        .answer_with_log_probs(&asked(subnet::TEXT), WISHES)
        .await
        .unwrap()
}

fn verified(answers: &[AnswerWithLogProbs], rule: InferenceRule) -> Vec<Verification> {
    let judge = InferenceJudge::new(LocalModel::new(model(), 1), rule);
    let claims: Vec<_> = answers
        .iter()
        .map(|answer| Claim {
            text: &answer.text,
            tokens: &answer.tokens,
            likeliest: &answer.likeliest,
        })
        .collect();
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    judge.verify(&asked(subnet::TEXT), &claims, &mut rng).unwrap()
}

fn verdict(answer: AnswerWithLogProbs) -> Result<(), Unverified> {
    verified(&[answer], RULE).remove(0).verdict
}

#[tokio::test(flavor = "multi_thread")]
async fn the_model_is_told_from_others_by_its_words_and_by_its_numbers() {
    let honest = said(model()).await;
    assert!(honest.tokens.len() > 3, "{honest:?}");
    let found = verified(&[honest.clone(), honest.clone()], RULE);
    assert_eq!(found[0].verdict, Ok(()));
    assert!(found[0].likeness.unwrap() > 0.999_999, "{found:?}");
    assert_eq!(found[0], found[1]);

    // Another model is found by what it says.
    let other = said(swapped()).await;
    assert_ne!(other.text, honest.text);
    assert!(verdict(other.clone()).is_err(), "{other:?}");

    // Another model that writes while the right one reads: the numbers are right, the words are not.
    let (right, swapped) = (LocalModel::new(model(), 1), other);
    let ids = right.token_ids(&swapped.tokens).unwrap();
    let places: Vec<usize> = (0..ids.len()).collect();
    let read = right
        .expected(&asked(subnet::TEXT), &ids, &places, RULE.top)
        .unwrap();
    let reader = AnswerWithLogProbs {
        likeliest: read.iter().map(|place| place.likeliest.clone()).collect(),
        ..swapped
    };
    let all = InferenceRule {
        verification: VerificationRule {
            checked: 1.0,
            ..RULE.verification
        },
        ..RULE
    };
    let found = verified(&[reader], all).remove(0);
    assert!(
        matches!(found.verdict, Err(Unverified::Unlikely { .. })),
        "{found:?}"
    );
    assert!(found.likeness.unwrap() > 0.999_999);

    // The words of the right one with the numbers of one that is less sure.
    let mut unsure = honest.clone();
    for place in &mut unsure.likeliest {
        place.values_mut().for_each(|value| *value *= 0.1);
    }
    let found = verified(&[unsure], all).remove(0);
    assert!(
        matches!(found.verdict, Err(Unverified::Unlike { .. })),
        "{found:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_the_wrong_form_is_told_what_is_wrong_with_it() {
    let honest = said(model()).await;
    let with = |change: fn(&mut AnswerWithLogProbs)| {
        let mut answer = honest.clone();
        change(&mut answer);
        verdict(answer)
    };
    assert_eq!(with(|_| {}), Ok(()));
    // Some tell the token that ends it as well.
    let ended = with(|answer| {
        answer.tokens.push("<|im_end|>".to_owned());
        answer.likeliest.push(Default::default());
    });
    assert_eq!(ended, Ok(()));
    assert_eq!(
        with(|answer| *answer = AnswerWithLogProbs::default()),
        Err(Unverified::NoTokens)
    );
    assert_eq!(
        with(|answer| answer.text.push_str(" And more.")),
        Err(Unverified::OtherText)
    );
    assert_eq!(
        with(|answer| answer.tokens[0] = "no such token".to_owned()),
        Err(Unverified::OtherVocabulary)
    );
    let uneven = with(|answer| drop(answer.likeliest.pop()));
    assert!(matches!(uneven, Err(Unverified::Uneven { .. })), "{uneven:?}");
    // Some APIs write two tokens alike, and have one fewer.
    let missing = with(|answer| {
        let place = answer.likeliest.last_mut().unwrap();
        let least = place.values().copied().fold(0.0, f64::min);
        place.retain(|_, value| *value > least);
    });
    assert_eq!(missing, Ok(()));
    let missing = with(|answer| answer.likeliest.last_mut().unwrap().clear());
    assert!(
        matches!(
            missing,
            Err(Unverified::Missing {
                given: 0,
                wanted: 5,
                ..
            })
        ),
        "{missing:?}"
    );
    let above = with(|answer| {
        let place = answer.likeliest.last_mut().unwrap();
        place.values_mut().for_each(|value| *value = f64::NAN);
    });
    assert!(
        matches!(above, Err(Unverified::Missing { given: 0, .. })),
        "{above:?}"
    );
    let long = with(|answer| {
        answer.tokens = vec!["a".to_owned(); 100];
        answer.likeliest = vec![Default::default(); 100];
    });
    assert_eq!(
        long,
        Err(Unverified::TooLong {
            tokens: 100,
            most: 40
        })
    );

    // Whoever stops halfway saves half of the work.
    let base = model();
    let half = honest.tokens.len() / 2;
    let ids = LocalModel::new(base.clone(), 1)
        .token_ids(&honest.tokens[..half])
        .unwrap();
    let short = AnswerWithLogProbs {
        text: base.decode(&ids).unwrap(),
        tokens: honest.tokens[..half].to_vec(),
        likeliest: honest.likeliest[..half].to_vec(),
    };
    assert_eq!(verdict(short), Err(Unverified::EndsEarly { tokens: half }));
}

/// Were it ours, one such miner would cost all others their reward.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_the_tokenizer_has_and_the_model_has_not_is_the_miners_fault() {
    let wider = tempfile::tempdir().unwrap();
    for name in ["config.json", "model.safetensors"] {
        fs_err::copy(folder().join(name), wider.path().join(name)).unwrap();
    }
    let text = fs_err::read(folder().join("tokenizer.json")).unwrap();
    let mut tokenizer: Value = serde_json::from_slice(&text).unwrap();
    let added = tokenizer["added_tokens"].as_array_mut().unwrap();
    let mut far = added[0].clone();
    (far["id"], far["content"]) = (model().architecture().vocabulary.into(), "<|far|>".into());
    added.push(far);
    fs_err::write(wider.path().join("tokenizer.json"), tokenizer.to_string()).unwrap();
    let base = BaseModel::load(wider.path()).unwrap();
    assert!(base.token_id("<|far|>").unwrap() as usize >= base.architecture().vocabulary);

    let judge = InferenceJudge::new(LocalModel::new(base, 1), RULE);
    let honest = said(model()).await;
    let mut tokens = honest.tokens.clone();
    tokens[0] = "<|far|>".to_owned();
    let claims = [&tokens, &honest.tokens].map(|tokens| Claim {
        text: &honest.text,
        tokens,
        likeliest: &honest.likeliest,
    });
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let found = judge.verify(&asked(subnet::TEXT), &claims, &mut rng).unwrap();
    assert_eq!(found[0].verdict, Err(Unverified::OtherVocabulary));
    assert_eq!(found[1].verdict, Ok(()));
}

/// Answers as it likes, and lets itself be asked to run a model.
struct Liar(
    Arc<dyn Fn(AnswerWithLogProbs) -> AnswerWithLogProbs + Send + Sync>,
    LocalModel,
);

impl Mind for Liar {
    fn answer(&self, _: &[Turn], _: Wishes) -> BoxStream<'static, Result<String, MindError>> {
        stream::iter([Ok("a bridge of stone over a river".to_owned())]).boxed()
    }

    fn tells_log_probs(&self) -> bool {
        true
    }

    fn answer_with_log_probs(
        &self,
        turns: &[Turn],
        wishes: LogProbWishes,
    ) -> BoxFuture<'static, Result<AnswerWithLogProbs, MindError>> {
        let (lie, truth) = (Arc::clone(&self.0), self.1.answer_with_log_probs(turns, wishes));
        async move { Ok(lie(truth.await?)) }.boxed()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_runs_the_model_is_paid_and_the_record_says_why_others_are_not() {
    let lying = |lie: fn(AnswerWithLogProbs) -> AnswerWithLogProbs, model| -> Option<Arc<dyn Mind>> {
        Some(Arc::new(Liar(Arc::new(lie), LocalModel::new(model, 1))))
    };
    let subnet = Subnet::start(vec![
        ("honest", lying(|answer| answer, model())),
        ("swapped", lying(|answer| answer, swapped())),
        (
            "half",
            lying(
                |mut answer| {
                    answer.tokens.truncate(2);
                    answer.likeliest.truncate(2);
                    answer
                },
                model(),
            ),
        ),
        (
            "flood",
            lying(
                |mut answer| {
                    answer.text.push_str(&"x".repeat(100_000));
                    answer
                },
                model(),
            ),
        ),
        // It says by itself that it cannot, and is not asked.
        (
            "script",
            Some(Arc::new(Scripted::new(|_| Some("a bridge".to_owned())))),
        ),
    ])
    .await;
    let settings = Settings {
        inference: RULE,
        moving_average_alpha: 1.0,
        ..settings()
    };
    let judge = InferenceJudge::new(LocalModel::new(model(), 1), RULE);
    let stack = stack(&settings, ByLength::default());
    let mut validating = subnet.validate_inference(settings, stack, judge);
    let step = validating
        .step(|step| step.record.name == "inference" && step.miners.len() == 4)
        .await;
    let miner = |name: &str| {
        let hotkey = subnet.hotkey(name);
        step.miners.iter().find(|miner| miner.hotkey == hotkey).unwrap()
    };
    let at = |name: &str| {
        let hotkey = subnet.hotkey(name).to_string();
        step.record
            .hotkeys
            .iter()
            .position(|known| *known == hotkey)
            .unwrap()
    };
    let honest = miner("honest");
    assert_eq!(honest.fault, None, "{step:#?}");
    let patience = RULE.timeout.as_secs_f64();
    assert_eq!(honest.reward, Some(1.0 - honest.took.as_secs_f64() / patience));
    let verdicts = step.record.inference_verdict.as_ref().unwrap();
    let likenesses = step.record.inference_likeness.as_ref().unwrap();
    assert_eq!(verdicts[at("honest")].as_deref(), Some("verified"));
    assert!(likenesses[at("honest")].unwrap() > 0.999_999);
    for (name, why) in [("swapped", "token"), ("half", "its tokens are not its text")] {
        assert_eq!(miner(name).reward, Some(0.0), "{step:#?}");
        assert_eq!(miner(name).fault, Some(Fault::Forbidden(vec![INFERENCE_FILTER])));
        let said = verdicts[at(name)].as_deref().unwrap();
        assert!(said.contains(why) || said.contains("goes on"), "{said}");
    }
    // What would fill the disk is not even recorded.
    assert!(
        matches!(&miner("flood").fault, Some(Fault::NoAnswer(why)) if why.contains("longer")),
        "{step:#?}"
    );
    assert_eq!(step.record.completions[at("flood")], "");
    assert_eq!(
        step.record.best.as_deref(),
        Some(step.record.completions[at("honest")].trim())
    );
    validating.stop().await;
    subnet.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the Python peers: cargo xtask test runs it"]
async fn what_transformers_says_with_the_same_model_is_verified() {
    let question = asked(subnet::TEXT);
    let prompt = question[0].content.clone();
    let script = Python::venv("train")
        .script("conformance/train/log_probs.py")
        .arg(folder())
        .arg(&prompt)
        .arg(RULE.max_tokens.to_string())
        .arg(RULE.top.to_string())
        .timeout(Duration::from_secs(300));
    let lines = tokio::task::spawn_blocking(move || script.run()).await.unwrap();
    let line = &lines[0];
    let theirs = AnswerWithLogProbs {
        text: line["text"].as_str().unwrap().to_owned(),
        tokens: serde_json::from_value(line["tokens"].clone()).unwrap(),
        likeliest: serde_json::from_value(line["likeliest"].clone()).unwrap(),
    };
    let found = verified(std::slice::from_ref(&theirs), RULE).remove(0);
    assert_eq!(found.verdict, Ok(()), "{theirs:?}");
    let ours = said(model()).await;
    assert_eq!((&ours.text, &ours.tokens), (&theirs.text, &theirs.tokens));
    for (ours, theirs) in ours.likeliest.iter().zip(&theirs.likeliest) {
        assert!(ours.keys().eq(theirs.keys()), "{ours:?} {theirs:?}");
        for (one, other) in ours.values().zip(theirs.values()) {
            assert!((one - other).abs() < 1e-3, "{ours:?} {theirs:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the Python peers: cargo xtask test runs it"]
async fn bittensors_dendrite_gets_tokens_with_their_log_probabilities() {
    let pair = Pair::from_uri("//Miner", Scheme::Sr25519).unwrap();
    let axon = Axon::build(pair.clone(), AxonConfig::default());
    let axon = assay_prompting::routes(Arc::new(LocalModel::new(model(), 1)))
        .into_iter()
        .fold(axon, |axon, route| axon.route(route))
        .listen(&["127.0.0.1:0".parse().unwrap()])
        .await
        .unwrap();
    let script = Python::venv("sdk10")
        .script("conformance/sdk10/prompting_ask.py")
        .arg("127.0.0.1")
        .arg(axon.addresses()[0].port().to_string())
        .arg(pair.account().to_string())
        .arg(&asked(subnet::TEXT)[0].content)
        .arg("inference");
    let lines = tokio::task::spawn_blocking(move || script.run()).await.unwrap();
    let of = |step: &str| lines.iter().find(|line| line["step"] == step).unwrap();
    let ours = said(model()).await;
    let answer = of("answer");
    assert_eq!(
        (&answer["status"], &answer["completion"]),
        (&200.into(), &ours.text.clone().into())
    );
    assert_eq!(answer["tokens"], serde_json::json!(ours.tokens));
    let likeliest: Vec<std::collections::BTreeMap<String, f64>> =
        serde_json::from_value(answer["top_logprobs"].clone()).unwrap();
    assert_eq!(likeliest, ours.likeliest);
    assert_eq!(of("much")["status"], 400);
    // The answer is the likeliest one however it is drawn elsewhere.
    let base = model();
    let prompt = base
        .encode(&format!(
            "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n",
            asked(subnet::TEXT)[0].content
        ))
        .unwrap();
    let stop: Vec<u32> = base.token_id("<|im_end|>").into_iter().collect();
    let generated = generate(&base, None, &prompt, 40, &stop, Sampling::Greedy, &mut |_| {
        ControlFlow::Continue(())
    });
    assert_eq!(base.decode(&generated.unwrap().ids).unwrap(), ours.text);
}
