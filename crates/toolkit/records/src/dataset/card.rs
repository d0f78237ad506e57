//! The card of a dataset: what hubs and their loaders read, and what people want to know.

use super::{
    error::BuildError,
    plan::{BuildPlan, Case, Dedup, Details, Format, Source, Take},
    report::Report,
};
use fs_err as fs;
use std::{fmt::Write as _, io::Write as _, path::Path};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

pub(super) fn write(plan: &BuildPlan, report: &Report, path: &Path) -> Result<(), BuildError> {
    let mut file = fs::File::create(path)?;
    file.write_all(card(plan, report).as_bytes())?;
    Ok(file.sync_all()?)
}

fn card(plan: &BuildPlan, report: &Report) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = front(&mut text, plan, report).and_then(|()| body(&mut text, plan, report));
    text
}

/// Texts are quoted as in JSON, which YAML takes: a title may hold a colon.
fn front(text: &mut String, plan: &BuildPlan, report: &Report) -> std::fmt::Result {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    writeln!(text, "---")?;
    writeln!(text, "license: {}", quoted(&plan.licence))?;
    writeln!(text, "pretty_name: {}", quoted(&plan.title))?;
    writeln!(text, "task_categories:\n- text-generation")?;
    writeln!(text, "size_categories:\n- {}", size_category(report.rows()))?;
    writeln!(text, "tags:\n- assay\n- bittensor")?;
    match plan.format {
        Format::Chat | Format::Competition => writeln!(text, "- conversational")?,
        Format::Preference { .. } => writeln!(text, "- preference\n- dpo")?,
        Format::Prompt | Format::OpenAi => writeln!(text, "- instruction")?,
    }
    writeln!(text, "configs:\n- config_name: default\n  data_files:")?;
    // A loader takes a split without files for a fault.
    for split in report.splits.iter().filter(|split| split.rows > 0) {
        writeln!(text, "  - split: {}\n    path: data/{}-*", split.name, split.name)?;
    }
    writeln!(text, "---")
}

fn body(text: &mut String, plan: &BuildPlan, report: &Report) -> std::fmt::Result {
    let counts = &report.counts;
    writeln!(text, "\n# {}\n", plan.title.trim())?;
    writeln!(
        text,
        "{} rows, made of {} recorded events by `assay dataset build`. Licence: `{}`.",
        report.rows(),
        counts.events,
        plan.licence
    )?;
    if let (Some(first), Some(last)) = (report.first, report.last) {
        writeln!(text, "The events are from {} to {}.", told(first), told(last))?;
    }
    writeln!(
        text,
        "\n## Splits\n\n| split | rows | files | bytes |\n|---|---:|---:|---:|"
    )?;
    for split in &report.splits {
        let bytes: u64 = split.files.iter().map(|file| file.bytes).sum();
        writeln!(
            text,
            "| {} | {} | {} | {bytes} |",
            split.name,
            split.rows,
            split.files.len()
        )?;
    }
    writeln!(
        text,
        "\nThe SHA-256 of its prompt decides where a row is, so no prompt is in two splits."
    )?;
    writeln!(text, "\n## Columns\n\n| column | holds |\n|---|---|")?;
    for (column, holds) in columns(plan) {
        writeln!(text, "| `{column}` | {holds} |")?;
    }
    writeln!(text, "\n## Sources\n")?;
    for source in &plan.sources {
        let kind = match source {
            Source::Records(_) => "event log",
            Source::Log(_) => "file of events",
            Source::Frame(_) => "table of events",
        };
        // Where it lay on the machine is nobody's business.
        let name = source.path().file_name().unwrap_or_default().to_string_lossy();
        let name: String = name
            .chars()
            .filter(|letter| *letter != '`' && !letter.is_control())
            .collect();
        writeln!(text, "- {kind} `{name}`")?;
    }
    writeln!(text, "\n## How it was made\n")?;
    for rule in rules(plan) {
        writeln!(text, "- {rule}")?;
    }
    writeln!(text, "\n## Counts\n\n| step | count |\n|---|---:|")?;
    writeln!(text, "| events read | {} |", counts.events)?;
    writeln!(
        text,
        "| answers in the events that were asked for | {} |",
        counts.answers
    )?;
    for (what, count) in counts.left_out() {
        writeln!(text, "| left out: {what} | {count} |")?;
    }
    writeln!(text, "| rows | {} |", counts.rows)?;
    if report.faults > 0 {
        writeln!(
            text,
            "\n{} lines or files of the sources could not be read.",
            report.faults
        )?;
    }
    Ok(())
}

