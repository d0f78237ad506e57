//! Signing, sending, and reading what comes back.

use super::{
    AnswerStream, BadAnswer, DendriteConfig, Outcome, OwnFault, Reply, SynapseFields, SynapseRequest, Target,
    nonces::Nonces,
    transport::{Deadline, Ended, Transport, Turn, has_end},
};
use crate::{
    BodyDigest, RequestUuid, UnixNanos, sign_btauth, sign_epistula,
    synapse::{PeerVersion, RequestText, SynapseHead, Terminal},
};
use assay_keys::{Pair, Scheme};
use bytes::Bytes;
use futures::future::join_all;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header, uri::PathAndQuery};
use http_body_util::Full;
use hyper::body::Incoming;
use serde_json::error::Category;
use std::time::Duration;

/// Asks axons, in the name of one hotkey. It is made once and shared: its connections are kept for the next request, and
/// its nonces must rise.
#[derive(Debug)]
pub struct Dendrite {
    pair: Pair,
    uuid: RequestUuid,
    nonces: Nonces,
    transport: Transport,
}

/// The answer of an old axon.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The fields that the class has. What else it may have sent is not taken: an axon has no business to change who
    /// asked, or what was allowed.
    pub fields: SynapseFields,
    /// What the axon says of itself. Nothing in it is proven.
    pub axon: Terminal,
    /// How long it says that it worked.
    pub process_time: Option<Duration>,
}

/// A request in btauth/1.
pub type BtauthRequest = RawRequest;

/// A request whose body is signed as it stands, in btauth/1 or Epistula.
#[derive(Clone, Debug)]
pub struct RawRequest {
    /// The method, which btauth/1 signs.
    pub method: Method,
    /// Path and query, which btauth/1 signs as they stand.
    pub path: PathAndQuery,
    /// What the body is, such as `application/json`; none when there is no body.
    pub content_type: Option<HeaderValue>,
    /// The body, which is signed as it stands.
    pub body: Bytes,
    /// How long whoever is asked has, from the moment when it is the request's turn until the answer is there.
    pub timeout: Duration,
}

/// An answer with a status of 200 to 299, as it came.
#[derive(Clone, Debug)]
pub struct RawAnswer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, whole.
    pub body: Bytes,
}

impl Dendrite {
    /// One that asks in the name of `pair`.
    #[must_use]
    pub fn new(pair: Pair, config: DendriteConfig) -> Self {
        Self {
            pair,
            uuid: RequestUuid::random(),
            nonces: Nonces::default(),
            transport: Transport::new(config),
        }
    }

    /// Asks one axon in synapse-v10.
    pub async fn call(&self, target: &Target, request: &SynapseRequest) -> Reply<Answer> {
        let turn = match self.transport.turn().await {
            Ok(turn) => turn,
            Err(waited) => return crowded(waited),
        };
        let deadline = turn.deadline(request.timeout());
        turn.reply(self.ask(target, request, deadline).await)
    }

    /// Asks many at once. The replies are in the order of the targets.
    ///
    /// A request to an old axon must not be overtaken by a later one of the same dendrite, so a target that stands
    /// here twice may be refused once.
    pub async fn call_many(&self, targets: &[Target], request: &SynapseRequest) -> Vec<Reply<Answer>> {
        join_all(targets.iter().map(|target| self.call(target, request))).await
    }

    /// Asks one axon for an answer that comes in pieces. The time of the request is that of the whole stream, and the
    /// bound on a body's size that of all pieces together.
    pub async fn stream(&self, target: &Target, request: &SynapseRequest) -> Reply<AnswerStream> {
        let turn = match self.transport.turn().await {
            Ok(turn) => turn,
            Err(waited) => return crowded(waited),
        };
        let deadline = turn.deadline(request.timeout());
        let opened = self.open_stream(target, request, deadline).await;
        let mut reply = turn.reply(opened);
        if let Outcome::Answered(stream) = &mut reply.outcome {
            stream.turn = Some(turn);
        }
        reply
    }

    /// Asks one neuron in btauth/1.
    pub async fn call_btauth(&self, target: &Target, request: &BtauthRequest) -> Reply<RawAnswer> {
        let turn = match self.transport.turn().await {
            Ok(turn) => turn,
            Err(waited) => return crowded(waited),
        };
        let deadline = turn.deadline(request.timeout);
        let (digest, now) = (BodyDigest::of(&request.body), self.nonces.next());
        let RawRequest { method, path, .. } = request;
        let headers = sign_btauth(&self.pair, method, path, &digest, Some(target.hotkey), now);
        turn.reply(self.ask_raw(target, request, headers, deadline).await)
    }

    /// Asks one neuron in Epistula v2.
    pub async fn call_epistula(&self, target: &Target, request: &RawRequest) -> Reply<RawAnswer> {
        let turn = match self.transport.turn().await {
            Ok(turn) => turn,
            Err(waited) => return crowded(waited),
        };
        let deadline = turn.deadline(request.timeout);
        let (digest, uuid) = (BodyDigest::of(&request.body), RequestUuid::random());
        let headers = sign_epistula(&self.pair, &digest, Some(target.hotkey), &uuid, UnixNanos::now());
        turn.reply(self.ask_raw(target, request, headers, deadline).await)
    }

