//! The demonstration's files are what the generator makes, and are what they are said to be.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::{collections::BTreeSet, io::BufReader, path::Path, sync::Arc, time::Duration};

use assay_datasets::{
    Profile, Recipe, demo,
    held_out::HeldOut,
    rows::{Dataset, RowEncoder},
    seed::RoundSeed,
    trial::Bench,
};
use assay_models::BaseModel;
use tokio_util::sync::CancellationToken;

fn rows(name: &str) -> Vec<String> {
    let file = demo::files().into_iter().find(|file| file.name == name).unwrap();
    file.content.lines().map(str::to_owned).collect()
}

#[test]
fn the_shipped_files_are_the_generator_s() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../assets/demo");
    for file in demo::files() {
        let shipped = fs_err::read_to_string(format!("{folder}/{}", file.name)).unwrap();
        assert!(
            shipped == file.content,
            "{}: run the example write_demo",
            file.name
        );
    }
}

#[test]
fn held_out_rows_are_in_no_dataset() {
    let distinct = |name| rows(name).into_iter().collect::<BTreeSet<_>>();
    let (clean, eval) = (distinct("clean.jsonl"), distinct("eval.jsonl"));
    assert_eq!((clean.len(), eval.len()), (96, 32));
    assert!(clean.is_disjoint(&eval));
    assert!(distinct("tiny.jsonl").is_subset(&clean));
    assert!(clean.is_disjoint(&distinct("noisy.jsonl")));
}

/// What `assay up` shows: the order of losses is the order of quality, and the good dataset wins whoever was first.
#[tokio::test]
async fn the_shipped_model_tells_the_datasets_apart() {
    let model = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../assets/base-model"));
    let recipe = Recipe::load(&model.join("recipe.toml")).unwrap();
    let context = recipe.training.context_length;
    let encoder = RowEncoder::open(model, recipe.template, recipe.marks_in_content, context).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for file in demo::files() {
        fs_err::write(folder.path().join(file.name), file.content).unwrap();
    }
    let held_out = HeldOut::load(&folder.path().join("eval.jsonl"), &encoder, &recipe).unwrap();
    let bench = Bench {
        base: BaseModel::load(model).unwrap(),
        recipe: Arc::new(recipe),
        held_out: Arc::new(held_out),
        threads: Arc::new(rayon::ThreadPoolBuilder::new().build().unwrap()),
    };
    let mut losses = Vec::new();
    for name in ["clean.jsonl", "tiny.jsonl", "noisy.jsonl"] {
        let file = BufReader::new(fs_err::File::open(folder.path().join(name)).unwrap());
        let (system_text, limits) = (bench.recipe.system_text, &bench.recipe.limits);
        let rows = Dataset::read(file, &encoder, system_text, limits)
            .unwrap()
            .unwrap();
        let stop = CancellationToken::new();
        let measured = bench
            .run(
                rows.examples,
                RoundSeed(1),
                Duration::from_secs(600),
                &stop,
                |_| {},
            )
            .await
            .unwrap();
        losses.push(measured.loss.unwrap());
    }
    let margin = 1.0 - Profile::seed().epsilon;
    assert!(
        losses[0] < margin * losses[1] && losses[1] < losses[2],
        "{losses:?}"
    );
}
