//! The two passes: exchanges become rows on the disk, and those that stay become the dataset.

use super::{
    card,
    choose::{Chooser, Row},
    error::BuildError,
    exchange::{Exchange, Intake},
    keep::Keeper,
    near,
    plan::{BuildPlan, Dedup, Details},
    report::{Fault, Report},
    source,
    spool::{self, Reader},
    staging::Staging,
    write::Writers,
};
use std::path::Path;
use time::OffsetDateTime;

/// Makes a dataset in `folder`, which appears when it is complete.
///
/// Lines and files of the sources that cannot be read are passed over, and named in the report. The files depend on nothing
/// but the plan and the events.
///
/// # Errors
/// [`BuildError::Plan`] and [`BuildError::NoSource`] before anything is read, [`BuildError::Exists`] when the folder is there
/// and is not to be replaced, [`BuildError::Nothing`] when no row is left, and those of the disk. The folder is then as it
/// was.
pub fn build(plan: &BuildPlan, folder: &Path) -> Result<Report, BuildError> {
    plan.check()?;
    let staging = Staging::begin(folder, plan.existing)?;
    let mut gathering = Gathering::new(plan, &staging.spool())?;
    for source in &plan.sources {
        source::read(source, plan, &mut gathering)?;
    }
    let (mut report, stays) = gathering.finish()?;
    write(plan, &staging, &stays, &mut report)?;
    if report.counts.rows == 0 {
        return Err(BuildError::Nothing {
            report: Box::new(report),
        });
    }
    card::write(plan, &report, &staging.dataset().join("README.md"))?;
    staging.finish()?;
    Ok(report)
}

/// The first pass.
struct Gathering<'a> {
    plan: &'a BuildPlan,
    since: Option<i64>,
    until: Option<i64>,
    chooser: Chooser,
    keeper: Keeper,
    rows: spool::Writer,
    report: Report,
}

impl<'a> Gathering<'a> {
    fn new(plan: &'a BuildPlan, spool: &Path) -> Result<Self, BuildError> {
        Ok(Self {
            plan,
            since: plan.since.map(microseconds),
            until: plan.until.map(microseconds),
            chooser: Chooser::new(plan)?,
            keeper: Keeper::new(plan),
            rows: spool::Writer::create(spool)?,
            report: Report::default(),
        })
    }

    /// The report so far, and for each row on the disk whether it stays.
    fn finish(mut self) -> Result<(Report, Vec<bool>), BuildError> {
        self.rows.finish()?;
        let stays = self.keeper.finish(&mut self.report.counts);
        Ok((self.report, stays))
    }

    fn is_in_time(&self, at: Option<i64>) -> bool {
        match (self.since, self.until) {
            (None, None) => true,
            (since, until) => at.is_some_and(|at| {
                since.is_none_or(|since| at >= since) && until.is_none_or(|until| at < until)
            }),
        }
    }
}

impl Intake for Gathering<'_> {
    fn exchange(&mut self, exchange: &Exchange<'_>) -> Result<(), BuildError> {
        let counts = &mut self.report.counts;
        counts.events += 1;
        if !self.plan.runs.is_empty() && !self.plan.runs.contains(exchange.run) {
            counts.other_runs += 1;
            return Ok(());
        }
        if !self.plan.kinds.contains(&exchange.kind) {
            counts.other_kinds += 1;
            return Ok(());
        }
        if !self.is_in_time(exchange.at) {
            self.report.counts.outside_time += 1;
            return Ok(());
        }
        let counts = &mut self.report.counts;
        if exchange.prompt.trim().is_empty() {
            counts.without_prompt += 1;
            return Ok(());
        }
        let (keeper, rows, details) = (&mut self.keeper, &mut self.rows, self.plan.details);
        self.chooser.rows(exchange, counts, |mut row| {
            if details != Details::Full {
                // It would only be carried along.
                row.run = "";
            }
            if keeper.offer(&row) {
                rows.add(&row)
            } else {
                Ok(())
            }
        })
    }

    fn other_line(&mut self) {
        self.report.counts.other_lines += 1;
    }

    fn fault(&mut self, fault: Fault) {
        self.report.fault(fault);
    }
}

/// The second pass.
fn write(plan: &BuildPlan, staging: &Staging, stays: &[bool], report: &mut Report) -> Result<(), BuildError> {
    let mut rows = Reader::open(&staging.spool())?;
    let mut writers = Writers::new(plan, &staging.dataset());
    let mut near = match plan.dedup {
        Dedup::Near { threshold } => Some(Near::new(threshold, &staging.spool())?),
        Dedup::None | Dedup::Exact => None,
    };
    let mut span: Option<(i64, i64)> = None;
    for stays in stays {
        if !*stays {
            rows.skip()?;
            continue;
        }
        let position = rows.position();
        let row = rows.row()?;
        if let Some(near) = &mut near
            && near.is_near(&row, position)?
        {
            report.counts.near_duplicates += 1;
            continue;
        }
        if let Some(at) = row.at {
            span = Some(span.map_or((at, at), |(first, last)| (first.min(at), last.max(at))));
        }
        writers.add(plan.splits.of(row.prompt), &row)?;
    }
    report.splits = writers.finish()?;
    report.counts.rows = report.splits.iter().map(|split| split.rows).sum();
    (report.first, report.last) = span.map_or((None, None), |(first, last)| (moment(first), moment(last)));
    Ok(())
}

/// Near-duplicates among the rows on the disk.
struct Near {
    index: near::Index,
    /// Where those begin that were kept.
    kept: Vec<u64>,
    rows: Reader,
}

impl Near {
    fn new(threshold: f64, spool: &Path) -> Result<Self, BuildError> {
        Ok(Self {
            index: near::Index::new(threshold),
            kept: Vec::new(),
            rows: Reader::open(spool)?,
        })
    }

    fn is_near(&mut self, row: &Row<'_>, position: u64) -> Result<bool, BuildError> {
        let (kept, rows) = (&self.kept, &mut self.rows);
        let is_near = self.index.is_near(row.prompt, row.completion, |number| {
            rows.seek(kept.get(number as usize).copied().unwrap_or_default())?;
            let row = rows.row()?;
            Ok((row.prompt.to_owned(), row.completion.to_owned()))
        })?;
        if !is_near {
            self.kept.push(position);
        }
        Ok(is_near)
    }
}

/// Microseconds since 1970.
fn microseconds(time: OffsetDateTime) -> i64 {
    // A time has at most four digits of years, which fit.
    i64::try_from(time.unix_timestamp_nanos() / 1_000).unwrap_or(i64::MAX)
}

pub(super) fn moment(microseconds: i64) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(microseconds) * 1_000).ok()
}
