//! `assay export storage`: copies of the records in an object store, where many programs' are asked at once.

use crate::commands::records_folders::RecordsFolders;
#[cfg(not(feature = "sql"))]
use crate::context::Context;

/// Copy what was recorded to a bucket of an S3-compatible store, for `assay query --records s3://…`
///
/// Parquet files are sent once, lines that are still being written again when there are more of them. Private texts never
/// enter the records. Keys are read from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, the service from AWS_ENDPOINT_URL,
/// its region from AWS_REGION; AWS_ALLOW_HTTP=true lets one without TLS be used.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:\n  \
    assay export storage s3://my-subnet/validator-1 --records ~/.assay/validator/records\n  \
    assay export storage s3://my-subnet/everything --follow")]
pub(crate) struct Args {
    /// The bucket and the prefix, as s3://BUCKET/PREFIX
    #[arg(value_name = "ADDRESS")]
    to: String,
    #[command(flatten)]
    folders: RecordsFolders,
    /// Go on with what is recorded from now on, until stopped
    #[arg(long)]
    follow: bool,
    /// Seconds between two looks
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400), requires = "follow")]
    every: u64,
}

#[cfg(not(feature = "sql"))]
pub(super) fn run(_: Args, _: &Context) -> miette::Result<()> {
    Err(crate::commands::query::no_engine())
}

#[cfg(feature = "sql")]
pub(super) use copied::run;

#[cfg(feature = "sql")]
mod copied {
    use super::Args;
    use crate::{
        commands::{export::stop_signals, records_folders::bucket},
        context::Context,
    };
    use assay_records::objects::{Bucket, Stored};
    use miette::IntoDiagnostic;
    use serde::Serialize;
    use std::{path::PathBuf, time::Duration};
    use tokio_util::sync::CancellationToken;

    /// What became of one folder.
    #[derive(Debug, Serialize)]
    struct Told {
        records: PathBuf,
        to: String,
        sent: usize,
        bytes: u64,
        there: usize,
    }

    /// A folder and its place in the bucket.
    struct Copy {
        records: PathBuf,
        to: String,
        bucket: Bucket,
    }

    pub(in crate::commands::export) fn run(args: Args, context: &Context) -> miette::Result<()> {
        context.refuse_dry_run("assay export")?;
        let base = args.to.trim_end_matches('/');
        let copies = args
            .folders
            .find_named()?
            .into_iter()
            .map(|(records, name)| {
                let to = match name {
                    Some(name) => format!("{base}/{name}"),
                    None => base.to_owned(),
                };
                let bucket = bucket(&to)?;
                Ok(Copy { records, to, bucket })
            })
            .collect::<miette::Result<Vec<Copy>>>()?;
        context.block_on(copy(&args, &copies, context))
    }

    async fn copy(args: &Args, copies: &[Copy], context: &Context) -> miette::Result<()> {
        if !args.follow {
            let mut told = Vec::new();
            for copy in copies {
                told.push(copy.told(copy.bucket.keep(&copy.records).await.into_diagnostic()?));
            }
            return context.output().data(&told, |told| {
                told.iter().map(in_words).collect::<Vec<_>>().join("\n")
            });
        }
        let stop = CancellationToken::new();
        stop_signals(&stop)?;
        context.output().say("copying until stopped");
        loop {
            for copy in copies {
                // An outage is waited out: what was not sent is sent at the next look.
                match stop.run_until_cancelled(copy.bucket.keep(&copy.records)).await {
                    None => return Ok(()),
                    Some(Ok(stored)) if stored.sent > 0 => {
                        context.output().say(&in_words(&copy.told(stored)));
                    }
                    Some(Ok(_)) => {}
                    Some(Err(error)) => context.output().warn(&format!("{error}; tried again")),
                }
            }
            let pause = tokio::time::sleep(Duration::from_secs(args.every));
            if stop.run_until_cancelled(pause).await.is_none() {
                return Ok(());
            }
        }
    }

    impl Copy {
        fn told(&self, stored: Stored) -> Told {
            Told {
                records: self.records.clone(),
                to: self.to.clone(),
                sent: stored.sent,
                bytes: stored.bytes,
                there: stored.there,
            }
        }
    }

    fn in_words(told: &Told) -> String {
        let (records, to) = (told.records.display(), &told.to);
        match told.sent {
            0 => format!("{records}: nothing is new at {to}"),
            sent => format!(
                "{records}: {sent} {}, {} kB, sent to {to}",
                if sent == 1 { "file" } else { "files" },
                told.bytes.div_ceil(1000)
            ),
        }
    }
}
