//! Contents as a raw HTTP client sees them: parts, conditions, redirects, headers.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod bench;

use assay_hub::{HubServerConfig, RepoType};
use bench::{Bench, adding, noise};
use reqwest::{
    Client, Method, Response, StatusCode,
    header::{
        ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderMap,
        IF_NONE_MATCH, IF_RANGE, LOCATION, RANGE,
    },
};
use sha2::{Digest as _, Sha256};

fn small_inline(mut config: HubServerConfig) -> HubServerConfig {
    config.limits.inline_bytes = 1000;
    config
}

fn http() -> Client {
    Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap()
}

fn text(headers: &HeaderMap, name: impl reqwest::header::AsHeaderName) -> &str {
    headers.get(name).map_or("", |value| value.to_str().unwrap())
}

async fn ask(method: Method, url: &str, headers: &[(reqwest::header::HeaderName, &str)]) -> Response {
    let request = headers
        .iter()
        .fold(http().request(method, url), |request, (name, value)| {
            request.header(name, *value)
        });
    request.send().await.unwrap()
}

#[tokio::test]
async fn a_small_file_comes_from_resolve_itself() {
    let bench = Bench::new().await;
    let (client, repo) = bench.with_repo("miner/ore").await;
    let made = client
        .commit(
            &repo,
            RepoType::Dataset,
            adding([("a b/é.txt", b"hello\n".to_vec())]),
        )
        .await
        .unwrap();
    let url = format!(
        "{}/datasets/miner/ore/resolve/main/a%20b/%C3%A9.txt",
        bench.hub.url()
    );

    let whole = ask(Method::GET, &url, &[]).await;
    assert_eq!(whole.status(), StatusCode::OK);
    let headers = whole.headers().clone();
    // The hash that Git gives these bytes.
    assert_eq!(
        text(&headers, ETAG),
        "\"ce013625030ba8dba906f756967f9e9ca394464a\""
    );
    assert_eq!(text(&headers, "x-repo-commit"), made.to_string());
    assert_eq!(text(&headers, ACCEPT_RANGES), "bytes");
    assert_eq!(text(&headers, CONTENT_LENGTH), "6");
    assert_eq!(text(&headers, CONTENT_TYPE), "text/plain; charset=utf-8");
    assert_eq!(text(&headers, "x-content-type-options"), "nosniff");
    assert_eq!(
        text(&headers, CONTENT_DISPOSITION),
        "inline; filename*=UTF-8''%C3%A9%2Etxt; filename=\"_.txt\""
    );
    assert_eq!(whole.bytes().await.unwrap(), "hello\n");

    let head = ask(Method::HEAD, &url, &[]).await;
    assert_eq!(
        (head.status(), text(head.headers(), CONTENT_LENGTH)),
        (StatusCode::OK, "6")
    );
    assert_eq!(text(head.headers(), ETAG), text(&headers, ETAG));

    let known = ask(Method::GET, &url, &[(IF_NONE_MATCH, text(&headers, ETAG))]).await;
    assert_eq!(known.status(), StatusCode::NOT_MODIFIED);
    let unknown = ask(Method::GET, &url, &[(IF_NONE_MATCH, "\"other\"")]).await;
    assert_eq!(unknown.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_large_file_comes_by_a_redirect_that_names_it() {
    let bench = Bench::with(small_inline).await;
    let (client, repo) = bench.with_repo("miner/ore").await;
    let content = noise(5000, 1);
    let oid = hex::encode(Sha256::digest(&content));
    let made = client
        .commit(&repo, RepoType::Dataset, adding([("x.dat", content.clone())]))
        .await
        .unwrap();
    let url = format!("{}/datasets/miner/ore/resolve/{made}/x.dat", bench.hub.url());

    for method in [Method::GET, Method::HEAD] {
        let answer = ask(method, &url, &[]).await;
        assert_eq!(answer.status(), StatusCode::FOUND);
        assert_eq!(text(answer.headers(), "x-linked-size"), "5000");
        assert_eq!(text(answer.headers(), "x-linked-etag"), format!("\"{oid}\""));
        assert_eq!(text(answer.headers(), "x-repo-commit"), made.to_string());
    }
    let redirect = ask(Method::GET, &url, &[]).await;
    let target = format!("{}{}", bench.hub.url(), text(redirect.headers(), LOCATION));
    let whole = ask(Method::GET, &target, &[]).await;
    // Clients that follow before they look find the same names at the end of the way.
    assert_eq!(text(whole.headers(), "x-linked-etag"), format!("\"{oid}\""));
    assert_eq!(text(whole.headers(), "x-repo-commit"), made.to_string());
    assert_eq!(whole.bytes().await.unwrap(), content);

    // What stands in the tree is the pointer.
    let raw = ask(Method::GET, &url.replace("/resolve/", "/raw/"), &[]).await;
    let pointer = format!("version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 5000\n");
    assert_eq!(raw.text().await.unwrap(), pointer);
}

#[tokio::test]
async fn parts_are_served_of_small_and_large_files() {
    let bench = Bench::with(small_inline).await;
    let (client, repo) = bench.with_repo("miner/ore").await;
    let (small, large) = (noise(900, 1), noise(5000, 2));
    let files = adding([("small", small.clone()), ("large", large.clone())]);
    client.commit(&repo, RepoType::Dataset, files).await.unwrap();
    for (name, content) in [("small", small), ("large", large)] {
        let url = format!("{}/datasets/miner/ore/resolve/main/{name}", bench.hub.url());
        let first = ask(Method::GET, &url, &[]).await;
        let url = match first.headers().get(LOCATION) {
            Some(target) => format!("{}{}", bench.hub.url(), target.to_str().unwrap()),
            None => url,
        };
        let size = content.len();
        for (range, expected) in [
            ("bytes=0-9".to_owned(), 0..10),
            (format!("bytes={}-", size - 5), size - 5..size),
            ("bytes=-7".to_owned(), size - 7..size),
            ("bytes=10-999999".to_owned(), 10..size),
        ] {
            let part = ask(Method::GET, &url, &[(RANGE, &range)]).await;
            assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT, "{name} {range}");
            let said = format!("bytes {}-{}/{size}", expected.start, expected.end - 1);
            assert_eq!(text(part.headers(), CONTENT_RANGE), said, "{name} {range}");
            assert_eq!(part.bytes().await.unwrap(), content[expected], "{name} {range}");
        }
        let outside = ask(Method::GET, &url, &[(RANGE, &format!("bytes={size}-"))]).await;
        assert_eq!(outside.status(), StatusCode::RANGE_NOT_SATISFIABLE);
        assert_eq!(text(outside.headers(), CONTENT_RANGE), format!("bytes */{size}"));
        // A part of something else than the caller has is no use to it: it gets the whole.
        let changed = ask(Method::GET, &url, &[(RANGE, "bytes=0-9"), (IF_RANGE, "\"old\"")]).await;
        assert_eq!(
            (changed.status(), changed.bytes().await.unwrap().len()),
            (StatusCode::OK, size)
        );
    }
}

#[tokio::test]
async fn what_is_missing_is_named_by_its_code() {
    let bench = Bench::new().await;
    let (client, repo) = bench.with_repo("miner/ore").await;
    let made = client
        .commit(&repo, RepoType::Dataset, adding([("f", b"x".to_vec())]))
        .await
        .unwrap();
    let url = bench.hub.url();
    for (path, status, code) in [
        ("datasets/miner/ore/resolve/main/none", 404, "EntryNotFound"),
        ("datasets/miner/ore/resolve/none/f", 404, "RevisionNotFound"),
        ("api/datasets/miner/ore/revision/none", 404, "RevisionNotFound"),
        ("api/datasets/miner/ore/tree/main/none", 404, "EntryNotFound"),
        ("api/datasets/miner/none", 401, "RepoNotFound"),
        ("api/models/miner/ore", 401, "RepoNotFound"),
        ("nothing/here", 404, ""),
        ("api/things/a/b", 404, ""),
    ] {
        let answer = ask(Method::GET, &format!("{url}/{path}"), &[]).await;
        assert_eq!(
            (answer.status().as_u16(), text(answer.headers(), "x-error-code")),
            (status, code),
            "{path}"
        );
    }
    let missing = ask(
        Method::HEAD,
        &format!("{url}/datasets/miner/ore/resolve/main/none"),
        &[],
    )
    .await;
    assert_eq!(
        text(missing.headers(), "x-repo-commit"),
        made.to_string(),
        "clients remember what is not there"
    );
}
