//! The road of a request, from its head to its answer.

use super::{
    Access, AxonConfig, Manner, Parts, Place, Rates, Refusal, Route, WorkQueue,
    admission::{Admitted, admit},
    answer::{Broken, Outgoing, whole},
    listener::Clock,
    observer::{Observer, Sight, Watched},
    route::{AnswerBody, Answered, Raw},
};
use crate::{
    BodyDigest, Caller, Dialect, DialectError, Identity, ReplayStore, RequestUuid, Standing,
    announced::room_for_rest,
    replay::NewestNonces,
    synapse::{AnswerText, PeerVersion, ResponseText, SIGN_ANSWER, SynapseHead, SynapseRefusal, Terminal},
};
use assay_keys::{AccountId, Pair};
use bytes::{Bytes, BytesMut};
use futures::{FutureExt, StreamExt};
use http::{HeaderMap, HeaderValue, Method, Request, Response, header, request, uri::PathAndQuery};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Body, Frame, Incoming};
use indexmap::IndexMap;
use sha2::{Digest, Sha256};
use std::{
    net::{IpAddr, SocketAddr},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// An address as limits count it: whoever has an IPv6 address has all 2^64 of its network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Origin(u128);

impl Origin {
    pub(super) fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(address) => u128::from(address.to_bits()),
            IpAddr::V6(address) => address.to_bits() & !u128::from(u64::MAX),
        })
    }
}

pub(super) struct Service {
    pub(super) pair: Pair,
    pub(super) own: AccountId,
    pub(super) config: AxonConfig,
    pub(super) routes: IndexMap<String, Route>,
    pub(super) access: Arc<dyn Access>,
    pub(super) replay: Mutex<ReplayStore>,
    /// In the manner of bittensor.
    pub(super) newest: Mutex<NewestNonces>,
    /// Of this axon, until it ends.
    pub(super) uuid: RequestUuid,
    pub(super) clock: Clock,
    pub(super) origins: Mutex<Rates<Origin>>,
    pub(super) callers: Mutex<Rates<Identity>>,
    pub(super) queue: WorkQueue,
    /// Bytes that bodies of claimed senders may take together.
    pub(super) unproven: Arc<Semaphore>,
    /// Tasks that write streamed answers. They end with the axon.
    pub(super) streams: TaskTracker,
    pub(super) ended: CancellationToken,
    pub(super) observers: Arc<[Arc<dyn Observer>]>,
}

/// What was asked in synapse-v10, as the answer's signature covers it, where the caller wants one.
pub(super) struct Question {
    pub(super) path: String,
    pub(super) body: BodyDigest,
}

impl Service {
    pub(super) async fn respond(&self, peer: SocketAddr, request: Request<Incoming>) -> Response<Watched> {
        let dialect = Dialect::of(request.headers());
        let mut sight = Sight::new(dialect.ok());
        let is_theirs = matches!(dialect, Ok(Dialect::SynapseV10) | Err(DialectError::Unsigned));
        if self.config.manner == Manner::Bittensor10 && is_theirs {
            let response = self.respond_as_bittensor(peer, request, &mut sight).await;
            return sight.watched(response, &self.observers);
        }
        let (parts, body) = request.into_parts();
        let response = match self.answer(peer, &parts, body, &mut sight).await {
            Ok(response) => response,
            Err(refusal) => {
                tracing::debug!(%peer, status = refusal.status().as_u16(), %refusal, "a request is refused");
                sight.refusal = Some(refusal.kind());
                let is_synapse = matches!(dialect, Ok(Dialect::SynapseV10));
                refusal.response(is_synapse.then(|| self.refusing(&refusal, &parts.headers)))
            }
        };
        sight.watched(response, &self.observers)
    }

    /// The head of a refusal. It is signed, as bittensor signs its refusals, where the request has cost a check of a
    /// signature already: so whoever asks can tell whose axon it is without being let in, and a flood of requests that are
    /// refused for less costs no signatures.
    fn refusing(&self, refusal: &Refusal, asked: &HeaderMap) -> SynapseHead {
        let mut head = SynapseHead::default();
        let is_proven = matches!(
            refusal,
            Refusal::Synapse(SynapseRefusal::Mismatch) | Refusal::Blacklisted(_) | Refusal::Unverified(_)
        );
        if is_proven && let Ok(asked) = SynapseHead::from_headers(asked) {
            head.dendrite.hotkey = asked.dendrite.hotkey;
            head.axon.hotkey = asked.axon.hotkey;
            self.sign(&mut head.axon, head.dendrite.hotkey.as_deref());
        }
        head
    }

