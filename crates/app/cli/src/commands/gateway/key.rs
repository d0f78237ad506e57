//! `assay gateway key`: who may ask through a gateway, and how much.

use crate::{
    configuration::expand_home,
    context::Context,
    output::{Output, table},
};
use assay_gateway::keys::{Collection, KeyId, KeyRecord, KeyStore, KeyStoreError, NewKey, Privacy, Quotas};
use miette::IntoDiagnostic;
use serde::Serialize;
use std::{
    num::NonZeroU64,
    path::PathBuf,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Where a gateway's keys lie when nobody says where.
pub(crate) const FOLDER: &str = "~/.assay/gateway";

/// Make, list and revoke API keys
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Make a key, and show it once
    Create(Create),
    /// List the keys, without their secrets
    List(List),
    /// Take a key back; a running gateway refuses it within two seconds
    Revoke(Revoke),
}

/// The folder of the keys.
#[derive(Clone, Debug, clap::Args)]
struct Place {
    /// Folder of the gateway's keys
    #[arg(long, value_name = "DIR", default_value = FOLDER)]
    folder: PathBuf,
}

impl Place {
    fn store(&self) -> KeyStore {
        KeyStore::at(&expand_home(&self.folder))
    }
}

/// Make a key, and show it once
///
/// The key alone goes to standard output. Only its hash is kept: whoever loses it needs another. Quotas that are not given
/// have no bound; minutes and days are those of UTC.
#[derive(Debug, clap::Args)]
pub(crate) struct Create {
    /// What to call its holder
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    place: Place,
    /// Chats that its holder may ask for in a minute
    #[arg(long, value_name = "N")]
    requests_per_minute: Option<NonZeroU64>,
    /// Chats that its holder may ask for in a day
    #[arg(long, value_name = "N")]
    requests_per_day: Option<NonZeroU64>,
    /// Tokens of questions and answers in a day
    #[arg(long, value_name = "N")]
    tokens_per_day: Option<NonZeroU64>,
    /// Chats at the same time
    #[arg(long, value_name = "N")]
    concurrent: Option<NonZeroU64>,
    /// Score what its holder asks, and forget it: no log, record or export has it
    #[arg(long)]
    private: bool,
    /// Hear only the miner whose answer its holder gets to the end
    #[arg(long)]
    relayed_only: bool,
}

/// List the keys, without their secrets
#[derive(Debug, clap::Args)]
pub(crate) struct List {
    #[command(flatten)]
    place: Place,
}

/// Take a key back; a running gateway refuses it within two seconds
#[derive(Debug, clap::Args)]
pub(crate) struct Revoke {
    /// The key, by its id or its name
    #[arg(value_name = "KEY")]
    which: String,
    #[command(flatten)]
    place: Place,
}

/// A key as commands show it.
#[derive(Debug, Serialize)]
struct Shown {
    id: KeyId,
    name: String,
    /// Seconds since 1970.
    created: u64,
    /// Seconds since 1970; absent while it opens something.
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked: Option<u64>,
    quotas: Quotas,
    privacy: Privacy,
    collection: Collection,
}

impl From<KeyRecord> for Shown {
    fn from(record: KeyRecord) -> Self {
        Self {
            id: record.id,
            name: record.name,
            created: record.created,
            revoked: record.revoked,
            quotas: record.quotas,
            privacy: record.privacy,
            collection: record.collection,
        }
    }
}

pub(crate) fn run(command: Command, context: &Context) -> miette::Result<()> {
    match command {
        Command::Create(args) => create(args, context),
        Command::List(args) => list(&args, context.output()),
        Command::Revoke(args) => revoke(&args, context),
    }
}

