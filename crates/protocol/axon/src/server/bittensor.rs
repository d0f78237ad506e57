//! synapse-v10 as the axon of bittensor 10.5 answers it, to its statuses and words.
//!
//! The order is the original's: class, headers, blacklist (of a hotkey that is not proven yet), signature, path, method,
//! body. What it leaves open stays closed all the same: an unsigned request is refused, what a handler is told of its
//! caller is what was proven, and rates, sizes and times are bounded.

use super::{
    Refusal, Refused, Route,
    admission::remember_synapse,
    answer::{Outgoing, json},
    observer::Sight,
    route::{AnswerBody, Answered, Raw},
    service::{Origin, Question, Service, guarded, lock, wants_signed_answer},
};
use crate::{
    BodyDigest, Caller, Dialect, Identity, RequestUuid, Standing,
    synapse::{
        self, BodyHash, FieldType, HeadError, InputObject, PythonJsonError, PythonValue, RequestText,
        SynapseHead, SynapseRefusal, Terminal, body_hash,
    },
};
use assay_keys::{AccountId, Ss58Error};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use indexmap::IndexMap;
use jiter::{JiterErrorType, JsonErrorType};
use serde::Deserialize;
use serde_json::{Value, json as value};
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

/// How an axon answers synapse-v10.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Manner {
    /// With statuses that say whose fault it is, in any order of nonces within their time, without telling strangers which
    /// routes there are.
    #[default]
    Strict,
    /// As bittensor 10.5 does: its statuses and words, its order of checks, nonces that must rise, and a list of all routes
    /// for whoever asks for one that there is not.
    Bittensor10,
}

/// Seconds that a synapse waits when nothing says how long.
const USUAL_TIMEOUT: f64 = 12.0;

/// Why a request is not answered.
enum Told {
    Refused(Refusal),
    /// `404` before anything is looked at.
    NoClass(String),
    /// `404` of the router's, after everything was.
    NoPath,
    /// `405` of the router's.
    Method,
    /// `422`: the body is not JSON.
    NotJson(PythonJsonError),
}

impl Told {
    /// As [`Refusal::kind`].
    fn kind(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.kind(),
            Self::NoClass(_) | Self::NoPath => Refusal::NoRoute.kind(),
            Self::Method => Refusal::Method.kind(),
            Self::NotJson(_) => "body",
        }
    }
}

impl<R: Into<Refusal>> From<R> for Told {
    fn from(refusal: R) -> Self {
        Self::Refused(refusal.into())
    }
}

/// What a body says beside its fields. The handler of the original believes it, and the answer repeats it.
#[derive(Deserialize)]
struct Said {
    timeout: Option<f64>,
    #[serde(default)]
    dendrite: Terminal,
    #[serde(default)]
    axon: Terminal,
}

