//! Texts to begin with: out of files of every kind, and out of a hub.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use assay_hub::{
    Account, ExistingRepo, HubClient, HubServer, HubServerConfig, RefName, RepoId, RepoType, Source,
    Visibility,
};
use assay_prompting::bootstrap::{
    Always, BootstrapError, DataSet, HubShards, LocalShards, Mixture, ShardLimits, Texts,
};
use parquet::arrow::ArrowWriter;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
};
use tempfile::TempDir;

fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

fn columns() -> Vec<String> {
    vec!["context".to_owned(), "text".to_owned()]
}

fn written(folder: &TempDir, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.path().join(name);
    fs_err::create_dir_all(path.parent().unwrap()).unwrap();
    fs_err::write(&path, content).unwrap();
    path
}

/// A Parquet file with these texts, and numbers beside them.
fn parquet(folder: &TempDir, name: &str, column: &str, texts: &[&str]) -> PathBuf {
    let path = folder.path().join(name);
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..texts.len() as i64));
    let texts: ArrayRef = Arc::new(StringArray::from_iter_values(texts));
    let batch = RecordBatch::try_from_iter([("number", numbers), (column, texts)]).unwrap();
    let file = fs_err::File::create(&path).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    path
}

async fn drawn(texts: &mut impl Texts, count: usize) -> Vec<String> {
    let mut drawn = Vec::new();
    for _ in 0..count {
        drawn.push(texts.next().await.unwrap());
    }
    drawn
}

fn set<S: AsRef<str>>(texts: &[S]) -> BTreeSet<String> {
    texts.iter().map(|text| text.as_ref().to_owned()).collect()
}

#[tokio::test]
async fn every_text_comes_once_in_a_pass_in_another_order_each_time() {
    let folder = TempDir::new().unwrap();
    let lines: String = (0..700)
        .map(|n| format!("{{\"id\": {n}, \"text\": \"line {n}\"}}\n\n"))
        .collect();
    let files = [
        written(&folder, "a.jsonl", lines),
        written(
            &folder,
            "deep/b.txt",
            "First paragraph,\nof two lines.\n\n\n  \nSecond paragraph.\n",
        ),
        parquet(
            &folder,
            "c.parquet",
            "context",
            &["column one", " ", "column two"],
        ),
    ];
    let whole = LocalShards::open(&[folder.path().to_owned()]).unwrap();
    let named = LocalShards::open(&files).unwrap();
    let mut texts = DataSet::new(whole, columns(), rng(1));
    let (first, second) = (drawn(&mut texts, 704).await, drawn(&mut texts, 704).await);
    assert_eq!(set(&first).len(), 704, "each once");
    assert_eq!(set(&first), set(&second), "and again in the next pass");
    assert_ne!(first, second);
    for text in [
        "line 0",
        "line 699",
        "column two",
        "First paragraph,\nof two lines.",
        "Second paragraph.",
    ] {
        assert!(first.contains(&text.to_owned()), "{text}");
    }
    let mut again = DataSet::new(named, columns(), rng(1));
    assert_eq!(drawn(&mut again, 704).await, first, "the seed decides");
    let mut small = DataSet::new(LocalShards::open(&files[..1]).unwrap(), columns(), rng(1)).buffering(1);
    assert_eq!(
        drawn(&mut small, 2).await,
        ["line 0", "line 1"],
        "a buffer of one keeps the order"
    );
}

#[tokio::test]
async fn what_cannot_be_read_is_named_and_the_next_shard_goes_on() {
    let folder = TempDir::new().unwrap();
    let long = format!(
        "{{\"text\": \"{}\"}}\n{{\"text\": \"short\"}}\n",
        "x".repeat(5 * 1024 * 1024)
    );
    let long = written(&folder, "long.jsonl", long);
    let mut texts = DataSet::new(LocalShards::open(&[long]).unwrap(), columns(), rng(1));
    assert_eq!(drawn(&mut texts, 2).await, ["short", "short"]);

    let broken = written(&folder, "broken.parquet", "PAR1 and no more");
    let good = written(&folder, "good.jsonl", "{\"text\": \"good\"}\n");
    let shards = LocalShards::open(&[broken, good]).unwrap();
    let mut texts = DataSet::new(shards, columns(), rng(3));
    let mut outcomes = Vec::new();
    for _ in 0..6 {
        outcomes.push(texts.next().await.map_err(|error| error.to_string()));
    }
    assert!(outcomes.contains(&Ok("good".to_owned())), "{outcomes:?}");
    assert!(
        outcomes.iter().any(|outcome| {
            outcome
                .as_ref()
                .is_err_and(|error| error.contains("broken.parquet cannot be read as Parquet"))
        }),
        "{outcomes:?}"
    );

    let other = parquet(&folder, "other.parquet", "body", &["there"]);
    let mut texts = DataSet::new(LocalShards::open(&[other]).unwrap(), columns(), rng(1));
    let error = texts.next().await.unwrap_err();
    assert!(
        matches!(&error, BootstrapError::Columns { found, .. } if found == "number, body"),
        "{error}"
    );

    let numbers = written(&folder, "numbers.jsonl", "{\"text\": 4}\n{\"other\": \"x\"}\n");
    let mut texts = DataSet::new(LocalShards::open(&[numbers]).unwrap(), columns(), rng(1));
    let error = texts.next().await.unwrap_err();
    assert!(matches!(error, BootstrapError::Empty { .. }), "{error}");

    let no_json = written(&folder, "no.jsonl", "nothing of the kind\n");
    let mut texts = DataSet::new(LocalShards::open(&[no_json]).unwrap(), columns(), rng(1));
    let error = texts.next().await.unwrap_err().to_string();
    assert!(
        error.contains("no.jsonl") && !error.contains("nothing of the kind"),
        "{error}"
    );

    let table = written(&folder, "table.csv", "a,b\n");
    let error = LocalShards::open(std::slice::from_ref(&table)).unwrap_err();
    assert!(matches!(error, BootstrapError::Kind { .. }), "{error}");
    let empty = TempDir::new().unwrap();
    let error = LocalShards::open(&[empty.path().to_owned()]).unwrap_err();
    assert!(matches!(error, BootstrapError::NoShards { .. }), "{error}");
    assert!(LocalShards::open(&[PathBuf::from("/nowhere/at/all")]).is_err());
}

