//! Which events count.

use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// Which events count, of all that lie in the folders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Of this subnet only, where an event names one.
    pub netuid: Option<u16>,
    /// At this time or later.
    pub since: Option<OffsetDateTime>,
    /// Before this time.
    pub until: Option<OffsetDateTime>,
}

impl Scope {
    pub(crate) fn has(&self, time: OffsetDateTime, netuid: Option<u16>) -> bool {
        self.since.is_none_or(|since| time >= since)
            && self.until.is_none_or(|until| time < until)
            && self
                .netuid
                .is_none_or(|wanted| netuid.is_none_or(|netuid| netuid == wanted))
    }
}

/// The same in SQL, for one stream.
#[derive(Clone, Debug)]
pub(crate) struct Where(Vec<String>);

impl Where {
    pub(crate) fn new(scope: &Scope, has_netuid: bool, forgotten: Option<OffsetDateTime>) -> Self {
        let mut conditions = Vec::new();
        if let Some(netuid) = scope.netuid.filter(|_| has_netuid) {
            conditions.push(format!("netuid = {netuid}"));
        }
        for (comparison, time) in [(">=", scope.since), ("<", scope.until), (">", forgotten)] {
            if let Some(text) = time.and_then(|time| time.format(&Rfc3339).ok()) {
                conditions.push(format!("time {comparison} '{text}'"));
            }
        }
        Self(conditions)
    }

    /// With another condition.
    pub(crate) fn and(&self, condition: impl Into<String>) -> Self {
        let mut conditions = self.0.clone();
        conditions.push(condition.into());
        Self(conditions)
    }
}

/// ` WHERE …`, or nothing where everything counts.
impl std::fmt::Display for Where {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.is_empty() {
            return Ok(());
        }
        write!(formatter, " WHERE {}", self.0.join(" AND "))
    }
}
