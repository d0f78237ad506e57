//! The miner: routes that answer with a mind.

use crate::{Availability, Prompting, StreamPrompting, prompts::tasks::TaskKind};
use assay_axon::server::{Asked, Failure, Parts, Route};
use assay_minds::{Mind, MindError, Turn, Wishes, turns, whole_answer};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use http::StatusCode;
use std::{collections::BTreeSet, sync::Arc};

/// The subnet's routes, whole and streamed, answered by this mind, which does all tasks.
pub fn routes(mind: Arc<dyn Mind>) -> [Route; 3] {
    routes_for(mind, &TaskKind::ALL.into())
}

/// The same of a mind that does these tasks. Validators that ask are told, and do not ask it for others; it is paid nothing for
/// those.
pub fn routes_for(mind: Arc<dyn Mind>, tasks: &BTreeSet<TaskKind>) -> [Route; 3] {
    let streaming = Arc::clone(&mind);
    let available = Availability::of(tasks);
    [
        Route::new(move |_: Asked<Availability>| std::future::ready(Ok(available.clone()))),
        Route::new(move |asked: Asked<Prompting>| complete(Arc::clone(&mind), asked)),
        Route::streaming(move |asked: Asked<StreamPrompting>| {
            let parts = parts(streaming.as_ref(), asked.synapse.0);
            async move { parts }
        }),
    ]
}

async fn complete(mind: Arc<dyn Mind>, asked: Asked<Prompting>) -> Result<Prompting, Failure> {
    let conversation = conversation(&asked.synapse)?;
    // A caller that has gone needs no answer, and the model is free for the next.
    let answer = tokio::time::timeout(
        asked.time,
        whole_answer(mind.as_ref(), &conversation, Wishes::default()),
    );
    let completion = answer
        .await
        .map_err(|_| Failure {
            status: StatusCode::REQUEST_TIMEOUT,
            message: "the model did not answer in time".to_owned(),
        })?
        .map_err(failed)?;
    Ok(Prompting {
        completion,
        ..asked.synapse
    })
}

fn parts(mind: &dyn Mind, synapse: Prompting) -> Result<Parts, Failure> {
    let conversation = conversation(&synapse)?;
    let pieces = mind.answer(&conversation, Wishes::default());
    Ok(pieces.map_ok(Bytes::from).map_err(failed).boxed())
}

fn conversation(synapse: &Prompting) -> Result<Vec<Turn>, Failure> {
    turns(synapse.roles.clone(), synapse.messages.clone()).map_err(|error| Failure {
        status: StatusCode::BAD_REQUEST,
        message: error.to_string(),
    })
}

/// What the caller hears; what exactly is wrong with the model is the miner's own matter.
fn failed(error: MindError) -> Failure {
    tracing::warn!(%error, "a prompt is not answered");
    Failure {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        message: "the model failed".to_owned(),
    }
}
