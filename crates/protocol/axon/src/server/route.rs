//! What an axon answers: typed synapses, each with a handler.

use crate::{
    Caller, Dialect,
    dendrite::SynapseFields,
    json::to_json,
    synapse::{Field, SynapseHead, Terminal},
};
use bytes::Bytes;
use futures::{future::BoxFuture, stream::BoxStream};
use http::StatusCode;
use serde::{Serialize, de::DeserializeOwned};
use std::{fmt, net::SocketAddr, sync::Arc, time::Duration};

use super::{Refusal, SynapseClass};

/// A kind of request and its answer, one JSON object: the caller fills some fields, the miner the others.
///
/// ```
/// use assay_axon::{server::Synapse, synapse::{Field, FieldType, PythonValue}};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct Echo {
///     text: String,
///     reply: Option<String>,
/// }
///
/// impl Synapse for Echo {
///     const NAME: &'static str = "Echo";
///     const HASHED: &'static [&'static str] = &["text"];
///
///     fn fields() -> Vec<Field> {
///         vec![
///             Field::required("text", FieldType::Str),
///             Field::with_default("reply", FieldType::optional(FieldType::Str), PythonValue::None),
///         ]
///     }
/// }
/// ```
pub trait Synapse: Serialize + DeserializeOwned + Send + 'static {
    /// Its class, which is also its route: `Echo` is answered at `/Echo`.
    const NAME: &'static str;
    /// The fields that a synapse-v10 signature covers, in the order of the original's `required_hash_fields`. With none
    /// a request's body can be changed on its way. Texts and whole numbers only are the same in every language.
    const HASHED: &'static [&'static str] = &[];

    /// The fields as Python declares them, in order.
    fn fields() -> Vec<Field>;
}

/// A request that is let in.
#[derive(Debug)]
pub struct Asked<S> {
    /// What is asked.
    pub synapse: S,
    /// By whom.
    pub caller: Caller,
    /// From where.
    pub peer: SocketAddr,
    /// How long the answer may take, from now.
    pub time: Duration,
}

/// Why a handler has no answer. Shown to the caller.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// The status; `500` and above are the miner's fault.
    pub status: StatusCode,
    /// Without secrets.
    pub message: String,
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self::Handler {
            status: failure.status,
            message: failure.message,
        }
    }
}

/// What a handler gets before it is typed.
pub(super) struct Raw {
    pub(super) caller: Caller,
    pub(super) peer: SocketAddr,
    pub(super) time: Duration,
    pub(super) body: Bytes,
    /// In synapse-v10.
    pub(super) head: Option<SynapseHead>,
}

/// What it answered.
pub(super) struct Answered {
    pub(super) body: AnswerBody,
    /// In synapse-v10, without a signature.
    pub(super) head: Option<SynapseHead>,
}

pub(super) enum AnswerBody {
    /// JSON.
    Whole(Vec<u8>),
    /// Parts as they come.
    Parts(Parts),
}

/// The parts of a streamed answer, in order. A failure among them breaks the connection off, so that the caller sees that
/// the answer is not whole: the status has been sent long before.
pub type Parts = BoxStream<'static, Result<Bytes, Failure>>;

type Handler = dyn Fn(Raw) -> Result<BoxFuture<'static, Result<Answered, Refusal>>, Refusal> + Send + Sync;

/// How a body becomes a synapse of a class.
type Read<S> = fn(&SynapseClass, &[u8]) -> Result<S, Refusal>;

fn read<S: Synapse>(_: &SynapseClass, body: &[u8]) -> Result<S, Refusal> {
    serde_json::from_slice(body).map_err(|error| Refusal::Body {
        problem: misread(&error),
    })
}

fn read_described(class: &SynapseClass, body: &[u8]) -> Result<SynapseFields, Refusal> {
    let fields = SynapseFields::read(body, |name| class.declares(name)).map_err(|error| Refusal::Body {
        problem: misread(&error),
    })?;
    let missing = |field: &&Field| field.default.is_none() && fields.json(&field.name).is_none();
    match class.fields.iter().find(missing) {
        None => Ok(fields),
        Some(field) => Err(Refusal::Body {
            problem: format!("the field `{}` is missing", field.name),
        }),
    }
}

/// A route of an axon.
#[derive(Clone)]
pub struct Route {
    pub(super) class: Arc<SynapseClass>,
    pub(super) dialects: Vec<Dialect>,
    pub(super) body_bytes: usize,
    pub(super) handler: Arc<Handler>,
}

/// Bytes of a body. Prompts and answers are far below it; a route for files says more.
const BODY_BYTES: usize = 1024 * 1024;

impl Route {
    /// Answers a synapse with this handler, in every dialect.
    pub fn new<S, F, A>(handler: F) -> Self
    where
        S: Synapse,
        F: Fn(Asked<S>) -> A + Send + Sync + 'static,
        A: Future<Output = Result<S, Failure>> + Send + 'static,
    {
        Self::whole(SynapseClass::of::<S>(), read, handler)
    }

    /// Answers a synapse whose class is known only when the program runs: its fields come and go as JSON. Those that the
    /// class does not declare are passed over.
    pub fn described<F, A>(class: SynapseClass, handler: F) -> Self
    where
        F: Fn(Asked<SynapseFields>) -> A + Send + Sync + 'static,
        A: Future<Output = Result<SynapseFields, Failure>> + Send + 'static,
    {
        Self::whole(class, read_described, handler)
    }