impl Service {
    pub(super) async fn respond_as_bittensor<'a>(
        &'a self,
        peer: SocketAddr,
        request: Request<Incoming>,
        sight: &mut Sight<'a>,
    ) -> Response<Outgoing> {
        let began = Instant::now();
        let mut asked = None;
        match self.answer_as_bittensor(peer, request, &mut asked, sight).await {
            Ok(response) => response,
            Err(told) => {
                sight.refusal = Some(told.kind());
                self.tell(told, asked, began.elapsed())
            }
        }
    }

    /// `asked` is the head, once it could be read.
    async fn answer_as_bittensor<'a>(
        &'a self,
        peer: SocketAddr,
        request: Request<Incoming>,
        asked: &mut Option<(&'a Route, SynapseHead)>,
        sight: &mut Sight<'a>,
    ) -> Result<Response<Outgoing>, Told> {
        lock(&self.origins).take(Origin::of(peer.ip()), Instant::now())?;
        let (request, body) = request.into_parts();
        let path = request.uri.path();
        let class = path.split('/').nth(1).unwrap_or_default();
        let route = self
            .routes
            .get(class)
            .ok_or_else(|| Told::NoClass(class.to_owned()))?;
        sight.route = Some(&route.class.name);
        if !route.dialects.contains(&Dialect::SynapseV10) {
            return Err(Refusal::DialectNotTaken(Dialect::SynapseV10).into());
        }
        let head = read_head(route, &request.headers)?;
        let (_, head) = asked.insert((route, head));
        head.dendrite.ip = Some(peer.ip().to_canonical().to_string());
        head.dendrite.port = Some(peer.port().into());
        let caller = self.prove(route, head)?;
        sight.caller = caller.hotkey();
        self.welcome(&caller, route)?;
        if path.len() > class.len() + 1 {
            return Err(Told::NoPath);
        }
        if ![Method::GET, Method::POST].contains(&request.method) {
            return Err(Told::Method);
        }

        let (body, _) = self.read(body, route.body_bytes, false).await?;
        sight.request_bytes = body.len() as u64;
        let fields = read_body(&request.headers, &body)?;
        let said: Said = serde_json::from_slice(&body).map_err(|_| misfit("its terminals are none"))?;
        let question = wants_signed_answer(&request.headers).then(|| Question {
            path: path.to_owned(),
            body: BodyDigest::of(&body),
        });
        let raw = Raw {
            caller,
            peer,
            time: self.time(head.timeout),
            body,
            head: Some(SynapseHead {
                timeout: Some(said.timeout.unwrap_or(USUAL_TIMEOUT)),
                dendrite: said.dendrite,
                axon: said.axon,
                body_hash: head.body_hash.clone(),
                ..SynapseHead::default()
            }),
        };
        let (mut answered, place, deadline) = self.work(route, raw).await?;
        complete(route, &mut answered, fields);
        Ok(self.response(answered, question, place, deadline))
    }

    /// Whether the caller may ask, and is who it says. Once it is, its nonce is taken.
    fn prove(&self, route: &Route, head: &SynapseHead) -> Result<Caller, Refusal> {
        let now = (self.clock)();
        let claimed = head.dendrite.hotkey.as_deref();
        if let Some(Ok(hotkey)) = claimed.map(str::parse::<AccountId>) {
            let caller = caller(hotkey, Standing::Claimed);
            guarded(|| self.access.admit(&caller, &route.class.name))??;
        }
        let rules = synapse::Rules {
            receiver: self.own,
            freshness: self.config.freshness,
        };
        let uuid = head.dendrite.uuid.as_deref();
        let newest = |hotkey: &AccountId| lock(&self.newest).of(hotkey, uuid);
        let proven = synapse::verify_after(head, &rules, now, newest)?;
        // Another may have come in between, so it is compared again as it is taken.
        if !lock(&self.newest).advance(&proven.hotkey, uuid, proven.nonce) {
            return Err(SynapseRefusal::Replayed.into());
        }
        remember_synapse(&self.config, &proven, &self.replay, now)?;
        Ok(caller(proven.hotkey, Standing::Verified))
    }

    fn tell(&self, told: Told, asked: Option<(&Route, SynapseHead)>, took: Duration) -> Response<Outgoing> {
        let detail = |status, detail: Value| {
            let mut response = json(status, &value!({ "detail": detail }));
            let close = HeaderValue::from_static("close");
            if status != StatusCode::UNPROCESSABLE_ENTITY {
                response.headers_mut().insert(header::CONNECTION, close);
            }
            response
        };
        let (refusal, message) = match told {
            Told::NoPath => return detail(StatusCode::NOT_FOUND, value!("Not Found")),
            Told::Method => {
                let mut response = detail(StatusCode::METHOD_NOT_ALLOWED, value!("Method Not Allowed"));
                let allowed = HeaderValue::from_static("GET, POST");
                response.headers_mut().insert(header::ALLOW, allowed);
                return response;
            }
            Told::NotJson(error) => {
                return detail(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    value!([python_complaint(&error)]),
                );
            }
            Told::NoClass(class) => {
                let names = self.routes.keys().map(|name| PythonValue::from(name.as_str()));
                let names = PythonValue::List(names.collect()).to_str().into_owned();
                let class = PythonValue::from(class.as_str()).to_str().into_owned();
                let message = format!("Synapse name '{class}' not found. Available synapses {names}");
                (Refusal::NoRoute, message)
            }
            Told::Refused(refusal) => {
                let head = asked.as_ref().map(|(_, head)| head);
                let message = self.words(&refusal, head);
                (refusal, message)
            }
        };
        let status = match &refusal {
            hidden if is_hidden(hidden) => StatusCode::INTERNAL_SERVER_ERROR,
            told => told.status(),
        };
        let mut head = match asked {
            None => SynapseHead {
                name: Some("Synapse".to_owned()),
                timeout: Some(USUAL_TIMEOUT),
                body_hash: BodyHash::EMPTY.to_string(),
                ..SynapseHead::default()
            },
            Some((route, head)) => self.signed(route, head),
        };
        head.axon.status_code = Some(status.as_u16().into());
        head.axon.status_message = Some(message.clone());
        head.axon.process_time = Some(took.as_secs_f64());
        let is_untimed = head.timeout.is_none();
        let mut response = refusal.told(status, &value!({ "message": message }), Some(head));
        if is_untimed {
            let none = HeaderValue::from_static("None");
            response.headers_mut().insert("timeout", none);
        }
        response
    }

    /// The head of a refusal, by the head of the request.
    fn signed(&self, route: &Route, asked: SynapseHead) -> SynapseHead {
        let mut head = SynapseHead {
            name: Some(route.class.name.clone()),
            body_hash: hash_of(route, stand_ins(route)).to_string(),
            input_objects: stand_ins_to_send(route, &stand_ins(route)),
            ..asked
        };
        self.sign(&mut head.axon, head.dendrite.hotkey.as_deref());
        head
    }

    /// What the original says.
    fn words(&self, refusal: &Refusal, head: Option<&SynapseHead>) -> String {
        let dendrite = head.map(|head| &head.dendrite);
        let signature = dendrite.and_then(|dendrite| dendrite.signature.as_deref());
        let unverified = |words: String| format!("Not Verified with error: {words}");
        match refusal {
            hidden if is_hidden(hidden) => {
                let number = RequestUuid::random();
                tracing::warn!(%number, %refusal, "a request ends as an internal error");
                format!("Internal Server Error #{number}")
            }
            Refusal::Synapse(SynapseRefusal::Mismatch) => {
                let text = head.map(|head| {
                    let text = RequestText {
                        nonce: head.dendrite.nonce.unwrap_or_default(),
                        sender: head.dendrite.hotkey.as_deref().unwrap_or("None"),
                        receiver: self.own,
                        uuid: head.dendrite.uuid.as_deref(),
                        body_hash: match head.body_hash.as_str() {
                            "" => "None",
                            hash => hash,
                        },
                    };
                    text.to_string()
                });
                unverified(format!(
                    "Signature mismatch with {} and {}",
                    text.unwrap_or_default(),
                    signature.unwrap_or("None")
                ))
            }
            Refusal::Synapse(SynapseRefusal::Signature(_)) => {
                let digits = signature.and_then(|text| text.strip_prefix("0x"));
                unverified(match hex::decode(digits.unwrap_or_default()) {
                    Err(error) => format!("Invalid hex string: {error:?}"),
                    Ok(_) => "Invalid SR25519 signature.".to_owned(),
                })
            }
            Refusal::Synapse(SynapseRefusal::Hotkey(error)) => {
                unverified(format!("Invalid SS58 address: {}", ss58_complaint(error)))
            }
            Refusal::Queue(Refused::TimedOut { .. }) | Refusal::TimedOut { .. } => {
                let timeout = head.and_then(|head| head.timeout).unwrap_or(USUAL_TIMEOUT);
                let seconds = PythonValue::Float(timeout);
                format!("Response timeout after: {}s", seconds.to_str())
            }
            told => told.to_string(),
        }
    }
}

