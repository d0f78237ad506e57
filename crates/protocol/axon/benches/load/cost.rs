//! What a process has cost so far, from Linux's books.

use std::time::Duration;

/// A process, by its number.
pub(crate) struct Process(String);

impl Process {
    pub(crate) fn of(pid: u32) -> Self {
        Self(format!("/proc/{pid}"))
    }

    /// Time of processors, the process's own and that of children whose end it has seen, in steps of 10 ms.
    pub(crate) fn cpu(&self) -> Duration {
        /// What Linux counts in, on every machine.
        const TICK: Duration = Duration::from_millis(10);
        let stat = fs_err::read_to_string(format!("{}/stat", self.0)).unwrap();
        // The program's name comes before it in brackets, and may hold anything.
        let (_, after_name) = stat.rsplit_once(") ").unwrap();
        let ticks: u32 = after_name
            .split_whitespace()
            .skip(11)
            .take(4)
            .map(|ticks| ticks.parse::<u32>().unwrap())
            .sum();
        TICK * ticks
    }

    /// The most memory that it has had at one time.
    pub(crate) fn peak_kib(&self) -> u64 {
        let status = fs_err::read_to_string(format!("{}/status", self.0)).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}
