//! A proxy in front of a hub: it writes down every request, and spoils those it is told to.

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    http::{Method, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use parking_lot::Mutex;
use std::sync::Arc;
use tokio::{sync::Notify, task::JoinHandle};

/// What happens to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It passes.
    None,
    /// It does not reach the hub: the proxy answers 429 and asks for so many seconds of silence.
    RateLimit(u64),
    /// It does not reach the hub: the proxy answers with this status.
    Status(u16),
    /// It reaches the hub, whose answer is replaced by a 502.
    LoseAnswer,
    /// It does not reach the hub, and is never answered.
    Stall,
    /// It reaches the hub, whose answer is kept back for ever.
    StallAnswer,
}

/// A request that came.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) body: Bytes,
}

impl Seen {
    pub(crate) fn is_commit(&self) -> bool {
        self.method == Method::POST && self.path.contains("/commit/")
    }

    pub(crate) fn is_upload(&self) -> bool {
        self.method == Method::PUT && self.path.starts_with("/_hub/")
    }
}

type Plan = Box<dyn FnMut(&Seen) -> Fault + Send>;

/// A running proxy.
pub(crate) struct Proxy {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    /// Told when a request has been stalled: before it reached the hub, or after the hub answered it.
    pub(crate) stalled: Arc<Notify>,
    task: JoinHandle<()>,
}

struct Shared {
    hub: String,
    http: reqwest::Client,
    seen: Arc<Mutex<Vec<Seen>>>,
    plan: Mutex<Plan>,
    done: Arc<Notify>,
}

impl Proxy {
    /// In front of `hub`; `plan` decides about each request as it comes.
    pub(crate) async fn start(hub: &str, plan: impl FnMut(&Seen) -> Fault + Send + 'static) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let stalled = Arc::new(Notify::new());
        let shared = Arc::new(Shared {
            done: Arc::clone(&stalled),
            hub: hub.to_owned(),
            http: reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .no_gzip()
                .build()
                .unwrap(),
            seen: Arc::clone(&seen),
            plan: Mutex::new(Box::new(plan)),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(pass).with_state(shared);
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            url,
            seen,
            stalled,
            task,
        }
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().clone()
    }

    pub(crate) fn commits(&self) -> usize {
        self.seen().iter().filter(|seen| seen.is_commit()).count()
    }

    pub(crate) fn uploads(&self) -> usize {
        self.seen().iter().filter(|seen| seen.is_upload()).count()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 256 << 20).await.unwrap();
    let path = parts.uri.path_and_query().unwrap().to_string();
    let seen = Seen {
        method: parts.method.clone(),
        path: path.clone(),
        body: body.clone(),
    };
    let fault = (shared.plan.lock())(&seen);
    shared.seen.lock().push(seen);
    match fault {
        Fault::RateLimit(seconds) => {
            return (
                StatusCode::TOO_MANY_REQUESTS,
                [(header::RETRY_AFTER, seconds.to_string())],
            )
                .into_response();
        }
        Fault::Status(status) => return StatusCode::from_u16(status).unwrap().into_response(),
        Fault::Stall => {
            shared.done.notify_one();
            std::future::pending().await
        }
        Fault::None | Fault::LoseAnswer | Fault::StallAnswer => {}
    }
    // The Host header passes as it is, so that the hub's links lead through the proxy as well.
    let answer = shared
        .http
        .request(parts.method, format!("{}{path}", shared.hub))
        .headers(parts.headers)
        .body(body)
        .send()
        .await
        .unwrap();
    if fault == Fault::StallAnswer {
        shared.done.notify_one();
        std::future::pending::<()>().await;
    }
    if fault == Fault::LoseAnswer {
        return StatusCode::BAD_GATEWAY.into_response();
    }
    let (status, headers) = (answer.status(), answer.headers().clone());
    let mut response = Response::new(Body::from(answer.bytes().await.unwrap()));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}
