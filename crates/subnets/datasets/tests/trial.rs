//! Training and measuring: what losses say, what they depend on, and how a trial ends early.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod stage;

use std::{
    io::Cursor,
    num::NonZeroUsize,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use assay_datasets::{
    Recipe,
    held_out::HeldOut,
    outcome::OwnFault,
    recipe::{LossMean, base_model_identity},
    rows::{Dataset, RowEncoder, Template},
    seed::RoundSeed,
    state::Measured,
    trial::{Bench, TrialEnd, TrialProgress},
};
use assay_models::{BaseModel, Evaluation, Example};
use tokio_util::sync::CancellationToken;

const SEED: RoundSeed = RoundSeed(127);
const LONG: Duration = stage::DEADLINE;

fn encoder(recipe: &Recipe) -> RowEncoder {
    let context = recipe.training.context_length;
    RowEncoder::open(
        &stage::base_model(),
        recipe.template,
        recipe.marks_in_content,
        context,
    )
    .unwrap()
}

fn bench(recipe: Recipe, threads: usize) -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("held-out.jsonl");
    fs_err::write(&path, stage::rows("eval.jsonl", 12)).unwrap();
    let held_out = HeldOut::load(&path, &encoder(&recipe), &recipe).unwrap();
    Bench {
        base: BaseModel::load(&stage::base_model()).unwrap(),
        recipe: Arc::new(recipe),
        held_out: Arc::new(held_out),
        threads: Arc::new(
            rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap(),
        ),
    }
}

fn examples(name: &str, count: usize) -> Vec<Example> {
    let recipe = stage::recipe();
    let text = Cursor::new(stage::rows(name, count));
    Dataset::read(text, &encoder(&recipe), recipe.system_text, &recipe.limits)
        .unwrap()
        .unwrap()
        .examples
}

async fn measured(bench: &Bench, examples: Vec<Example>, seed: RoundSeed) -> Measured {
    let result = bench
        .run(examples, seed, LONG, &CancellationToken::new(), |_| {})
        .await
        .unwrap();
    Measured {
        seconds: 0.0,
        ..result
    }
}

#[tokio::test]
async fn better_rows_give_a_lower_loss() {
    let bench = bench(stage::recipe(), 2);
    let mut losses = Vec::new();
    for (name, count) in [("clean.jsonl", 24), ("tiny.jsonl", 6), ("noisy.jsonl", 24)] {
        losses.push(measured(&bench, examples(name, count), SEED).await.loss.unwrap());
    }
    // By far more than the 4 % that protect an earlier commitment.
    assert!(
        losses[0] < 0.9 * losses[1] && losses[0] < 0.9 * losses[2],
        "{losses:?}"
    );
}

#[tokio::test]
async fn a_loss_depends_on_the_seed_and_not_on_the_threads() {
    let one = measured(&bench(stage::recipe(), 1), examples("clean.jsonl", 12), SEED).await;
    let three = measured(&bench(stage::recipe(), 3), examples("clean.jsonl", 12), SEED).await;
    assert_eq!(one, three);
    let other = measured(
        &bench(stage::recipe(), 3),
        examples("clean.jsonl", 12),
        RoundSeed(128),
    )
    .await;
    assert_ne!(one.loss, other.loss);
}

#[tokio::test]
async fn a_trial_ends_when_told_and_when_its_time_is_over() {
    let bench = bench(stage::recipe(), 1);
    let steps = Arc::new(AtomicU32::new(0));
    let stop = CancellationToken::new();
    let (seen, stopper) = (steps.clone(), stop.clone());
    let told = move |at| {
        if let TrialProgress::Trained { step, .. } = at {
            seen.store(step, Ordering::Relaxed);
            stopper.cancel();
        }
    };
    let ended = bench
        .run(examples("clean.jsonl", 24), SEED, LONG, &stop, told)
        .await;
    assert_eq!(
        (ended, steps.load(Ordering::Relaxed)),
        (Err(TrialEnd::Stopped), 1)
    );

    let ended = bench
        .run(
            examples("clean.jsonl", 24),
            SEED,
            Duration::ZERO,
            &CancellationToken::new(),
            |_| {},
        )
        .await;
    assert_eq!(ended, Err(TrialEnd::Fault(OwnFault::TooSlow { seconds: 0 })));

    let ended = bench
        .run(
            examples("clean.jsonl", 24),
            SEED,
            LONG,
            &CancellationToken::new(),
            |_| panic!("a fault of ours"),
        )
        .await;
    assert!(
        matches!(ended, Err(TrialEnd::Fault(OwnFault::Training { .. }))),
        "{ended:?}"
    );
}

