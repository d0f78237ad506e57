//! Downloads from hubs that lie, stall or break off. Whatever they do, the destination is whole or not there.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod bench;

use assay_hub::{Deadlines, DownloadLimits, HubClient, HubError, RepoId, RepoType, Revision, SnapshotLimits};
use axum::{
    Json, Router,
    body::Body,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};
use bench::{Bench, MINER, ROOMY, adding, names_in, noise, path};
use secrecy::SecretString;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::{sync::Arc, time::Duration};
use tempfile::TempDir;

const KIND: RepoType = RepoType::Dataset;
const COMMIT: &str = "18edc1591d9ce72aa82f56c4431b3c969b210ae3";

/// A hub that gives one answer to every request for a file, and one listing.
struct Liar {
    url: String,
    folder: TempDir,
    repo: RepoId,
    revision: Revision,
}

impl Liar {
    async fn new(answer: impl Fn() -> Response + Clone + Send + Sync + 'static) -> Self {
        Self::listing(json!([]), answer).await
    }

    async fn listing(listing: Value, answer: impl Fn() -> Response + Clone + Send + Sync + 'static) -> Self {
        let router = Router::new()
            .route(
                "/datasets/{owner}/{name}/resolve/{revision}/{*path}",
                get(async move || answer()),
            )
            .route(
                "/api/datasets/{owner}/{name}/tree/{revision}",
                get(async move || Json(listing)),
            );
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let folder = TempDir::new().unwrap();
        Self {
            url,
            folder,
            repo: bench::repo("miner/ore"),
            revision: COMMIT.parse().unwrap(),
        }
    }

    async fn fetch(&self, limits: DownloadLimits) -> HubError {
        let target = self.folder.path().join("out");
        fs_err::write(&target, "what was there before").unwrap();
        let client = bench::client(&self.url, Some(MINER));
        let error = client
            .download(&self.repo, KIND, &self.revision, &path("f"), &target, limits)
            .await
            .unwrap_err();
        assert_eq!(
            fs_err::read(&target).unwrap(),
            b"what was there before",
            "{error}"
        );
        assert_eq!(
            names_in(self.folder.path()),
            ["out"],
            "something was left behind: {error}"
        );
        error
    }
}

/// An answer with the headers of an honest one.
fn answer(content: &[u8], body: Body) -> Response {
    let etag = format!("\"{}\"", hex::encode(Sha256::digest(content)));
    ([("x-repo-commit", COMMIT), ("x-linked-etag", &etag)], body).into_response()
}

fn endless() -> Body {
    Body::from_stream(futures::stream::repeat_with(|| {
        Ok::<_, std::io::Error>(vec![7_u8; 65_536])
    }))
}

#[tokio::test]
async fn a_file_larger_than_the_limit_is_refused_announced_or_not() {
    let limits = DownloadLimits {
        max_bytes: 1000,
        ..ROOMY
    };
    let announced = Liar::new(|| answer(b"", Body::from(vec![7; 1001])))
        .await
        .fetch(limits)
        .await;
    assert!(
        matches!(
            announced,
            HubError::TooLarge {
                size: Some(1001),
                limit: 1000,
                ..
            }
        ),
        "{announced:?}"
    );
    let endless = Liar::new(|| answer(b"", endless())).await.fetch(limits).await;
    assert!(
        matches!(
            endless,
            HubError::TooLarge {
                size: None,
                limit: 1000,
                ..
            }
        ),
        "{endless:?}"
    );
    let linked = Liar::new(|| {
        let mut response = answer(b"", Body::from("small"));
        response.headers_mut().insert("x-linked-size", 5000.into());
        response
    });
    let linked = linked.await.fetch(limits).await;
    assert!(
        matches!(linked, HubError::TooLarge { size: Some(5000), .. }),
        "{linked:?}"
    );
}

#[tokio::test]
async fn what_is_not_the_named_content_is_refused() {
    let other = Liar::new(|| answer(b"this", Body::from("that")))
        .await
        .fetch(ROOMY)
        .await;
    assert!(matches!(other, HubError::Damaged { .. }), "{other:?}");
    let moved = Liar::new(|| {
        let mut response = answer(b"this", Body::from("this"));
        response.headers_mut().insert(
            "x-repo-commit",
            "0000000000000000000000000000000000000000".parse().unwrap(),
        );
        response
    });
    let moved = moved.await.fetch(ROOMY).await;
    assert!(matches!(moved, HubError::WrongRevision { .. }), "{moved:?}");
    let nameless = Liar::new(|| ([("x-repo-commit", COMMIT)], "this").into_response())
        .await
        .fetch(ROOMY)
        .await;
    assert!(matches!(nameless, HubError::Malformed { .. }), "{nameless:?}");
    let broken = Liar::new(|| {
        let chunks: [Result<&str, std::io::Error>; 2] = [Ok("th"), Err(std::io::Error::other("broke off"))];
        answer(b"this", Body::from_stream(futures::stream::iter(chunks)))
    });
    let broken = broken.await.fetch(ROOMY).await;
    assert!(matches!(broken, HubError::Unreachable { .. }), "{broken:?}");
}

