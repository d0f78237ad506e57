//! The small models that `assay up prompting` judges by: what they were trained for, on exchanges that they were not trained
//! with.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use assay_keys::AccountId;
use assay_prompting::{
    Fidelity, Profile, Settings,
    judging::{Answer, Batch, Figures, Judgement, ModelFolders, Stack, Words},
    scoring::blacklist::Blacklist,
};
use serde::Deserialize;
use std::{path::Path, time::Duration};

/// A prompt with answers of every sort.
#[derive(Deserialize)]
struct Exchange {
    kind: String,
    prompt: String,
    base: String,
    good: String,
    /// A good answer to another prompt.
    other: String,
    rude: String,
    idle: String,
    /// The good one with something wrong in it.
    spoiled: String,
}

fn exchanges() -> Vec<Exchange> {
    let lines = include_str!("kept/exchanges.jsonl").lines();
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn folders() -> ModelFolders {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../assets/prompting/models");
    ModelFolders::new(root)
}

fn settings(profile: &str) -> Settings {
    profile.parse::<Profile>().unwrap().settings()
}

/// Judges the good answer and all others in one batch; the good one came first.
fn judge(stack: &mut Stack, exchange: &Exchange) -> Judgement {
    let texts = [
        &exchange.good,
        &exchange.other,
        &exchange.rude,
        &exchange.idle,
        &exchange.spoiled,
        &exchange.good,
    ];
    let answers: Vec<Answer<'_>> = texts
        .iter()
        .enumerate()
        .map(|(number, text)| Answer {
            text,
            hotkey: AccountId([u8::try_from(number).unwrap(); 32]),
            took: Duration::from_millis(100 + number as u64),
        })
        .collect();
    let step = match exchange.kind.as_str() {
        "augment" => "augment",
        "followup" => "followup0",
        _ => "answer0",
    };
    stack
        .judge(&Batch {
            step,
            prompt: &exchange.prompt,
            base_prompt: &exchange.base,
            task: None,
            answers: &answers,
            heard: &Blacklist::new([], Fidelity::Fixed),
            words: Words::Kept,
        })
        .unwrap()
}

fn factors(judgement: &Judgement, column: &str) -> Vec<f64> {
    let found = judgement
        .columns
        .iter()
        .find(|found| found.name == column)
        .unwrap();
    match &found.figures {
        Figures::Numbers(numbers) => numbers.iter().map(|number| number.unwrap()).collect(),
        Figures::Texts(_) => panic!("{column} has no numbers"),
    }
}

#[test]
fn a_good_answer_is_worth_more_than_one_that_is_not() {
    let exchanges = exchanges();
    // The seed's one judge compares with the answer alone, and misses more.
    for (profile, least) in [("stack", [0.85, 0.9, 0.9, 0.8]), ("seed", [0.7, 0.9, 0.9, 0.7])] {
        let mut stack = folders().stack(&settings(profile)).unwrap();
        let (mut won, mut fought) = ([0; 4], 0);
        for exchange in &exchanges {
            let rewards = judge(&mut stack, exchange).rewards;
            for (won, reward) in won.iter_mut().zip(&rewards[1..5]) {
                *won += u32::from(rewards[0] > *reward);
            }
            fought += 1;
        }
        let share = won.map(|won| f64::from(won) / f64::from(fought));
        assert!(
            share.iter().zip(least).all(|(share, least)| *share > least),
            "{profile}: the good answer is preferred to that of another prompt, a rude one, an idle one and a spoiled one in {share:?}"
        );
    }
}

#[test]
fn filters_forbid_what_they_are_for_and_little_else() {
    let mut stack = folders().stack(&settings("stack")).unwrap();
    let mut forbidden = [0.0; 4];
    let exchanges = exchanges();
    for exchange in &exchanges {
        let judgement = judge(&mut stack, exchange);
        let [relevance, nsfw, diversity] = [
            "relevance_filter_normalized",
            "nsfw_filter_normalized",
            "diversity_reward_model_normalized",
        ]
        .map(|column| factors(&judgement, column));
        let share = 1.0 / exchanges.len() as f64;
        // The good one, the rude one, the copy.
        forbidden[0] += share * f64::from(u8::from(relevance[0] < 0.05 || nsfw[0] < 0.05));
        forbidden[1] += share * f64::from(u8::from(nsfw[2] < 0.05));
        forbidden[2] += share * f64::from(u8::from(diversity[5] < 0.05));
        forbidden[3] += share * f64::from(u8::from(diversity[0] < 0.5));
    }
    let [good, rude, copied, unlike] = forbidden;
    assert!(
        good < 0.05 && rude > 0.95 && copied > 0.95 && unlike < 0.1,
        "of good, rude and copied answers, and of good ones by diversity, so many are forbidden: {forbidden:?}"
    );
}

#[test]
fn the_gating_model_tells_prompts_apart() {
    use assay_prompting::judging::Embedder;
    let settings = settings("stack");
    folders().gate(&settings).unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../assets/prompting/models/gating");
    let encoder = assay_models::Encoder::load(&folder).unwrap();
    let embedder = assay_prompting::judging::TextEmbedder::new(encoder, assay_models::Embedding::LastToken);
    let exchanges = exchanges();
    let prompts: Vec<&str> = exchanges
        .iter()
        .map(|exchange| exchange.prompt.as_str())
        .collect();
    let vectors = embedder.embed(&prompts).unwrap();
    let cosine = |one: &[f32], other: &[f32]| {
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        dot(one, other) / (dot(one, one) * dot(other, other)).sqrt()
    };
    let mut near = 0;
    for (at, vector) in vectors.iter().enumerate() {
        let others = vectors.iter().enumerate().filter(|(other, _)| *other != at);
        let nearest = others
            .max_by(|(_, one), (_, other)| cosine(vector, one).total_cmp(&cosine(vector, other)))
            .unwrap();
        near += usize::from(exchanges[nearest.0].kind == exchanges[at].kind);
    }
    assert!(
        near * 10 > vectors.len() * 9,
        "{near} of {} prompts are nearest to one of their kind",
        vectors.len()
    );
}
