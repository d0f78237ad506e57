//! What is served where.

use crate::assets::ASSETS;
use crate::drawing::Drawing;
use crate::explorer::{self, Explorer};
use crate::frame::Places;
use crate::host::{self, AllowedHosts};
use crate::records::Records;
use crate::state::DashboardState;
use crate::{live, page};
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Json, Router};
use maud::Markup;
use serde::Serialize;
use std::sync::Arc;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

/// Longest path and query that is looked at. The longest that a page itself asks for is a search, of 128 characters
/// at most; written in percent signs that is still less.
const LONGEST_ADDRESS: usize = 512;

/// Only what comes from here runs or is loaded, and nobody may frame the page.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                                       connect-src 'self'; base-uri 'none'; form-action 'self'; \
                                       frame-ancestors 'none'";

/// What the handlers of the run's page read.
#[derive(Debug, Clone)]
pub(crate) struct Shared {
    pub(crate) state: watch::Receiver<DashboardState>,
    pub(crate) drawing: watch::Receiver<Arc<Drawing>>,
    /// Whether the chain can be explored.
    pub(crate) explorer: Option<Arc<Explorer>>,
    /// What was recorded, where it is shown.
    pub(crate) records: Option<Arc<Records>>,
    pub(crate) streams: Arc<Semaphore>,
    pub(crate) stop: CancellationToken,
}

/// The run's page.
pub(crate) fn of_run(shared: Shared) -> Router {
    Router::new()
        .route("/", get(whole_page))
        .route("/events", get(live::events))
        .route("/api/state", get(api_state))
        .route("/healthz", get(health))
        .with_state(shared)
}

/// What stands in the place of the run's page where only a chain is shown.
pub(crate) fn of_chain_alone(explorer: Arc<Explorer>) -> Router {
    Router::new()
        .route("/healthz", get(chain_health))
        .with_state(explorer)
}

/// What `/` leads to where there is no run.
pub(crate) fn start(places: Places) -> Router {
    Router::new().route("/", get(async move || Redirect::to(places.start())))
}

/// Every page, behind the checks.
pub(crate) fn checked(pages: Router, allowed: AllowedHosts) -> Router {
    pages
        .route("/assets/{name}", get(asset))
        .fallback(not_found)
        .layer(from_fn_with_state(allowed, host::check))
        .layer(from_fn(harden))
        .layer(DefaultBodyLimit::max(0))
}

/// `GET /`: the page as it is now, readable without any script.
async fn whole_page(State(shared): State<Shared>) -> Markup {
    let drawing = Arc::clone(&shared.drawing.borrow());
    let places = Places {
        run: true,
        chain: shared.explorer.is_some(),
        ..Places::default()
    };
    let system = shared.state.borrow().system.clone();
    let places = match &shared.records {
        Some(records) => records.places(places, Some(&system)),
        None => places,
    };
    page::document(&drawing, places)
}

/// `GET /api/state`.
async fn api_state(State(shared): State<Shared>) -> Json<DashboardState> {
    let newest = shared.state.borrow().clone();
    Json(newest)
}

#[derive(Debug, Serialize)]
struct Health {
    status: &'static str,
    block: Option<u64>,
}

/// `GET /healthz`: 200 while somebody keeps the state up to date, 503 afterwards.
async fn health(State(shared): State<Shared>) -> (StatusCode, Json<Health>) {
    let block = shared.state.borrow().chain.as_ref().map(|chain| chain.block);
    if shared.state.has_changed().is_ok() {
        (StatusCode::OK, Json(Health { status: "ok", block }))
    } else {
        let status = "nobody updates the state any more";
        (StatusCode::SERVICE_UNAVAILABLE, Json(Health { status, block }))
    }
}

/// `GET /healthz` of a chain alone: 200 while it answers.
async fn chain_health(State(explorer): State<Arc<Explorer>>) -> (StatusCode, Json<Health>) {
    let (code, block) = explorer::health(&explorer);
    let status = if code == StatusCode::OK {
        "ok"
    } else {
        "the chain does not answer"
    };
    (code, Json(Health { status, block }))
}

/// `GET /assets/…`. The address carries a version, so the browser may keep the file.
async fn asset(Path(name): Path<String>) -> Response {
    let Some(asset) = ASSETS.iter().find(|asset| asset.name == name) else {
        return not_found().await;
    };
    let headers = [
        (header::CONTENT_TYPE, asset.content_type),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    (headers, asset.content).into_response()
}

async fn not_found() -> Response {
    (
        StatusCode::NOT_FOUND,
        "there is nothing here; the dashboard is at /\n",
    )
        .into_response()
}

/// Refuses what no page of ours asks for, and puts the protective headers on every answer.
async fn harden(request: Request, next: Next) -> Response {
    let address = request
        .uri()
        .path_and_query()
        .map_or(0, |address| address.as_str().len());
    let mut response = if address > LONGEST_ADDRESS {
        (StatusCode::URI_TOO_LONG, "the address is too long\n").into_response()
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (
            header::HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
        (
            header::HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}
