//! Exchanges in a folder of records, which may be written to meanwhile.

use super::columns::{self, AnswerColumns, KindColumn, Names, TimeColumn, View};
use crate::{
    Day, RecordsError, Segment, Stream,
    dataset::{
        error::BuildError,
        exchange::{Intake, Kind},
        report::Fault,
    },
    layout,
    read::{Lines, lines_of},
    streams::{OrganicIteration, PromptingStep},
};
use arrow_array::{RecordBatch, cast::AsArray, types::UInt64Type};
use arrow_schema::{DataType, Field, SchemaRef};
use fs_err as fs;
use parquet::arrow::{ProjectionMask, arrow_reader::ParquetRecordBatchReaderBuilder};
use std::{
    collections::VecDeque,
    io,
    ops::{Bound, RangeBounds},
    path::Path,
    sync::mpsc,
    thread,
};

/// Rows of a batch. Steps are kilobytes each: more take memory and are no faster.
pub(super) const BATCH_ROWS: usize = 1024;

/// Batches that are read ahead on a thread of their own, while the one before is looked at.
const AHEAD: usize = 2;

/// How often files that a roll took away under the reader are looked for anew. Each time at least one was, so more means
/// that something else removes them.
const LOOKS: usize = 16;

/// A stream with exchanges in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Table {
    Steps,
    Organic,
}

impl Table {
    fn name(self) -> &'static str {
        match self {
            Self::Steps => PromptingStep::NAME,
            Self::Organic => OrganicIteration::NAME,
        }
    }

    fn version(self) -> u32 {
        match self {
            Self::Steps => PromptingStep::VERSION,
            Self::Organic => OrganicIteration::VERSION,
        }
    }

    fn names(self) -> Names {
        match self {
            Self::Steps => Names {
                kind: KindColumn::ByName("name"),
                time: TimeColumn::Stamp("time"),
                run: "source",
                prompt: "prompt",
                answers: AnswerColumns::Lists {
                    texts: "completions",
                    rewards: "rewards",
                },
                named: Some("best"),
            },
            Self::Organic => Names {
                kind: KindColumn::Fixed(Kind::Organic),
                time: TimeColumn::Stamp("time"),
                run: "source",
                prompt: "prompt",
                answers: AnswerColumns::Structs {
                    list: "rewards",
                    text: "completion",
                    reward: "reward",
                },
                named: None,
            },
        }
    }
}

pub(super) fn read(
    root: &Path,
    table: Table,
    days: (Bound<Day>, Bound<Day>),
    intake: &mut dyn Intake,
) -> Result<(), BuildError> {
    let names = table.names();
    let schema = columns::schema(&[names], [Field::new("seq", DataType::UInt64, false)]);
    let mut reader = Reader {
        names,
        schema,
        reached: None,
        intake,
    };
    let mut segments = reader.list(root, table, days)?;
    let mut looks = 0;
    while let Some(segment) = segments.pop_front() {
        if segment.version > table.version() {
            let version = RecordsError::Version {
                stream: table.name().to_owned(),
                found: segment.version,
                known: table.version(),
            };
            reader.fault(&segment, version.to_string());
            continue;
        }
        match reader.segment(&segment) {
            Ok(()) => {}
            Err(Failure::Gone) if looks < LOOKS => {
                looks += 1;
                segments = reader.list(root, table, days)?;
            }
            Err(Failure::Gone) => reader.fault(&segment, "it is not there any more".to_owned()),
            Err(Failure::Unreadable(why)) => reader.fault(&segment, why),
            Err(Failure::Build(error)) => return Err(error),
        }
    }
    Ok(())
}

enum Failure {
    /// A roll took the file away.
    Gone,
    Unreadable(String),
    Build(BuildError),
}

struct Reader<'a> {
    names: Names,
    schema: SchemaRef,
    /// Day, version and number up to where everything was read.
    reached: Option<(Day, u32, u64)>,
    intake: &'a mut dyn Intake,
}

