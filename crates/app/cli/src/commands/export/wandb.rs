//! `assay export wandb`: what was recorded, as runs of Weights & Biases.

use super::{super::records_folders::RecordsFolders, stop_signals};
use crate::{context::Context, hinted::hinted};
use assay_wandb::{
    About, Begin, Exporter, Mode, Redaction, RunLink, Server, Texts, Timing, WandbConfig, WandbError,
};
use futures::future::{join_all, ready};
use miette::miette;
use serde::Serialize;
use std::{
    path::{Path, PathBuf},
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// How long the export of what there is may take when it is not to be followed.
const WHOLE_EXPORT: Duration = Duration::from_secs(24 * 3600);

/// Export what was recorded as Weights & Biases runs: folders for `wandb sync`, or live
///
/// It reads the records from outside, in a process of its own, so nothing that scores waits for it. An outage is waited
/// out; a restart goes on with the same run where it was. Private texts never leave, users' texts only with --texts all.
/// The key is read from WANDB_API_KEY, the server from WANDB_BASE_URL.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:\n  \
    assay export wandb --project my-subnet && wandb sync ~/.assay/*/wandb/offline-run-*\n  \
    WANDB_API_KEY=… assay export wandb --online --follow --project my-subnet --entity my-team")]
pub(crate) struct Args {
    #[command(flatten)]
    folders: RecordsFolders,
    /// Stream to the server rather than into folders; needs WANDB_API_KEY
    #[arg(long)]
    online: bool,
    /// Go on with what is recorded from now on, until stopped
    #[arg(long)]
    follow: bool,
    /// The project that runs belong to
    #[arg(
        long,
        alias = "wandb.project_name",
        value_name = "NAME",
        default_value = "assay"
    )]
    project: String,
    /// Who owns the project [default: the key's own user]
    #[arg(long, alias = "wandb.entity", value_name = "NAME")]
    entity: Option<String>,
    /// A further tag; again for more
    #[arg(long, value_name = "TAG")]
    tag: Vec<String>,
    /// The runs' notes
    #[arg(long, alias = "wandb.notes", value_name = "TEXT")]
    notes: Option<String>,
    /// The hotkey that runs are tagged with
    #[arg(long, value_name = "ADDRESS")]
    hotkey: Option<String>,
    /// The subnet that runs are tagged with
    #[arg(long, value_name = "NETUID")]
    netuid: Option<u16>,
    /// The system that runs are tagged with
    #[arg(long, value_name = "NAME")]
    system: Option<String>,
    /// Which questions and answers are exported
    #[arg(long, value_enum, default_value = "made-up")]
    texts: TextsName,
    /// Where the exporter keeps its place, and offline runs [default: wandb beside the records]
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum TextsName {
    /// Also users', but for private ones
    All,
    /// Those to questions that validators made up
    MadeUp,
    /// None
    Nothing,
}

/// What was exported of one folder.
#[derive(Debug, Serialize)]
struct Exported {
    records: PathBuf,
    events: u64,
    /// The run that is being filled.
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    folder: Option<PathBuf>,
    /// Why the rest has to wait for the next start.
    #[serde(skip_serializing_if = "Option::is_none")]
    failing: Option<String>,
}

pub(super) fn run(args: Args, context: &Context) -> miette::Result<()> {
    context.refuse_dry_run("assay export")?;
    let folders = args.folders.find()?;
    if args.folder.is_some() && folders.len() > 1 {
        return Err(miette!(
            help = "name one folder with --records, or leave --folder out",
            "--folder is for one folder of records, and there are {}",
            folders.len()
        ));
    }
    let mode = if args.online {
        Mode::Online(Server::from_environment().ok_or_else(|| {
            miette!(
                help = "put the key into WANDB_API_KEY, or leave --online out and upload with `wandb sync`",
                "there is no key for Weights & Biases"
            )
        })?)
    } else {
        Mode::Offline
    };
    context.block_on(export(args, mode, folders, context))
}

async fn export(args: Args, mode: Mode, folders: Vec<PathBuf>, context: &Context) -> miette::Result<()> {
    let stop = CancellationToken::new();
    let mut exporters = Vec::new();
    for records in folders {
        let exporter = Exporter::open(config(&args, mode.clone(), &records)).map_err(failure)?;
        let (status, stop, follow) = (exporter.status(), stop.clone(), args.follow);
        exporters.push(async move {
            let ended = if follow {
                exporter.run_until(stop.cancelled()).await
            } else {
                exporter.run_until(ready(())).await
            };
            ended.map_err(failure)?;
            let status = status.borrow().clone();
            let RunLink { id, page, folder } = status.run.unwrap_or_default();
            Ok::<_, miette::Report>(Exported {
                records,
                events: status.exported,
                run: (!id.is_empty()).then_some(id),
                page,
                folder,
                failing: status.failing,
            })
        });
    }
    if args.follow {
        stop_signals(&stop)?;
        context.output().say("exporting until stopped");
    }
    let exported: Vec<Exported> = join_all(exporters)
        .await
        .into_iter()
        .collect::<miette::Result<_>>()?;
    context.output().data(&exported, |exported| {
        exported.iter().map(told).collect::<Vec<_>>().join("\n")
    })?;
    match exported.iter().find_map(|exported| exported.failing.as_ref()) {
        Some(why) => Err(miette!(
            help = "run it again: it goes on where it was",
            "not everything was exported: {why}"
        )),
        None => Ok(()),
    }
}

fn config(args: &Args, mode: Mode, records: &Path) -> WandbConfig {
    let beside = records.parent().unwrap_or(records).join("wandb");
    let timing = Timing::default();
    WandbConfig {
        mode,
        entity: args.entity.clone(),
        about: About {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            hotkey: args.hotkey.clone(),
            netuid: args.netuid,
            system: args.system.clone(),
        },
        tags: args.tag.clone(),
        notes: args.notes.clone(),
        begin: Begin::Everything,
        redaction: Redaction {
            secrets: Vec::new(),
            texts: match args.texts {
                TextsName::All => Texts::All,
                TextsName::MadeUp => Texts::MadeUp,
                TextsName::Nothing => Texts::Nothing,
            },
        },
        timing: Timing {
            finish: if args.follow { timing.finish } else { WHOLE_EXPORT },
            ..timing
        },
        ..WandbConfig::new(&args.project, records, args.folder.clone().unwrap_or(beside))
    }
}

fn told(exported: &Exported) -> String {
    let records = exported.records.display();
    let place = match (&exported.page, &exported.folder) {
        (Some(page), _) => format!(" are at {page}"),
        (None, Some(folder)) => format!(" are in {0}; upload them with: wandb sync {0}", folder.display()),
        (None, None) => " were exported".to_owned(),
    };
    match exported.events {
        0 => format!("{records}: nothing is new"),
        1 => format!(
            "{records}: one event{}",
            place.replace(" are ", " is ").replace(" were ", " was ")
        ),
        events => format!("{records}: {events} events{place}"),
    }
}

fn failure(error: WandbError) -> miette::Report {
    hinted(error, None)
}
