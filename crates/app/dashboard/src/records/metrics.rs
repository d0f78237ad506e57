//! What Prometheus scrapes: the newest of what is on record and of the run.

use super::cell::Names;
use crate::state::DashboardState;
use assay_analysis::{Store, Table};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use std::fmt;
use std::sync::atomic::AtomicU64;

/// What the answer says that it is.
pub(super) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type Number = Gauge<f64, AtomicU64>;
type Labels = Vec<(&'static str, String)>;
type Labelled = Family<Labels, Number>;

/// A metric of a table: one value for each row.
struct Of {
    name: &'static str,
    help: &'static str,
    table: fn(&Store) -> Table,
    /// The columns that tell rows apart, with the labels' names.
    labels: &'static [(&'static str, &'static str)],
    value: &'static str,
}

const HOTKEY: &[(&str, &str)] = &[("hotkey", "hotkey"), ("uid", "uid")];

/// Every metric that a table has.
const METRICS: [Of; 17] = [
    Of {
        name: "assay_miner_incentive",
        help: "Share of what the newest epoch paid to miners, 0 to 1",
        table: Store::miners,
        labels: HOTKEY,
        value: "incentive",
    },
    Of {
        name: "assay_miner_emission_alpha",
        help: "What the newest epoch paid the miner",
        table: Store::miners,
        labels: HOTKEY,
        value: "emission",
    },
    Of {
        name: "assay_miner_earned_alpha",
        help: "What all epochs on record paid the miner",
        table: Store::miners,
        labels: HOTKEY,
        value: "earned",
    },
    Of {
        name: "assay_miner_score",
        help: "The miner's newest moving average",
        table: Store::miners,
        labels: HOTKEY,
        value: "score",
    },
    Of {
        name: "assay_miner_loss",
        help: "Loss after training on the miner's dataset in the newest round",
        table: Store::miners,
        labels: HOTKEY,
        value: "loss",
    },
    Of {
        name: "assay_miner_asked",
        help: "Requests on record that the miner was asked",
        table: Store::answers,
        labels: &[("hotkey", "hotkey")],
        value: "asked",
    },
    Of {
        name: "assay_miner_answered",
        help: "Requests on record that the miner answered",
        table: Store::answers,
        labels: &[("hotkey", "hotkey")],
        value: "answered",
    },
    Of {
        name: "assay_miner_reward_mean",
        help: "Mean reward of the miner's answers on record",
        table: Store::answers,
        labels: &[("hotkey", "hotkey")],
        value: "mean_reward",
    },
    Of {
        name: "assay_validator_dividends",
        help: "Share of what the newest epoch paid to validators, 0 to 1",
        table: Store::network,
        labels: HOTKEY,
        value: "dividends",
    },
    Of {
        name: "assay_weight_steps",
        help: "Steps of attempts to set weights on record, by stage",
        table: Store::stages,
        labels: &[("stage", "stage")],
        value: "steps",
    },
    Of {
        name: "assay_weight",
        help: "Share of the newest row that a validator sent",
        table: Store::weights,
        labels: &[("validator", "source"), ("hotkey", "hotkey")],
        value: "share",
    },
    Of {
        name: "assay_step_seconds_mean",
        help: "Mean time of a validator's step on record",
        table: Store::forwards,
        labels: &[("system", "system"), ("validator", "source")],
        value: "seconds",
    },
    Of {
        name: "assay_steps",
        help: "Steps of validators on record",
        table: Store::forwards,
        labels: &[("system", "system"), ("validator", "source")],
        value: "steps",
    },
    Of {
        name: "assay_steps_failed",
        help: "Steps of validators on record that failed",
        table: Store::forwards,
        labels: &[("system", "system"), ("validator", "source")],
        value: "failed",
    },
    Of {
        name: "assay_axon_calls",
        help: "Requests to the axon on record",
        table: Store::calls,
        labels: &[("route", "route"), ("status", "status"), ("refusal", "refusal")],
        value: "calls",
    },
    Of {
        name: "assay_reward_model_mean",
        help: "Mean of what a reward model or filter gave",
        table: Store::models,
        labels: &[("model", "model")],
        value: "mean",
    },
    Of {
        name: "assay_round_lowest_loss",
        help: "Lowest loss of a round, by its closing block",
        table: newest_round,
        labels: &[("validator", "validator")],
        value: "lowest_loss",
    },
];

/// A metric that is the value of a table's last row.
struct Newest {
    name: &'static str,
    help: &'static str,
    table: fn(&Store) -> Table,
    value: &'static str,
}

const NEWEST: [Newest; 7] = [
    Newest {
        name: "assay_block_seconds",
        help: "Mean time between the newest blocks",
        table: Store::block_times,
        value: "seconds",
    },
    Newest {
        name: "assay_cpu_percent",
        help: "Load of all processors, 0 to 100",
        table: Store::hardware,
        value: "cpu_percent",
    },
    Newest {
        name: "assay_process_cpu_percent",
        help: "What this program uses of one processor",
        table: Store::hardware,
        value: "process_cpu_percent",
    },
    Newest {
        name: "assay_process_memory_bytes",
        help: "Resident memory of this program",
        table: Store::hardware,
        value: "process_memory",
    },
    Newest {
        name: "assay_disk_free_bytes",
        help: "Room on the disk",
        table: Store::hardware,
        value: "disk_free",
    },
    Newest {
        name: "assay_gpu_percent",
        help: "Load of the graphics processors, 0 to 100",
        table: Store::hardware,
        value: "gpu_percent",
    },
    Newest {
        name: "assay_gating_loss",
        help: "Mean loss of the gating model lately",
        table: Store::questions,
        value: "gating_loss",
    },
];

/// The newest of the rounds, one line a validator.
fn newest_round(store: &Store) -> Table {
    let mut rounds = store.rounds();
    let newest = rounds.rows.first().and_then(|row| row[0].number());
    rounds.rows.retain(|row| row[0].number() == newest);
    rounds
}

/// Everything, in the text format of OpenMetrics.
pub(super) fn text(
    store: &Store,
    state: Option<&DashboardState>,
    names: &Names,
) -> Result<String, fmt::Error> {
    let mut registry = Registry::default();
    for metric in &METRICS {
        let table = (metric.table)(store);
        let family = Labelled::default();
        for row in &table.rows {
            let Some(value) = table.cell(row, metric.value).number() else {
                continue;
            };
            let mut labels = Labels::new();
            for (label, column) in metric.labels {
                let shown = match table.cell(row, column) {
                    assay_analysis::Cell::Text(text) => text.to_string(),
                    cell => cell
                        .number()
                        .map_or_else(String::new, |number| number.to_string()),
                };
                if *label == "hotkey"
                    && let Some(name) = names.of(&shown)
                {
                    labels.push(("name", name.to_owned()));
                }
                labels.push((label, shown));
            }
            family.get_or_create(&labels).set(value);
        }
        registry.register(metric.name, metric.help, family);
    }
    for metric in &NEWEST {
        let table = (metric.table)(store);
        let value = table
            .rows
            .iter()
            .rev()
            .find_map(|row| table.cell(row, metric.value).number());
        single(&mut registry, metric.name, metric.help, value);
    }
    let requests = store.traffic();
    let family = Labelled::default();
    for source in ["organic", "synthetic", "failed"] {
        let sum: f64 = requests
            .rows
            .iter()
            .filter_map(|row| requests.cell(row, source).number())
            .sum();
        family
            .get_or_create(&vec![("source", source.to_owned())])
            .set(sum);
    }
    registry.register("assay_requests", "Requests on record that were judged", family);
    single(
        &mut registry,
        "assay_events",
        "Events on record that are kept in memory",
        Some(store.events() as f64),
    );
    let chain = state.and_then(|state| state.chain.as_ref());
    single(
        &mut registry,
        "assay_block",
        "The newest block of the chain",
        chain.map(|chain| chain.block as f64),
    );
    single(
        &mut registry,
        "assay_problems",
        "What is wrong now",
        state.map(|state| state.problems.len() as f64),
    );
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}

/// A metric without labels; left out where nothing is known.
fn single(registry: &mut Registry, name: &'static str, help: &'static str, value: Option<f64>) {
    if let Some(value) = value {
        let gauge = Number::default();
        gauge.set(value);
        registry.register(name, help, gauge);
    }
}