fn create(args: Create, context: &Context) -> miette::Result<()> {
    #[derive(Serialize)]
    struct Made {
        key: String,
        #[serde(flatten)]
        shown: Shown,
    }
    context.refuse_dry_run("assay gateway key create")?;
    let new = NewKey {
        name: args.name,
        quotas: Quotas {
            requests_per_minute: args.requests_per_minute.map(NonZeroU64::get),
            requests_per_day: args.requests_per_day.map(NonZeroU64::get),
            tokens_per_day: args.tokens_per_day.map(NonZeroU64::get),
            concurrent: args.concurrent.map(NonZeroU64::get),
        },
        privacy: if args.private {
            Privacy::Private
        } else {
            Privacy::Shared
        },
        collection: if args.relayed_only {
            Collection::RelayedOnly
        } else {
            Collection::All
        },
    };
    let store = args.place.store();
    let (record, key) = store.create(new, SystemTime::now()).into_diagnostic()?;
    let output = context.output();
    output.say(&format!(
        "made {} for {} in {}\nit is shown this once, and kept nowhere: hand it to its holder now",
        record.id,
        record.name,
        store.path().display()
    ));
    let made = Made {
        key: key.reveal().to_owned(),
        shown: record.into(),
    };
    output.data(&made, |made| made.key.clone())
}

fn list(args: &List, output: Output) -> miette::Result<()> {
    let store = args.place.store();
    let keys = store.list().into_diagnostic()?;
    let keys: Vec<Shown> = keys.into_iter().map(Shown::from).collect();
    if keys.is_empty() {
        output.say(&format!(
            "no key in {}: `assay gateway key create NAME` makes one",
            store.path().display()
        ));
        if !output.is_json() {
            return Ok(());
        }
    }
    let now = SystemTime::now();
    output.data(&keys, |keys| {
        let mut table = table(["id", "name", "made", "state", "quotas", "texts", "heard"]);
        for key in keys {
            table.add_row([
                key.id.to_string(),
                key.name.clone(),
                ago(key.created, now),
                key.revoked
                    .map_or_else(|| "open".to_owned(), |at| format!("revoked {}", ago(at, now))),
                quotas(&key.quotas),
                match key.privacy {
                    Privacy::Shared => "shared",
                    Privacy::Private => "private",
                }
                .to_owned(),
                match key.collection {
                    Collection::All => "all miners",
                    Collection::RelayedOnly => "the relayed one",
                }
                .to_owned(),
            ]);
        }
        table.to_string()
    })
}

fn revoke(args: &Revoke, context: &Context) -> miette::Result<()> {
    #[derive(Serialize)]
    struct Revoked {
        dry_run: bool,
        #[serde(flatten)]
        shown: Shown,
    }
    let store = args.place.store();
    let keys = store.list().into_diagnostic()?;
    let found = keys
        .into_iter()
        .filter(|key| key.revoked.is_none())
        .find(|key| key.id.0 == args.which || key.name == args.which)
        .ok_or_else(|| KeyStoreError::Unknown {
            which: args.which.clone(),
        })
        .into_diagnostic()?;
    let record = if context.dry_run() {
        found
    } else {
        context.confirm(&format!(
            "Revoke {} of {}? Its holder is refused from then on, and it does not come back",
            found.id, found.name
        ))?;
        // By its id: another one of the same name may have been made meanwhile.
        store.revoke(&found.id.0, SystemTime::now()).into_diagnostic()?
    };
    let revoked = Revoked {
        dry_run: context.dry_run(),
        shown: record.into(),
    };
    context.output().data(&revoked, |revoked| {
        let verb = if revoked.dry_run {
            "would revoke"
        } else {
            "revoked"
        };
        format!("{verb} {} of {}", revoked.shown.id, revoked.shown.name)
    })
}

fn quotas(quotas: &Quotas) -> String {
    let parts: Vec<String> = [
        (quotas.requests_per_minute, "a minute"),
        (quotas.requests_per_day, "a day"),
        (quotas.tokens_per_day, "tokens a day"),
        (quotas.concurrent, "at a time"),
    ]
    .into_iter()
    .filter_map(|(limit, unit)| limit.map(|limit| format!("{limit} {unit}")))
    .collect();
    if parts.is_empty() {
        "none".to_owned()
    } else {
        parts.join(", ")
    }
}

/// How long ago a moment was, in its largest unit.
fn ago(at: u64, now: SystemTime) -> String {
    let now = now.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
    match now.saturating_sub(at) {
        seconds @ ..60 => format!("{seconds} s ago"),
        seconds @ 60..3_600 => format!("{} min ago", seconds / 60),
        seconds @ 3_600..86_400 => format!("{} h ago", seconds / 3_600),
        seconds => format!("{} d ago", seconds / 86_400),
    }
}
