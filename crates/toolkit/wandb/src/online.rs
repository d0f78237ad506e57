//! The server: a run is announced, then lines are put into its files. Each line has its place, so that the same line sent
//! twice is there once.

mod answer;
mod backoff;

pub(crate) use answer::Trouble;
pub(crate) use backoff::Backoff;

use crate::{
    WandbError,
    config::{Server, Timing, WandbConfig, address},
    redact::Redactor,
    run::{Home, Line, Run, SystemLine, seconds},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{
    header::{AUTHORIZATION, HeaderValue},
    redirect::Policy,
};
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::{fmt, sync::Once, time::Duration};
use url::Url;

/// Longest time to get a connection.
const CONNECT: Duration = Duration::from_secs(10);

/// Everything but the characters that a part of an address may hold as they are.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

const ANNOUNCE: &str = "mutation UpsertBucket($name: String, $project: String, $entity: String, \
    $displayName: String, $notes: String, $config: JSONString, $tags: [String!]) { \
    upsertBucket(input: {name: $name, modelName: $project, entityName: $entity, displayName: $displayName, \
    notes: $notes, config: $config, tags: $tags}) { \
    bucket { displayName project { name entity { name } } } inserted } }";

/// The client of a server.
pub(crate) struct Client {
    http: reqwest::Client,
    base: Url,
    authorization: HeaderValue,
    redactor: Redactor,
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Client")
            .field("base", &self.base.as_str())
            .finish_non_exhaustive()
    }
}

/// What the server says of a run that was announced.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Announced {
    pub(crate) home: Home,
    /// Whether it did not have the run before.
    pub(crate) is_new: bool,
}

#[derive(Deserialize)]
struct Reply {
    #[serde(default)]
    data: Option<ReplyData>,
    #[serde(default)]
    errors: Option<Vec<ReplyError>>,
}

