//! When a subnet's epochs run.

use crate::{Block, ChainError, EpochSchedule, NetUid, Snapshot, runtime::number_value, snapshot::Query};

/// An epoch comes at the latest when this many blocks have passed since the last.
const LONGEST_TEMPO: u64 = 50_400;

impl Snapshot {
    /// When a subnet's epochs run.
    ///
    /// # Errors
    ///
    /// [`ChainError::NoSubnet`] when there is none; otherwise when the node does not answer.
    pub async fn epoch_schedule(&self, netuid: NetUid) -> Result<EpochSchedule, ChainError> {
        let mut query = Query::default();
        let subnet = || [number_value(netuid.0)];
        let added = query.subtensor::<bool>("NetworksAdded", subnet());
        let tempo = query.subtensor::<u16>("Tempo", subnet());
        let last = query.subtensor::<u64>("LastEpochBlock", subnet());
        let pending = query.subtensor::<u64>("PendingEpochAt", subnet());
        let since = query.subtensor::<u64>("BlocksSinceLastStep", subnet());
        let index = query.subtensor::<u64>("SubnetEpochIndex", subnet());
        let answer = self.read(query).await?;
        if !answer.get(added)?.unwrap_or_default() {
            return Err(ChainError::NoSubnet { netuid });
        }
        let tempo = answer.need(tempo)?;
        let since = answer.get(since)?.unwrap_or_default();
        let now = self.block.number;
        let (last, next) = match answer.get(last)? {
            Some(last) => (
                last,
                next_epoch(
                    now.0,
                    tempo,
                    last,
                    answer.get(pending)?.unwrap_or_default(),
                    since,
                ),
            ),
            None => (
                now.0.saturating_sub(since),
                next_epoch_of_old_chains(now.0, tempo, netuid.0),
            ),
        };
        Ok(EpochSchedule {
            block: self.block,
            tempo,
            last_epoch_block: Block(last),
            next_epoch_block: next.map(Block),
            epoch_index: answer.get(index)?,
        })
    }
}

/// The first block after `now` in which an epoch is due: a tempo after the last one, at the block that was asked for
/// (`pending`, 0 for none), or when the longest tempo has passed, whichever is first.
fn next_epoch(now: u64, tempo: u16, last: u64, pending: u64, since: u64) -> Option<u64> {
    if tempo == 0 {
        return None;
    }
    let regular = last.saturating_add(u64::from(tempo));
    let asked = if pending > 0 { pending } else { u64::MAX };
    let forced = now + (LONGEST_TEMPO + 1).saturating_sub(since);
    Some(regular.min(asked).min(forced).max(now + 1))
}

/// Older chains have no state: an epoch runs where block + netuid + 1 is a multiple of tempo + 1.
fn next_epoch_of_old_chains(now: u64, tempo: u16, netuid: u16) -> Option<u64> {
    if tempo == 0 {
        return None;
    }
    let period = u64::from(tempo) + 1;
    let phase = (now + 1 + u64::from(netuid) + 1) % period;
    Some(now + 1 + (period - phase) % period)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_epoch_is_the_first_of_regular_asked_and_forced() {
        assert_eq!(next_epoch(110, 50, 100, 0, 10), Some(150));
        assert_eq!(next_epoch(110, 50, 100, 120, 10), Some(120));
        assert_eq!(next_epoch(110, 50, 100, 200, 10), Some(150));
        assert_eq!(next_epoch(110, 0, 100, 0, 10), None);
        assert_eq!(next_epoch(170, 50, 100, 0, 70), Some(171), "put off: due at once");
        assert_eq!(next_epoch(60_000, 65_535, 9_999, 0, 50_401), Some(60_001));
    }

    #[test]
    fn older_chains_count_by_the_block() {
        for (now, tempo, netuid) in [(0, 99, 1), (97, 99, 1), (98, 99, 1), (12_345, 360, 7)] {
            let next = next_epoch_of_old_chains(now, tempo, netuid).unwrap();
            assert!(next > now);
            assert_eq!((next + u64::from(netuid) + 1) % (u64::from(tempo) + 1), 0);
            assert!(next - now <= u64::from(tempo) + 1);
        }
    }
}
