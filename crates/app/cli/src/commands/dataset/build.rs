//! `assay dataset build`.

use crate::{
    commands::{hub::place::parse_size, records_folders::RecordsFolders, report::moment},
    context::Context,
    hinted::hinted,
};
use assay_records::dataset::{
    Blacklist, BuildError, BuildPlan, Case, Dedup, Details, Existing, FileKind, Format, Kind, Phrases,
    Report, Source, Splits, Take, build,
};
use miette::miette;
use serde::Serialize;
use std::path::PathBuf;
use time::OffsetDateTime;

/// Faults that are named; the rest is counted.
const NAMED: usize = 10;

/// Make a dataset for training of recorded questions and answers
///
/// It reads the records under --home or --records, or the event files of the original validators (--log, --frame). Questions
/// of users are in it only with --kind organic. The folder holds the files, split by the prompt's hash, and a card with
/// counts, filters and licence, as hubs show it.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:\n  \
    assay dataset build answers --min-reward 0.5 --near 0.8 --split train=0.9,test=0.1 --licence cc-by-4.0\n  \
    assay dataset build pairs --format preference --margin 0.1 --file parquet\n  \
    assay dataset build old --log completions.log --take named --format openai")]
pub(crate) struct Args {
    /// The folder to make
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    #[command(flatten)]
    records: RecordsFolders,
    /// A completions.log of an original validator, or a run's history as lines of JSON; again for more
    #[arg(long, value_name = "FILE")]
    log: Vec<PathBuf>,
    /// A Parquet file of the original collector; again for more
    #[arg(long, value_name = "FILE")]
    frame: Vec<PathBuf>,
    /// Only what happened since: a time (2026-11-30T12:00:00Z), a day, or an age (90m, 24h, 7d)
    #[arg(long, value_name = "TIME", value_parser = moment)]
    since: Option<OffsetDateTime>,
    /// Only what happened before
    #[arg(long, value_name = "TIME", value_parser = moment)]
    until: Option<OffsetDateTime>,
    /// Only events of this run, a validator's hotkey or a run's id; again for more
    #[arg(long, value_name = "RUN", alias = "wandb_run_id")]
    run: Vec<String>,
    /// Only steps of this kind: summary, question, answer, organic, other; again for more
    /// [default: all but organic]
    #[arg(long, value_name = "KIND")]
    kind: Vec<Kind>,
    /// Which of the answers to a question
    #[arg(long, value_enum, default_value = "best")]
    take: TakeName,
    /// Only with one of these phrases in the question or the answer; again for more
    #[arg(long, value_name = "PHRASE")]
    include: Vec<String>,
    /// Not with this phrase in the question or the answer; again for more
    #[arg(long, value_name = "PHRASE")]
    exclude: Vec<String>,
    /// Capital letters are as small ones in phrases
    #[arg(long)]
    ignore_case: bool,
    /// A file of answers that are never taken, one a line
    #[arg(long, value_name = "FILE", alias = "blacklist_path")]
    blacklist: Option<PathBuf>,
    /// The least reward of an answer
    #[arg(long, value_name = "REWARD", allow_negative_numbers = true)]
    min_reward: Option<f64>,
    /// The most characters of an answer with its question: trainers refuse rows that are longer than they read
    #[arg(long, value_name = "N")]
    max_characters: Option<usize>,
    /// Only the best row of each prompt
    #[arg(long)]
    best_per_prompt: bool,
    /// Keep rows with the same texts
    #[arg(long, conflicts_with = "near")]
    keep_duplicates: bool,
    /// Leave out rows that are nearly those of an earlier one, from this likeness on (0.5 to 1; 0.8 is usual)
    #[arg(long, value_name = "LIKENESS")]
    near: Option<f64>,
    /// What a row is
    #[arg(long, value_enum, default_value = "chat")]
    format: FormatName,
    /// With --format preference: how much more reward the chosen one has, at least
    #[arg(long, value_name = "REWARD", default_value_t = 0.0)]
    margin: f64,
    /// What stands beside the texts
    #[arg(long, value_enum, default_value = "none")]
    details: DetailsName,
    /// How rows are written
    #[arg(long, value_enum, default_value = "jsonl")]
    file: FileName,
    /// The parts, by name and share: train=0.9,test=0.1
    #[arg(long, value_name = "NAME=SHARE,…", value_parser = splits)]
    split: Option<Splits>,
    /// A file that grows beyond this is ended, and the next begun
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    shard_size: Option<u64>,
    /// The licence's identifier, such as mit or cc-by-4.0
    #[arg(long, value_name = "ID", default_value = "unknown")]
    licence: String,
    /// The card's title
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// Take the place of a folder that is there, once the new one is whole
    #[arg(long)]
    replace: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum TakeName {
    /// The one with the highest reward
    Best,
    /// The one that the validator called the best, as the original collector
    Named,
    /// All that pass
    Every,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum FormatName {
    /// prompt and completion
    Prompt,
    /// messages: a user's and an assistant's
    Chat,
    /// conversations: the same two, as miners of the dataset competition publish them
    Competition,
    /// prompt, chosen and rejected
    Preference,
    /// prompt and completion byte for byte as the original collector wrote them
    Openai,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum DetailsName {
    /// Nothing
    None,
    /// The reward
    Score,
    /// The reward, kind, run and time
    Full,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum FileName {
    Jsonl,
    Parquet,
}

/// What was made, for a program.
#[derive(Debug, Serialize)]
struct Made {
    folder: PathBuf,
    rows: u64,
    #[serde(flatten)]
    report: Report,
}

pub(super) fn run(args: &Args, context: &Context) -> miette::Result<()> {
    let report = build(&plan(args)?, &args.folder).map_err(failure)?;
    for fault in report.named_faults.iter().take(NAMED) {
        context.output().warn(&format!("left out: {fault}"));
    }
    if report.faults > NAMED as u64 {
        context
            .output()
            .warn(&format!("and {} more", report.faults - NAMED as u64));
    }
    let rows = report.rows();
    let made = Made {
        folder: args.folder.clone(),
        rows,
        report,
    };
    context.output().data(&made, text)?;
    if rows == 0 {
        context
            .output()
            .warn("the dataset is empty: the counts above say which filter took its rows");
    }
    Ok(())
}

fn plan(args: &Args) -> miette::Result<BuildPlan> {
    let files = args.log.iter().cloned().map(Source::Log);
    let frames = args.frame.iter().cloned().map(Source::Frame);
    let mut sources: Vec<Source> = files.chain(frames).collect();
    if sources.is_empty() || args.records.are_named() {
        sources.extend(args.records.find()?.into_iter().map(Source::Records));
    }
    let mut plan = BuildPlan::new(sources);
    plan.since = args.since;
    plan.until = args.until;
    plan.runs = args.run.iter().cloned().collect();
    if !args.kind.is_empty() {
        plan.kinds = args.kind.iter().copied().collect();
    }
    plan.take = match args.take {
        TakeName::Best => Take::Best,
        TakeName::Named => Take::Named,
        TakeName::Every => Take::Every,
    };
    plan.phrases = Phrases {
        include: args.include.clone(),
        exclude: args.exclude.clone(),
        case: if args.ignore_case {
            Case::Insensitive
        } else {
            Case::Sensitive
        },
    };
    if let Some(path) = &args.blacklist {
        plan.blacklist = Blacklist::read(path).map_err(failure)?;
    }
    plan.min_reward = args.min_reward;
    plan.max_characters = args.max_characters;
    plan.best_per_prompt = args.best_per_prompt;
    plan.dedup = match (args.keep_duplicates, args.near) {
        (true, _) => Dedup::None,
        (false, Some(threshold)) => Dedup::Near { threshold },
        (false, None) => Dedup::Exact,
    };
    plan.format = match args.format {
        FormatName::Prompt => Format::Prompt,
        FormatName::Chat => Format::Chat,
        FormatName::Competition => Format::Competition,
        FormatName::Preference => Format::Preference { margin: args.margin },
        FormatName::Openai => Format::OpenAi,
    };
    plan.details = match args.details {
        DetailsName::None => Details::None,
        DetailsName::Score => Details::Score,
        DetailsName::Full => Details::Full,
    };
    plan.file = match args.file {
        FileName::Jsonl => FileKind::Jsonl,
        FileName::Parquet => FileKind::Parquet,
    };
    if let Some(splits) = &args.split {
        plan.splits = splits.clone();
    }
    if let Some(bytes) = args.shard_size {
        plan.shard_bytes = bytes;
    }
    plan.licence.clone_from(&args.licence);
    if let Some(title) = &args.title {
        plan.title.clone_from(title);
    }
    if args.replace {
        plan.existing = Existing::Replace;
    }
    Ok(plan)
}

fn text(made: &Made) -> String {
    let counts = &made.report.counts;
    let mut lines = vec![format!(
        "{} rows in {}, of {} events",
        made.rows,
        made.folder.display(),
        counts.events
    )];
    for split in &made.report.splits {
        let files = match split.files.len() {
            0 => {
                lines.push(format!(
                    "  {}: no rows. A prompt's hash says which split it is in, and of so few none fell into this one: give it a \
                     larger share, or build from more",
                    split.name
                ));
                continue;
            }
            1 => "one file".to_owned(),
            many => format!("{many} files"),
        };
        lines.push(format!("  {}: {} rows in {files}", split.name, split.rows));
    }
    lines.push(counts.in_words());
    lines.join("\n")
}

fn splits(text: &str) -> Result<Splits, String> {
    let part = |part: &str| -> Result<(String, f64), String> {
        let (name, share) = part
            .split_once('=')
            .ok_or_else(|| format!("\"{part}\" is not a name and a share, like train=0.9"))?;
        let share = share.parse().map_err(|_| format!("\"{share}\" is no share"))?;
        Ok((name.to_owned(), share))
    };
    let parts: Vec<_> = text.split(',').map(part).collect::<Result<_, _>>()?;
    Splits::new(parts).map_err(|error| error.to_string())
}

fn failure(error: BuildError) -> miette::Report {
    if let BuildError::Plan { option, .. } = &error {
        return miette!(help = format!("see --help for {option}"), "{error}");
    }
    hinted(error, None)
}
