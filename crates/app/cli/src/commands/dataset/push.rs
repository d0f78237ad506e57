//! `assay dataset push`.

use crate::{
    commands::hub::{
        error::explained,
        place::{HubArgs, RepoArgument},
    },
    configuration::expand_home,
    context::Context,
};
use assay_hub::{
    BatchLimits, Others, Outbox, Publication, PublishError, RefName, RepoType, Revision, Target, Visibility,
    publish,
};
use miette::{IntoDiagnostic, miette};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Publish a dataset's folder on a hub, through an outbox
///
/// Only what differs is sent. What waits in the outbox survives this process and an outage of the hub: run the same command
/// again to go on. Files below data/ that the folder does not have are removed, since they would be loaded too.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folder that `assay dataset build` made
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    /// The repository: owner/name. It is made if it is not there
    repo: RepoArgument,
    /// Branch to commit to
    #[arg(long, default_value = "main")]
    revision: RefName,
    /// First line of the commits' messages
    #[arg(long, short = 'm', default_value = "Publish with assay")]
    message: String,
    /// Make the repository a private one, if it is made
    #[arg(long)]
    private: bool,
    /// Where the outbox is
    #[arg(long, value_name = "DIR", default_value = "~/.assay/outbox")]
    outbox: PathBuf,
    #[command(flatten)]
    hub: HubArgs,
}

/// What was published.
#[derive(Debug, Serialize)]
struct Pushed {
    repo: String,
    revision: Revision,
    sent: usize,
    unchanged: usize,
    removed: usize,
}

pub(super) fn run(args: &Args, context: &Context) -> miette::Result<()> {
    if !args.folder.join("README.md").is_file() {
        return Err(miette!(
            help = "`assay dataset build` makes one; `assay hub upload` takes any files",
            "{} has no card (README.md), so it is no dataset's folder",
            args.folder.display()
        ));
    }
    let client = args.hub.client()?;
    let pushed = context.block_on(async {
        let outbox = Outbox::open(&expand_home(&args.outbox), BatchLimits::default())
            .await
            .into_diagnostic()?;
        let publication = Publication {
            folder: args.folder.clone(),
            target: Target {
                repo: args.repo.id.clone(),
                kind: args.repo.kind(RepoType::Dataset),
                branch: args.revision.clone(),
            },
            visibility: if args.private {
                Visibility::Private
            } else {
                Visibility::Public
            },
            message: args.message.clone(),
            others: Others::RemoveBelow("data".parse().into_diagnostic()?),
        };
        let published = publish(&client, &outbox, &publication)
            .await
            .map_err(|error| failure(error, &args.outbox))?;
        Ok(Pushed {
            repo: args.repo.id.to_string(),
            revision: published.revision,
            sent: published.sent,
            unchanged: published.unchanged,
            removed: published.removed,
        })
    })?;
    context.output().data(&pushed, |pushed| {
        format!(
            "{} at {}: {} files sent, {} as they were, {} removed\nload it: datasets.load_dataset(\"{0}\")",
            pushed.repo, pushed.revision, pushed.sent, pushed.unchanged, pushed.removed
        )
    })
}

fn failure(error: PublishError, outbox: &Path) -> miette::Report {
    match error {
        PublishError::Hub(error) => explained(error),
        error => miette!(
            help = format!("what was queued is kept in {}", outbox.display()),
            "{error}"
        ),
    }
}
