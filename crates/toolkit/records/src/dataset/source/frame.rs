//! Exchanges in a Parquet file of the original collector: one row an event, of the first version (a question and an answer in
//! each) or of a later one.

use super::{
    columns::{self, AnswerColumns, KindColumn, Names, TimeColumn, View},
    records,
};
use crate::dataset::{
    error::BuildError,
    exchange::{Intake, Kind},
    report::Fault,
};
use fs_err as fs;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::{path::Path, sync::mpsc, thread};

const fn names(
    kind: KindColumn,
    prompt: &'static str,
    texts: &'static str,
    rewards: &'static str,
    named: &'static str,
) -> Names {
    Names {
        kind,
        time: TimeColumn::Seconds("_timestamp"),
        run: "run_id",
        prompt,
        answers: AnswerColumns::Lists { texts, rewards },
        named: Some(named),
    }
}

/// The two exchanges in an event of the first version.
const FIRST_VERSION: [Names; 2] = [
    names(
        KindColumn::Fixed(Kind::Question),
        "base_prompt",
        "followup_completions",
        "followup_rewards",
        "best_followup",
    ),
    names(
        KindColumn::Fixed(Kind::Answer),
        "answer_prompt",
        "answer_completions",
        "answer_rewards",
        "best_answer",
    ),
];

/// The one of a later version.
const LATER_VERSIONS: [Names; 1] = [names(
    KindColumn::ByName("name"),
    "prompt",
    "completions",
    "rewards",
    "best",
)];

pub(super) fn read(path: &Path, intake: &mut dyn Intake) -> Result<(), BuildError> {
    match rows(path, intake) {
        Ok(()) => Ok(()),
        Err(Failure::Build(error)) => Err(error),
        Err(Failure::Unreadable(why)) => {
            intake.fault(Fault {
                file: path.to_owned(),
                line: None,
                why,
            });
            Ok(())
        }
    }
}

enum Failure {
    Unreadable(String),
    Build(BuildError),
}

fn rows(path: &Path, intake: &mut dyn Intake) -> Result<(), Failure> {
    let unreadable = |error: &dyn std::fmt::Display| Failure::Unreadable(error.to_string());
    let file = fs::File::open(path)
        .map_err(|error| unreadable(&error))?
        .into_file();
    let there =
        ParquetRecordBatchReaderBuilder::try_new(file.try_clone().map_err(|error| unreadable(&error))?)
            .map_err(|error| unreadable(&error))?;
    let has = |name: &str| there.schema().field_with_name(name).is_ok();
    let all: &[Names] = if has("answer_prompt") && has("best_answer") {
        &FIRST_VERSION
    } else if has("prompt") && has("completions") {
        &LATER_VERSIONS
    } else {
        return Err(Failure::Unreadable(
            "it has neither the columns answer_prompt and best_answer nor prompt and completions".to_owned(),
        ));
    };
    let schema = columns::schema(all, []);
    let wanted: Vec<&str> = schema
        .fields()
        .iter()
        .map(|field| field.name().as_str())
        .collect();
    thread::scope(|scope| {
        let (batches, received) = mpsc::sync_channel(1);
        scope.spawn(move || records::ahead(file, &wanted, &batches));
        for batch in received {
            let batch = batch.map_err(Failure::Unreadable)?;
            let batch = columns::fit(&batch, &schema).map_err(|error| unreadable(&error))?;
            let views: Option<Vec<View<'_>>> = all.iter().map(|names| View::of(&batch, names)).collect();
            let views =
                views.ok_or_else(|| Failure::Unreadable("its columns are of other kinds".to_owned()))?;
            let mut answers = Vec::new();
            for row in 0..batch.num_rows() {
                for view in &views {
                    intake
                        .exchange(&view.exchange(row, &mut answers))
                        .map_err(Failure::Build)?;
                }
            }
        }
        Ok(())
    })
}