    fn whole<S, F, A>(class: SynapseClass, read: Read<S>, handler: F) -> Self
    where
        S: Serialize + Send + 'static,
        F: Fn(Asked<S>) -> A + Send + Sync + 'static,
        A: Future<Output = Result<S, Failure>> + Send + 'static,
    {
        let name: Arc<str> = class.name.as_str().into();
        Self::of(class, read, move |asked, head, room| {
            let (answer, name) = (handler(asked), name.clone());
            Box::pin(async move {
                let began = tokio::time::Instant::now();
                let answer = answer.await?;
                match head {
                    None => Ok(Answered {
                        body: AnswerBody::Whole(written(&answer, room)?),
                        head: None,
                    }),
                    Some(head) => as_synapse(&name, head, &answer, room, began.elapsed()),
                }
            })
        })
    }

    /// Answers a synapse in parts, as a model that writes word by word does. The parts are sent as they are, chunked,
    /// which is what clients of synapse-v10 read; a caller of another dialect may be sent server-sent events in them.
    pub fn streaming<S, F, A>(handler: F) -> Self
    where
        S: Synapse,
        F: Fn(Asked<S>) -> A + Send + Sync + 'static,
        A: Future<Output = Result<Parts, Failure>> + Send + 'static,
    {
        Self::of(SynapseClass::of::<S>(), read, move |asked, head, _| {
            let answer = handler(asked);
            Box::pin(async move {
                let began = tokio::time::Instant::now();
                let parts = answer.await?;
                Ok(Answered {
                    body: AnswerBody::Parts(parts),
                    head: head.map(|head| answering(S::NAME, head, began.elapsed())),
                })
            })
        })
    }

    fn of<S: 'static>(
        class: SynapseClass,
        read: Read<S>,
        work: impl Fn(Asked<S>, Option<SynapseHead>, usize) -> BoxFuture<'static, Result<Answered, Refusal>>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        let class = Arc::new(class);
        let declared = class.clone();
        let handler = move |raw: Raw| {
            let Raw {
                caller,
                peer,
                time,
                body,
                head,
            } = raw;
            if let Some(head) = &head {
                declared.check_hash(&body, &head.body_hash)?;
            }
            let synapse = read(&declared, &body)?;
            let room = room_for_answer(body.len());
            let asked = Asked {
                synapse,
                caller,
                peer,
                time,
            };
            Ok(work(asked, head, room))
        };
        Self {
            class,
            dialects: vec![
                Dialect::SynapseV10,
                Dialect::Btauth,
                Dialect::Epistula,
                Dialect::Operator,
            ],
            body_bytes: BODY_BYTES,
            handler: Arc::new(handler),
        }
    }

    /// Takes only these dialects.
    #[must_use]
    pub fn only(mut self, dialects: impl IntoIterator<Item = Dialect>) -> Self {
        self.dialects = dialects.into_iter().collect();
        self
    }

    /// Takes bodies of so many bytes, rather than one mebibyte.
    #[must_use]
    pub fn body_bytes(mut self, bytes: usize) -> Self {
        self.body_bytes = bytes;
        self
    }
}

impl fmt::Debug for Route {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Route")
            .field("name", &self.class.name)
            .field("dialects", &self.dialects)
            .field("body_bytes", &self.body_bytes)
            .finish_non_exhaustive()
    }
}

/// A synapse with what is around it on the wire, in the order of the original.
#[derive(Serialize)]
struct Wire<'a, S> {
    name: &'a str,
    timeout: f64,
    total_size: u32,
    header_size: u32,
    dendrite: &'a Terminal,
    axon: &'a Terminal,
    computed_body_hash: &'a str,
    #[serde(flatten)]
    fields: &'a S,
}

fn as_synapse(
    name: &str,
    asked: SynapseHead,
    answer: &impl Serialize,
    room: usize,
    took: Duration,
) -> Result<Answered, Refusal> {
    let head = answering(name, asked, took);
    let wire = Wire {
        name,
        timeout: head.timeout.filter(|timeout| timeout.is_finite()).unwrap_or(12.0),
        total_size: 0,
        header_size: 0,
        dendrite: &head.dendrite,
        axon: &head.axon,
        computed_body_hash: "",
        fields: answer,
    };
    let body = written(&wire, room)?;
    Ok(Answered {
        body: AnswerBody::Whole(body),
        head: Some(head),
    })
}

/// The head of an answer to a request with this one.
fn answering(name: &str, asked: SynapseHead, took: Duration) -> SynapseHead {
    let mut axon = asked.axon;
    axon.status_code = Some(200);
    axon.status_message = Some("Success".to_owned());
    axon.process_time = Some(took.as_secs_f64());
    SynapseHead {
        name: Some(name.to_owned()),
        timeout: asked.timeout,
        dendrite: asked.dendrite,
        axon,
        input_objects: Vec::new(),
        body_hash: String::new(),
    }
}

/// Where a body is not what it should be. What the library says beyond that repeats values.
fn misread(error: &serde_json::Error) -> String {
    let kind = match error.classify() {
        serde_json::error::Category::Data => "a field is missing or of another type",
        _ => "it is not JSON",
    };
    format!("{kind}, at line {} column {}", error.line(), error.column())
}

/// Bytes to set aside for the answer to a question: it repeats the question's fields, and adds about as much.
const fn room_for_answer(question: usize) -> usize {
    2 * question + 1_024
}

fn written(value: &impl Serialize, room: usize) -> Result<Vec<u8>, Refusal> {
    to_json(value, room).map_err(|error| {
        tracing::error!(%error, "an answer cannot be written as JSON");
        Refusal::Defect
    })
}
