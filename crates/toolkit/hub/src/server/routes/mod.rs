//! The hub's addresses and what answers them.

mod chunks;
mod commit;
mod files;
mod history;
mod lfs;
mod repos;
mod target;
mod transfer;
mod tree;
mod upload_mode;
mod wire;

use super::{hub::Hub, listen::Peer, reject::Reject};
use crate::RepoType;
use axum::{
    Extension, Router,
    body::HttpBody as _,
    extract::{Request, State},
    http::{HeaderName, HeaderValue, header},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
    routing::{delete, get, post, put},
};
use std::sync::Arc;
use tower_http::{set_header::SetResponseHeaderLayer, timeout::RequestBodyTimeoutLayer};

/// Everything the hub answers to.
pub(crate) fn router(hub: Arc<Hub>) -> Router {
    let repository = Router::new()
        .route("/", get(repos::info))
        .route("/revision/{revision}", get(repos::info))
        .route("/settings", put(repos::settings))
        .route("/auth-check", get(repos::may_read))
        .route("/auth-check/write", get(repos::may_write))
        .route("/tree/{revision}", get(tree::list))
        .route("/tree/{revision}/{*path}", get(tree::list))
        .route("/paths-info/{revision}", post(tree::paths))
        .route("/commits/{revision}", get(history::commits))
        .route("/refs", get(history::references))
        .route(
            "/branch/{*reference}",
            post(history::create_branch).delete(history::delete_branch),
        )
        .route(
            "/tag/{*reference}",
            post(history::create_tag).delete(history::delete_tag),
        )
        .route("/preupload/{revision}", post(upload_mode::preupload))
        .route("/commit/{revision}", post(commit::commit))
        .route("/xet-write-token/{revision}", get(chunks::token));
    let mut router = Router::new()
        .route("/api/whoami-v2", get(repos::whoami))
        .route("/api/repos/create", post(repos::create))
        .route("/api/repos/delete", delete(repos::remove))
        .route("/api/validate-yaml", post(repos::validate_card))
        .route("/api/{kind}", get(repos::list))
        .nest("/api/{kind}/{owner}/{name}", repository)
        .route(
            "/_hub/objects/{kind}/{owner}/{name}/{oid}",
            get(transfer::read).put(transfer::write).post(transfer::complete),
        )
        .route("/_hub/xet/v1/xorbs/default/{hash}", post(chunks::put_xorb))
        .route("/_hub/xet/v1/shards", post(chunks::put_shard))
        .route(
            "/_hub/parts/{kind}/{owner}/{name}/{oid}/{number}",
            put(transfer::write_part),
        );
    for kind in RepoType::ALL {
        let files = Router::new()
            .route("/resolve/{revision}/{*path}", get(files::resolve))
            .route("/raw/{revision}/{*path}", get(files::raw))
            .route("/info/lfs/objects/batch", post(lfs::batch))
            .route("/info/lfs/objects/verify", post(lfs::verify))
            .layer(Extension(kind));
        router = router.nest(&format!("/{}{{owner}}/{{name}}", kind.url_prefix()), files);
    }
    let idle = hub.limits.idle;
    // Layers apply to the routes added before them: these come last, and so to every route above.
    router
        .fallback(|| async { Reject::NoSuchAddress.into_response() })
        .layer(middleware::from_fn_with_state(Arc::clone(&hub), count))
        .layer(RequestBodyTimeoutLayer::new(idle))
        .layer(middleware::from_fn(close_behind_refused_body))
        .layer(SetResponseHeaderLayer::if_not_present(
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ))
        // What people upload is never a page of this hub: a browser that opens it runs nothing.
        .layer(SetResponseHeaderLayer::if_not_present(
            HeaderName::from_static("content-security-policy"),
            HeaderValue::from_static("default-src 'none'; sandbox"),
        ))
        .with_state(hub)
}

/// Says that the connection ends with a refusal when there was a body, which may not have been read. It ends in any case,
/// and a client that was not told sends its next request into it.
async fn close_behind_refused_body(request: Request, next: Next) -> Response {
    let has_body = !request.body().is_end_stream();
    let mut response = next.run(request).await;
    if has_body && (response.status().is_client_error() || response.status().is_server_error()) {
        response
            .headers_mut()
            .insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Counts the request against its caller's quota.
async fn count(State(hub): State<Arc<Hub>>, request: Request, next: Next) -> Response {
    let caller = match hub.accounts.caller(request.headers()) {
        Ok(caller) => caller.name().map(|name| format!("account {name}")),
        Err(_) => None,
    };
    let peer = request
        .extensions()
        .get::<Peer>()
        .map(|peer| format!("address {}", peer.0.ip()));
    let key = caller.or(peer).unwrap_or_default();
    match hub.requests.count(&key, hub.clock.now()) {
        Ok(()) => next.run(request).await,
        Err(reject) => reject.into_response(),
    }
}
