//! `assay hub download`.

use super::{
    error::explained,
    place::{HubArgs, RepoArgument, parse_size},
    progress::Bar,
};
use crate::context::Context;
use assay_hub::{DownloadLimits, HubClient, RefName, RepoFile, RepoPath, RepoType, Revision, SnapshotLimits};
use miette::miette;
use serde::Serialize;
use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The repository: owner/name, or datasets/owner/name
    repo: RepoArgument,
    /// Files to download; the whole repository when none is named
    #[arg(value_name = "FILE")]
    files: Vec<RepoPath>,
    /// Kind of the repository
    #[arg(long = "type", value_name = "KIND", default_value = "dataset")]
    kind: RepoType,
    /// Branch, tag or commit
    #[arg(long, default_value = "main")]
    revision: RefName,
    /// Folder to put it into, which must not exist when the whole repository is downloaded [default: ./NAME]
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
    /// Most bytes together
    #[arg(long, value_name = "SIZE", default_value = "10G", value_parser = parse_size)]
    max_size: u64,
    /// Most files
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    max_files: usize,
    /// Most seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 3600)]
    deadline: u64,
    #[command(flatten)]
    hub: HubArgs,
}

/// What was downloaded.
#[derive(Debug, Serialize)]
struct Report<'a> {
    repo: &'a str,
    #[serde(rename = "type")]
    kind: RepoType,
    revision: Revision,
    to: &'a Path,
    files: Vec<FileReport>,
}

#[derive(Debug, Serialize)]
struct FileReport {
    path: RepoPath,
    bytes: u64,
}

pub(crate) fn run(args: Args, context: &Context) -> miette::Result<()> {
    context.refuse_dry_run("assay hub download")?;
    let client = args.hub.client()?;
    let kind = args.repo.kind(args.kind);
    let to = args
        .to
        .clone()
        .unwrap_or_else(|| PathBuf::from(args.repo.id.name()));
    if args.files.is_empty() && to.exists() {
        return Err(miette!(
            help = "choose another folder with --to, or remove this one",
            "{} is there already",
            to.display()
        ));
    }
    let (revision, files) = context.block_on(fetch(&args, &client, kind, &to, context))?;
    let report = Report {
        repo: args.repo.id.as_str(),
        kind,
        revision,
        to: &to,
        files,
    };
    context.output().data(&report, |report| {
        let bytes: u64 = report.files.iter().map(|file| file.bytes).sum();
        format!(
            "{} files, {bytes} bytes, at {} in {}",
            report.files.len(),
            report.revision,
            report.to.display()
        )
    })
}

async fn fetch(
    args: &Args,
    client: &HubClient,
    kind: RepoType,
    to: &Path,
    context: &Context,
) -> miette::Result<(Revision, Vec<FileReport>)> {
    let end = Instant::now() + Duration::from_secs(args.deadline);
    let repo = &args.repo.id;
    // The name is looked up once: all files come from the same commit, whatever happens to the branch meanwhile.
    let revision = client
        .repo_info(repo, kind, &args.revision)
        .await
        .map_err(explained)?
        .sha;
    let listed = client
        .list_files(repo, kind, &revision.into(), args.max_files)
        .await
        .map_err(explained)?;
    let wanted = chosen(args, listed)?;
    let total = wanted.iter().map(|file| file.size).sum();
    let bar = Bar::new(context.output(), "downloading", total);
    let client = client.with_progress(bar.clone());
    if args.files.is_empty() {
        let limits = SnapshotLimits {
            max_files: args.max_files,
            max_file_bytes: args.max_size,
            max_total_bytes: args.max_size,
            deadline: end.saturating_duration_since(Instant::now()),
        };
        client
            .download_snapshot(repo, kind, &revision, to, limits)
            .await
            .map_err(explained)?;
    } else {
        let mut left = args.max_size;
        for file in &wanted {
            let deadline = end.saturating_duration_since(Instant::now());
            let limits = DownloadLimits {
                max_bytes: left,
                deadline,
            };
            let target = file.path.below(to);
            let got = client
                .download(repo, kind, &revision, &file.path, &target, limits)
                .await;
            left = left.saturating_sub(got.map_err(explained)?.bytes);
        }
    }
    bar.finish();
    let files = wanted.into_iter().map(|file| FileReport {
        path: file.path,
        bytes: file.size,
    });
    Ok((revision, files.collect()))
}

/// The files asked for, of those that are there.
fn chosen(args: &Args, listed: Vec<RepoFile>) -> miette::Result<Vec<RepoFile>> {
    if args.files.is_empty() {
        return Ok(listed);
    }
    let find = |path: &RepoPath| {
        listed
            .iter()
            .find(|file| file.path == *path)
            .cloned()
            .ok_or_else(|| {
                let some: Vec<_> = listed.iter().take(5).map(|file| file.path.as_str()).collect();
                miette!(
                    help = format!("it has {} files: {} …", listed.len(), some.join(", ")),
                    "{} has no file {path} at {}",
                    args.repo.id,
                    args.revision
                )
            })
    };
    args.files.iter().map(find).collect()
}