/// A source that always fails.
struct Failing;

impl Texts for Failing {
    fn next(&mut self) -> futures::future::BoxFuture<'_, Result<String, BootstrapError>> {
        Box::pin(async { Err(BootstrapError::Interrupted) })
    }
}

#[tokio::test]
async fn a_mixture_draws_by_shares_and_does_without_one_that_fails() {
    let always = |text: &str| Box::new(Always(text.to_owned())) as Box<dyn Texts>;
    let sources = vec![
        (always("often"), 3.0),
        (always("seldom"), 1.0),
        (always("never"), 0.0),
    ];
    let mut mixture = Mixture::new(sources, rng(5)).unwrap();
    let texts = drawn(&mut mixture, 400).await;
    let often = texts.iter().filter(|text| *text == "often").count();
    assert!((270..330).contains(&often), "{often} of 400");
    assert!(!texts.contains(&"never".to_owned()));

    let sources = vec![(Box::new(Failing) as Box<dyn Texts>, 1.0), (always("other"), 1.0)];
    let mut mixture = Mixture::new(sources, rng(5)).unwrap();
    assert_eq!(set(&drawn(&mut mixture, 20).await), set(&["other"]));
    assert!(Mixture::new(vec![(always("none"), 0.0)], rng(5)).is_err());
    assert!(Mixture::new(Vec::new(), rng(5)).is_err());
}

const TOKEN: &str = "hf_bootstrap_of_a_test";

async fn upload(client: &HubClient, repo: &RepoId, path: &str, file: &Path) {
    let path = path.parse().unwrap();
    let source = Source::File(file.to_owned());
    client
        .upload_file(repo, RepoType::Dataset, &path, source, "Add a shard")
        .await
        .unwrap();
}

#[tokio::test]
async fn a_data_set_of_a_hub_comes_shard_by_shard_and_few_lie_on_the_disk() {
    let folder = TempDir::new().unwrap();
    let server = HubServer::start(
        HubServerConfig::new(folder.path().join("hub")).account(Account::new("writer", TOKEN)),
    )
    .await
    .unwrap();
    let client = HubClient::new(&server.url(), Some(TOKEN.to_owned().into())).unwrap();
    let repo: RepoId = "writer/texts".parse().unwrap();
    client
        .create_repo(&repo, RepoType::Dataset, Visibility::Public, ExistingRepo::Keep)
        .await
        .unwrap();
    for number in 0..5 {
        let name = format!("s{number}.parquet");
        let texts = [format!("{number} one"), format!("{number} two")];
        let shard = parquet(&folder, &name, "text", &[&texts[0], &texts[1]]);
        upload(&client, &repo, &format!("data/train-{number}.parquet"), &shard).await;
    }
    let outside = written(&folder, "outside.jsonl", "{\"text\": \"outside\"}\n");
    upload(&client, &repo, "test/outside.jsonl", &outside).await;
    upload(
        &client,
        &repo,
        "data/dataset_infos.json",
        &written(&folder, "i.json", "{}"),
    )
    .await;

    let cache = folder.path().join("cache");
    let shards = |below: &str| {
        let limits = ShardLimits::default();
        HubShards::new(
            client.clone(),
            repo.clone(),
            RefName::main(),
            below,
            cache.clone(),
            limits,
        )
    };
    let mut texts = DataSet::new(shards("data/"), columns(), rng(2)).buffering(1);
    let mut all = Vec::new();
    for _ in 0..10 {
        all.push(texts.next().await.unwrap());
        assert!(fs_err::read_dir(&cache).unwrap().count() <= 2);
    }
    assert_eq!(set(&all).len(), 10, "{all:?}");
    assert!(!all.contains(&"outside".to_owned()));

    let mut nothing = DataSet::new(shards("validation/"), columns(), rng(2));
    let error = nothing.next().await.unwrap_err().to_string();
    assert!(error.contains("writer/texts"), "{error}");
    server.stop().await;
    let mut unreachable = DataSet::new(shards("data/"), columns(), rng(2));
    assert!(matches!(
        unreachable.next().await.unwrap_err(),
        BootstrapError::Hub(_)
    ));
}
