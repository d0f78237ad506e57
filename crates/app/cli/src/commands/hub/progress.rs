//! A bar of bytes on standard error.

use crate::output::Output;
use assay_hub::TransferProgress;
use indicatif::{ProgressBar, ProgressStyle};
use std::{io::IsTerminal as _, sync::Arc};

/// A bar that moves as contents do.
#[derive(Debug)]
pub(crate) struct Bar(ProgressBar);

impl Bar {
    /// A bar of `total` bytes; an invisible one when nobody would see it.
    pub(crate) fn new(output: Output, verb: &'static str, total: u64) -> Arc<Self> {
        if output.is_json() || !std::io::stderr().is_terminal() {
            return Arc::new(Self(ProgressBar::hidden()));
        }
        let bar = ProgressBar::new(total).with_message(verb);
        // A template that cannot be understood leaves the plain style.
        if let Ok(style) =
            ProgressStyle::with_template("{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}")
        {
            bar.set_style(style);
        }
        Arc::new(Self(bar))
    }

    pub(crate) fn finish(&self) {
        self.0.finish_and_clear();
    }
}

impl TransferProgress for Bar {
    fn sent(&self, bytes: u64) {
        self.0.inc(bytes);
    }

    fn received(&self, bytes: u64) {
        self.0.inc(bytes);
    }
}
