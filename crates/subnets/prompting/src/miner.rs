//! The miner: routes that answer with a mind.

use crate::{Availability, Inference, Prompting, StreamPrompting, prompts::tasks::TaskKind};
use assay_axon::server::{Asked, Failure, Parts, Route};
use assay_minds::{LogProbWishes, Mind, MindError, NoConversation, Turn, Wishes, turns, whole_answer};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use http::StatusCode;
use std::{collections::BTreeSet, future::Future, sync::Arc, time::Duration};

/// Tokens and log-probabilities that a caller may want at most. More keep the model busy for nobody's use.
const MOST_TOKENS: u32 = 4_096;
const MOST_LOG_PROBS: u32 = 20;

/// The subnet's routes, whole and streamed, answered by this mind, which does all tasks.
pub fn routes(mind: Arc<dyn Mind>) -> [Route; 4] {
    routes_for(mind, &TaskKind::ALL.into())
}

/// The same of a mind that does these tasks. Validators that ask are told, and do not ask it for others; it is paid nothing for
/// those. A mind that does not tell log-probabilities does not do [`TaskKind::Inference`], whatever is said here.
pub fn routes_for(mind: Arc<dyn Mind>, tasks: &BTreeSet<TaskKind>) -> [Route; 4] {
    let (streaming, running) = (Arc::clone(&mind), Arc::clone(&mind));
    let mut tasks = tasks.clone();
    if !mind.tells_log_probs() {
        tasks.remove(&TaskKind::Inference);
    }
    let available = Availability::of(&tasks);
    [
        Route::new(move |_: Asked<Availability>| std::future::ready(Ok(available.clone()))),
        Route::new(move |asked: Asked<Prompting>| complete(Arc::clone(&mind), asked)),
        Route::streaming(move |asked: Asked<StreamPrompting>| {
            let parts = parts(streaming.as_ref(), asked.synapse.0);
            async move { parts }
        }),
        Route::new(move |asked: Asked<Inference>| infer(Arc::clone(&running), asked)),
    ]
}

async fn complete(mind: Arc<dyn Mind>, asked: Asked<Prompting>) -> Result<Prompting, Failure> {
    let conversation = conversation(&asked.synapse.roles, &asked.synapse.messages)?;
    let answer = whole_answer(mind.as_ref(), &conversation, Wishes::default());
    let completion = within(asked.time, answer).await?;
    Ok(Prompting {
        completion,
        ..asked.synapse
    })
}

async fn infer(mind: Arc<dyn Mind>, asked: Asked<Inference>) -> Result<Inference, Failure> {
    let Inference { max_tokens, top, .. } = asked.synapse;
    let conversation = conversation(&asked.synapse.roles, &asked.synapse.messages)?;
    if !(1..=MOST_TOKENS).contains(&max_tokens) || !(1..=MOST_LOG_PROBS).contains(&top) {
        return Err(bad_request(format!(
            "max_tokens is from 1 to {MOST_TOKENS}, top from 1 to {MOST_LOG_PROBS}"
        )));
    }
    let wishes = LogProbWishes {
        max_tokens: max_tokens as usize,
        top: top as usize,
    };
    let answer = mind.answer_with_log_probs(&conversation, wishes);
    let answer = within(asked.time, answer).await?;
    Ok(Inference {
        completion: answer.text,
        tokens: answer.tokens,
        top_logprobs: answer.likeliest,
        ..asked.synapse
    })
}

/// The answer, unless the caller's time is over: it has gone then, and the model is free for the next.
async fn within<T>(time: Duration, answer: impl Future<Output = Result<T, MindError>>) -> Result<T, Failure> {
    let answered = tokio::time::timeout(time, answer).await.map_err(|_| Failure {
        status: StatusCode::REQUEST_TIMEOUT,
        message: "the model did not answer in time".to_owned(),
    })?;
    answered.map_err(failed)
}

fn parts(mind: &dyn Mind, synapse: Prompting) -> Result<Parts, Failure> {
    let conversation = conversation(&synapse.roles, &synapse.messages)?;
    let pieces = mind.answer(&conversation, Wishes::default());
    Ok(pieces.map_ok(Bytes::from).map_err(failed).boxed())
}

fn conversation(roles: &[String], messages: &[String]) -> Result<Vec<Turn>, Failure> {
    let turns = turns(roles.to_vec(), messages.to_vec());
    turns.map_err(|error: NoConversation| bad_request(error.to_string()))
}

fn bad_request(message: String) -> Failure {
    Failure {
        status: StatusCode::BAD_REQUEST,
        message,
    }
}

/// What the caller hears; what exactly is wrong with the model is the miner's own matter.
fn failed(error: MindError) -> Failure {
    tracing::warn!(%error, "a prompt is not answered");
    Failure {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        message: "the model failed".to_owned(),
    }
}