#[tokio::test]
async fn a_hub_that_drips_meets_the_deadline() {
    let drip = || {
        let drops = futures::stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            Some((Ok::<_, std::io::Error>("x"), ()))
        });
        answer(b"", Body::from_stream(drops))
    };
    let limits = DownloadLimits {
        deadline: Duration::from_millis(400),
        ..ROOMY
    };
    let error = Liar::new(drip).await.fetch(limits).await;
    assert!(
        matches!(error, HubError::TimedOut { after, .. } if after == limits.deadline),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_hub_that_never_answers_meets_the_deadline_of_every_call() {
    // The system takes the connection; nobody ever reads from it.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let brief = Duration::from_millis(300);
    let deadlines = Deadlines {
        connect: brief,
        call: brief,
        idle: brief,
    };
    let client = HubClient::with_deadlines(&url, None, deadlines).unwrap();
    let repo = bench::repo("miner/ore");
    let folder = TempDir::new().unwrap();
    let target = folder.path().join("out");
    let revision: Revision = COMMIT.parse().unwrap();
    let results = [
        client.repo_info(&repo, KIND, &bench::main()).await.map(drop),
        client.whoami().await.map(drop),
        client
            .commit(&repo, KIND, adding([("f", b"x".to_vec())]))
            .await
            .map(drop),
        client
            .download(&repo, KIND, &revision, &path("f"), &target, ROOMY)
            .await
            .map(drop),
    ];
    for result in results {
        assert!(matches!(result, Err(HubError::TimedOut { .. })), "{result:?}");
    }
}

#[tokio::test]
async fn an_upload_that_stalls_is_given_up() {
    let bench = Bench::with(|mut config| {
        config.limits.inline_bytes = 100;
        config
    })
    .await;
    let (_, repo) = bench.with_repo("miner/ore").await;
    let plan = |seen: &bench::proxy::Seen| {
        if seen.is_upload() {
            bench::proxy::Fault::Stall
        } else {
            bench::proxy::Fault::None
        }
    };
    let proxy = bench::proxy::Proxy::start(&bench.hub.url(), plan).await;
    let deadlines = Deadlines {
        idle: Duration::from_millis(500),
        ..bench::DEADLINES
    };
    let client = HubClient::with_deadlines(&proxy.url, Some(SecretString::from(MINER)), deadlines).unwrap();
    let result = client
        .commit(&repo, KIND, adding([("f", noise(10_000, 1))]))
        .await;
    assert!(matches!(result, Err(HubError::TimedOut { .. })), "{result:?}");
}

#[tokio::test]
async fn a_token_does_not_follow_a_redirect_to_another_host() {
    let seen = Arc::new(parking_lot::Mutex::new(Vec::new()));
    let record = Arc::clone(&seen);
    let storage = Router::new().fallback(async move |headers: HeaderMap| {
        record.lock().push(headers.get(header::AUTHORIZATION).cloned());
        "content"
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let storage_url = format!("http://{}/object", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, storage).await.unwrap() });

    let hub = Liar::new(move || {
        let etag = format!("\"{}\"", hex::encode(Sha256::digest("content")));
        let headers = [
            ("x-repo-commit", COMMIT),
            ("x-linked-etag", &etag),
            ("location", &storage_url),
        ];
        (StatusCode::FOUND, headers).into_response()
    })
    .await;
    let client = bench::client(&hub.url, Some(MINER));
    let target = hub.folder.path().join("out");
    client
        .download(&hub.repo, KIND, &hub.revision, &path("f"), &target, ROOMY)
        .await
        .unwrap();
    assert_eq!(fs_err::read(target).unwrap(), b"content");
    assert_eq!(*seen.lock(), [None]);
}

#[tokio::test]
async fn redirects_in_a_circle_end() {
    let circle = || {
        (
            StatusCode::FOUND,
            [("location", "/datasets/miner/ore/resolve/x/f")],
        )
            .into_response()
    };
    let error = Liar::new(circle).await.fetch(ROOMY).await;
    assert!(matches!(error, HubError::Malformed { .. }), "{error:?}");
    let outside = || (StatusCode::FOUND, [("location", "file:///etc/passwd")]).into_response();
    let error = Liar::new(outside).await.fetch(ROOMY).await;
    assert!(matches!(error, HubError::Malformed { .. }), "{error:?}");
}

const SNAPSHOT: SnapshotLimits = SnapshotLimits {
    max_files: 10,
    max_file_bytes: 100_000,
    max_total_bytes: 150_000,
    deadline: Duration::from_secs(60),
};

#[tokio::test]
async fn a_snapshot_is_the_whole_repository_at_one_commit() {
    let bench = Bench::with(|mut config| {
        config.limits.inline_bytes = 1000;
        config
    })
    .await;
    let (client, repo) = bench.with_repo("miner/ore").await;
    let large = noise(90_000, 1);
    let files = adding([
        ("a.txt", b"a".to_vec()),
        ("d/e/b.txt", b"b".to_vec()),
        ("large", large.clone()),
    ]);
    let made = client.commit(&repo, KIND, files).await.unwrap();
    client
        .commit(&repo, KIND, adding([("a.txt", b"later".to_vec())]))
        .await
        .unwrap();

    let target = bench.path("snapshots/one");
    let got = client
        .download_snapshot(&repo, KIND, &made, &target, SNAPSHOT)
        .await
        .unwrap();
    assert_eq!(got.len(), 4);
    assert_eq!(fs_err::read(target.join("a.txt")).unwrap(), b"a");
    assert_eq!(fs_err::read(target.join("d/e/b.txt")).unwrap(), b"b");
    assert_eq!(fs_err::read(target.join("large")).unwrap(), large);
    assert_eq!(names_in(&bench.path("snapshots")), ["one"]);
    let again = client
        .download_snapshot(&repo, KIND, &made, &target, SNAPSHOT)
        .await;
    assert!(
        matches!(again, Err(HubError::File { .. })),
        "a folder that is there is not touched: {again:?}"
    );

    for limits in [
        SnapshotLimits {
            max_files: 3,
            ..SNAPSHOT
        },
        SnapshotLimits {
            max_file_bytes: 89_999,
            ..SNAPSHOT
        },
        SnapshotLimits {
            max_total_bytes: 90_000,
            ..SNAPSHOT
        },
    ] {
        let target = bench.path("snapshots/two");
        let refused = client
            .download_snapshot(&repo, KIND, &made, &target, limits)
            .await;
        assert!(
            matches!(
                refused,
                Err(HubError::TooLarge { .. } | HubError::TooManyFiles { .. })
            ),
            "{limits:?}: {refused:?}"
        );
        assert_eq!(names_in(&bench.path("snapshots")), ["one"]);
    }
}

#[tokio::test]
async fn a_listing_with_an_unsafe_path_is_not_followed() {
    for unsafe_path in [
        "../out",
        "/etc/cron.d/x",
        "a/../../b",
        ".git/hooks/post-checkout",
        "a\\..\\b",
    ] {
        let listing = json!([
            { "type": "file", "oid": "ce013625030ba8dba906f756967f9e9ca394464a", "size": 5, "path": unsafe_path }
        ]);
        let liar = Liar::listing(listing, || answer(b"hello", Body::from("hello"))).await;
        let client = bench::client(&liar.url, None);
        let target = liar.folder.path().join("snapshot");
        let refused = client
            .download_snapshot(&liar.repo, KIND, &liar.revision, &target, SNAPSHOT)
            .await;
        assert!(
            matches!(refused, Err(HubError::UnsafePath { .. })),
            "{unsafe_path}: {refused:?}"
        );
        assert_eq!(names_in(liar.folder.path()), [""; 0]);
    }
}

#[tokio::test]
async fn a_snapshot_whose_files_are_not_as_listed_is_dropped_whole() {
    let listing = json!([{ "type": "file", "oid": "ce013625030ba8dba906f756967f9e9ca394464a", "size": 5, "path": "f" }]);
    for body in ["hello but longer", "other"] {
        let liar = Liar::listing(listing.clone(), move || answer(body.as_bytes(), Body::from(body))).await;
        let client = bench::client(&liar.url, None);
        let target = liar.folder.path().join("snapshot");
        let refused = client
            .download_snapshot(&liar.repo, KIND, &liar.revision, &target, SNAPSHOT)
            .await;
        assert!(
            matches!(refused, Err(HubError::TooLarge { .. } | HubError::Damaged { .. })),
            "{body}: {refused:?}"
        );
        assert_eq!(names_in(liar.folder.path()), [""; 0]);
    }
}

#[tokio::test]
async fn a_repository_that_moved_is_found_where_it_went() {
    let bench = Bench::new().await;
    let (client, repo) = bench.with_repo("miner/ore").await;
    let made = client
        .commit(&repo, KIND, adding([("f", b"x".to_vec())]))
        .await
        .unwrap();
    // What the real hub does with an old name, and with a file that it keeps elsewhere.
    let target = bench.hub.url();
    let moved = Router::new().fallback(async move |request: axum::extract::Request| {
        let path = request
            .uri()
            .path_and_query()
            .unwrap()
            .as_str()
            .replace("old", "ore");
        (
            StatusCode::TEMPORARY_REDIRECT,
            [("location", format!("{target}{path}"))],
        )
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, moved).await.unwrap() });

    let client = bench::client(&url, None);
    let old = bench::repo("miner/old");
    let info = client.repo_info(&old, KIND, &bench::main()).await.unwrap();
    assert_eq!((info.sha, info.unsafe_paths), (made, 0));
    assert_eq!(
        client
            .list_files(&old, KIND, &made.into(), 10)
            .await
            .unwrap()
            .len(),
        2
    );
    assert_eq!(bench::read(&client, &old, &made, "f").await, b"x");
}
