//! The addresses of the pages about what was recorded, and the same as JSON for programs.

use super::card::Card;
use super::cell::{Links, Names};
use super::order::Wanted;
use super::pages::{PAGES, Page};
use super::{Records, doctor, metrics, miner};
use crate::explorer::Explorer;
use crate::frame::{Frame, Here, Places, document};
use crate::heads;
use crate::quantity::visible;
use crate::state::DashboardState;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use maud::{Markup, html};
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

/// Where the events come from after which an open page asks for itself anew.
const STREAM: &str = "/records/events";
/// The shortest time between two times that a page asks for itself. Tables that change faster cannot be read.
const SHORTEST_PAUSE: Duration = Duration::from_secs(2);

/// Where everything that is shown is from.
pub(super) const ORIGIN: &str = "Everything on this page is on record on this machine. Under each table is the query that \
                                 `assay query` answers with the same numbers; the same as JSON is at /api/records, for \
                                 Prometheus at /metrics.";

/// What the handlers read.
#[derive(Debug, Clone)]
pub(crate) struct Shared {
    pub(crate) records: Arc<Records>,
    pub(crate) run: Option<watch::Receiver<DashboardState>>,
    pub(crate) explorer: Option<Arc<Explorer>>,
    pub(crate) streams: Arc<Semaphore>,
    pub(crate) stop: CancellationToken,
}

/// The routes.
pub(crate) fn router(shared: Shared) -> Router {
    let mut router = Router::new();
    for page in PAGES {
        router = router.route(
            page.address,
            get(
                async move |State(shared): State<Shared>, Query(wanted): Query<Wanted>| {
                    shared.cards(page, wanted).await
                },
            ),
        );
    }
    router
        .route("/miner/{hotkey}", get(one_miner))
        .route("/doctor", get(doctors))
        .route("/metrics", get(scraped))
        .route("/grafana.json", get(grafana))
        .route(STREAM, get(events))
        .route("/api/records", get(api_tables))
        .route("/api/records/{table}", get(api_table))
        .route("/api/miner/{hotkey}", get(api_miner))
        .with_state(shared)
}

impl Shared {
    pub(super) fn places(&self) -> Places {
        let places = Places {
            run: self.run.is_some(),
            chain: self.explorer.is_some(),
            ..Places::default()
        };
        let system = self.run.as_ref().map(|run| run.borrow().system.clone());
        self.records.places(places, system.as_deref())
    }

    /// Names that the run knows.
    pub(super) fn names(&self) -> Names {
        let Some(run) = &self.run else {
            return Names::default();
        };
        let state = run.borrow();
        let miners = state.miners.iter().map(|miner| (&miner.hotkey, &miner.name));
        let validators = state
            .validators
            .iter()
            .map(|validator| (&validator.hotkey, &validator.name));
        Names(
            miners
                .chain(validators)
                .map(|(hotkey, name)| (hotkey.clone(), name.clone()))
                .collect(),
        )
    }

    /// A page around its content.
    pub(super) fn framed(&self, title: &str, here: Here, stream: bool, content: &Markup) -> Markup {
        let frame = Frame {
            title,
            here,
            places: self.places(),
            query: "",
            stream: stream.then_some(STREAM),
            origin: ORIGIN,
        };
        document(frame, content)
    }

    async fn cards(self, page: Page, wanted: Wanted) -> Response {
        let names = self.names();
        let drawn = Arc::clone(&self.records)
            .with(move |store| {
                let cards = (page.cards)(store);
                let has_rows = cards.iter().any(|card| !card.table.rows.is_empty());
                html! {
                    div class="title wrap" {
                        h1 { (page.title) }
                        form class="find" method="get" action=(page.address) role="search" {
                            input type="search" name="find" value=(wanted.find) maxlength="128" autocomplete="off" spellcheck="false"
                                placeholder="Hotkey, uid, name or word" aria-label=(format!("Find in {}", page.title));
                            @if !wanted.sort.is_empty() { input type="hidden" name="sort" value=(wanted.sort); }
                            button type="submit" { "Find" }
                        }
                    }
                    @if has_rows {
                        div class="cards" { @for card in &cards { (Card::draw(card, &wanted, &names, Links::Pages)) } }
                    } @else {
                        section class="card" { p class="empty" { strong { "Nothing yet." } " " (page.empty) } }
                    }
                }
            })
            .await;
        match drawn {
            Some(content) => self.framed(page.title, page.here, true, &content).into_response(),
            None => failed(),
        }
    }
}

