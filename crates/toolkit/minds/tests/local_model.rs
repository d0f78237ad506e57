//! The model on this machine: what it says in pieces is what it says at once.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use assay_minds::{LocalModel, LogProbWishes, Mind, MindError, Parrot, Turn, Wishes};
use assay_models::{BaseModel, Sampling, generate};
use futures::StreamExt;
use std::{ops::ControlFlow, path::Path};

fn shipped() -> BaseModel {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../assets/base-model");
    BaseModel::load(&folder).unwrap()
}

/// What the model says to "Hi" without a stream, in the format of Qwen2's conversations.
fn at_once(base: &BaseModel, sampling: Sampling, most: usize) -> String {
    let prompt = base.encode(
        "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n\
         <|im_start|>assistant\n",
    );
    let stop: Vec<u32> = ["<|im_end|>", "<|endoftext|>"]
        .into_iter()
        .filter_map(|mark| base.token_id(mark))
        .chain(base.architecture().end_tokens.iter().copied())
        .collect();
    let generated = generate(base, None, &prompt.unwrap(), most, &stop, sampling, &mut |_| {
        ControlFlow::Continue(())
    });
    base.decode(&generated.unwrap().ids).unwrap()
}

async fn pieces(model: &LocalModel, wishes: Wishes) -> Vec<String> {
    let pieces: Vec<_> = model.answer(&[Turn::user("Hi")], wishes).collect().await;
    pieces.into_iter().map(Result::unwrap).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pieces_are_the_whole_and_no_character_is_cut() {
    let base = shipped();
    let model = LocalModel::new(base.clone(), 2);
    let likeliest = pieces(&model, Wishes::default()).await;
    assert!(likeliest.len() > 1, "{likeliest:?}");
    assert_eq!(likeliest.concat(), at_once(&base, Sampling::Greedy, 128));

    // So hot that every token is as likely as the others: single bytes of characters come too.
    let hot = model.at_temperature(1e6);
    let mut cut = 0;
    for seed in 0..16 {
        let wishes = Wishes {
            max_tokens: Some(48),
            seed: Some(seed),
            ..Wishes::default()
        };
        let sampling = Sampling::TopP {
            temperature: 1e6,
            top_p: 0.95,
            seed,
        };
        let whole = at_once(&base, sampling, 48);
        // What is cut off at the very end never becomes a character.
        let text = whole.trim_end_matches('\u{fffd}');
        cut += usize::from(whole.contains('\u{fffd}'));
        assert_eq!(pieces(&hot, wishes).await.concat(), text);
    }
    assert!(
        cut > 0,
        "no character was ever in two tokens, and nothing was tried"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_model_cannot_read_is_refused_and_who_leaves_makes_room() {
    let model = LocalModel::new(shipped(), 1);
    let long = [Turn::user("word ".repeat(100_000))];
    let first = model.answer(&long, Wishes::default()).next().await.unwrap();
    assert!(matches!(first, Err(MindError::TooLong { .. })), "{first:?}");

    let mut left = model.answer(&[Turn::user("Hi")], Wishes::default());
    left.next().await.unwrap().unwrap();
    drop(left);
    // The only place is free again.
    assert!(!pieces(&model, Wishes::default()).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn log_probabilities_are_those_of_the_likeliest_answer_however_hot_the_model_is() {
    let base = shipped();
    let model = LocalModel::new(base.clone(), 1).at_temperature(2.0);
    let wishes = LogProbWishes {
        max_tokens: 24,
        top: 3,
    };
    let asked = [Turn::user("Hi")];
    let answer = model.answer_with_log_probs(&asked, wishes).await.unwrap();
    assert_eq!(answer.text, at_once(&base, Sampling::Greedy, 24));
    let ids = model.token_ids(&answer.tokens).unwrap();
    assert_eq!(base.decode(&ids).unwrap(), answer.text);

    // What is generated a token at a time is what one pass over the whole expects.
    let places: Vec<usize> = (0..=ids.len()).collect();
    let expected = model.expected(&asked, &ids, &places, 3).unwrap();
    for (said, expected) in answer.likeliest.iter().zip(&expected) {
        assert_eq!(said.len(), 3);
        assert!(said.keys().eq(expected.likeliest.keys()), "{said:?} {expected:?}");
        for (one, other) in said.values().zip(expected.likeliest.values()) {
            assert!((one - other).abs() < 1e-4, "{said:?} {expected:?}");
        }
        assert!((expected.best - expected.said).abs() < 1e-4, "{expected:?}");
    }
    // Behind the end it is the end that is expected, unless the answer was cut off.
    let end = expected.last().unwrap();
    assert_eq!(ids.len() < 24, end.best == end.said, "{end:?}");
    assert!(model.expected(&asked, &ids, &[ids.len() + 1], 3).is_err());
    assert!(model.has_room(&asked, 24).unwrap() && !model.has_room(&asked, 1 << 20).unwrap());
    assert_eq!(model.token_ids(&["no such token".to_owned()]), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_does_not_tell_how_likely_it_is() {
    let wishes = LogProbWishes {
        max_tokens: 24,
        top: 3,
    };
    let asked = [Turn::user("Hi")];
    let refused = Parrot.answer_with_log_probs(&asked, wishes).await.unwrap_err();
    assert!(matches!(refused, MindError::NoLogProbs) && !Parrot.tells_log_probs());
    let model = LocalModel::new(shipped(), 1);
    let long = [Turn::user("word ".repeat(1 << 16))];
    let refused = model.answer_with_log_probs(&long, wishes).await.unwrap_err();
    assert!(matches!(refused, MindError::TooLong { .. }), "{refused}");
}