impl Reader<'_> {
    /// The files from where the reader is, in the order of their events.
    fn list(
        &self,
        root: &Path,
        table: Table,
        days: (Bound<Day>, Bound<Day>),
    ) -> Result<VecDeque<Segment>, BuildError> {
        let segments = layout::streams(root)?.remove(table.name()).unwrap_or_default();
        let mut chosen: Vec<Segment> = segments
            .live
            .into_iter()
            .filter(|segment| days.contains(&segment.day))
            .filter(|segment| {
                let end = (segment.day, segment.version, segment.last.unwrap_or(u64::MAX));
                self.reached.is_none_or(|reached| end > reached)
            })
            .collect();
        chosen.sort_by_key(|segment| (segment.day, segment.version, segment.first));
        Ok(chosen.into())
    }

    fn fault(&mut self, segment: &Segment, why: String) {
        self.intake.fault(Fault {
            file: segment.path.clone(),
            line: None,
            why,
        });
    }

    fn segment(&mut self, segment: &Segment) -> Result<(), Failure> {
        if segment.last.is_some() {
            self.parquet(segment)
        } else {
            self.lines(segment)
        }
    }

    fn lines(&mut self, segment: &Segment) -> Result<(), Failure> {
        let mut damaged = 0u64;
        let mut failure = None;
        let schema = self.schema.clone();
        let outcome = lines_of(&segment.path, &schema, |lines| {
            match lines {
                Lines::Batch(batch) => {
                    if failure.is_none() {
                        failure = self.batch(segment, &batch).err();
                    }
                }
                Lines::Unreadable(_) => damaged += 1,
            }
            Ok(())
        });
        if let Some(failure) = failure {
            return Err(failure);
        }
        match outcome {
            Err(RecordsError::Disk(error)) if error.kind() == io::ErrorKind::NotFound => {
                return Err(Failure::Gone);
            }
            Err(error) => return Err(Failure::Unreadable(error.to_string())),
            Ok(()) => {}
        }
        if damaged > 0 {
            self.fault(
                segment,
                format!("{damaged} of its lines are no events of its table"),
            );
        }
        Ok(())
    }

    fn parquet(&mut self, segment: &Segment) -> Result<(), Failure> {
        let schema = self.schema.clone();
        let file = match fs::File::open(&segment.path) {
            Ok(file) => file.into_file(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Failure::Gone),
            Err(error) => return Err(Failure::Unreadable(error.to_string())),
        };
        let names: Vec<&str> = schema
            .fields()
            .iter()
            .map(|field| field.name().as_str())
            .collect();
        thread::scope(|scope| {
            let (batches, received) = mpsc::sync_channel(AHEAD);
            scope.spawn(move || ahead(file, &names, &batches));
            for batch in received {
                let batch = batch
                    .and_then(|batch| columns::fit(&batch, &schema).map_err(|error| error.to_string()))
                    .map_err(Failure::Unreadable)?;
                self.batch(segment, &batch)?;
            }
            Ok(())
        })
    }

    fn batch(&mut self, segment: &Segment, batch: &RecordBatch) -> Result<(), Failure> {
        let no_columns = || Failure::Unreadable("its columns are not those of its table".to_owned());
        let view = View::of(batch, &self.names).ok_or_else(no_columns)?;
        let numbers = batch
            .column_by_name("seq")
            .and_then(|numbers| numbers.as_primitive_opt::<UInt64Type>())
            .ok_or_else(no_columns)?;
        let mut answers = Vec::new();
        for row in 0..batch.num_rows() {
            let at = (segment.day, segment.version, numbers.value(row));
            // A file may take in one that was read.
            if self.reached.is_some_and(|reached| at <= reached) {
                continue;
            }
            self.reached = Some(at);
            let exchange = view.exchange(row, &mut answers);
            self.intake.exchange(&exchange).map_err(Failure::Build)?;
        }
        Ok(())
    }
}

/// Reads a Parquet file's columns of these names until nobody takes them any more.
pub(super) fn ahead(file: std::fs::File, names: &[&str], to: &mpsc::SyncSender<Result<RecordBatch, String>>) {
    let batches = ParquetRecordBatchReaderBuilder::try_new(file).and_then(|builder| {
        let wanted = ProjectionMask::columns(builder.parquet_schema(), names.iter().copied());
        builder
            .with_projection(wanted)
            .with_batch_size(BATCH_ROWS)
            .build()
    });
    let batches = match batches {
        Ok(batches) => batches,
        Err(error) => {
            let _ = to.send(Err(error.to_string()));
            return;
        }
    };
    for batch in batches {
        let batch = batch.map_err(|error| error.to_string());
        let is_last = batch.is_err();
        if to.send(batch).is_err() || is_last {
            return;
        }
    }
}
