//! The model on this machine: what it says in pieces is what it says at once.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use assay_minds::{LocalModel, Mind, MindError, Turn, Wishes};
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