    /// Says whose axon it is, to the one who asked.
    pub(super) fn sign(&self, axon: &mut Terminal, dendrite: Option<&str>) {
        let nonce = (self.clock)().0;
        let text = ResponseText {
            nonce,
            dendrite,
            axon: axon.hotkey.as_deref(),
            uuid: self.uuid.as_str(),
        };
        axon.signature = Some(self.pair.sign(text.to_string().as_bytes()).to_string());
        axon.nonce = Some(nonce);
        axon.uuid = Some(self.uuid.to_string());
        axon.version = Some(PeerVersion::OURS.0);
    }

    async fn answer<'a>(
        &'a self,
        peer: SocketAddr,
        request: &request::Parts,
        body: Incoming,
        sight: &mut Sight<'a>,
    ) -> Result<Response<Outgoing>, Refusal> {
        lock(&self.origins).take(Origin::of(peer.ip()), Instant::now())?;
        let route = self.route(request.uri.path())?;
        sight.route = Some(&route.class.name);
        if request.method != Method::POST {
            return Err(Refusal::Method);
        }

        let dialect = Dialect::of(&request.headers)?;
        if !route.dialects.contains(&dialect) {
            return Err(Refusal::DialectNotTaken(dialect));
        }
        let now = (self.clock)();
        let Admitted {
            mut caller,
            head,
            open,
        } = admit(
            &self.config,
            &self.own,
            |caller| {
                sight.caller = caller.hotkey();
                guarded(|| self.access.admit(caller, &route.class.name))?.map_err(Refusal::from)
            },
            dialect,
            &request.headers,
            &self.replay,
            now,
        )?;
        if caller.standing == Standing::Verified {
            self.welcome(&caller, route)?;
        }

        let room = open
            .as_ref()
            .map(|_| self.room_for(route.body_bytes))
            .transpose()?;
        let (body, digest) = self.read(body, route.body_bytes, open.is_some()).await?;
        sight.request_bytes = body.len() as u64;
        if let (Some(open), Some(digest)) = (open, digest) {
            let root = PathAndQuery::from_static("/");
            let target = request.uri.path_and_query().unwrap_or(&root);
            let proven = open.close(&request.method, target, &digest, &self.replay, (self.clock)())?;
            caller.identity = Identity::Hotkey(proven);
            caller.standing = Standing::Verified;
            sight.caller = Some(proven);
            self.welcome(&caller, route)?;
        }
        drop(room);

        let question = wants_signed_answer(&request.headers).then(|| Question {
            path: request.uri.path().to_owned(),
            body: BodyDigest::of(&body),
        });
        let time = self.time(head.as_ref().and_then(|head| head.timeout));
        let raw = Raw {
            caller,
            peer,
            time,
            body,
            head,
        };
        let (answered, place, deadline) = self.work(route, raw).await?;
        Ok(self.response(answered, question, place, deadline))
    }

    /// The last question to the axon's own rules, and the count of those who passed. Only now is it known who asks: a
    /// stranger's claims must not use up somebody else's rate.
    pub(super) fn welcome(&self, caller: &Caller, route: &Route) -> Result<(), Refusal> {
        guarded(|| self.access.verify(caller, &route.class.name))??;
        Ok(lock(&self.callers).take(caller.identity.clone(), Instant::now())?)
    }

    /// Waits for a place and has the handler answer.
    pub(super) async fn work(
        &self,
        route: &Route,
        raw: Raw,
    ) -> Result<(Answered, Place, tokio::time::Instant), Refusal> {
        let time = raw.time;
        let deadline = tokio::time::Instant::now() + time;
        let priority = guarded(|| self.access.priority(&raw.caller))?;
        let place = self.queue.place(priority, deadline).await?;
        let work = guarded(|| (route.handler)(raw))??;
        let answered = tokio::time::timeout_at(deadline, AssertUnwindSafe(work).catch_unwind())
            .await
            .map_err(|_| Refusal::TimedOut { after: time })?
            .map_err(|_| Refusal::Defect)??;
        Ok((answered, place, deadline))
    }

    /// Room for a body whose sender is only claimed until it is read, as anybody can claim anybody's hotkey.
    fn room_for(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Refusal> {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let room = self.unproven.clone().try_acquire_many_owned(bytes);
        room.map_err(|_| Refusal::Crowded)
    }

    /// Only whole paths are routes: `/Echo/more` is none.
    fn route(&self, path: &str) -> Result<&Route, Refusal> {
        path.strip_prefix('/')
            .and_then(|name| self.routes.get(name))
            .ok_or(Refusal::NoRoute)
    }

    /// How long an answer may take: what the caller waits, within our own limit.
    pub(super) fn time(&self, asked: Option<f64>) -> Duration {
        let answers = self.config.answers;
        asked
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            .filter(|time| !time.is_zero())
            .unwrap_or(answers.usual)
            .min(answers.longest)
    }

    /// Reads a body as far as it may go, through the hash where one is wanted.
    pub(super) async fn read(
        &self,
        mut body: Incoming,
        limit: usize,
        is_hashed: bool,
    ) -> Result<(Bytes, Option<BodyDigest>), Refusal> {
        let announced = body.size_hint().lower();
        if announced > limit as u64 {
            return Err(Refusal::TooLarge { limit });
        }
        let reading = async {
            let mut hasher = Sha256::new();
            let mut first = Bytes::new();
            // Only bodies that come in several parts are copied.
            let mut whole = BytesMut::new();
            while let Some(frame) = body.frame().await {
                let Ok(data) = frame.map_err(|_| Refusal::BrokenBody)?.into_data() else {
                    continue;
                };
                if first.len() + whole.len() + data.len() > limit {
                    return Err(Refusal::TooLarge { limit });
                }
                if is_hashed {
                    hasher.update(&data);
                }
                if first.is_empty() && whole.is_empty() {
                    first = data;
                } else {
                    if whole.is_empty() {
                        whole.reserve(first.len() + data.len() + room_for_rest(&body));
                        whole.extend_from_slice(&std::mem::take(&mut first));
                    }
                    whole.extend_from_slice(&data);
                }
            }
            let bytes = if whole.is_empty() { first } else { whole.freeze() };
            Ok((bytes, is_hashed.then(|| BodyDigest(hasher.finalize().into()))))
        };
        let within = self.config.connections.body_time;
        timeout(within, reading)
            .await
            .map_err(|_| Refusal::SlowBody { within })?
    }

    /// Parts as chunks, until they end, fail, or take too long, whether or not the caller reads them: hyper asks for no
    /// more while its own buffer is full, so the time and the place at work must not depend on its asking.
    fn streamed(&self, mut parts: Parts, place: Place, deadline: tokio::time::Instant) -> Outgoing {
        // The end is sent too: a stream that was cut off must not look like one that ended.
        let (send, mut receive) = tokio::sync::mpsc::channel::<Option<Bytes>>(1);
        let ended = self.ended.clone();
        self.streams.spawn(async move {
            let _place = place;
            let writing = async {
                loop {
                    let (part, is_last) = match parts.next().await {
                        Some(Ok(bytes)) => (Some(bytes), false),
                        None => (None, true),
                        Some(Err(failure)) => {
                            tracing::warn!(%failure, "a streamed answer failed in its middle");
                            return;
                        }
                    };
                    if send.send(part).await.is_err() || is_last {
                        return;
                    }
                }
            };
            tokio::select! {
                () = writing => {}
                // The caller has gone. Without looking, a model would go on until its next part.
                () = send.closed() => {}
                () = tokio::time::sleep_until(deadline) => {}
                () = ended.cancelled() => {}
            }
        });
        let chunks = futures::stream::poll_fn(move |context| {
            receive.poll_recv(context).map(|received| match received {
                Some(Some(bytes)) => Some(Ok(Frame::data(bytes))),
                Some(None) => None,
                None => Some(Err(Broken)),
            })
        });
        StreamBody::new(chunks).boxed_unsync()
    }

    pub(super) fn response(
        &self,
        answered: Answered,
        question: Option<Question>,
        place: Place,
        deadline: tokio::time::Instant,
    ) -> Response<Outgoing> {
        let Answered { body, head } = answered;
        let (body, digest, kind) = match body {
            AnswerBody::Whole(bytes) => {
                let digest = question.as_ref().map(|_| BodyDigest::of(&bytes));
                (whole(bytes), digest, "application/json")
            }
            AnswerBody::Parts(parts) => (self.streamed(parts, place, deadline), None, "text/event-stream"),
        };
        let mut response = Response::new(body);
        let headers = response.headers_mut();
        if let Some(mut head) = head {
            let nonce = (self.clock)();
            head.axon.nonce = Some(nonce.0);
            headers.extend(head.to_headers());
            // What is still to be written cannot be signed.
            if let (Some(answer), Some(question)) = (digest, question) {
                let text = AnswerText {
                    nonce: nonce.0,
                    request: head.dendrite.signature.as_deref().unwrap_or_default(),
                    path: &question.path,
                    question: question.body,
                    answer,
                };
                let signature = self.pair.sign(text.to_string().as_bytes());
                if let Ok(signature) = HeaderValue::try_from(signature.to_string()) {
                    headers.insert("bt_header_axon_response_signature", signature);
                }
            }
        }
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        response
    }
}

/// Whether the caller says that it wants the answer signed. It costs a hash of question and answer and a signature, a
/// quarter of a large request's work, which is wasted on whoever does not look; who has asked for it and gets none knows
/// that something is wrong.
pub(super) fn wants_signed_answer(headers: &HeaderMap) -> bool {
    headers
        .get(SIGN_ANSWER)
        .is_some_and(|value| value.as_bytes() == b"1")
}

/// Runs what the miner has written. A panic in it is its defect, which costs one answer and not the connection; the log has
/// it already.
pub(super) fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, Refusal> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| Refusal::Defect)
}

pub(super) fn lock<T>(of: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
