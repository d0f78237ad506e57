//! `assay axon call`: asks one neuron, as a validator would, and tells what came of it.

use super::{hashed_fields::HashedField, target::TargetArgs};
use crate::{commands::wallet::unlock, context::Context};
use assay_axon::{
    Dendrite, DendriteConfig, Outcome, SynapseRequest, Target,
    dendrite::{Answer, BtauthRequest, OwnFault, RawAnswer, Refusal, RefusalKind, Reply},
};
use assay_keys::KeyRole;
use http::{HeaderValue, Method, StatusCode};
use miette::{IntoDiagnostic, WrapErr, miette};
use serde::Serialize;
use serde_json::{Map, Value, value::RawValue};
use std::{
    io::{Read, Write},
    time::Duration,
};

/// Ask a neuron, and see its answer or why it refuses
///
/// Signs with the wallet's hotkey. The synapse's fields are a JSON object, those included that the axon fills in (as
/// null): from an answer no others are taken.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: assay axon call --netuid 2 7 Echo '{\"text\": \"hi\", \"reply\": null}' --hash text"
)]
pub(crate) struct Args {
    #[command(flatten)]
    target: TargetArgs,
    /// The synapse: the name of its class, which is also its route
    #[arg(value_name = "SYNAPSE")]
    synapse: String,
    /// The fields, as a JSON object; - reads them from standard input
    #[arg(value_name = "FIELDS", default_value = "{}")]
    fields: String,
    /// How to sign and write the request
    #[arg(long, value_enum, value_name = "DIALECT", default_value_t = SpokenDialect::SynapseV10)]
    dialect: SpokenDialect,
    /// Fields that the signature covers, in the order of the class's required_hash_fields: NAME or NAME:TYPE, with
    /// commas between
    #[arg(long, value_name = "FIELDS", value_delimiter = ',')]
    hash: Vec<HashedField>,
    /// Fields that the class has no default for: old axons want a word of them in the headers
    #[arg(long, value_name = "FIELDS", value_delimiter = ',')]
    require: Vec<String>,
    /// Print the answer as it comes, in pieces
    #[arg(long)]
    stream: bool,
    /// Seconds that the neuron has
    #[arg(long, value_name = "SECONDS", default_value_t = 12.0, value_parser = parse_seconds)]
    timeout: f64,
}

/// What both ends may speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum SpokenDialect {
    /// bittensor up to 10
    SynapseV10,
    /// bittensor 11
    Btauth,
}

/// Longer calls hold a connection for no answer that anybody waits for.
const LONGEST: f64 = 3_600.0;

pub(super) fn parse_seconds(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(seconds) if (0.001..=LONGEST).contains(&seconds) => Ok(seconds),
        _ => Err(format!(
            "\"{text}\" is not a number of seconds from 0.001 to {LONGEST}"
        )),
    }
}

/// Bytes of fields that are read. A megabyte is what axons take.
const MAX_FIELDS: u64 = 16 * 1024 * 1024;

/// What a call came to.
#[derive(Serialize)]
struct Told<'a> {
    hotkey: String,
    address: String,
    synapse: &'a str,
    outcome: &'static str,
    /// Why there is no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Milliseconds from the moment when it was sent.
    took_ms: f64,
    /// Milliseconds that the neuron says it worked.
    #[serde(skip_serializing_if = "Option::is_none")]
    worked_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<Value>,
}

/// An answer, whatever the dialect.
struct Heard {
    answer: Value,
    worked: Option<Duration>,
}

pub(super) async fn run(args: Args, context: &Context) -> miette::Result<()> {
    context.refuse_dry_run("assay axon call")?;
    let fields = read_fields(&args.fields)?;
    let target = args.target.find(context).await?;
    let pair = unlock(context, KeyRole::Hotkey)?;
    let dendrite = Dendrite::new(pair, DendriteConfig::default());
    let timeout = Duration::from_secs_f64(args.timeout);
    let (reply, heard) = match args.dialect {
        SpokenDialect::SynapseV10 => {
            let request = synapse(&args, &fields, timeout)?;
            if args.stream {
                return stream(&dendrite, &target, &request, &args, context).await;
            }
            split(dendrite.call(&target, &request).await, heard_fields)
        }
        SpokenDialect::Btauth => {
            let request = btauth(&args, &fields, timeout)?;
            split(dendrite.call_btauth(&target, &request).await, heard_body)
        }
    };
    tell(&args, &target, reply, heard, context)
}

