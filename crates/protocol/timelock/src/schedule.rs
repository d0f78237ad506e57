//! In which block a commit made now is revealed.

/// Blocks after the reveal block for which stock clients choose their round. The row is then stored a few blocks into
/// the epoch and counts at its end; nobody can read it before the commits of the epoch are closed.
pub const SAFETY_BLOCKS: u64 = 3;

/// After so many blocks without an epoch one runs whatever the schedule says.
const LONGEST_WAIT: u64 = 50_400;

/// What a subnet's next epochs depend on, as the chain stores it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EpochSchedule {
    /// `LastEpochBlock`.
    pub last_epoch_block: u64,
    /// `PendingEpochAt`: the block of an epoch that somebody asked for; 0 for none.
    pub pending_epoch_at: u64,
    /// `BlocksSinceLastStep`.
    pub blocks_since_last_step: u64,
    /// `Tempo`: blocks between epochs.
    pub tempo: u16,
}

impl EpochSchedule {
    /// The block in whose beginning a commit is due that goes into the block after `head`, just before the epoch that
    /// runs there; `period` is `RevealPeriodEpochs`. `None` for a tempo of 0, which has no epochs.
    #[must_use]
    pub fn reveal_block(&self, head: u64, period: u64) -> Option<u64> {
        if self.tempo == 0 {
            return None;
        }
        let tempo = u64::from(self.tempo);
        let included = head.saturating_add(1);
        let next = self.next_epoch(head);
        // A commit in the very block of an epoch belongs to the epoch that begins there.
        let whole_epochs = match next <= included {
            true => period,
            false => period.saturating_sub(1),
        };
        Some(
            next.max(included)
                .saturating_add(whole_epochs.saturating_mul(tempo)),
        )
    }

    /// The block of the next epoch.
    fn next_epoch(&self, head: u64) -> u64 {
        let automatic = self.last_epoch_block.saturating_add(u64::from(self.tempo));
        // The count stands at its value after `head` and grows by one a block.
        let blocks_left = (LONGEST_WAIT + 1).saturating_sub(self.blocks_since_last_step);
        let forced = head.saturating_add(1).saturating_add(blocks_left);
        let asked = match self.pending_epoch_at {
            0 => u64::MAX,
            block => block,
        };
        automatic.min(forced).min(asked)
    }
}

#[cfg(test)]
mod tests {
    use super::{EpochSchedule, SAFETY_BLOCKS};

    /// Blocks from the head to the block whose round a stock client chooses, with the last epoch at block 0.
    fn distance(head: u64, pending: u64, period: u64) -> u64 {
        let schedule = EpochSchedule {
            last_epoch_block: 0,
            pending_epoch_at: pending,
            blocks_since_last_step: head,
            tempo: 360,
        };
        schedule.reveal_block(head, period).unwrap() + SAFETY_BLOCKS - head
    }

    #[test]
    fn the_stock_clients_distances_come_out() {
        let cases = [
            (0, 0, 1, 363),
            (1, 0, 1, 362),
            (100, 0, 1, 263),
            (358, 0, 1, 5),
            (359, 0, 1, 364),
            (10, 0, 2, 713),
            (10, 50, 1, 43),
            (10, 50, 2, 403),
        ];
        for (head, pending, period, blocks) in cases {
            assert_eq!(
                distance(head, pending, period),
                blocks,
                "head {head}, pending {pending}, period {period}"
            );
        }
    }

    #[test]
    fn an_epoch_is_forced_after_the_longest_wait() {
        let schedule = EpochSchedule {
            last_epoch_block: 1_000_000,
            pending_epoch_at: 0,
            blocks_since_last_step: 50_400,
            tempo: 360,
        };
        assert_eq!(schedule.reveal_block(1_000_000, 1), Some(1_000_002));
        let overdue = EpochSchedule {
            blocks_since_last_step: 50_401,
            ..schedule
        };
        assert_eq!(overdue.reveal_block(1_000_000, 1), Some(1_000_361));
        assert_eq!(EpochSchedule { tempo: 0, ..schedule }.reveal_block(5, 1), None);
    }
}
