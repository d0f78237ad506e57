//! The explorer's addresses: pages for people, and the same as JSON for programs.

use super::block::{BlockName, extrinsic_place};
use super::page::{self, Order, Updates};
use super::search::HitKind;
use super::{Explorer, ExplorerError};
use crate::frame::{Frame, Here, Places, document};
use crate::heads;
use crate::records::Records;
use crate::state::DashboardState;
use assay_chain::{AccountId, NetUid, Uid};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Json, Router};
use maud::Markup;
use serde::{Deserialize, Serialize};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// A page that takes longer is given up. A public node answers one request a second; half a minute is what a person
/// waits.
pub(super) const DEADLINE: Duration = Duration::from_secs(30);
/// The shortest time between two heads that a page is told of: it asks for itself anew after each.
const SHORTEST_PAUSE: Duration = Duration::from_millis(1_000);

/// What the handlers read.
#[derive(Debug, Clone)]
pub(crate) struct Shared {
    pub(crate) explorer: Arc<Explorer>,
    /// The run beside it, whose names the search knows.
    pub(crate) run: Option<watch::Receiver<DashboardState>>,
    /// What was recorded, whose pages stand beside these.
    pub(crate) records: Option<Arc<Records>>,
    pub(crate) streams: Arc<Semaphore>,
    pub(crate) stop: CancellationToken,
}

/// The explorer's routes.
pub(crate) fn router(shared: Shared) -> Router {
    Router::new()
        .route("/blocks", get(blocks))
        .route("/block/{name}", get(block))
        .route("/extrinsic/{place}", get(extrinsic))
        .route("/account/{address}", get(account))
        .route("/subnets", get(subnets))
        .route("/subnet/{netuid}", get(subnet))
        .route("/neuron/{netuid}/{uid}", get(neuron))
        .route("/search", get(search))
        .route("/explorer/events", get(events))
        .route("/api/blocks", get(api_blocks))
        .route("/api/block/{name}", get(api_block))
        .route("/api/extrinsic/{place}", get(api_extrinsic))
        .route("/api/account/{address}", get(api_account))
        .route("/api/subnets", get(api_subnets))
        .route("/api/subnet/{netuid}", get(api_subnet))
        .route("/api/neuron/{netuid}/{uid}", get(api_neuron))
        .route("/api/search", get(api_search))
        .with_state(shared)
}

/// The address's block page before which to begin.
#[derive(Debug, Deserialize)]
struct Before {
    before: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct Wanted {
    #[serde(default)]
    q: String,
}

/// Whether the chain answers, and its newest block.
pub(crate) fn health(explorer: &Explorer) -> (StatusCode, Option<u64>) {
    let head = *explorer.heads().borrow();
    let status = match (explorer.client(), head) {
        (Ok(_), Some(_)) => StatusCode::OK,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, head.map(|head| head.block.number.0))
}

async fn in_time<T>(read: impl Future<Output = Result<T, ExplorerError>>) -> Result<T, ExplorerError> {
    timeout(DEADLINE, Box::pin(read))
        .await
        .unwrap_or(Err(ExplorerError::Late))
}

impl Shared {
    /// A page around what was read, or around why it could not be.
    fn page<T>(
        &self,
        title: String,
        here: Here,
        updates: Updates,
        read: &Result<T, ExplorerError>,
        draw: impl FnOnce(&T) -> Markup,
    ) -> Response {
        let (status, content, updates) = match read {
            Ok(view) => (StatusCode::OK, draw(view), updates),
            Err(error) => {
                tracing::debug!(%error, title, "a page of the explorer");
                // What is not connected yet will be: the page comes back by itself.
                let updates = match error {
                    ExplorerError::NotConnected { .. } => Updates::EveryBlock,
                    _ => Updates::Never,
                };
                (error.status(), page::failure(error), updates)
            }
        };
        (status, self.framed(&title, here, "", updates, &content)).into_response()
    }

