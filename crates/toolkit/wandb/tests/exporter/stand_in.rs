//! A server that speaks W&B's protocol as far as clients need it to bring runs, and fails when told to. That the official
//! client works with it, see `official`, is what makes it worth something.

use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{post, put},
};
use base64::Engine as _;
use serde_json::{Map, Value, json};
use std::{
    collections::{BTreeMap, VecDeque},
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

/// The key that it takes.
pub(crate) const KEY: &str = "0123456789abcdef0123456789abcdef01234567";

/// A test that waits longer has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// A run as a server keeps it.
#[derive(Clone, Debug, Default)]
pub(crate) struct StoredRun {
    pub(crate) entity: String,
    pub(crate) project: String,
    pub(crate) tags: Vec<String>,
    pub(crate) config: Map<String, Value>,
    pub(crate) files: BTreeMap<String, Vec<String>>,
    pub(crate) exit_code: Option<i64>,
    /// How often it was announced.
    pub(crate) announced: usize,
    pub(crate) beats: usize,
    /// Lines of history that were sent again, and were others.
    pub(crate) rewritten: usize,
}

impl StoredRun {
    pub(crate) fn rows(&self, file: &str) -> Vec<Map<String, Value>> {
        let lines = self.files.get(file).into_iter().flatten();
        // The official client writes NaN, which is no JSON.
        lines
            .map(|line| serde_json::from_str(&line.replace(":NaN", ":null")).unwrap())
            .collect()
    }

    pub(crate) fn history(&self) -> Vec<Map<String, Value>> {
        self.rows("wandb-history.jsonl")
    }

    pub(crate) fn summary(&self) -> Map<String, Value> {
        self.rows("wandb-summary.json").pop().unwrap_or_default()
    }
}

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Plan {
    /// It is refused with this status and these seconds to wait.
    Refuse(u16, Option<u64>),
    /// It is done, but the answer says that it failed: so it looks when an answer is lost.
    LoseAnswer,
    /// The same for lines of a run only.
    LoseLinesAnswer,
}

/// What the server has seen and what it is to do.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// By name.
    pub(crate) runs: BTreeMap<String, StoredRun>,
    /// In the order of their announcement.
    pub(crate) order: Vec<String>,
    pub(crate) requests: usize,
    /// For the next requests, one after the other.
    pub(crate) plans: VecDeque<Plan>,
    /// For all requests after those.
    pub(crate) down: Option<Plan>,
    /// Runs of which it takes nothing.
    pub(crate) deleted: Vec<String>,
    /// A line with this text is not taken.
    pub(crate) poison: Option<String>,
    /// Bodies as they came.
    pub(crate) bodies: Vec<String>,
}

impl Seen {
    pub(crate) fn run(&self, place: usize) -> &StoredRun {
        &self.runs[&self.order[place]]
    }

    fn plan(&mut self) -> Option<Plan> {
        self.requests += 1;
        self.plans.pop_front().or_else(|| self.down.clone())
    }
}

#[derive(Clone)]
struct Shared(Arc<watch::Sender<Seen>>);