/// What stands in for a page whose drawing has panicked.
pub(super) fn failed() -> Response {
    let text = "this page could not be drawn; the log says why\n";
    (StatusCode::INTERNAL_SERVER_ERROR, text).into_response()
}

async fn one_miner(
    State(shared): State<Shared>,
    Path(hotkey): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Response {
    let names = shared.names();
    let wanted_hotkey = hotkey.clone();
    let found = Arc::clone(&shared.records)
        .with(move |store| {
            store
                .miner(&wanted_hotkey)
                .map(|found| miner::draw(&found, &wanted, &names))
        })
        .await;
    match found {
        None => failed(),
        Some(Some(content)) => {
            let title = shared.names().shown(&hotkey);
            shared
                .framed(&title, Here::Miners, true, &content)
                .into_response()
        }
        Some(None) => {
            let content = html! {
                section class="card narrow" {
                    h1 { "Nobody of this address is on record." }
                    p class="note" { code { (visible(&hotkey)) } }
                    p { a href="/miners" { "All miners" } }
                }
            };
            let page = shared.framed("Nobody", Here::Miners, false, &content);
            (StatusCode::NOT_FOUND, page).into_response()
        }
    }
}

async fn doctors(State(shared): State<Shared>) -> Response {
    let content = doctor::draw(&shared).await;
    shared
        .framed("Doctor", Here::Doctor, true, &content)
        .into_response()
}

/// `GET /metrics`, as Prometheus scrapes it.
async fn scraped(State(shared): State<Shared>) -> Response {
    let state = shared.run.as_ref().map(|run| run.borrow().clone());
    let names = shared.names();
    let text = Arc::clone(&shared.records)
        .with(move |store| metrics::text(store, state.as_ref(), &names))
        .await;
    match text {
        Some(Ok(text)) => ([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], text).into_response(),
        _ => failed(),
    }
}

/// `GET /grafana.json`: a dashboard for Grafana over these metrics, to be imported there.
async fn grafana() -> Response {
    let content_type = [(header::CONTENT_TYPE, "application/json; charset=utf-8")];
    (content_type, include_str!("../../assets/grafana.json")).into_response()
}

/// What is said of a table where it is not shown.
#[derive(Debug, Serialize)]
struct Listed {
    name: &'static str,
    title: &'static str,
    about: &'static str,
    sql: String,
    rows: usize,
}

async fn api_tables(State(shared): State<Shared>) -> Response {
    let tables = shared
        .records
        .with(|store| {
            let tables = store.tables().into_iter();
            tables
                .map(|table| Listed {
                    name: table.name,
                    title: table.title,
                    about: table.about,
                    rows: table.rows.len(),
                    sql: table.sql,
                })
                .collect::<Vec<_>>()
        })
        .await;
    match tables {
        Some(tables) => Json(tables).into_response(),
        None => failed(),
    }
}

async fn api_table(State(shared): State<Shared>, Path(name): Path<String>) -> Response {
    found(
        shared.records.with(move |store| store.table(&name)).await,
        "no table of this name has rows",
    )
}

async fn api_miner(State(shared): State<Shared>, Path(hotkey): Path<String>) -> Response {
    found(
        shared.records.with(move |store| store.miner(&hotkey)).await,
        "nobody of this address is on record",
    )
}

fn found<T: Serialize>(value: Option<Option<T>>, otherwise: &'static str) -> Response {
    #[derive(Serialize)]
    struct Failure {
        error: &'static str,
    }
    match value {
        Some(Some(value)) => Json(value).into_response(),
        Some(None) => (StatusCode::NOT_FOUND, Json(Failure { error: otherwise })).into_response(),
        None => failed(),
    }
}

/// `GET /records/events`: a head whenever more was recorded.
async fn events(State(shared): State<Shared>) -> Response {
    let (streams, stop) = (shared.streams, shared.stop);
    heads::stream(
        shared.records.revision(),
        SHORTEST_PAUSE,
        streams,
        stop,
        |revision| Some(revision.to_string()),
    )
}
