//! Who may see and do what.

mod bench;

use assay_hub::{ExistingRepo, HubError, RepoType, Visibility};
use bench::{Bench, MINER, READER, ROOMY, STRANGER, adding, head, main, noise, path, repo};
use reqwest::{Client, Method, StatusCode, header::AUTHORIZATION};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const KIND: RepoType = RepoType::Dataset;

#[tokio::test]
async fn a_private_repository_does_not_exist_for_others() {
    let bench = Bench::new().await;
    let owner = bench.client(Some(MINER));
    let secret = repo("miner/secret");
    owner
        .create_repo(&secret, KIND, Visibility::Private, ExistingRepo::Refuse)
        .await
        .unwrap();
    let made = owner
        .commit(&secret, KIND, adding([("f", b"hidden".to_vec())]))
        .await
        .unwrap();
    assert_eq!(bench::read(&owner, &secret, &made, "f").await, b"hidden");

    // The same answers as for a repository that is not there at all.
    for name in ["miner/secret", "miner/none"] {
        for (token, status) in [(None, 401), (Some(STRANGER), 404), (Some(READER), 404)] {
            for address in [
                format!("api/datasets/{name}"),
                format!("api/datasets/{name}/tree/main"),
                format!("api/datasets/{name}/commits/main"),
                format!("datasets/{name}/resolve/main/f"),
            ] {
                let request = Client::new().get(format!("{}/{address}", bench.hub.url()));
                let request = token
                    .into_iter()
                    .fold(request, |request, token| request.bearer_auth(token));
                let answer = request.send().await.unwrap();
                let code = answer
                    .headers()
                    .get("x-error-code")
                    .map(|code| code.to_str().unwrap());
                assert_eq!(
                    (answer.status().as_u16(), code),
                    (status, Some("RepoNotFound")),
                    "{token:?} {address}"
                );
            }
        }
    }
    let listed = |token| {
        let url = format!("{}/api/datasets", bench.hub.url());
        async move {
            let answer = Client::new().get(url).bearer_auth(token).send().await.unwrap();
            answer.json::<Vec<Value>>().await.unwrap().len()
        }
    };
    assert_eq!((listed(STRANGER).await, listed(MINER).await), (0, 1));

    owner
        .set_visibility(&secret, KIND, Visibility::Public)
        .await
        .unwrap();
    assert_eq!(
        bench::read(&bench.client(None), &secret, &made, "f").await,
        b"hidden"
    );
}

#[tokio::test]
async fn a_refusal_that_leaves_a_body_unread_says_that_the_connection_ends() {
    let bench = Bench::new().await;
    // Its repository is somebody else's, so a stranger's file list is not looked at.
    let owner = bench.client(Some(MINER));
    let theirs = repo("miner/none");
    owner
        .create_repo(&theirs, KIND, Visibility::Private, ExistingRepo::Refuse)
        .await
        .unwrap();
    let ends = async |method: Method, body: Option<Value>| {
        let url = format!("{}/api/datasets/miner/none/preupload/main", bench.hub.url());
        let mut request = Client::new().request(method, url).bearer_auth(STRANGER);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_client_error(), "{}", answer.status());
        answer
            .headers()
            .get("connection")
            .is_some_and(|value| value == "close")
    };
    assert!(ends(Method::POST, Some(json!({"files": []}))).await);
    assert!(
        !ends(Method::GET, None).await,
        "nothing is left in the connection"
    );
}

#[tokio::test]
async fn a_wrong_token_is_refused_even_where_none_is_needed() {
    let bench = Bench::new().await;
    let (_, repo) = bench.with_repo("miner/ore").await;
    let wrong = bench
        .client(Some("hf_wrong"))
        .repo_info(&repo, KIND, &main())
        .await;
    assert!(matches!(wrong, Err(HubError::Unauthorized { .. })), "{wrong:?}");
    let odd = Client::new().get(format!("{}/api/datasets/miner/ore", bench.hub.url()));
    let answer = odd.header(AUTHORIZATION, "Digest abc").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    let message = answer.headers()["x-error-message"].to_str().unwrap();
    assert_eq!(message, "Invalid credentials in Authorization header");
    // Git sends the token as a password.
    let git = Client::new().get(format!("{}/api/datasets/miner/ore", bench.hub.url()));
    assert_eq!(
        git.basic_auth("any", Some(MINER)).send().await.unwrap().status(),
        StatusCode::OK
    );
}

