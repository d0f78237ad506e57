//! One's own axon, looked at as a stranger sees it.

use assay_axon::{Probe, Target, probe};
use assay_neuron::NotReached;
use std::time::Duration;

/// A stranger's look at one's own axon may not take long.
const PROBE: Probe = Probe {
    connect: Duration::from_secs(4),
    answer: Duration::from_secs(6),
    request: None,
};

/// Whether our axon is reached there, and is ours.
pub(crate) async fn look(target: Target) -> Result<(), NotReached> {
    let report = probe(&target, None, &PROBE).await;
    if report.is_fine() {
        return Ok(());
    }
    Err(NotReached {
        reason: report.finding.to_string(),
    })
}
