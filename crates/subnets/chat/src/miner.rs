//! The miner: a route that answers with a mind.

use assay_axon::server::{Asked, Failure, Parts, Route};
use assay_gateway::backend::ChatSynapse;
use assay_minds::{Mind, Wishes, turns};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use http::StatusCode;
use std::sync::Arc;

/// The route of the streamed chat synapse, answered by this mind.
pub fn route(mind: Arc<dyn Mind>) -> Route {
    Route::streaming(move |asked| {
        let answer = answers(mind.as_ref(), asked);
        async move { answer }
    })
}

/// The answer to one request, in parts.
///
/// # Errors
/// [`Failure`] with 400 for a conversation that is none.
pub fn answers(mind: &dyn Mind, asked: Asked<ChatSynapse>) -> Result<Parts, Failure> {
    let wishes = wishes(&asked.synapse);
    let turns = turns(asked.synapse.roles, asked.synapse.messages).map_err(|error| Failure {
        status: StatusCode::BAD_REQUEST,
        message: error.to_string(),
    })?;
    let parts = mind.answer(&turns, wishes).map_ok(Bytes::from).map_err(|error| {
        tracing::warn!(%error, "a conversation is not answered");
        Failure {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            message: "the model failed".to_owned(),
        }
    });
    Ok(parts.boxed())
}

/// What the gateway tells of how to draw. It is not signed, so nothing but the look of an answer hangs on it.
fn wishes(synapse: &ChatSynapse) -> Wishes {
    let of = |name: &str| synapse.sampling.as_ref().and_then(|sampling| sampling.get(name));
    Wishes {
        max_tokens: of("max_tokens")
            .and_then(serde_json::Value::as_u64)
            .and_then(|most| usize::try_from(most).ok())
            .map(|most| most.clamp(1, 4_096)),
        temperature: of("temperature").and_then(serde_json::Value::as_f64),
        seed: of("seed")
            .and_then(serde_json::Value::as_i64)
            .map(i64::unsigned_abs),
    }
}
