//! Which request goes where.

use super::{Shared, chat};
use crate::openai::{ModelList, ModelObject, Refusal};
use axum::{
    Json, Router,
    extract::{Path, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, Uri},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use rand::Rng;
use std::sync::Arc;

/// How a request is called in the log and by its sender.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The id of a request.
#[derive(Clone, Debug)]
pub(super) struct RequestId(pub(super) String);

pub(crate) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/v1/chat/completions", post(chat::answer).fallback(only_post))
        .route("/v1/models", get(models).fallback(only_get))
        .route("/v1/models/{*id}", get(model).fallback(only_get))
        .route("/healthz", get(health).fallback(only_get))
        .fallback(nothing)
        .layer(middleware::from_fn_with_state(shared.clone(), numbered))
        .with_state(shared)
}

/// Gives every request an id, and counts it.
async fn numbered(State(shared): State<Arc<Shared>>, mut request: Request, next: Next) -> Response {
    let id = format!("req_{:032x}", rand::rng().random::<u128>());
    request.extensions_mut().insert(RequestId(id.clone()));
    let (method, path) = (request.method().clone(), request.uri().path().len());
    let mut response = next.run(request).await;
    let status = response.status();
    shared.stats.status(status.as_u16());
    tracing::debug!(request = %id, %method, path_bytes = path, status = status.as_u16(), "answered");
    if let Ok(value) = HeaderValue::try_from(id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

async fn models(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Result<Response, Refusal> {
    shared.gate.caller(&headers)?;
    let models = shared.config.models.iter();
    let models = models.map(|id| ModelObject::new(id, shared.since)).collect();
    Ok(Json(ModelList::new(models)).into_response())
}

async fn model(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    shared.gate.caller(&headers)?;
    let id = known_model(&shared, &id)?;
    Ok(Json(ModelObject::new(id, shared.since)).into_response())
}

/// A model by its name.
pub(super) fn known_model<'a>(shared: &'a Shared, id: &str) -> Result<&'a str, Refusal> {
    /// Characters of a wrong name that are repeated.
    const SHOWN: usize = 256;
    let known = shared.config.models.iter().find(|model| *model == id);
    known.map(String::as_str).ok_or_else(|| Refusal::NoModel {
        model: id.chars().take(SHOWN).collect(),
    })
}

/// Whether the gateway runs, for whoever watches over it.
async fn health() -> Json<serde_json::Value> {
    Json(serde_json::json!({ "status": "ok" }))
}

async fn only_post(method: Method, uri: Uri) -> Refusal {
    wrong_method(&method, &uri, "POST")
}

async fn only_get(method: Method, uri: Uri) -> Refusal {
    wrong_method(&method, &uri, "GET")
}

fn wrong_method(method: &Method, uri: &Uri, allow: &'static str) -> Refusal {
    Refusal::Method {
        method: shown(method.as_str()),
        path: shown(uri.path()),
        allow,
    }
}

async fn nothing(method: Method, uri: Uri) -> Refusal {
    Refusal::NoRoute {
        method: shown(method.as_str()),
        path: shown(uri.path()),
    }
}

/// As much of what somebody sent as is repeated.
fn shown(text: &str) -> String {
    text.chars().take(128).collect()
}