fn caller(hotkey: AccountId, standing: Standing) -> Caller {
    Caller {
        identity: Identity::Hotkey(hotkey),
        dialect: Dialect::SynapseV10,
        standing,
    }
}

/// What the original answers with a number that only its log explains.
fn is_hidden(refusal: &Refusal) -> bool {
    match refusal {
        Refusal::Head(_)
        | Refusal::Body { .. }
        | Refusal::BodyHash
        | Refusal::BrokenBody
        | Refusal::Defect => true,
        Refusal::Handler { status, .. } => status.is_server_error(),
        _ => false,
    }
}

fn misfit(problem: &str) -> Refusal {
    Refusal::Body {
        problem: problem.to_owned(),
    }
}

/// Reads the headers, from which the original builds the class before it sees the body: each required field must have a
/// stand-in of its type.
fn read_head(route: &Route, headers: &HeaderMap) -> Result<SynapseHead, HeadError> {
    let head = SynapseHead::from_first_headers(headers)?;
    for field in route.class.fields.iter().filter(|field| field.default.is_none()) {
        // Headers have no upper case. The original cannot serve such fields at all.
        let sent = headers.get(format!("bt_header_input_obj_{}", field.name.to_lowercase()));
        let stand_in = sent
            .and_then(|value| STANDARD.decode(value.as_bytes()).ok())
            .and_then(|json| PythonValue::from_json(&json).ok())
            .and_then(|stand_in| field.coerce(stand_in).ok());
        if stand_in.is_none() {
            return Err(HeadError::StandIn {
                field: field.name.clone(),
            });
        }
    }
    Ok(head)
}