#[derive(Deserialize)]
struct ReplyError {
    #[serde(default)]
    message: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReplyData {
    upsert_bucket: Option<Upserted>,
}

#[derive(Deserialize)]
struct Upserted {
    bucket: Bucket,
    #[serde(default)]
    inserted: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bucket {
    #[serde(default)]
    display_name: Option<String>,
    project: Named<Entity>,
}

#[derive(Deserialize)]
struct Named<T> {
    name: String,
    #[serde(flatten)]
    more: T,
}

#[derive(Deserialize)]
struct Entity {
    entity: Named<Nothing>,
}

#[derive(Deserialize)]
struct Nothing {}

impl Client {
    pub(crate) fn new(server: &Server, timing: Timing, redactor: Redactor) -> Result<Self, WandbError> {
        let mut authorization =
            HeaderValue::try_from(format!("Basic {}", server.encoded_key().expose_secret())).map_err(
                |_| WandbError::Config {
                    what: "key",
                    why: "it has characters that no key has; copy it anew from the server's page of settings"
                        .to_owned(),
                },
            )?;
        authorization.set_sensitive(true);
        choose_tls();
        let http = reqwest::Client::builder()
            .user_agent(concat!("assay/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .timeout(timing.request)
            // The key must not go anywhere else.
            .redirect(Policy::none())
            .build()
            .map_err(|error| WandbError::Client(error.to_string()))?;
        Ok(Self {
            http,
            base: address(&server.base_url)?,
            authorization,
            redactor,
        })
    }

    /// Tells the server of a run, or asks it for one that it knows.
    pub(crate) async fn announce(&self, run: &Run, config: &WandbConfig) -> Result<Announced, Trouble> {
        let mut variables = json!({ "name": run.id, "project": config.project, "entity": config.entity });
        if run.home.is_none() {
            // Later people may have changed these on the server's page.
            let settings: Map<String, Value> = self
                .redactor
                .settings(&config.all_settings())
                .into_iter()
                .map(|(name, value)| (name, json!({ "value": value })))
                .collect();
            variables["config"] = Value::Object(settings).to_string().into();
            variables["tags"] = config.all_tags().into();
            variables["displayName"] = config.name.clone().into();
            variables["notes"] = config.notes.clone().into();
        }
        let body = json!({ "query": ANNOUNCE, "variables": variables });
        let answer = self.post(self.at(&["graphql"]), &body).await?;
        let reply: Reply = serde_json::from_slice(&answer)
            .map_err(|_| Trouble::passing("its answer is no answer of W&B"))?;
        if let Some(error) = reply.errors.into_iter().flatten().next() {
            return Err(Trouble::Refused {
                status: 200,
                message: self.readable(&error.message),
            });
        }
        let upserted = reply
            .data
            .and_then(|data| data.upsert_bucket)
            .ok_or_else(|| Trouble::passing("its answer tells of no run"))?;
        let project = upserted.bucket.project;
        Ok(Announced {
            home: Home {
                entity: project.more.entity.name,
                project: project.name,
                display_name: upserted.bucket.display_name.unwrap_or_else(|| run.id.clone()),
            },
            is_new: upserted.inserted == Some(true),
        })
    }

    /// Puts lines into the run's files, at the places that `before` tells.
    pub(crate) async fn send(&self, before: &Run, after: &Run, lines: &[Line]) -> Result<(), Trouble> {
        let (mut history, mut system) = (Vec::new(), Vec::new());
        for line in lines {
            match line {
                Line::History(line) => history.push(json!(line).to_string()),
                Line::System(line) => system.push(system_line(line).to_string()),
            }
        }
        let mut files = Map::new();
        if !history.is_empty() {
            let summary = vec![Value::Object(after.summary.clone()).to_string()];
            files.insert("wandb-history.jsonl".to_owned(), part(before.sent, history));
            files.insert("wandb-summary.json".to_owned(), part(0, summary));
        }
        if !system.is_empty() {
            files.insert("wandb-events.jsonl".to_owned(), part(before.system_lines, system));
        }
        self.stream(before, &json!({ "files": files })).await
    }

    /// Tells the server that the run goes on.
    pub(crate) async fn beat(&self, run: &Run) -> Result<(), Trouble> {
        self.stream(run, &json!({ "complete": false, "failed": false }))
            .await
    }

    /// Tells the server that the run has ended well.
    pub(crate) async fn end(&self, run: &Run) -> Result<(), Trouble> {
        self.stream(run, &json!({ "complete": true, "exitcode": 0 }))
            .await
    }

    async fn stream(&self, run: &Run, body: &Value) -> Result<(), Trouble> {
        let Some(home) = &run.home else {
            return Err(Trouble::passing("the run was not announced"));
        };
        let url = self.at(&["files", &home.entity, &home.project, &run.id, "file_stream"]);
        self.post(url, body).await.map(|_| ())
    }

    fn at(&self, segments: &[&str]) -> Url {
        let mut path = self.base.path().to_owned();
        for (place, segment) in segments.iter().enumerate() {
            if place > 0 {
                path.push('/');
            }
            path.extend(utf8_percent_encode(segment, SEGMENT));
        }
        let mut url = self.base.clone();
        url.set_path(&path);
        url
    }

    async fn post(&self, url: Url, body: &Value) -> Result<Vec<u8>, Trouble> {
        let sent = self
            .http
            .post(url)
            .header(AUTHORIZATION, self.authorization.clone())
            .json(body)
            .send()
            .await;
        let response = match sent {
            Ok(response) => response,
            Err(error) => return Err(Trouble::passing(answer::in_words(&error))),
        };
        let (status, headers) = (response.status(), response.headers().clone());
        let body = answer::bounded(response).await?;
        if status.is_success() {
            return Ok(body);
        }
        Err(answer::trouble(
            status,
            &headers,
            self.readable(&String::from_utf8_lossy(&body)),
        ))
    }

    /// What a server said, for a log: short, on one line, and without secrets that it may have sent back.
    fn readable(&self, message: &str) -> String {
        let start: String = self.redactor.text(message).chars().take(200).collect();
        start.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

fn part(offset: u64, content: Vec<String>) -> Value {
    json!({ "offset": offset, "content": content })
}

fn system_line(line: &SystemLine) -> Value {
    let mut fields: Map<String, Value> = line
        .metrics
        .iter()
        .map(|(name, value)| (format!("system.{name}"), value.clone()))
        .collect();
    fields.insert("_wandb".to_owned(), true.into());
    fields.insert("_timestamp".to_owned(), seconds(line.time).into());
    fields.insert("_runtime".to_owned(), line.runtime.into());
    Value::Object(fields)
}

/// The HTTP client is built without cryptography of its own, so that one library of it is enough in the program.
fn choose_tls() {
    static CHOSEN: Once = Once::new();
    CHOSEN.call_once(|| {
        // Fails when the program has chosen before, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}