#[tokio::test]
async fn divergence_is_a_result_without_a_loss() {
    let mut recipe = stage::recipe();
    recipe.training.learning_rate = 1e30;
    recipe.training.max_grad_norm = None;
    recipe.training.warmup_steps = 0;
    let result = measured(&bench(recipe, 2), examples("clean.jsonl", 24), SEED).await;
    assert_eq!(
        result,
        Measured {
            loss: None,
            row_losses: Vec::new(),
            seconds: 0.0
        }
    );
}

#[test]
fn the_seed_s_loss_weighs_batches_by_rows_and_tokens_within() {
    // Two batches: (1·3 + 2·1) / 4 over two rows, then 5 over one.
    let evaluation = Evaluation {
        per_example: vec![1.0, 2.0, 5.0],
        target_tokens: vec![3, 1, 2],
        mean_of_examples: 8.0 / 3.0,
        token_weighted: 15.0 / 6.0,
    };
    let batches = LossMean::BatchMeans(NonZeroUsize::new(2).unwrap());
    assert_eq!(batches.of(&evaluation), (1.25 * 2.0 + 5.0) / 3.0);
    assert_eq!(LossMean::Rows.of(&evaluation), 8.0 / 3.0);
    assert_eq!(LossMean::Tokens.of(&evaluation), 2.5);
}

#[test]
fn a_recipe_s_identity_covers_every_number_and_the_base_model() {
    let model = base_model_identity(&stage::base_model()).unwrap();
    let recipe = stage::recipe();
    let identity = recipe.identity(model);
    assert_eq!(identity, stage::recipe().identity(model));
    let mut other = recipe.clone();
    other.training.lora.dropout = 0.2;
    assert_ne!(other.identity(model), identity);
    other = recipe.clone();
    other.limits.rows -= 1;
    assert_ne!(other.identity(model), identity);

    let folder = tempfile::tempdir().unwrap();
    for name in ["config.json", "model.safetensors", "tokenizer.json"] {
        fs_err::copy(stage::base_model().join(name), folder.path().join(name)).unwrap();
    }
    assert_eq!(base_model_identity(folder.path()).unwrap(), model);
    let mut weights = fs_err::read(folder.path().join("model.safetensors")).unwrap();
    *weights.last_mut().unwrap() ^= 1;
    fs_err::write(folder.path().join("model.safetensors"), weights).unwrap();
    assert_ne!(base_model_identity(folder.path()).unwrap(), model);
}

#[test]
fn the_shipped_recipe_and_the_seed_s_can_train() {
    let shipped = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../assets/base-model/recipe.toml"
    );
    let recipe = Recipe::load(shipped.as_ref()).unwrap();
    assert_eq!(recipe.template, Template::Qwen);
    let seed = Recipe::seed(Template::Qwen);
    seed.training.check().unwrap();

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("recipe.toml");
    let text = toml::to_string(&seed).unwrap();
    fs_err::write(&path, &text).unwrap();
    assert_eq!(Recipe::load(&path).unwrap(), seed);
    for (from, to) in [
        ("version = 1", "version = 2"),
        ("epochs = 3", "epochs = 0"),
        ("name =", "nome ="),
    ] {
        fs_err::write(&path, text.replace(from, to)).unwrap();
        assert!(Recipe::load(&path).is_err(), "{to}");
    }
}
