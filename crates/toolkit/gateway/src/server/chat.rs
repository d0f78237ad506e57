//! A chat, from its request to the sink.

use super::{
    Shared,
    admission::{Caller, tell},
    events,
    routes::{RequestId, known_model},
};
use crate::{
    backend::{BackendError, Candidate, Miner, MinerFailure},
    clock::unix_seconds,
    cut::Finish,
    exchange::{Delivery, Ended, Exchange, Latency, TokenUsage},
    keys::{Allowance, Lease, Privacy},
    openai::{ChatRequest, Completed, Refusal, Reply, RequestLimits},
    question::Question,
    race::{self, Event, Manner, Race},
};
use axum::{
    Extension, Json,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Body as _;
use rand::Rng;
use std::{sync::Arc, time::SystemTime};
use tokio::{
    sync::{OwnedSemaphorePermit, mpsc},
    time::{Instant, timeout, timeout_at},
};

/// Who answered.
const UID: HeaderName = HeaderName::from_static("x-assay-uid");
const HOTKEY: HeaderName = HeaderName::from_static("x-assay-hotkey");

/// `POST /v1/chat/completions`
pub(super) async fn answer(
    State(shared): State<Arc<Shared>>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    request: Request,
) -> Response {
    let began = Instant::now();
    let admitted = shared
        .gate
        .caller(request.headers())
        .and_then(|caller| Ok((shared.gate.admit(&caller)?, caller)));
    let ((lease, allowance), caller) = match admitted {
        Ok(admitted) => admitted,
        Err(refusal) => {
            let allowance = match &refusal {
                Refusal::Quota(exceeded) => exceeded.allowance,
                _ => Allowance::default(),
            };
            return told(refusal.into_response(), &allowance);
        }
    };
    let admitted = Admitted {
        request_id,
        caller,
        lease,
        began,
        received: shared.config.clock.now(),
    };
    let answered = admitted.answer(&shared, request).await;
    told(answered.unwrap_or_else(IntoResponse::into_response), &allowance)
}

fn told(mut response: Response, allowance: &Allowance) -> Response {
    tell(allowance, response.headers_mut());
    response
}

/// A chat that may be asked.
struct Admitted {
    request_id: String,
    caller: Caller,
    lease: Option<Lease>,
    began: Instant,
    received: SystemTime,
}

/// What a streamed answer needs to be written.
#[derive(Clone, Debug)]
pub(super) struct Heading {
    pub(super) id: String,
    pub(super) created: u64,
    pub(super) model: String,
}

impl Admitted {
    async fn answer(self, shared: &Arc<Shared>, request: Request) -> Result<Response, Refusal> {
        let (parts, body) = request.into_parts();
        let privacy = self.caller.privacy(&parts.headers)?;
        let collection = self.caller.collection(&parts.headers)?;
        let limits = &shared.config.limits;
        if !is_json(&parts.headers) {
            return Err(Refusal::MediaType);
        }
        let body = whole_body(body, shared).await?;
        let request_limits = RequestLimits {
            messages: limits.messages,
            answer_tokens: limits.answer_tokens,
        };
        let ChatRequest { question, reply } = ChatRequest::read(&body, &request_limits)?;
        drop(body);
        known_model(shared, &question.model)?;
        let prompt_tokens = prompt_tokens(shared, &question)?;
        let place = shared
            .places
            .clone()
            .try_acquire_owned()
            .map_err(|_| Refusal::Busy)?;

        let question = Arc::new(question);
        // From here on, and not from when the request came: whoever sends its body slowly takes no time from the miners.
        let time = shared.config.times.answer;
        let deadline = Instant::now() + time;
        let candidates = candidates(shared, &question, deadline).await?;
        let heading = Heading {
            id: format!("chatcmpl-{:032x}", rand::rng().random::<u128>()),
            created: unix_seconds(self.received),
            model: question.model.clone(),
        };
        let race = Race {
            question,
            prompt_tokens,
            candidates,
            at_once: shared.config.fanout.at_once,
            began: self.began,
            deadline,
            time,
            collecting: shared.config.times.collecting,
            answer_bytes: limits.answer_bytes,
            manner: match reply {
                Reply::Whole => Manner::Whole,
                Reply::Streamed | Reply::StreamedWithUsage => Manner::Streamed,
            },
            collection,
            counter: shared.config.tokens.clone(),
        };
        let events = self.race(shared, race, heading.clone(), privacy, place);
        match reply {
            Reply::Whole => at_once(events, &heading).await,
            Reply::Streamed => piece_by_piece(events, heading, events::Usage::LeftOut).await,
            Reply::StreamedWithUsage => piece_by_piece(events, heading, events::Usage::Included).await,
        }
    }

    /// Starts the race. It goes on when the user has the answer, until the others were heard, and ends with the user
    /// who goes away.
    fn race(
        self,
        shared: &Arc<Shared>,
        race: Race,
        heading: Heading,
        privacy: Privacy,
        place: OwnedSemaphorePermit,
    ) -> mpsc::UnboundedReceiver<Event> {
        let (user, events) = mpsc::unbounded_channel();
        let shared = shared.clone();
        let question = race.question.clone();
        let chats = shared.chats.clone();
        chats.spawn(async move {
            let _place = place;
            let _counted = shared.stats.chat();
            let Self {
                request_id,
                caller,
                lease,
                received,
                began: _,
            } = self;
            let settled = |delivered: &race::Delivered| {
                shared.stats.delivered(delivered.delivery, delivered.total);
                if let Some(first) = delivered.first_token {
                    shared.stats.first_token(first);
                }
                for _ in 0..delivered.failovers {
                    shared.stats.failover();
                }
                if let Some(lease) = lease
                    && delivered.delivery != Delivery::NoAnswer
                {
                    lease.charge(delivered.usage.total());
                }
            };
            let (completions, delivered) = race::run(race, user, shared.end.clone(), settled).await;
            for completion in &completions {
                if let Ended::Failed(MinerFailure::TimedOut { .. }) = completion.ended {
                    shared.backend.timed_out(&completion.miner);
                }
            }
            tracing::info!(
                request = %request_id,
                exchange = %heading.id,
                key = caller.name(),
                delivery = ?delivered.delivery,
                miners = completions.len(),
                seconds = delivered.total.as_secs_f64(),
                "a chat ended"
            );
            shared.outlet.give(Exchange {
                id: heading.id,
                key: caller.name(),
                privacy,
                question,
                received,
                completions,
                relayed: delivered.relayed,
                delivery: delivered.delivery,
                latency: Latency {
                    first_token: delivered.first_token,
                    total: delivered.total,
                },
                usage: delivered.usage,
            });
        });
        events
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let media = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let media = media.and_then(|value| value.split(';').next());
    media.is_some_and(|media| media.trim().eq_ignore_ascii_case("application/json"))
}

async fn whole_body(body: Body, shared: &Shared) -> Result<Bytes, Refusal> {
    let (limit, within) = (shared.config.limits.body_bytes, shared.config.times.body);
    // Known to be too large, it need not come at all.
    if body.size_hint().lower() > limit as u64 {
        return Err(Refusal::TooLarge { limit });
    }
    let collected = timeout(within, Limited::new(body, limit).collect()).await;
    match collected {
        Err(_) => Err(Refusal::SlowBody { within }),
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Refusal::TooLarge { limit }),
        Ok(Err(_)) => Err(Refusal::BrokenBody),
    }
}

fn prompt_tokens(shared: &Shared, question: &Question) -> Result<u64, Refusal> {
    let counter = &shared.config.tokens;
    let tokens = question
        .messages
        .iter()
        .map(|message| counter.count(&message.text))
        .sum();
    let limit = shared.config.limits.prompt_tokens;
    if tokens > limit {
        return Err(Refusal::TooLong {
            tokens,
            limit,
            counter: counter.name().to_owned(),
        });
    }
    Ok(tokens)
}

async fn candidates(
    shared: &Shared,
    question: &Arc<Question>,
    deadline: Instant,
) -> Result<Vec<Candidate>, Refusal> {
    let fanout = shared.config.fanout;
    let most = fanout.at_once.max(1).saturating_add(fanout.reserve);
    let asked = shared.backend.candidates(question.clone(), most, deadline);
    match timeout_at(deadline, asked).await {
        Err(_) => Err(Refusal::TimedOut {
            after: shared.config.times.answer,
        }),
        Ok(Err(BackendError::NoMiners)) => Err(Refusal::NoMiners),
        Ok(Err(error)) => {
            tracing::warn!(%error, "a question was not asked");
            Err(Refusal::OwnFault)
        }
        Ok(Ok(candidates)) if candidates.is_empty() => Err(Refusal::NoMiners),
        Ok(Ok(candidates)) => Ok(candidates),
    }
}

/// Waits for the whole answer.
async fn at_once(mut events: mpsc::UnboundedReceiver<Event>, heading: &Heading) -> Result<Response, Refusal> {
    let (mut text, mut miner) = (String::new(), None);
    let (finish, usage): (Finish, TokenUsage) = loop {
        match events.recv().await {
            Some(Event::Began(whose)) => miner = Some(whose),
            Some(Event::Text(more)) => text += &more,
            Some(Event::Finished(finish, usage)) => break (finish, usage),
            Some(Event::Failed(refusal)) => return Err(refusal),
            // The race ended without a word: it panicked, and the log has it.
            None => return Err(Refusal::Defect),
        }
    };
    let completed = Completed::new(&heading.id, heading.created, &heading.model, &text, finish, usage);
    Ok(from_miner(Json(completed).into_response(), miner))
}

/// Waits for the beginning of the answer, so that what fails before it has a status of its own.
async fn piece_by_piece(
    mut events: mpsc::UnboundedReceiver<Event>,
    heading: Heading,
    usage: events::Usage,
) -> Result<Response, Refusal> {
    let miner = match events.recv().await {
        Some(Event::Began(miner)) => miner,
        Some(Event::Failed(refusal)) => return Err(refusal),
        Some(Event::Text(_) | Event::Finished(..)) | None => return Err(Refusal::Defect),
    };
    let stream = events::written(events, heading, usage);
    let mut response = Response::new(Body::from_stream(stream));
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/event-stream; charset=utf-8"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    // Proxies that gather an answer before they pass it on would undo the streaming.
    headers.insert(
        HeaderName::from_static("x-accel-buffering"),
        HeaderValue::from_static("no"),
    );
    Ok(from_miner(response, Some(miner)))
}

fn from_miner(mut response: Response, miner: Option<Miner>) -> Response {
    if let Some(miner) = miner {
        let headers = response.headers_mut();
        headers.insert(UID, HeaderValue::from(miner.uid.0));
        if let Ok(hotkey) = HeaderValue::try_from(miner.hotkey.to_string()) {
            headers.insert(HOTKEY, hotkey);
        }
    }
    response
}