/// The fields of a body.
fn read_body(headers: &HeaderMap, body: &[u8]) -> Result<IndexMap<String, PythonValue>, Told> {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .map(|kind| kind.trim().to_ascii_lowercase());
    let is_json = kind.is_some_and(|kind| {
        kind == "application/json" || kind.starts_with("application/") && kind.ends_with("+json")
    });
    if !is_json || body.is_empty() {
        return Err(misfit("it is empty, or does not say that it is JSON").into());
    }
    match PythonValue::from_json(body) {
        Ok(PythonValue::Dict(fields)) => Ok(fields),
        Ok(_) => Err(misfit("it is not an object").into()),
        Err(error) => Err(Told::NotJson(error)),
    }
}

/// Gives the head of an answer what Python derives from its fields.
fn complete(route: &Route, answered: &mut Answered, asked: IndexMap<String, PythonValue>) {
    let Some(head) = &mut answered.head else {
        return;
    };
    let answer = match &answered.body {
        AnswerBody::Whole(bytes) => match PythonValue::from_json(bytes) {
            Ok(PythonValue::Dict(fields)) => fields,
            // Deeper than is read back: then the answer's hash is that of nothing.
            _ => IndexMap::new(),
        },
        AnswerBody::Parts(_) => asked,
    };
    head.input_objects = stand_ins_to_send(route, &answer);
    head.body_hash = hash_of(route, answer).to_string();
}

/// The fields of the class as the original builds it from headers.
fn stand_ins(route: &Route) -> IndexMap<String, PythonValue> {
    let fields = route.class.fields.iter().map(|field| {
        let value = field.default.clone().unwrap_or_else(|| empty(&field.kind));
        (field.name.clone(), value)
    });
    fields.collect()
}

/// What Python's type gives when it is called without a value.
fn empty(kind: &FieldType) -> PythonValue {
    match kind {
        FieldType::Bool => PythonValue::Bool(false),
        FieldType::Int => PythonValue::from(0i64),
        FieldType::Float => PythonValue::Float(0.0),
        FieldType::Str => PythonValue::from(""),
        FieldType::List(_) => PythonValue::List(Vec::new()),
        FieldType::Tuple(_) => PythonValue::Tuple(Vec::new()),
        FieldType::Dict(_) | FieldType::Model(_) => PythonValue::Dict(IndexMap::new()),
        FieldType::Optional(some) => empty(some),
        FieldType::Any => PythonValue::None,
    }
}