    async fn ask(
        &self,
        target: &Target,
        request: &SynapseRequest,
        deadline: Deadline,
    ) -> Result<Answer, Ended> {
        let response = self.open_synapse(target, request, deadline).await?;
        let axon = said_of_itself(&response)?;
        let body = self.transport.read(response.into_body(), deadline).await?;
        let fields = SynapseFields::read(&body, |name| request.has_field(name)).map_err(not_a_synapse)?;
        let process_time = axon
            .process_time
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        Ok(Answer {
            fields,
            axon,
            process_time,
        })
    }

    async fn open_stream(
        &self,
        target: &Target,
        request: &SynapseRequest,
        deadline: Deadline,
    ) -> Result<AnswerStream, Ended> {
        let response = self.open_synapse(target, request, deadline).await?;
        if !has_end(&response) {
            return Err(endless().into());
        }
        let limit = self.transport.config.body;
        Ok(AnswerStream {
            axon: said_of_itself(&response)?,
            body: response.into_body(),
            left: limit,
            limit,
            deadline,
            turn: None::<Turn>,
        })
    }

    async fn ask_raw(
        &self,
        target: &Target,
        request: &RawRequest,
        headers: HeaderMap,
        deadline: Deadline,
    ) -> Result<RawAnswer, Ended> {
        let message = raw_message(target, request, headers)?;
        let response = self
            .transport
            .open(target, message, deadline, |status| status.is_success())
            .await?;
        if request.method != Method::HEAD && !has_end(&response) {
            return Err(endless().into());
        }
        let (parts, body) = response.into_parts();
        Ok(RawAnswer {
            status: parts.status,
            headers: parts.headers,
            body: self.transport.read(body, deadline).await?.into(),
        })
    }

    async fn open_synapse(
        &self,
        target: &Target,
        request: &SynapseRequest,
        deadline: Deadline,
    ) -> Result<Response<Incoming>, Ended> {
        let message = synapse_message(&self.pair, &self.uuid, self.nonces.next(), target, request)?;
        // An old axon's other successes are a status that its own code has set, with a body that nobody describes.
        self.transport
            .open(target, message, deadline, |status| status == StatusCode::OK)
            .await
    }
}

/// A request in btauth/1 or Epistula, with the headers that sign it.
pub(crate) fn raw_message(
    target: &Target,
    request: &RawRequest,
    mut headers: HeaderMap,
) -> Result<Request<Full<Bytes>>, OwnFault> {
    if let Some(content_type) = &request.content_type {
        headers.insert(header::CONTENT_TYPE, content_type.clone());
    }
    message(
        target,
        request.method.clone(),
        &request.path,
        headers,
        request.body.clone(),
    )
}

/// A signed request in synapse-v10.
pub(crate) fn synapse_message(
    pair: &Pair,
    uuid: &RequestUuid,
    nonce: UnixNanos,
    target: &Target,
    request: &SynapseRequest,
) -> Result<Request<Full<Bytes>>, OwnFault> {
    if pair.scheme() != Scheme::Sr25519 {
        return Err(OwnFault::Scheme);
    }
    let head = signed_head(pair, uuid, nonce, target, request);
    let body = request.body(&head).map_err(|error| OwnFault::Unsendable {
        problem: error.to_string(),
    })?;
    let mut headers = head.to_headers();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    message(target, Method::POST, request.path(), headers, body.into())
}

fn signed_head(
    pair: &Pair,
    uuid: &RequestUuid,
    nonce: UnixNanos,
    target: &Target,
    request: &SynapseRequest,
) -> SynapseHead {
    let sender = pair.account().to_string();
    let text = RequestText {
        nonce: nonce.0,
        sender: &sender,
        receiver: target.hotkey,
        uuid: Some(uuid.as_str()),
        body_hash: &request.hash().to_string(),
    };
    let dendrite = Terminal {
        version: Some(PeerVersion::OURS.0),
        nonce: Some(nonce.0),
        uuid: Some(uuid.to_string()),
        signature: Some(pair.sign(text.to_string().as_bytes()).to_string()),
        hotkey: Some(sender),
        ..Terminal::default()
    };
    let axon = Terminal {
        ip: Some(target.address.ip().to_string()),
        port: Some(target.address.port().into()),
        hotkey: Some(target.hotkey.to_string()),
        ..Terminal::default()
    };
    request.head(dendrite, axon)
}

fn message(
    target: &Target,
    method: Method,
    path: &PathAndQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Request<Full<Bytes>>, OwnFault> {
    let unsendable = |error: http::Error| OwnFault::Unsendable {
        problem: error.to_string(),
    };
    let mut message = Request::builder()
        .method(method)
        .uri(target.uri(path).map_err(unsendable)?)
        .body(Full::new(body))
        .map_err(unsendable)?;
    *message.headers_mut() = headers;
    Ok(message)
}

fn crowded<A>(waited: Duration) -> Reply<A> {
    Reply {
        outcome: Outcome::OwnFault(OwnFault::Crowded { waited }),
        queued: waited,
        took: Duration::ZERO,
    }
}

fn said_of_itself(response: &Response<Incoming>) -> Result<Terminal, BadAnswer> {
    let head = SynapseHead::from_headers(response.headers()).map_err(|error| BadAnswer::Malformed {
        problem: error.to_string(),
    })?;
    Ok(head.axon)
}

fn endless() -> BadAnswer {
    BadAnswer::Malformed {
        problem: "its head does not say where its body ends".to_owned(),
    }
}

fn not_a_synapse(error: serde_json::Error) -> BadAnswer {
    match error.classify() {
        Category::Data => BadAnswer::Malformed {
            problem: "the JSON is not an object".to_owned(),
        },
        _ => BadAnswer::NotJson {
            problem: error.to_string(),
        },
    }
}