    fn framed(&self, title: &str, here: Here, query: &str, updates: Updates, content: &Markup) -> Markup {
        let places = Places {
            run: self.run.is_some(),
            chain: true,
            ..Places::default()
        };
        let system = self.run.as_ref().map(|run| run.borrow().system.clone());
        let frame = Frame {
            title,
            here,
            places: match &self.records {
                Some(records) => records.places(places, system.as_deref()),
                None => places,
            },
            query,
            stream: updates.stream(),
            origin: "Read from the chain as its metadata describes it.",
        };
        document(frame, content)
    }

    /// Names that the run knows, with their hotkeys' addresses.
    fn names(&self) -> Vec<(String, String)> {
        let Some(run) = &self.run else {
            return Vec::new();
        };
        let state = run.borrow();
        let miners = state.miners.iter().map(|miner| (&miner.name, &miner.hotkey));
        let validators = state
            .validators
            .iter()
            .map(|validator| (&validator.name, &validator.hotkey));
        miners
            .chain(validators)
            .map(|(name, hotkey)| (name.clone(), hotkey.clone()))
            .collect()
    }
}

/// The value as JSON, or why there is none.
fn json<T: Serialize>(read: Result<T, ExplorerError>) -> Response {
    #[derive(Serialize)]
    struct Failure {
        error: String,
        hint: Option<String>,
    }
    match read {
        Ok(value) => Json(value).into_response(),
        Err(error) => {
            let failure = Failure {
                error: error.to_string(),
                hint: error.hint(),
            };
            (error.status(), Json(failure)).into_response()
        }
    }
}

fn block_name(text: &str) -> Result<BlockName, ExplorerError> {
    text.parse()
}

fn account_of(text: &str) -> Result<AccountId, ExplorerError> {
    text.parse()
        .map_err(|_| ExplorerError::Malformed { what: "an address" })
}

fn place_of(text: &str) -> Result<(u64, u32), ExplorerError> {
    extrinsic_place(text).ok_or(ExplorerError::Malformed {
        what: "an extrinsic's place",
    })
}

fn netuid_of(text: &str) -> Result<NetUid, ExplorerError> {
    text.parse()
        .map_err(|_| ExplorerError::Malformed { what: "a subnet" })
}

fn uid_of(text: &str) -> Result<Uid, ExplorerError> {
    text.parse()
        .map_err(|_| ExplorerError::Malformed { what: "a uid" })
}

async fn blocks(State(shared): State<Shared>, Query(wanted): Query<Before>) -> Response {
    let read = in_time(shared.explorer.blocks(wanted.before)).await;
    let updates = match wanted.before {
        None => Updates::EveryBlock,
        Some(_) => Updates::Never,
    };
    shared.page("Blocks".to_owned(), Here::Blocks, updates, &read, page::blocks)
}

async fn api_blocks(State(shared): State<Shared>, Query(wanted): Query<Before>) -> Response {
    json(in_time(shared.explorer.blocks(wanted.before)).await)
}

async fn block(State(shared): State<Shared>, Path(name): Path<String>) -> Response {
    let read = in_time(async { shared.explorer.block(block_name(&name)?).await }).await;
    let title = read.as_ref().map_or_else(
        |_| "Block".to_owned(),
        |view| format!("Block {}", view.contents.block.number),
    );
    shared.page(title, Here::Elsewhere, Updates::Never, &read, page::block)
}

async fn api_block(State(shared): State<Shared>, Path(name): Path<String>) -> Response {
    json(in_time(async { shared.explorer.block(block_name(&name)?).await }).await)
}

async fn extrinsic(State(shared): State<Shared>, Path(place): Path<String>) -> Response {
    let read = in_time(async {
        let (block, index) = place_of(&place)?;
        shared.explorer.extrinsic(block, index).await
    })
    .await;
    let title = read
        .as_ref()
        .map_or_else(|_| "Extrinsic".to_owned(), |view| view.extrinsic.title());
    shared.page(title, Here::Elsewhere, Updates::Never, &read, page::extrinsic)
}

async fn api_extrinsic(State(shared): State<Shared>, Path(place): Path<String>) -> Response {
    json(
        in_time(async {
            let (block, index) = place_of(&place)?;
            shared.explorer.extrinsic(block, index).await
        })
        .await,
    )
}

async fn account(State(shared): State<Shared>, Path(address): Path<String>) -> Response {
    let read = in_time(async { shared.explorer.account(account_of(&address)?).await }).await;
    shared.page(
        "Account".to_owned(),
        Here::Elsewhere,
        Updates::EveryBlock,
        &read,
        |view| page::account(view),
    )
}

async fn api_account(State(shared): State<Shared>, Path(address): Path<String>) -> Response {
    json(in_time(async { shared.explorer.account(account_of(&address)?).await }).await)
}

async fn subnets(State(shared): State<Shared>) -> Response {
    let read = in_time(shared.explorer.subnets()).await;
    shared.page(
        "Subnets".to_owned(),
        Here::Subnets,
        Updates::EveryBlock,
        &read,
        |view| page::subnets(view),
    )
}

async fn api_subnets(State(shared): State<Shared>) -> Response {
    json(in_time(shared.explorer.subnets()).await)
}

async fn subnet(
    State(shared): State<Shared>,
    Path(netuid): Path<String>,
    Query(order): Query<Order>,
) -> Response {
    let read = in_time(async { shared.explorer.subnet(netuid_of(&netuid)?).await }).await;
    let title = read.as_ref().map_or_else(
        |_| "Subnet".to_owned(),
        |view| format!("Subnet {}", view.summary.netuid),
    );
    shared.page(title, Here::Subnets, Updates::EveryBlock, &read, |view| {
        page::subnet(view, order)
    })
}

async fn api_subnet(State(shared): State<Shared>, Path(netuid): Path<String>) -> Response {
    json(in_time(async { shared.explorer.subnet(netuid_of(&netuid)?).await }).await)
}

async fn neuron(State(shared): State<Shared>, Path((netuid, uid)): Path<(String, String)>) -> Response {
    let read = in_time(async { shared.explorer.neuron(netuid_of(&netuid)?, uid_of(&uid)?).await }).await;
    let title = read.as_ref().map_or_else(
        |_| "Neuron".to_owned(),
        |view| format!("Uid {} of subnet {}", view.neuron.uid, view.netuid),
    );
    shared.page(title, Here::Subnets, Updates::EveryBlock, &read, |view| {
        page::neuron(view)
    })
}

async fn api_neuron(State(shared): State<Shared>, Path((netuid, uid)): Path<(String, String)>) -> Response {
    json(in_time(async { shared.explorer.neuron(netuid_of(&netuid)?, uid_of(&uid)?).await }).await)
}

/// A single hit is where the reader wanted to go, unless it is only a part of a name.
async fn search(State(shared): State<Shared>, Query(wanted): Query<Wanted>) -> Response {
    let names = shared.names();
    let read = in_time(shared.explorer.search(&wanted.q, &names)).await;
    if let Ok(view) = &read
        && let [only] = view.hits.as_slice()
        && only.kind != HitKind::Name
    {
        return Redirect::to(&only.address).into_response();
    }
    match read {
        Ok(view) => {
            let content = page::search(&view);
            shared
                .framed("Search", Here::Elsewhere, &view.query, Updates::Never, &content)
                .into_response()
        }
        failed => shared.page(
            "Search".to_owned(),
            Here::Elsewhere,
            Updates::Never,
            &failed,
            page::search,
        ),
    }
}

async fn api_search(State(shared): State<Shared>, Query(wanted): Query<Wanted>) -> Response {
    let names = shared.names();
    json(in_time(shared.explorer.search(&wanted.q, &names)).await)
}

/// `GET /explorer/events`: a head with every new block.
async fn events(State(shared): State<Shared>) -> Response {
    let (streams, stop) = (shared.streams, shared.stop);
    heads::stream(shared.explorer.heads(), SHORTEST_PAUSE, streams, stop, |head| {
        head.as_ref().map(|head| head.block.number.to_string())
    })
}