fn stand_ins_to_send(route: &Route, fields: &IndexMap<String, PythonValue>) -> Vec<InputObject> {
    let required = route.class.fields.iter().filter(|field| field.default.is_none());
    let objects = required.filter_map(|field| {
        let empty = match fields.get(&field.name)? {
            PythonValue::None => return None,
            PythonValue::Bool(_) => "false",
            PythonValue::Int(_) => "0",
            PythonValue::Float(_) => "0.0",
            PythonValue::Str(_) => "\"\"",
            PythonValue::List(_) | PythonValue::Tuple(_) => "[]",
            PythonValue::Dict(_) => "{}",
        };
        Some(InputObject {
            field: field.name.clone(),
            empty: empty.to_owned(),
        })
    });
    objects.collect()
}

/// The hash of the fields that the class hashes; a field that is not there, or of another type, is passed over, for these
/// are our own.
fn hash_of(route: &Route, mut fields: IndexMap<String, PythonValue>) -> BodyHash {
    let values: Vec<PythonValue> = route
        .class
        .hashed
        .iter()
        .filter_map(|name| {
            let field = route.class.fields.iter().find(|field| field.name == *name)?;
            let given = fields.swap_remove(name).or_else(|| field.default.clone())?;
            field.coerce(given).ok()
        })
        .collect();
    body_hash(&values)
}

/// Python's complaint about a text that is no JSON, as FastAPI passes it on.
fn python_complaint(error: &PythonJsonError) -> Value {
    let (at, complaint) = match error {
        PythonJsonError::Syntax(error) => (error.index, syntax_complaint(&error.error_type)),
        PythonJsonError::TooDeep { offset }
        | PythonJsonError::NotFinite { offset }
        | PythonJsonError::LongInt { offset } => (*offset, "Expecting value"),
    };
    value!({
        "type": "json_invalid",
        "loc": ["body", at],
        "msg": "JSON decode error",
        "input": {},
        "ctx": { "error": complaint },
    })
}

fn syntax_complaint(error: &JiterErrorType) -> &'static str {
    let JiterErrorType::JsonError(error) = error else {
        return "Expecting value";
    };
    match error {
        JsonErrorType::KeyMustBeAString | JsonErrorType::EofWhileParsingObject => {
            "Expecting property name enclosed in double quotes"
        }
        JsonErrorType::ExpectedColon => "Expecting ':' delimiter",
        JsonErrorType::ExpectedListCommaOrEnd
        | JsonErrorType::ExpectedObjectCommaOrEnd
        | JsonErrorType::EofWhileParsingList => "Expecting ',' delimiter",
        JsonErrorType::EofWhileParsingString => "Unterminated string starting at",
        JsonErrorType::ControlCharacterWhileParsingString => "Invalid control character at",
        JsonErrorType::InvalidEscape | JsonErrorType::UnexpectedEndOfHexEscape => "Invalid \\escape",
        JsonErrorType::TrailingCharacters => "Extra data",
        JsonErrorType::TrailingComma => "Illegal trailing comma before end",
        _ => "Expecting value",
    }
}

/// The words of Substrate's library, which the wallet of bittensor repeats.
fn ss58_complaint(error: &Ss58Error) -> &'static str {
    match error {
        Ss58Error::Character { .. } => "Base 58 requirement is violated",
        Ss58Error::Checksum => "Invalid checksum",
        Ss58Error::Prefix { .. } => "Invalid SS58 prefix byte.",
        Ss58Error::OtherNetwork { .. } => "Disallowed SS58 Address Format for this datatype.",
        _ => "Length is bad",
    }
}
