//! `assay yuma run`: Yuma Consensus on files.

use crate::context::Context;
use assay_yuma::vectors::{Difference, Document, Replayed, SCHEMA, replay};
use miette::{Context as _, IntoDiagnostic, miette};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The files.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Files in the format yuma-vectors-1
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// One file under `--json`.
#[derive(Debug, Serialize)]
struct FileReport {
    file: PathBuf,
    /// Epochs for which the file says what they must give.
    compared_epochs: usize,
    cases: Vec<Replayed>,
}

impl FileReport {
    fn difference(&self) -> Option<&Difference> {
        self.cases.iter().find_map(|case| case.difference.as_ref())
    }

    fn summary(&self) -> String {
        let epochs: usize = self.cases.iter().map(|case| case.outputs.len()).sum();
        let agreement = match self.compared_epochs {
            0 => "nothing recorded to compare with".to_owned(),
            compared if compared == epochs => "all as recorded".to_owned(),
            compared => format!("{compared} recorded, all as recorded"),
        };
        format!(
            "{}: {} cases, {epochs} epochs, {agreement}",
            self.file.display(),
            self.cases.len()
        )
    }
}

pub(super) fn run(args: &Args, context: &Context) -> miette::Result<()> {
    run_files(&args.files, context)
}

fn run_files(files: &[PathBuf], context: &Context) -> miette::Result<()> {
    let output = context.output();
    let mut reports = Vec::with_capacity(files.len());
    for file in files {
        let Some(report) = run_file(file)? else {
            output.warn(&format!("{} has no `schema` and is passed over", file.display()));
            continue;
        };
        let differs = report.difference().is_some();
        if !differs && !output.is_json() {
            output.text(&report.summary())?;
        }
        reports.push(report);
        if differs {
            break;
        }
    }
    if output.is_json() {
        output.json(&reports)?;
    }
    if reports.is_empty() {
        return Err(miette!(
            help = "the format is described in vectors/yuma/README.md and in the documentation of assay-yuma",
            "none of the files is in the format {SCHEMA}"
        ));
    }
    match reports
        .last()
        .and_then(|report| report.difference().map(|found| (report, found)))
    {
        None => Ok(()),
        Some((report, difference)) => Err(miette!(
            help = "either the file was not recorded from a chain of this version, or the epoch is computed wrongly",
            "{}: {difference}",
            report.file.display()
        )),
    }
}

/// What says which format a file is in.
#[derive(Debug, Deserialize)]
struct Format {
    schema: Option<IgnoredAny>,
}

/// Replays a file up to the first case that differs; nothing when it does not say that it is in any format.
fn run_file(file: &Path) -> miette::Result<Option<FileReport>> {
    let name = || file.display().to_string();
    let text = fs_err::read(file).into_diagnostic()?;
    let stranger = serde_json::from_slice::<Format>(&text).is_ok_and(|format| format.schema.is_none());
    if stranger {
        return Ok(None);
    }
    let document: Document = serde_json::from_slice(&text)
        .into_diagnostic()
        .wrap_err_with(|| format!("{} is not in the format yuma-vectors-1", name()))?;
    let mut cases = replay(&document).into_diagnostic().wrap_err_with(name)?;
    if let Some(first) = cases.iter().position(|case| case.difference.is_some()) {
        cases.truncate(first + 1);
    }
    let compared = |case: &assay_yuma::vectors::Case| {
        case.epochs
            .iter()
            .filter(|epoch| epoch.expected.is_some())
            .count()
    };
    Ok(Some(FileReport {
        file: file.to_owned(),
        compared_epochs: document.cases[..cases.len()].iter().map(compared).sum(),
        cases,
    }))
}
