//! What benchmarks of several crates share: each takes this file as a module.

/// User and system time of this process and its threads so far, in seconds; `None` where the kernel does not tell it in `/proc`.
pub(crate) fn cpu_seconds() -> Option<f64> {
    let stat = fs_err::read_to_string("/proc/self/stat").ok()?;
    // The name in brackets may hold blanks; the counters are the 14th and 15th fields, in hundredths of a second.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |index: usize| fields.get(index)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / 100.0)
}
