//! Whether one's own axon can be reached at its public address.

use crate::{NotReached, Probe};
use assay_axon::{Target, probe};
use assay_chain::AccountId;
use futures::future::BoxFuture;
use std::{net::SocketAddr, time::Duration};

/// How long a connection and an answer may take. An axon of one's own is near, unless the way to it is closed, which is
/// then known soon.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks the axon as a stranger does and has it prove that it is this hotkey's.
pub fn own_axon(hotkey: AccountId) -> impl Probe {
    move |address: SocketAddr| -> BoxFuture<'static, Result<(), NotReached>> {
        Box::pin(async move {
            let how = assay_axon::Probe {
                connect: PATIENCE,
                answer: PATIENCE,
                ..assay_axon::Probe::default()
            };
            let report = probe(&Target { hotkey, address }, None, &how).await;
            if report.is_fine() {
                Ok(())
            } else {
                Err(NotReached {
                    reason: report.finding.to_string(),
                })
            }
        })
    }
}
