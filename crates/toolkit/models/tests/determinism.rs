//! The same inputs give the same bits, on however many threads.

mod reference;

use std::ops::ControlFlow;

use assay_models::{Adapter, Evaluation, LoraConfig, RowOrder, Targets, TrainingRecipe, evaluate, train};
use reference::{base, examples};

fn recipe(dropout: f64) -> TrainingRecipe {
    TrainingRecipe {
        context_length: 96,
        warmup_steps: 0,
        learning_rate: 2e-3,
        order: RowOrder::Shuffled,
        lora: LoraConfig {
            rank: 4,
            alpha: 8.0,
            dropout,
            targets: Targets::AllLinear,
        },
        ..TrainingRecipe::flock_2025()
    }
}

fn trained(threads: usize, dropout: f64, seed: u64) -> (Adapter, Evaluation) {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .expect("threads start");
    pool.install(|| {
        let go = &mut |_: &_| ControlFlow::Continue(());
        let adapter =
            train(&base(), &examples("train"), &recipe(dropout), seed, go).expect("training succeeds");
        let go = &mut |_| ControlFlow::Continue(());
        let evaluation =
            evaluate(&base(), Some(&adapter), &examples("eval"), 96, go).expect("the rows are sound");
        (adapter, evaluation)
    })
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    for dropout in [0.0, 0.1] {
        let one = trained(1, dropout, 5);
        for threads in [2, 3, 8] {
            assert_eq!(
                trained(threads, dropout, 5),
                one,
                "{threads} threads, dropout {dropout}"
            );
        }
    }
}

#[test]
fn the_seed_decides_start_and_dropout() {
    let plain = trained(2, 0.0, 5);
    assert_ne!(trained(2, 0.0, 6).0, plain.0, "another seed starts elsewhere");
    let dropped = trained(2, 0.3, 5);
    let names = plain.0.tensor_names();
    let differs = names
        .iter()
        .filter(|name| plain.0.tensor(name) != dropped.0.tensor(name))
        .count();
    assert_eq!(differs, names.len(), "dropout reaches every matrix");
}
