//! What epochs paid: the network after each, and what neurons earned over all.

use crate::{
    mean::Mean,
    scope::Where,
    store::{EpochRow, Store},
    table::{Table, columns, row},
};
use std::{
    cmp::{Ordering, Reverse},
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Lines of a plot. More cannot be told apart.
const LINES: usize = 8;

impl Store {
    /// The neurons as the newest epoch left them.
    #[must_use]
    pub fn network(&self) -> Table {
        let mut newest: BTreeMap<u16, u64> = BTreeMap::new();
        for (netuid, block, _) in self.epoch_rows().into_keys() {
            newest.insert(netuid, block);
        }
        let rows = self
            .epoch_rows()
            .into_iter()
            .filter(|((netuid, block, _), _)| newest.get(netuid) == Some(block))
            .map(|(_, neuron)| {
                row![
                    neuron.netuid,
                    neuron.uid,
                    &neuron.hotkey,
                    neuron.is_validator,
                    neuron.incentive,
                    neuron.dividends,
                    neuron.consensus,
                    neuron.validator_trust,
                    neuron.emission,
                    neuron.stake,
                    neuron.weights_at,
                ]
            })
            .collect();
        Table {
            name: "network",
            title: "Network",
            about: "every neuron as the newest epoch left it",
            sql: format!(
                "SELECT DISTINCT e.netuid AS netuid, uid, hotkey, is_validator, incentive, dividends, consensus, validator_trust, \
                 emission, stake, weights_at FROM epochs e JOIN (SELECT netuid, max(block) AS block FROM epochs{0} GROUP BY \
                 netuid) n ON e.netuid = n.netuid AND e.block = n.block{1} ORDER BY netuid, uid",
                self.sql(&self.epochs, true),
                self.sql(&self.epochs, false),
            ),
            columns: columns![
                netuid "Subnet" Count,
                uid "Uid" Uid,
                hotkey "Hotkey" Hotkey,
                is_validator "Validator" Flag,
                incentive "Incentive" Share,
                dividends "Dividends" Share,
                consensus "Consensus" Share,
                validator_trust "Validator trust" Share,
                emission "Emission" Alpha,
                stake "Stake" Alpha,
                weights_at "Weights at" Block,
            ],
            rows,
        }
    }

    /// What each neuron has earned over all epochs.
    #[must_use]
    pub fn earnings(&self) -> Table {
        #[derive(Default)]
        struct Earned {
            incentive: Mean,
            emission: Mean,
            blocks: BTreeSet<u64>,
            uid: Option<u16>,
            last: Option<f64>,
        }
        let mut of: BTreeMap<Arc<str>, Earned> = BTreeMap::new();
        // In the order of blocks, so the last that is seen is the newest.
        let mut in_order: Vec<_> = self.epoch_rows().into_values().collect();
        in_order.sort_by_key(|neuron| neuron.block);
        for neuron in in_order {
            let earned = of.entry(neuron.hotkey.clone()).or_default();
            earned.incentive.add_some(neuron.incentive);
            earned.emission.add_some(neuron.emission);
            earned.blocks.insert(neuron.block);
            earned.uid = Some(neuron.uid);
            earned.last = neuron.incentive;
        }
        let mut of: Vec<_> = of.into_iter().collect();
        of.sort_by(|(one_key, one), (other_key, other)| {
            other
                .emission
                .sum()
                .total_cmp(&one.emission.sum())
                .then(one_key.cmp(other_key))
        });
        let rows = of
            .into_iter()
            .map(|(hotkey, earned)| {
                row![
                    hotkey,
                    earned.uid,
                    earned.blocks.len(),
                    earned.emission.sum(),
                    earned.last,
                    earned.incentive.mean(),
                    earned.incentive.max(),
                    earned.blocks.first().copied(),
                    earned.blocks.last().copied(),
                ]
            })
            .collect();
        Table {
            name: "earnings",
            title: "Earnings",
            about: "what each neuron has earned over the epochs on record",
            sql: format!(
                "WITH e AS ({}) SELECT hotkey, last_value(uid ORDER BY block) AS uid, count(DISTINCT block) AS epochs, \
                 coalesce(sum(emission), 0) AS earned, last_value(incentive ORDER BY block) AS incentive, avg(incentive) AS \
                 mean_incentive, max(incentive) AS best_incentive, min(block) AS first_block, max(block) AS last_block FROM e \
                 GROUP BY hotkey ORDER BY earned DESC, hotkey",
                distinct(&self.sql(&self.epochs, true))
            ),
            columns: columns![
                hotkey "Hotkey" Hotkey,
                uid "Uid" Uid,
                epochs "Epochs" Count,
                earned "Earned" Alpha,
                incentive "Incentive" Share,
                mean_incentive "Mean incentive" Share,
                best_incentive "Best incentive" Share,
                first_block "First epoch" Block,
                last_block "Last epoch" Block,
            ],
            rows,
        }
    }

    /// Each epoch in a line, the newest first.
    #[must_use]
    pub fn epochs(&self) -> Table {
        #[derive(Default)]
        struct Epoch {
            neurons: u64,
            paid: u64,
            incentive: Mean,
            emission: Mean,
            stake: Mean,
        }
        let mut of: BTreeMap<Reverse<u64>, Epoch> = BTreeMap::new();
        for neuron in self.epoch_rows().into_values() {
            let epoch = of.entry(Reverse(neuron.block)).or_default();
            epoch.neurons += 1;
            epoch.paid += u64::from(neuron.incentive.is_some_and(|incentive| incentive > 0.0));
            epoch.incentive.add_some(neuron.incentive);
            epoch.emission.add_some(neuron.emission);
            epoch.stake.add_some(neuron.stake);
        }
        let rows = of
            .into_iter()
            .map(|(Reverse(block), epoch)| {
                row![
                    block,
                    epoch.neurons,
                    epoch.paid,
                    epoch.incentive.max(),
                    epoch.emission.sum(),
                    epoch.stake.sum(),
                ]
            })
            .collect();
        Table {
            name: "epochs",
            title: "Epochs",
            about: "what each epoch paid, the newest first",
            sql: format!(
                "WITH e AS ({}) SELECT block, count(*) AS neurons, count(*) FILTER (WHERE incentive > 0) AS paid, \
                 max(incentive) AS top_incentive, coalesce(sum(emission), 0) AS emission, coalesce(sum(stake), 0) AS stake FROM \
                 e GROUP BY block ORDER BY block DESC",
                distinct(&self.sql(&self.epochs, true))
            ),
            columns: columns![
                block "Block" Block,
                neurons "Neurons" Count,
                paid "Paid miners" Count,
                top_incentive "Top incentive" Share,
                emission "Emission" Alpha,
                stake "Stake" Alpha,
            ],
            rows,
        }
    }

    /// Incentive and consensus of the best paid miners, epoch by epoch.
    #[must_use]
    pub fn incentives(&self) -> Table {
        let mut emission: BTreeMap<Arc<str>, Mean> = BTreeMap::new();
        let neurons = self.epoch_rows();
        for neuron in neurons.values() {
            emission
                .entry(neuron.hotkey.clone())
                .or_default()
                .add_some(neuron.incentive);
        }
        let mut best: Vec<(Arc<str>, f64)> = emission
            .into_iter()
            .map(|(hotkey, incentive)| (hotkey, incentive.sum()))
            .filter(|(_, sum)| *sum > 0.0)
            .collect();
        best.sort_by(by_value_then_name);
        best.truncate(LINES);
        let mut chosen: Vec<&EpochRow> = neurons
            .into_values()
            .filter(|neuron| best.iter().any(|(hotkey, _)| *hotkey == neuron.hotkey))
            .collect();
        chosen.sort_by(|one, other| (one.block, &one.hotkey).cmp(&(other.block, &other.hotkey)));
        let rows = chosen
            .into_iter()
            .map(|neuron| row![neuron.block, &neuron.hotkey, neuron.incentive, neuron.consensus])
            .collect();
        Table {
            name: "incentives",
            title: "Incentive over time",
            about: "share of what an epoch pays to miners, of those who got most of all",
            sql: format!(
                "WITH e AS ({}), best AS (SELECT hotkey, sum(incentive) AS total FROM e GROUP BY hotkey HAVING sum(incentive) > 0 \
                 ORDER BY total DESC, hotkey LIMIT {LINES}) SELECT block, e.hotkey AS hotkey, incentive, consensus FROM e JOIN \
                 best ON e.hotkey = best.hotkey ORDER BY block, hotkey",
                distinct(&self.sql(&self.epochs, true))
            ),
            columns: columns![
                block "Block" Block,
                hotkey "Hotkey" Hotkey,
                incentive "Incentive" Share,
                consensus "Consensus" Share,
            ],
            rows,
        }
    }

    /// One row for a neuron in an epoch, however many have recorded it.
    pub(crate) fn epoch_rows(&self) -> BTreeMap<(u16, u64, u16), &EpochRow> {
        let mut rows = BTreeMap::new();
        for (_, neuron) in self.epochs.iter() {
            rows.entry((neuron.netuid, neuron.block, neuron.uid))
                .or_insert(neuron);
        }
        rows
    }
}

/// The same in SQL.
pub(crate) fn distinct(filter: &Where) -> String {
    format!(
        "SELECT DISTINCT netuid, block, uid, hotkey, incentive, dividends, consensus, emission, stake FROM epochs{filter}"
    )
}

/// The largest first, and equal ones by name.
pub(crate) fn by_value_then_name(one: &(Arc<str>, f64), other: &(Arc<str>, f64)) -> Ordering {
    other.1.total_cmp(&one.1).then_with(|| one.0.cmp(&other.0))
}
