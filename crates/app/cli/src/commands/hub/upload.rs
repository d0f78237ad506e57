//! `assay hub upload`.

use super::{
    error::explained,
    place::{HubArgs, RepoArgument},
    progress::Bar,
};
use crate::context::Context;
use assay_hub::{
    BatchLimits, CommitRequest, Delivery, ExistingRepo, HubClient, Outbox, RefName, RepoPath, RepoType,
    Revision, Source, Target, Visibility,
};
use miette::{Context as _, IntoDiagnostic, miette};
use serde::Serialize;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The repository: owner/name, or datasets/owner/name. It is made if it is not there
    repo: RepoArgument,
    /// Files, and folders with all that is in them
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Kind of the repository
    #[arg(long = "type", value_name = "KIND", default_value = "dataset")]
    kind: RepoType,
    /// Branch to commit to
    #[arg(long, default_value = "main")]
    revision: RefName,
    /// Folder of the repository to put the files into
    #[arg(long, value_name = "FOLDER")]
    into: Option<RepoPath>,
    /// First line of the commit's message
    #[arg(long, short = 'm', default_value = "Upload with assay")]
    message: String,
    /// Make the repository a private one, if it is made
    #[arg(long)]
    private: bool,
    /// Queue the files in this folder first: they are sent even if this process or the hub dies on the way, and the
    /// hub's rate limits are waited out. Run the same command again to go on
    #[arg(long, value_name = "DIR")]
    outbox: Option<PathBuf>,
    #[command(flatten)]
    hub: HubArgs,
}

/// A file and its place.
#[derive(Debug)]
struct Found {
    file: PathBuf,
    path: RepoPath,
    bytes: u64,
}

/// What was uploaded.
#[derive(Debug, Serialize)]
struct Report<'a> {
    repo: &'a str,
    #[serde(rename = "type")]
    kind: RepoType,
    /// The commit that holds the last of the files.
    revision: Revision,
    files: usize,
    bytes: u64,
}

/// What would be uploaded.
#[derive(Debug, Serialize)]
struct Plan<'a> {
    dry_run: bool,
    repo: &'a str,
    #[serde(rename = "type")]
    kind: RepoType,
    /// The branch.
    revision: &'a RefName,
    /// The places of the files in the repository.
    files: Vec<&'a RepoPath>,
    bytes: u64,
}

pub(crate) fn run(args: Args, context: &Context) -> miette::Result<()> {
    let client = args.hub.client()?;
    let kind = args.repo.kind(args.kind);
    let found = collect(&args)?;
    let bytes = found.iter().map(|found| found.bytes).sum();
    if context.dry_run() {
        let plan = Plan {
            dry_run: true,
            repo: args.repo.id.as_str(),
            kind,
            revision: &args.revision,
            files: found.iter().map(|found| &found.path).collect(),
            bytes,
        };
        return context.output().data(&plan, |plan| {
            let lines: Vec<_> = plan.files.iter().map(|path| path.as_str()).collect();
            lines.join("\n")
        });
    }
    let files = found.len();
    let revision = context.block_on(send(&args, &client, kind, found, bytes, context))?;
    let report = Report {
        repo: args.repo.id.as_str(),
        kind,
        revision,
        files,
        bytes,
    };
    context.output().data(&report, |report| {
        format!(
            "{} files, {} bytes, in {} at {}",
            report.files, report.bytes, report.repo, report.revision
        )
    })
}

async fn send(
    args: &Args,
    client: &HubClient,
    kind: RepoType,
    found: Vec<Found>,
    bytes: u64,
    context: &Context,
) -> miette::Result<Revision> {
    let repo = &args.repo.id;
    let visibility = if args.private {
        Visibility::Private
    } else {
        Visibility::Public
    };
    client
        .create_repo(repo, kind, visibility, ExistingRepo::Keep)
        .await
        .map_err(explained)?;
    let bar = Bar::new(context.output(), "uploading", bytes);
    let client = client.with_progress(bar.clone());
    let revision = match &args.outbox {
        None => {
            let request = CommitRequest::new(&args.message).on(args.revision.clone());
            let request = found.into_iter().fold(request, |request, found| {
                request.add(found.path, Source::File(found.file))
            });
            client.commit(repo, kind, request).await.map_err(explained)?
        }
        Some(folder) => through_outbox(args, &client, kind, found, folder).await?,
    };
    bar.finish();
    Ok(revision)
}

async fn through_outbox(
    args: &Args,
    client: &HubClient,
    kind: RepoType,
    found: Vec<Found>,
    folder: &Path,
) -> miette::Result<Revision> {
    let outbox = Outbox::open(folder, BatchLimits::default())
        .await
        .into_diagnostic()?;
    let target = Target {
        repo: args.repo.id.clone(),
        kind,
        branch: args.revision.clone(),
    };
    // What an interrupted run left goes first. Queueing the same files after it makes no second commit of them: what
    // the branch holds already is not committed again.
    outbox.drain(client).await.into_diagnostic()?;
    let mut last = None;
    for found in found {
        let source = Source::File(found.file);
        last = Some(
            outbox
                .put(&target, &found.path, source, &args.message)
                .await
                .into_diagnostic()?,
        );
    }
    outbox.drain(client).await.into_diagnostic()?;
    let delivery = match last {
        Some(ticket) => outbox.delivery(ticket).await.into_diagnostic()?,
        None => None,
    };
    match delivery {
        Some(Delivery::Delivered(revision)) => Ok(revision),
        Some(Delivery::Failed(reason)) => Err(miette!(
            help = format!("the files are kept in {}", folder.display()),
            "the hub refuses the upload: {reason}"
        )),
        _ => Err(miette!("nothing was uploaded")),
    }
}

/// Every file that the arguments name, with its place in the repository.
fn collect(args: &Args) -> miette::Result<Vec<Found>> {
    let mut found = Vec::new();
    for root in &args.paths {
        for entry in walkdir::WalkDir::new(root).sort_by_file_name() {
            let entry = entry
                .into_diagnostic()
                .wrap_err("a file to upload cannot be read")?;
            if !entry.file_type().is_file() {
                continue;
            }
            let inner = match entry.depth() {
                // A file named itself lies under its own name, a folder's content without the folder's.
                0 => entry.file_name().to_str(),
                _ => entry.path().strip_prefix(root).ok().and_then(Path::to_str),
            };
            let inner =
                inner.ok_or_else(|| miette!("{} has a name that is no text", entry.path().display()))?;
            let inner = inner.replace(std::path::MAIN_SEPARATOR, "/");
            if inner.split('/').any(|part| part == ".git") {
                continue;
            }
            let path = match &args.into {
                Some(folder) => format!("{folder}/{inner}"),
                None => inner,
            };
            let path: RepoPath = path
                .parse()
                .into_diagnostic()
                .wrap_err_with(|| entry.path().display().to_string())?;
            let bytes = entry.metadata().into_diagnostic()?.len();
            found.push(Found {
                file: entry.into_path(),
                path,
                bytes,
            });
        }
    }
    if found.is_empty() {
        return Err(miette!("there is no file to upload"));
    }
    Ok(found)
}