/// The fields, checked to be an object: their order is part of what is signed, so they stay as they were written.
fn read_fields(text: &str) -> miette::Result<Box<RawValue>> {
    let text = if text == "-" {
        let mut read = String::new();
        std::io::stdin()
            .take(MAX_FIELDS)
            .read_to_string(&mut read)
            .into_diagnostic()
            .wrap_err("standard input cannot be read")?;
        read
    } else {
        text.to_owned()
    };
    let wrong = |problem: String| {
        miette!(
            help = "write the fields as a JSON object, for instance '{\"text\": \"hi\", \"reply\": null}'",
            "the fields are no JSON object: {problem}"
        )
    };
    let fields: Box<RawValue> =
        serde_json::from_str(text.trim()).map_err(|error| wrong(error.to_string()))?;
    if !fields.get().starts_with('{') {
        return Err(wrong("they begin with something else than {".to_owned()));
    }
    Ok(fields)
}

fn synapse(args: &Args, fields: &RawValue, timeout: Duration) -> miette::Result<SynapseRequest> {
    let required: Vec<&str> = args.require.iter().map(String::as_str).collect();
    let hashed: Vec<_> = args.hash.iter().map(|field| field.0.clone()).collect();
    let request = SynapseRequest::new(&args.synapse, &fields, timeout)
        .and_then(|request| request.requiring(&required))
        .into_diagnostic()?;
    if hashed.is_empty() {
        return Ok(request);
    }
    request.hashing(&hashed).into_diagnostic()
}

fn btauth(args: &Args, fields: &RawValue, timeout: Duration) -> miette::Result<BtauthRequest> {
    if args.stream || !args.hash.is_empty() || !args.require.is_empty() {
        return Err(miette!(
            help = "btauth/1 signs the whole body; leave --stream, --hash and --require out",
            "this dialect has no fields of its own"
        ));
    }
    let path = format!("/{}", args.synapse.trim_start_matches('/'));
    Ok(BtauthRequest {
        method: Method::POST,
        path: path
            .parse()
            .map_err(|_| miette!("\"{path}\" is no path of a request"))?,
        content_type: Some(HeaderValue::from_static("application/json")),
        body: fields.get().to_owned().into(),
        timeout,
    })
}

/// A reply without its answer, and the answer.
fn split<A>(reply: Reply<A>, hear: impl FnOnce(&A) -> Heard) -> (Reply<()>, Option<Heard>) {
    let heard = reply.outcome.answer().map(hear);
    let outcome = match reply.outcome {
        Outcome::Answered(_) => Outcome::Answered(()),
        Outcome::Refused(refusal) => Outcome::Refused(refusal),
        Outcome::NoAnswer(why) => Outcome::NoAnswer(why),
        Outcome::BadAnswer(why) => Outcome::BadAnswer(why),
        Outcome::OwnFault(why) => Outcome::OwnFault(why),
    };
    let reply = Reply {
        outcome,
        queued: reply.queued,
        took: reply.took,
    };
    (reply, heard)
}

fn heard_fields(answer: &Answer) -> Heard {
    let fields: Map<String, Value> = answer
        .fields
        .names()
        .filter_map(|name| Some((name.to_owned(), answer.fields.get(name).ok().flatten()?)))
        .collect();
    Heard {
        answer: Value::Object(fields),
        worked: answer.process_time,
    }
}

fn heard_body(answer: &RawAnswer) -> Heard {
    let text = || Value::String(String::from_utf8_lossy(&answer.body).into_owned());
    Heard {
        answer: serde_json::from_slice(&answer.body).unwrap_or_else(|_| text()),
        worked: None,
    }
}

fn tell(
    args: &Args,
    target: &Target,
    reply: Reply<()>,
    heard: Option<Heard>,
    context: &Context,
) -> miette::Result<()> {
    let (outcome, failure) = named(&reply.outcome);
    let (answer, worked) = match heard {
        Some(Heard { answer, worked }) => (Some(answer), worked),
        None => (None, None),
    };
    let told = Told {
        hotkey: target.hotkey.to_string(),
        address: target.address.to_string(),
        synapse: &args.synapse,
        outcome,
        reason: failure.as_ref().map(|(reason, _)| reason.clone()),
        took_ms: milliseconds(reply.took),
        worked_ms: worked.map(milliseconds),
        answer,
    };
    if told.answer.is_some() || context.output().is_json() {
        context.output().say(&format!(
            "{} at {} answered in {:.1} ms{}",
            told.hotkey,
            told.address,
            told.took_ms,
            told.worked_ms.map_or_else(String::new, |worked| format!(
                ", {worked:.1} of them at work, it says"
            ))
        ));
        context.output().data(&told, |told| {
            let answer = told.answer.as_ref().unwrap_or(&Value::Null);
            format!("{answer:#}")
        })?;
    }
    match failure {
        None => Ok(()),
        Some((reason, hint)) => Err(refused(target, &reason, hint)),
    }
}