pub(crate) struct StandIn {
    pub(crate) address: SocketAddr,
    seen: Arc<watch::Sender<Seen>>,
    serving: JoinHandle<()>,
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl StandIn {
    pub(crate) async fn start() -> Self {
        let seen = Arc::new(watch::Sender::new(Seen::default()));
        let app = Router::new()
            .route("/graphql", post(graphql))
            .route("/files/{entity}/{project}/{run}/file_stream", post(file_stream))
            .route("/upload/{*name}", put(|| async { StatusCode::OK }))
            .fallback(|| async { Json(json!({})) })
            .layer(DefaultBodyLimit::max(64 * 1024 * 1024))
            .with_state(Shared(seen.clone()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self {
            address,
            seen,
            serving,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn seen(&self) -> Seen {
        self.seen.borrow().clone()
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Seen)) {
        self.seen.send_modify(change);
    }

    /// Waits until it has seen something.
    pub(crate) async fn until(&self, what: impl Fn(&Seen) -> bool) -> Seen {
        let mut seen = self.seen.subscribe();
        let waited = tokio::time::timeout(PATIENCE, seen.wait_for(|seen| what(seen))).await;
        match waited {
            Ok(found) => found.unwrap().clone(),
            Err(_) => {
                let seen = self.seen();
                panic!(
                    "it never came; runs {:#?} after {} requests",
                    seen.runs, seen.requests
                )
            }
        }
    }
}

/// What stands before any request: the key, and what the test planned. `true` means that the answer gets lost.
fn admit(shared: &Shared, headers: &HeaderMap, brings_lines: bool) -> Result<bool, Box<Response>> {
    let mut plan = None;
    shared.0.send_modify(|seen| plan = seen.plan());
    let pair = base64::engine::general_purpose::STANDARD.encode(format!("api:{KEY}"));
    let authorization = headers.get("authorization").and_then(|value| value.to_str().ok());
    if authorization != Some(&format!("Basic {pair}")) {
        // An unkind server: it sends back what it was given.
        let given = authorization.unwrap_or("nothing");
        return Err(Box::new(
            (StatusCode::UNAUTHORIZED, format!("not a user: {given}")).into_response(),
        ));
    }
    match plan {
        Some(Plan::Refuse(status, wait)) => {
            let status = StatusCode::from_u16(status).unwrap();
            let mut response = (status, "not now").into_response();
            if let Some(wait) = wait {
                response
                    .headers_mut()
                    .insert("retry-after", wait.to_string().parse().unwrap());
            }
            Err(Box::new(response))
        }
        Some(Plan::LoseAnswer) => Ok(true),
        Some(Plan::LoseLinesAnswer) => Ok(brings_lines),
        None => Ok(false),
    }
}

async fn graphql(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    let is_lost = match admit(&shared, &headers, false) {
        Ok(is_lost) => is_lost,
        Err(response) => return *response,
    };
    let request: Value = serde_json::from_slice(&body).unwrap();
    let query = request["query"].as_str().unwrap();
    let variables = &request["variables"];
    let text = |name: &str| variables[name].as_str().map(str::to_owned);
    let data = if query.contains("upsertBucket") {
        upsert(&shared, variables, &body)
    } else if query.contains("createRunFiles") {
        let host = headers["host"].to_str().unwrap();
        let files: Vec<Value> = variables["files"].as_array().unwrap().iter().map(|name| {
            json!({ "name": name, "uploadUrl": format!("http://{host}/upload/{}", name.as_str().unwrap()) })
        }).collect();
        json!({ "createRunFiles": { "runID": text("run"), "uploadHeaders": [], "files": files } })
    } else if query.contains("viewer") {
        json!({ "viewer": {
            "id": "user", "entity": "somebody", "username": "somebody", "email": "", "flags": "{}",
            "teams": { "edges": [] },
        } })
    } else {
        json!({ "serverInfo": {
            "features": [], "latestLocalVersionInfo": null, "cliVersionInfo": { "max_cli_version": "0.99.0" },
        } })
    };
    if data.is_null() {
        return (StatusCode::CONFLICT, "the run was deleted").into_response();
    }
    answer(is_lost, &json!({ "data": data }))
}

fn upsert(shared: &Shared, variables: &Value, body: &Bytes) -> Value {
    let name = variables["name"].as_str().unwrap().to_owned();
    let mut answer = Value::Null;
    shared.0.send_modify(|seen| {
        seen.bodies.push(String::from_utf8_lossy(body).into_owned());
        if seen.deleted.contains(&name) {
            return;
        }
        let is_new = !seen.runs.contains_key(&name);
        if is_new {
            seen.order.push(name.clone());
        }
        let run = seen.runs.entry(name.clone()).or_default();
        run.announced += 1;
        let text = |field: &str| variables[field].as_str().map(str::to_owned);
        run.entity = text("entity")
            .filter(|entity| !entity.is_empty())
            .unwrap_or_else(|| "somebody".to_owned());
        run.project = text("project").unwrap();
        if let Some(tags) = variables["tags"].as_array() {
            run.tags = tags.iter().map(|tag| tag.as_str().unwrap().to_owned()).collect();
        }
        if let Some(config) = text("config") {
            run.config = serde_json::from_str(&config).unwrap();
        }
        let stored = &*run;
        answer = json!({ "upsertBucket": {
            "bucket": {
                "id": "UnVu", "name": name, "displayName": "quick-sun-1", "description": null, "sweepName": null,
                "config": Value::Object(stored.config.clone()).to_string(),
                "historyLineCount": stored.files.get("wandb-history.jsonl").map_or(0, Vec::len),
                "project": {
                    "id": "UHJv", "name": stored.project, "entity": { "id": "RW50", "name": stored.entity },
                },
            },
            "inserted": is_new,
        } });
    });
    answer
}

async fn file_stream(
    State(shared): State<Shared>,
    Path((entity, project, name)): Path<(String, String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let is_lost = match admit(&shared, &headers, true) {
        Ok(is_lost) => is_lost,
        Err(response) => return *response,
    };
    let request: Value = serde_json::from_slice(&body).unwrap();
    let mut status = StatusCode::OK;
    shared.0.send_modify(|seen| {
        seen.bodies.push(String::from_utf8_lossy(&body).into_owned());
        let is_poisoned = seen
            .poison
            .as_ref()
            .is_some_and(|poison| String::from_utf8_lossy(&body).contains(poison.as_str()));
        let run = seen.runs.get_mut(&name);
        let Some(run) = run.filter(|run| (&run.entity, &run.project) == (&entity, &project)) else {
            status = StatusCode::NOT_FOUND;
            return;
        };
        if seen.deleted.contains(&name) {
            status = StatusCode::NOT_FOUND;
        } else if is_poisoned {
            status = StatusCode::BAD_REQUEST;
        } else {
            take(run, &request);
        }
    });
    if status == StatusCode::OK {
        answer(is_lost, &json!({ "exitcode": null, "limits": {} }))
    } else {
        (status, "no").into_response()
    }
}

/// Puts lines where they belong.
fn take(run: &mut StoredRun, request: &Value) {
    for (file, part) in request["files"].as_object().into_iter().flatten() {
        let lines = run.files.entry(file.clone()).or_default();
        let offset = usize::try_from(part["offset"].as_u64().unwrap()).unwrap();
        assert!(offset <= lines.len(), "{file} has a hole before line {offset}");
        for (place, line) in part["content"].as_array().unwrap().iter().enumerate() {
            let line = line.as_str().unwrap().to_owned();
            match lines.get_mut(offset + place) {
                Some(old) => {
                    if file == "wandb-history.jsonl" && *old != line {
                        run.rewritten += 1;
                    }
                    *old = line;
                }
                None => lines.push(line),
            }
        }
        run.exit_code = None;
    }
    match request.get("complete").and_then(Value::as_bool) {
        Some(true) => run.exit_code = request["exitcode"].as_i64(),
        Some(false) => run.beats += 1,
        None => {}
    }
}

fn answer(is_lost: bool, body: &Value) -> Response {
    if is_lost {
        (StatusCode::BAD_GATEWAY, "the answer was lost").into_response()
    } else {
        Json(body.clone()).into_response()
    }
}
