//! When a validator sends its next row, counted in blocks.
//!
//! The decision rests on blocks and on the block of the last row, never on how often anybody looked: a validator that was
//! busy or away for any time sends its row at the first look after it is due. That is why no epoch is skipped while there
//! is time left in it.

use assay_chain::{Block, EpochSchedule};
use std::num::NonZeroU64;

/// When the next row is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WeightSchedule {
    /// Once in each epoch, from so many blocks before its end. Fewer, and a full block or a slow node lets the epoch
    /// pass without the row; more, and the row knows less of what miners did in it. Half of the epoch at the most.
    Epochs {
        /// The blocks before the epoch's end.
        lead: u64,
    },
    /// So many blocks after the last row.
    Blocks(NonZeroU64),
    /// Never: the validator only scores, and its weights stay what they are.
    Never,
}

impl Default for WeightSchedule {
    /// 25 blocks before an epoch's end: five minutes on a public chain, in which several tries have room.
    fn default() -> Self {
        Self::Epochs { lead: 25 }
    }
}

impl WeightSchedule {
    /// The block from which a row is due, which may have passed; nothing as long as the subnet runs no epochs.
    ///
    /// `last` is the block of the last row that counts, and `rate_limit` the subnet's number of blocks between two.
    pub fn due(&self, epochs: &EpochSchedule, last: Option<Block>, rate_limit: u64) -> Option<Block> {
        let due = match *self {
            Self::Blocks(length) => last.map_or(Block(0), |last| Block(last.0.saturating_add(length.get()))),
            Self::Never => return None,
            Self::Epochs { lead } => {
                let length = u64::from(epochs.tempo).saturating_add(1);
                let end = epochs.next_epoch_block?;
                // A row in an epoch's own block comes after it, and counts for the one that begins there.
                let is_set = last.is_some_and(|last| last >= epochs.last_epoch_block);
                let end = if is_set {
                    end.0.saturating_add(length)
                } else {
                    end.0
                };
                Block(end.saturating_sub(lead.min(length / 2).max(1)))
            }
        };
        let allowed = last.map_or(0, |last| last.0.saturating_add(rate_limit));
        Some(due.max(Block(allowed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use assay_chain::{BlockHash, BlockRef};
    use proptest::prelude::*;

    const TEMPO: u16 = 99;

    /// The epochs of a chain on which one runs every 100 blocks.
    fn epochs(now: u64) -> EpochSchedule {
        EpochSchedule {
            block: BlockRef {
                number: Block(now),
                hash: BlockHash([0; 32]),
            },
            tempo: TEMPO,
            last_epoch_block: Block(now / 100 * 100),
            next_epoch_block: Some(Block((now / 100 + 1) * 100)),
            epoch_index: None,
        }
    }

    #[test]
    fn a_validator_that_only_scores_never_has_a_row_due() {
        for (now, last) in [(0, None), (199, None), (100_000, Some(Block(3)))] {
            assert_eq!(WeightSchedule::Never.due(&epochs(now), last, 0), None);
        }
    }

    #[test]
    fn a_row_is_due_once_an_epoch_shortly_before_its_end() {
        let schedule = WeightSchedule::Epochs { lead: 25 };
        // Now, the last row, the limit, when the next is due.
        let cases = [
            (110, None, 0, 175),
            (190, None, 0, 175),
            (190, Some(80), 0, 175),
            (190, Some(99), 0, 175),
            // One in the epoch's own block counts for this epoch.
            (190, Some(100), 0, 275),
            (190, Some(176), 0, 275),
            (201, Some(176), 0, 275),
            // The limit holds it back, as the chain would.
            (201, Some(199), 90, 289),
            (201, Some(199), 360, 559),
        ];
        for (now, last, limit, due) in cases {
            let last = last.map(Block);
            assert_eq!(
                schedule.due(&epochs(now), last, limit),
                Some(Block(due)),
                "{now} {last:?} {limit}"
            );
        }
        // Short epochs have at most half of themselves as a lead, and one block at the least.
        let short = EpochSchedule {
            tempo: 9,
            next_epoch_block: Some(Block(120)),
            ..epochs(111)
        };
        assert_eq!(schedule.due(&short, None, 0), Some(Block(115)));
        assert_eq!(
            WeightSchedule::Epochs { lead: 0 }.due(&short, None, 0),
            Some(Block(119))
        );
        let never = EpochSchedule {
            tempo: 0,
            next_epoch_block: None,
            ..short
        };
        assert_eq!(schedule.due(&never, None, 0), None);
    }

    #[test]
    fn so_many_blocks_after_the_last_row_one_is_due_whenever_it_is_looked() {
        let length = NonZeroU64::new(100).unwrap();
        let schedule = WeightSchedule::Blocks(length);
        // The original missed 95 to 195, 95 to 295, 100 to 200 and 150 to 251: it compared remainders.
        let is_due = |last, now| schedule.due(&epochs(now), Some(Block(last)), 0) <= Some(Block(now));
        for (last, now) in [(95, 195), (95, 295), (100, 200), (150, 251), (1, 100_000)] {
            assert!(is_due(last, now), "{last} {now}");
        }
        for (last, now) in [(95, 101), (99, 100), (150, 249), (10, 11)] {
            assert!(!is_due(last, now), "{last} {now}");
        }
        assert!(
            schedule.due(&epochs(5), None, 0) <= Some(Block(5)),
            "the first at once"
        );
    }

    proptest! {
        /// Looks come at any distance shorter than the lead, and a row takes a few blocks to be in one.
        #[test]
        fn no_epoch_is_without_a_row(gaps in prop::collection::vec(1..15u64, 400), delay in 0..9u64) {
            let schedule = WeightSchedule::Epochs { lead: 25 };
            let (mut now, mut last) = (100, None);
            let mut rows = Vec::new();
            for gap in gaps {
                now += gap;
                if schedule.due(&epochs(now), last, 0).is_some_and(|due| Block(now) >= due) {
                    now += delay;
                    last = Some(Block(now));
                    rows.push(now);
                }
            }
            let with_row: std::collections::BTreeSet<u64> = rows.iter().map(|block| block / 100).collect();
            let ended = now / 100;
            prop_assert_eq!(with_row.range(..ended).count() as u64, ended - 1, "{:?}", rows);
            prop_assert!(rows.len() as u64 <= ended, "one an epoch at most: {:?}", rows);
        }
    }
}
