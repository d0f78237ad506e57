//! `assay top`: the dashboard in a terminal, for those who are there over SSH.

use crate::{context::Context, top};
use miette::miette;
use reqwest::Url;
use std::{io::IsTerminal, time::Duration};

/// Watch a run in the terminal: its state, and everything that is on record
///
/// It shows what the dashboard of `assay up` or `assay dashboard` shows at its address.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Keys:\n  \
    ← → Tab   another table\n  \
    ↑ ↓       move; PgUp, PgDn, Home and End too\n  \
    s S       sort by the next column, turn the order around\n  \
    /         find rows; Esc shows all again\n  \
    q         leave")]
pub(crate) struct Args {
    /// Where the dashboard is
    #[arg(value_name = "URL", default_value = "http://127.0.0.1:8420", value_parser = address)]
    url: Url,
    /// Seconds between two looks
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = seconds)]
    every: Duration,
    /// Print one picture and end, for a terminal that is none
    #[arg(long)]
    once: bool,
    /// With --once: the table that is shown instead of the run
    #[arg(long, value_name = "NAME", requires = "once")]
    table: Option<String>,
    /// With --once: how wide and high
    #[arg(long, value_name = "WxH", default_value = "120x40", value_parser = size)]
    size: (u16, u16),
}

pub(crate) fn run(args: Args, context: &Context) -> miette::Result<()> {
    if args.once {
        return context.block_on(async {
            let text = top::once(&args.url, args.table.as_deref(), args.size).await?;
            context.output().text(&text)
        });
    }
    if !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() {
        return Err(miette!(
            help = "--once prints one picture",
            "`assay top` needs a terminal, and this is none"
        ));
    }
    context.block_on(top::watch(args.url, args.every))
}

fn address(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    match (url.scheme(), url.host_str()) {
        ("http" | "https", Some(_)) => Ok(url),
        _ => Err("not an address like http://127.0.0.1:8420".to_owned()),
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    text.parse::<f64>()
        .ok()
        .filter(|seconds| (0.1..=3_600.0).contains(seconds))
        .map(Duration::from_secs_f64)
        .ok_or_else(|| "not a number of seconds from 0.1 to 3600".to_owned())
}

fn size(text: &str) -> Result<(u16, u16), String> {
    let parse = || {
        let (width, height) = text.split_once('x')?;
        Some((width.parse().ok()?, height.parse().ok()?))
    };
    parse()
        .filter(|(width, height)| (40..=500).contains(width) && (10..=500).contains(height))
        .ok_or_else(|| "not a size like 120x40".to_owned())
}
