//! Text generation: the cache changes nothing, the seed decides, and every way to end is told.

mod reference;

use std::ops::ControlFlow;

use assay_models::{Adapter, ModelError, Sampling, StopReason, generate};
use reference::{base, examples, path};

const SAMPLED: Sampling = Sampling::TopP {
    temperature: 1.0,
    top_p: 0.9,
    seed: 3,
};

fn go(_: u32) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn argmax(row: &[f32]) -> u32 {
    let best = row
        .iter()
        .enumerate()
        .fold((0, f32::NEG_INFINITY), |best, (id, value)| {
            if *value > best.1 { (id, *value) } else { best }
        });
    best.0 as u32
}

#[test]
fn greedy_generation_follows_the_likeliest_token_of_the_whole_text() {
    let base = base();
    let adapter = Adapter::load_peft(&path("run_a/adapter_final")).expect("the adapter loads");
    let prompt = &examples("eval")[0].input_ids[..20];
    let generated =
        generate(&base, Some(&adapter), prompt, 12, &[], Sampling::Greedy, &mut go).expect("it generates");
    assert_eq!(generated.reason, StopReason::Length);
    let mut text = prompt.to_vec();
    for id in generated.ids {
        let logits = base.logits(Some(&adapter), &text).expect("the text is sound");
        assert_eq!(
            id,
            argmax(&logits[logits.len() - base.architecture().vocabulary..])
        );
        text.push(id);
    }
}

#[test]
fn sampling_is_decided_by_its_seed() {
    let (base, prompt) = (base(), &examples("eval")[1].input_ids[..20]);
    let sample = |sampling| {
        generate(&base, None, prompt, 16, &[], sampling, &mut go)
            .expect("it generates")
            .ids
    };
    assert_eq!(sample(SAMPLED), sample(SAMPLED));
    let other = Sampling::TopP {
        temperature: 1.0,
        top_p: 0.9,
        seed: 4,
    };
    assert_ne!(sample(SAMPLED), sample(other));
    let cold = Sampling::TopP {
        temperature: 1e-6,
        top_p: 1.0,
        seed: 4,
    };
    assert_eq!(
        sample(cold),
        sample(Sampling::Greedy),
        "at no temperature only the likeliest is left"
    );
    let narrow = Sampling::TopP {
        temperature: 1.0,
        top_p: 1e-9,
        seed: 4,
    };
    assert_eq!(
        sample(narrow),
        sample(Sampling::Greedy),
        "the likeliest is always kept"
    );
}

#[test]
fn generation_ends_at_stop_tokens_lengths_full_contexts_and_at_the_callers_word() {
    let (base, prompt) = (base(), &examples("eval")[0].input_ids[..20]);
    let free = generate(&base, None, prompt, 8, &[], Sampling::Greedy, &mut go).expect("it generates");
    let stop = free.ids[3];
    let before = free.ids.iter().position(|id| *id == stop).expect("it is there");
    let stopped = generate(&base, None, prompt, 8, &[stop], Sampling::Greedy, &mut go).expect("it generates");
    assert_eq!(
        (stopped.reason, stopped.ids.as_slice()),
        (StopReason::StopToken, &free.ids[..before])
    );

    let mut seen = Vec::new();
    let mut twice = |id| {
        seen.push(id);
        if seen.len() == 2 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    let ended = generate(&base, None, prompt, 8, &[], Sampling::Greedy, &mut twice).expect("it generates");
    assert_eq!(
        (ended.reason, ended.ids.as_slice()),
        (StopReason::Caller, &free.ids[..2])
    );

    let long = vec![1; base.max_context() - 2];
    let full = generate(&base, None, &long, 100, &[], Sampling::Greedy, &mut go).expect("it generates");
    assert_eq!(
        (full.reason, full.ids.len()),
        (StopReason::Context, 3),
        "the last token needs no room of its own"
    );
    for prompt in [vec![], vec![1; base.max_context() + 1]] {
        let error = generate(&base, None, &prompt, 1, &[], Sampling::Greedy, &mut go).expect_err("no room");
        assert!(matches!(error, ModelError::Context { .. }), "{error}");
    }
    for (temperature, top_p) in [(0.0, 0.9), (f64::NAN, 0.9), (1.0, 0.0), (1.0, 1.5)] {
        let sampling = Sampling::TopP {
            temperature,
            top_p,
            seed: 0,
        };
        let error = generate(&base, None, prompt, 1, &[], sampling, &mut go).expect_err("out of range");
        assert!(matches!(error, ModelError::Recipe { .. }), "{error}");
    }
}