fn refused(target: &Target, reason: &str, hint: &'static str) -> miette::Report {
    miette!(
        help = hint,
        "{} at {} did not answer: {reason}",
        target.hotkey,
        target.address
    )
}

/// Prints the pieces of an answer as they come, and fails if they are not the whole of it.
async fn stream(
    dendrite: &Dendrite,
    target: &Target,
    request: &SynapseRequest,
    args: &Args,
    context: &Context,
) -> miette::Result<()> {
    let reply = dendrite.stream(target, request).await;
    let (outcome, queued, took) = (reply.outcome, reply.queued, reply.took);
    let mut pieces = match outcome {
        Outcome::Answered(pieces) => pieces,
        other => {
            let reply = Reply {
                outcome: other,
                queued,
                took,
            };
            let (reply, heard) = split(reply, |_| Heard {
                answer: Value::Null,
                worked: None,
            });
            return tell(args, target, reply, heard, context);
        }
    };
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|failure| {
            let (_, told) = named(&Outcome::<()>::from(failure));
            let (reason, hint) = told.unwrap_or_default();
            refused(target, &format!("the answer broke off: {reason}"), hint)
        })?;
        if context.output().is_json() {
            context
                .output()
                .json(&serde_json::json!({ "piece": String::from_utf8_lossy(&piece) }))?;
        } else {
            let mut out = std::io::stdout().lock();
            out.write_all(&piece)
                .and_then(|()| out.flush())
                .into_diagnostic()?;
        }
    }
    if !context.output().is_json() {
        context.output().text("\n")?;
    }
    Ok(())
}

fn milliseconds(time: Duration) -> f64 {
    // Below a microsecond is noise.
    (time.as_secs_f64() * 1e6).round() / 1e3
}

/// The name of an outcome for programs, and for one without an answer its reason and what to do.
fn named(outcome: &Outcome<impl Sized>) -> (&'static str, Option<(String, &'static str)>) {
    match outcome {
        Outcome::Answered(_) => ("answered", None),
        Outcome::Refused(refusal) => ("refused", Some((refusal.to_string(), refusal_hint(refusal)))),
        Outcome::NoAnswer(why) => (
            "no answer",
            Some((
                why.to_string(),
                "see whether it listens at all with `assay axon probe`, or give it longer with --timeout",
            )),
        ),
        Outcome::BadAnswer(why) => (
            "bad answer",
            Some((
                why.to_string(),
                "it may speak another dialect: `assay axon probe` tells which ones",
            )),
        ),
        Outcome::OwnFault(why) => ("own fault", Some((why.to_string(), own_hint(why)))),
    }
}

fn refusal_hint(refusal: &Refusal) -> &'static str {
    match refusal.kind {
        RefusalKind::Unverified => {
            "compare the hotkey with the one that listens there, this machine's clock, and --hash with the fields that its class hashes"
        }
        RefusalKind::Blacklisted => {
            "neurons answer those who are registered in their subnet, often only with a permit or enough stake: choose another -H, or see `assay subnet metagraph`"
        }
        RefusalKind::UnknownRoute => {
            "the route is the name of the synapse's class, upper and lower case counting"
        }
        RefusalKind::TimedOut | RefusalKind::Busy | RefusalKind::TooFast => "ask again later",
        RefusalKind::Other(StatusCode::BAD_REQUEST) => {
            "if it speaks of the body's hash, name the fields that its class hashes with --hash, in its order"
        }
        _ => "what it says is all that it tells; its own log has more",
    }
}

fn own_hint(fault: &OwnFault) -> &'static str {
    match fault {
        OwnFault::Scheme => "choose an sr25519 hotkey with -H",
        OwnFault::NoRoute { .. } => "look at this machine's network",
        OwnFault::Machine { .. } => "raise the limit of open files (`ulimit -n`), or close other programs",
        _ => "nothing was held against the neuron: mend it here and ask again",
    }
}
