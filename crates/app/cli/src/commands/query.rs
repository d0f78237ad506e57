//! `assay query`: questions in SQL over what programs recorded.

use super::records_folders::RecordsFolders;
use crate::context::Context;
use std::path::PathBuf;

/// Ask what was recorded, in SQL: steps, scores, rewards, weights, epochs, requests
///
/// The records of several programs are asked at once: every one under --home, or those that --records names. What is
/// being written is part of the answer. A query can only read. Records in a bucket, where `assay export storage` puts them,
/// are read from s3://BUCKET/PREFIX with the keys in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:\n  \
    assay query --tables\n  \
    assay query \"SELECT hotkey, avg(incentive) FROM epochs GROUP BY hotkey ORDER BY 2 DESC\"\n  \
    assay query \"SELECT * FROM scores\" --format parquet --output scores.parquet\n  \
    assay query --records s3://my-subnet/everything \"SELECT source, count(*) FROM scores GROUP BY 1\"")]
pub(crate) struct Args {
    /// The question
    #[arg(value_name = "SQL", required_unless_present = "tables")]
    sql: Option<String>,
    /// List the tables with their columns
    #[arg(long, conflicts_with = "sql")]
    tables: bool,
    #[command(flatten)]
    folders: RecordsFolders,
    /// How the answer is written [default: table; json under --json]
    #[arg(long, value_enum, value_name = "FORMAT")]
    format: Option<FormatName>,
    /// A file for the answer, instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Rows that a table shows
    #[arg(long, value_name = "N", default_value_t = 100)]
    rows: usize,
    /// Megabytes of memory that the query may take before it uses the disk
    #[arg(long, value_name = "MB", default_value_t = 1024)]
    memory: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum FormatName {
    Table,
    Json,
    Jsonl,
    Csv,
    Parquet,
}

#[cfg(not(feature = "sql"))]
pub(crate) fn run(_: Args, _: &Context) -> miette::Result<()> {
    Err(no_engine())
}

/// What a build without the engine says, which also reaches object stores.
#[cfg(not(feature = "sql"))]
pub(crate) fn no_engine() -> miette::Report {
    miette::miette!(
        help = "build one that has it: cargo build --release --features full (some minutes, once)",
        "this build of assay has no SQL engine"
    )
}

#[cfg(feature = "sql")]
pub(crate) fn run(args: Args, context: &Context) -> miette::Result<()> {
    asked::run(args, context)
}

#[cfg(feature = "sql")]
mod asked {
    use super::{Args, FormatName};
    use crate::{context::Context, hinted::hinted, output::table};
    use assay_records::{
        in_words,
        sql::{Database, Format, SqlError, Table, Written, write},
    };
    use miette::{IntoDiagnostic, WrapErr, miette};
    use serde::Serialize;
    use std::{
        io::{self, BufWriter, IsTerminal},
        path::Path,
    };

    pub(super) fn run(args: Args, context: &Context) -> miette::Result<()> {
        let (folders, buckets) = args.folders.find_everywhere()?;
        let memory = args.memory.saturating_mul(1024 * 1024);
        context.block_on(async {
            let opened = Database::open_with(&folders, &buckets, memory).await;
            let database = opened.map_err(failure)?;
            for problem in database.problems() {
                context.output().warn(&format!("left out: {problem}"));
            }
            match &args.sql {
                None => tables(&database, context),
                Some(sql) => answer(&args, sql, &database, context).await,
            }
        })
    }

    async fn answer(args: &Args, sql: &str, database: &Database, context: &Context) -> miette::Result<()> {
        let answer = database.query(sql).await.map_err(failure)?;
        let format = match args.format {
            Some(FormatName::Json) => Format::Json,
            Some(FormatName::Jsonl) => Format::JsonLines,
            Some(FormatName::Csv) => Format::Csv,
            Some(FormatName::Parquet) => Format::Parquet,
            None if context.output().is_json() => Format::Json,
            None | Some(FormatName::Table) => Format::Table { rows: args.rows },
        };
        let Written { rows, cut } = match &args.output {
            Some(path) => {
                // Beside its place until it is whole: a query that fails leaves an older file as it was.
                let beside = crate::commands::report::beside(
                    path.parent()
                        .filter(|folder| !folder.as_os_str().is_empty())
                        .unwrap_or(Path::new(".")),
                )
                .into_diagnostic()
                .wrap_err_with(|| format!("{} cannot be written", path.display()))?;
                let written = write(answer, format, BufWriter::new(beside.as_file()))
                    .await
                    .map_err(failure)?;
                beside
                    .persist(path)
                    .into_diagnostic()
                    .wrap_err_with(|| format!("{} cannot be written", path.display()))?;
                written
            }
            None if format == Format::Parquet && io::stdout().is_terminal() => {
                return Err(miette!(
                    help = "name a file with --output",
                    "Parquet is nothing that a terminal can show"
                ));
            }
            None => match write(answer, format, BufWriter::new(io::stdout())).await {
                // The reader of a pipe has seen enough.
                Err(SqlError::Output { source }) if source.kind() == io::ErrorKind::BrokenPipe => {
                    return Ok(());
                }
                written => written.map_err(failure)?,
            },
        };
        if cut {
            context.output().say(&format!(
                "the first {rows} rows; --rows shows more, --output FILE keeps all"
            ));
        }
        Ok(())
    }

    #[derive(Serialize)]
    struct Told<'a> {
        table: &'a str,
        description: &'a str,
        columns: Vec<ToldColumn<'a>>,
    }

    #[derive(Serialize)]
    struct ToldColumn<'a> {
        name: &'a str,
        #[serde(rename = "type")]
        data_type: String,
        description: &'a str,
    }

    fn tables(database: &Database, context: &Context) -> miette::Result<()> {
        if context.output().is_json() {
            let told: Vec<Told<'_>> = database.tables().iter().map(told).collect();
            return context.output().json(&told);
        }
        for entry in database.tables() {
            let mut rows = table(["column", "holds", "meaning"]);
            for column in &entry.columns {
                rows.add_row([
                    column.name.clone(),
                    in_words(&column.data_type).replace('`', ""),
                    column.description.clone(),
                ]);
            }
            context
                .output()
                .text(&format!("{}\n{}\n\n{rows}\n\n", entry.name, entry.description))?;
        }
        Ok(())
    }

    fn told(table: &Table) -> Told<'_> {
        Told {
            table: &table.name,
            description: &table.description,
            columns: table
                .columns
                .iter()
                .map(|column| ToldColumn {
                    name: &column.name,
                    data_type: column.data_type.to_string(),
                    description: &column.description,
                })
                .collect(),
        }
    }

    fn failure(error: SqlError) -> miette::Report {
        let hint = match &error {
            SqlError::Query { .. } => {
                Some("`assay query --tables` lists the tables and their columns".to_owned())
            }
            _ => None,
        };
        hinted(error, hint)
    }
}
