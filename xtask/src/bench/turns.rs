//! Two programs or more that are measured by turns, so that a busy neighbour disturbs all of them.

use super::json_line;
use crate::error::TaskError;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The line that a program prints for its turn.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Measured {
    /// What a round is made of: texts, or tokens.
    #[serde(alias = "texts", alias = "tokens")]
    pub(super) work: f64,
    pub(super) best_seconds: f64,
    /// Absent where the system does not tell.
    pub(super) cpu_seconds: Option<f64>,
    /// What was computed, for programs that must compute the same.
    pub(super) checksum: Option<f64>,
    /// The same where it has several parts.
    #[serde(default)]
    pub(super) sums: BTreeMap<String, f64>,
    pub(super) history_seconds: Option<f64>,
    pub(super) version: Option<String>,
}

impl Measured {
    /// What a program has printed.
    pub(super) fn of(output: &str, what: &'static str) -> Result<Self, TaskError> {
        json_line(output, what)
    }

    /// The better of two turns, each figure by itself.
    fn better(self, other: Self) -> Self {
        let least = |a: Option<f64>, b: Option<f64>| a.zip(b).map(|(a, b)| a.min(b));
        Self {
            best_seconds: self.best_seconds.min(other.best_seconds),
            cpu_seconds: least(self.cpu_seconds, other.cpu_seconds),
            history_seconds: least(self.history_seconds, other.history_seconds),
            ..self
        }
    }

    pub(super) fn per_second(&self) -> f64 {
        self.work / self.best_seconds
    }

    /// Processor time in a unit of which a second has so many, or a dash.
    pub(super) fn cpu(&self, of_a_second: f64, digits: usize) -> String {
        self.cpu_seconds.map_or_else(
            || "-".to_owned(),
            |seconds| format!("{:.digits$}", seconds * of_a_second),
        )
    }

    /// How many times as fast as another: by its best round or step, and by processor time where both tell it.
    pub(super) fn ratio_to(&self, other: &Self, best: &str) -> String {
        let by_cpu = self.cpu_seconds.zip(other.cpu_seconds);
        let by_cpu = by_cpu.map_or_else(String::new, |(own, other)| {
            format!(", {:.2}x by processor seconds", other / own)
        });
        format!(
            "{:.2}x by best {best}{by_cpu}",
            self.per_second() / other.per_second()
        )
    }
}

/// The best of so many turns of each program.
pub(super) fn best_of<const PROGRAMS: usize>(
    turns: usize,
    mut turn: impl FnMut() -> Result<[Measured; PROGRAMS], TaskError>,
) -> Result<[Measured; PROGRAMS], TaskError> {
    let mut best = turn()?.map(Some);
    for _ in 1..turns {
        for (best, next) in best.iter_mut().zip(turn()?) {
            *best = best.take().map(|best| best.better(next));
        }
    }
    let missing = || TaskError::UnexpectedOutput {
        what: "a benchmark",
        detail: "a program was not measured".to_owned(),
    };
    let measured: Vec<Measured> = best.into_iter().flatten().collect();
    measured.try_into().map_err(|_| missing())
}
