//! What a stream of events is.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use time::OffsetDateTime;

/// A kind of event: one Rust type, one table.
///
/// The type's fields are the table's columns, and their documentation is the columns'. A field that is not a number, a
/// text, a truth value, a struct of these or a list of any of them has no column ([`Columns::of`](crate::Columns::of)
/// says which), nor has an enum that is more than a name. Numbers that are not finite become null, so a number that may be
/// so is an `Option`. The type must take fields that it does not know: those of the [`Stamp`] stand beside its own.
///
/// Columns may be added, as optional ones; any other change is a new [`VERSION`](Self::VERSION). Tables are read across
/// versions: what an older one lacks is null.
pub trait Stream: Serialize + DeserializeOwned + JsonSchema {
    /// The table's name: lower case, underscores, plural.
    const NAME: &'static str;
    /// Raised when a column goes or changes its meaning.
    const VERSION: u32;
}

/// What every event has beside its own fields. These are columns too, so no stream has a field of such a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// Place in its stream, from 0, whoever of the sources of one log told it. Numbers that are missing were never written.
    pub seq: u64,
    /// When it happened, to the microsecond.
    #[serde(with = "time::serde::rfc3339")]
    pub time: OffsetDateTime,
    /// Who tells: a hotkey, or the name of a run.
    pub source: String,
}

/// An event as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event<S> {
    /// When, where and by whom.
    pub stamp: Stamp,
    /// What.
    pub event: S,
}

/// The columns of [`Stamp`].
pub(crate) const STAMP: [&str; 3] = ["seq", "time", "source"];