#[tokio::test]
async fn only_the_owner_writes() {
    let bench = Bench::new().await;
    let (owner, ore) = bench.with_repo("miner/ore").await;
    let before = head(&owner, &ore).await;
    for token in [Some(STRANGER), Some(READER), None] {
        let client = bench.client(token);
        let commit = client.commit(&ore, KIND, adding([("f", b"x".to_vec())])).await;
        let delete = client.delete_repo(&ore, KIND).await;
        let create = client
            .create_repo(&repo("miner/new"), KIND, Visibility::Public, ExistingRepo::Refuse)
            .await;
        for refused in [commit.map(drop), delete, create] {
            match (token, refused) {
                (Some(_), Err(HubError::Forbidden { .. })) | (None, Err(HubError::Unauthorized { .. })) => {}
                (_, other) => panic!("{token:?}: {other:?}"),
            }
        }
    }
    assert_eq!(head(&owner, &ore).await, before);
    // An organisation's repositories are its members' as well.
    owner
        .create_repo(
            &repo("guild/tin"),
            KIND,
            Visibility::Private,
            ExistingRepo::Refuse,
        )
        .await
        .unwrap();
    owner
        .commit(&repo("guild/tin"), KIND, adding([("f", b"x".to_vec())]))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_gated_repository_shows_itself_and_keeps_its_files() {
    let bench = Bench::new().await;
    let (owner, repo) = bench.with_repo("miner/ore").await;
    let made = owner
        .commit(&repo, KIND, adding([("f", b"x".to_vec())]))
        .await
        .unwrap();
    let settings = format!("{}/api/datasets/miner/ore/settings", bench.hub.url());
    let body = json!({ "gated": "manual" });
    let answer = Client::new()
        .put(settings)
        .bearer_auth(MINER)
        .json(&body)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::OK);

    let stranger = bench.client(Some(STRANGER));
    stranger.repo_info(&repo, KIND, &main()).await.unwrap();
    let target = bench.path("out");
    let refused = stranger
        .download(&repo, KIND, &made, &path("f"), &target, ROOMY)
        .await;
    assert!(matches!(refused, Err(HubError::Gated { .. })), "{refused:?}");
    assert!(!target.exists());
    assert_eq!(bench::read(&owner, &repo, &made, "f").await, b"x");
}

#[tokio::test]
async fn naming_a_hash_does_not_give_out_anothers_content() {
    let bench = Bench::with(|mut config| {
        config.limits.inline_bytes = 200;
        config
    })
    .await;
    let owner = bench.client(Some(MINER));
    let secret = repo("miner/secret");
    owner
        .create_repo(&secret, KIND, Visibility::Private, ExistingRepo::Refuse)
        .await
        .unwrap();
    let content = noise(1000, 7);
    owner
        .commit(&secret, KIND, adding([("f", content.clone())]))
        .await
        .unwrap();

    let thief = bench.client(Some(STRANGER));
    let loot = repo("stranger/loot");
    thief
        .create_repo(&loot, KIND, Visibility::Public, ExistingRepo::Refuse)
        .await
        .unwrap();
    let oid = hex::encode(Sha256::digest(&content));
    let lines = [
        json!({ "key": "header", "value": { "summary": "Steal" } }),
        json!({ "key": "lfsFile", "value": { "path": "f", "algo": "sha256", "oid": oid, "size": 1000 } }),
    ];
    let body = lines.map(|line| format!("{line}\n")).concat();
    let url = format!("{}/api/datasets/stranger/loot/commit/main", bench.hub.url());
    let answer = Client::new()
        .post(url)
        .bearer_auth(STRANGER)
        .body(body)
        .send()
        .await
        .unwrap();
    assert_eq!(
        answer.status(),
        StatusCode::BAD_REQUEST,
        "{}",
        answer.text().await.unwrap()
    );

    // A pointer written by hand stays the text that it is.
    let pointer = format!("version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 1000\n");
    let line = json!({ "key": "file", "value": { "path": "p", "content": pointer } });
    let body = format!(
        "{}\n{line}\n",
        json!({ "key": "header", "value": { "summary": "Steal" } })
    );
    let url = format!("{}/api/datasets/stranger/loot/commit/main", bench.hub.url());
    let answer = Client::new()
        .post(url)
        .bearer_auth(STRANGER)
        .body(body)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let made = head(&thief, &loot).await;
    assert_eq!(bench::read(&thief, &loot, &made, "p").await, pointer.as_bytes());
}

#[tokio::test]
async fn links_to_contents_cannot_be_made_up() {
    let bench = Bench::with(|mut config| {
        config.limits.inline_bytes = 100;
        config
    })
    .await;
    let (client, repo) = bench.with_repo("miner/ore").await;
    let content = noise(1000, 8);
    client
        .commit(&repo, KIND, adding([("f", content.clone())]))
        .await
        .unwrap();
    let http = Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let resolve = format!("{}/datasets/miner/ore/resolve/main/f", bench.hub.url());
    let answer = http.get(resolve).send().await.unwrap();
    let link = format!(
        "{}{}",
        bench.hub.url(),
        answer.headers()["location"].to_str().unwrap()
    );

    let status = |method: Method, url: String| {
        let request = http.request(method, url).body("x");
        async move { request.send().await.unwrap().status() }
    };
    assert_eq!(status(Method::GET, link.clone()).await, StatusCode::OK);
    assert_eq!(
        status(Method::PUT, link.clone()).await,
        StatusCode::FORBIDDEN,
        "a link to read is no link to write"
    );
    let (start, signature) = link.split_once("signature=").unwrap();
    let turned = if signature.starts_with('0') { "1" } else { "0" };
    assert_eq!(
        status(
            Method::GET,
            format!("{start}signature={turned}{}", &signature[1..])
        )
        .await,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        status(Method::GET, link.replace("/miner/ore/", "/miner/one/")).await,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        status(Method::GET, link.replace("size=1000", "size=1001")).await,
        StatusCode::FORBIDDEN
    );
    let bare = link.split_once('?').unwrap().0.to_owned();
    assert_eq!(status(Method::GET, bare).await, StatusCode::BAD_REQUEST);
}
