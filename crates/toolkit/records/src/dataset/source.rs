//! Where exchanges come from.

mod columns;
mod frame;
mod line;
mod log_file;
mod records;

use super::{
    error::BuildError,
    exchange::{Intake, Kind},
    plan::{BuildPlan, Source},
};
use crate::Day;
use std::ops::Bound;

/// Hands on everything that a source holds. What cannot be read of it is told, and passed over.
pub(super) fn read(source: &Source, plan: &BuildPlan, intake: &mut dyn Intake) -> Result<(), BuildError> {
    match source {
        Source::Records(folder) => {
            let days = (
                plan.since
                    .map_or(Bound::Unbounded, |since| Bound::Included(Day::of(since))),
                plan.until
                    .map_or(Bound::Unbounded, |until| Bound::Included(Day::of(until))),
            );
            let has_organic = plan.kinds.contains(&Kind::Organic);
            let has_steps = plan.kinds.iter().any(|kind| *kind != Kind::Organic);
            if has_steps {
                records::read(folder, records::Table::Steps, days, intake)?;
            }
            if has_organic {
                records::read(folder, records::Table::Organic, days, intake)?;
            }
            Ok(())
        }
        Source::Log(file) => log_file::read(file, intake),
        Source::Frame(file) => frame::read(file, intake),
    }
}