fn columns(plan: &BuildPlan) -> Vec<(&'static str, &'static str)> {
    let mut columns = match plan.format {
        Format::Chat => vec![("messages", "the question as `user`, the answer as `assistant`")],
        Format::Competition => vec![(
            "conversations",
            "the question as `user`, the answer as `assistant`",
        )],
        Format::Prompt | Format::OpenAi => vec![("prompt", "the question"), ("completion", "the answer")],
        Format::Preference { .. } => vec![
            ("prompt", "the question"),
            ("chosen", "the best answer to it"),
            ("rejected", "the worst answer to it at the same time"),
        ],
    };
    match (plan.details, plan.format) {
        (Details::None, _) => {}
        (_, Format::Preference { .. }) => columns.extend([
            ("score_chosen", "reward of the best answer"),
            ("score_rejected", "reward of the worst answer"),
        ]),
        _ => columns.push(("score", "reward of the answer; null where there was none")),
    }
    if plan.details == Details::Full {
        columns.extend([
            ("kind", "summary, question, answer, organic or other"),
            ("run", "who recorded it: a hotkey, or the name of a run"),
            ("time", "when it happened, UTC"),
        ]);
    }
    columns
}

fn rules(plan: &BuildPlan) -> Vec<String> {
    let mut rules = Vec::new();
    let kinds: Vec<&str> = plan.kinds.iter().map(|kind| kind.as_str()).collect();
    rules.push(format!("Steps of these kinds: {}.", kinds.join(", ")));
    rules.push(
        match (plan.format, plan.take) {
            (Format::Preference { .. }, _) => {
                "Of each question the best answer that passes the filters, and the worst."
            }
            (_, Take::Best) => "Of each question the best answer that passes the filters.",
            (_, Take::Named) => "Of each question the answer that the validator called the best.",
            (_, Take::Every) => "Of each question every answer that passes the filters.",
        }
        .to_owned(),
    );
    if let Format::Preference { margin } = plan.format {
        rules.push(format!("Their rewards differ by at least {margin}."));
    }
    if !plan.runs.is_empty() {
        rules.push(format!("Only events of {} chosen runs.", plan.runs.len()));
    }
    if let Some(since) = plan.since {
        rules.push(format!("Only events since {}.", told(since)));
    }
    if let Some(until) = plan.until {
        rules.push(format!("Only events before {}.", told(until)));
    }
    if let Some(least) = plan.min_reward {
        rules.push(format!("A reward of at least {least}."));
    }
    if let Some(most) = plan.max_characters {
        rules.push(format!("Question and answer of {most} characters at most."));
    }
    if !plan.blacklist.is_empty() {
        rules.push(format!(
            "None of {} answers on a blacklist.",
            plan.blacklist.len()
        ));
    }
    let case = match plan.phrases.case {
        Case::Sensitive => "",
        Case::Insensitive => ", whatever their case",
    };
    if !plan.phrases.include.is_empty() {
        rules.push(format!(
            "With one of {} phrases{case}.",
            plan.phrases.include.len()
        ));
    }
    if !plan.phrases.exclude.is_empty() {
        rules.push(format!(
            "Without any of {} phrases{case}.",
            plan.phrases.exclude.len()
        ));
    }
    match plan.dedup {
        Dedup::None => {}
        Dedup::Exact => rules.push("No two rows have the same texts.".to_owned()),
        Dedup::Near { threshold } => rules.push(format!(
            "No two rows have the same texts; of rows whose prompt and answer are both alike (Jaccard similarity of their \
             words, three at a time, of {threshold} or more) the first stayed."
        )),
    }
    if plan.best_per_prompt {
        rules.push("Of each prompt only the best row.".to_owned());
    }
    rules
}

fn told(time: OffsetDateTime) -> String {
    time.format(&Rfc3339).unwrap_or_default()
}

/// The hub's names of orders of magnitude.
fn size_category(rows: u64) -> &'static str {
    match rows {
        0..1_000 => "n<1K",
        1_000..10_000 => "1K<n<10K",
        10_000..100_000 => "10K<n<100K",
        100_000..1_000_000 => "100K<n<1M",
        1_000_000..10_000_000 => "1M<n<10M",
        10_000_000..100_000_000 => "10M<n<100M",
        100_000_000..1_000_000_000 => "100M<n<1B",
        _ => "n>1B",
    }
}
