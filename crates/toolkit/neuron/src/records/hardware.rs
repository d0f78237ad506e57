//! What the machine and this process use.

use super::Recorder;
use assay_records::streams::{Gpu, Hardware};
use std::{
    io,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};
use sysinfo::{MINIMUM_CPU_UPDATE_INTERVAL, Pid, ProcessRefreshKind, ProcessesToUpdate, System};
use tokio::{
    io::AsyncReadExt,
    process::Command,
    sync::Mutex,
    time::{MissedTickBehavior, interval, timeout},
};

/// Between two measurements. More often costs a process with a graphics processor a call of `nvidia-smi` each time, of a
/// fraction of a second; more seldom, and a peak that ends a process is never seen.
const EVERY: Duration = Duration::from_secs(15);

/// How long `nvidia-smi` may take. A driver in trouble lets it hang.
const GPU_PATIENCE: Duration = Duration::from_secs(5);

/// Bytes of its answer; a graphics processor takes a line.
const GPU_BYTES: u64 = 64 * 1024;

const MEBIBYTE: u64 = 1024 * 1024;

/// One neuron of a process measures, and another when that one ends.
static TURN: Mutex<()> = Mutex::const_new(());

/// Measures for as long as it is awaited, once this neuron has its turn.
pub(super) async fn measure(recorder: &Recorder, home: &Path) {
    let _turn = TURN.lock().await;
    let mut meter = Some(Meter::new(home));
    let mut gpus = Gpus::Perhaps;
    let mut every = interval(EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        // Reading a process's files takes a moment, and a disk that hangs any time: not on a thread that answers.
        let Some(mut taken) = meter.take() else { return };
        let read = tokio::task::spawn_blocking(move || {
            let hardware = taken.read();
            (taken, hardware)
        });
        let Ok((back, hardware)) = read.await else {
            tracing::warn!("the machine cannot be measured");
            return;
        };
        meter = Some(back);
        recorder.record(&Hardware {
            gpus: gpus.read().await,
            ..hardware
        });
    }
}

/// What measures: loads are differences between two looks.
struct Meter {
    system: System,
    own: Option<Pid>,
    home: PathBuf,
    has_looked: bool,
}

impl Meter {
    fn new(home: &Path) -> Self {
        Self {
            system: System::new(),
            own: sysinfo::get_current_pid().ok(),
            home: home.to_owned(),
            has_looked: false,
        }
    }

    fn read(&mut self) -> Hardware {
        if !self.has_looked {
            self.look();
            std::thread::sleep(MINIMUM_CPU_UPDATE_INTERVAL);
            self.has_looked = true;
        }
        self.look();
        let own = self.own.and_then(|pid| self.system.process(pid));
        Hardware {
            cpu_percent: Some(f64::from(self.system.global_cpu_usage())),
            cpus: u32::try_from(self.system.cpus().len()).unwrap_or(u32::MAX),
            memory_used_bytes: Some(self.system.used_memory()),
            memory_total_bytes: Some(self.system.total_memory()),
            disk_free_bytes: free(&self.home).ok(),
            process_memory_bytes: own.map(sysinfo::Process::memory),
            process_cpu_percent: own.map(|process| f64::from(process.cpu_usage())),
            open_files: own
                .and_then(sysinfo::Process::open_files)
                .and_then(|files| u32::try_from(files).ok()),
            gpus: Vec::new(),
        }
    }

    fn look(&mut self) {
        self.system.refresh_cpu_usage();
        self.system.refresh_memory();
        if let Some(own) = self.own {
            let what = ProcessRefreshKind::nothing().with_cpu().with_memory();
            self.system
                .refresh_processes_specifics(ProcessesToUpdate::Some(&[own]), false, what);
        }
    }
}

/// Bytes that this user may still write there.
fn free(folder: &Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(folder)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Whether there are graphics processors.
#[derive(Debug, PartialEq, Eq)]
enum Gpus {
    Perhaps,
    /// Nothing here could tell.
    No,
}

impl Gpus {
    async fn read(&mut self) -> Vec<Gpu> {
        if *self == Self::No {
            return Vec::new();
        }
        match timeout(GPU_PATIENCE, ask_driver()).await {
            Ok(Ok(answer)) => gpus(&answer),
            Ok(Err(error)) if error.kind() == io::ErrorKind::NotFound => {
                *self = Self::No;
                Vec::new()
            }
            // It may be well again in a moment.
            Ok(Err(_)) | Err(_) => Vec::new(),
        }
    }
}

/// What `nvidia-smi` says. It ends with this future.
async fn ask_driver() -> io::Result<String> {
    let mut asked = Command::new("nvidia-smi")
        .args([
            "--query-gpu=name,utilization.gpu,memory.used,memory.total,temperature.gpu",
            "--format=csv,noheader,nounits",
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    let mut answer = String::new();
    if let Some(told) = asked.stdout.take() {
        told.take(GPU_BYTES).read_to_string(&mut answer).await?;
    }
    let status = asked.wait().await?;
    if status.success() {
        Ok(answer)
    } else {
        Err(io::Error::other(status.to_string()))
    }
}

/// A line of values for each; what a processor does not tell is `[N/A]`.
fn gpus(answer: &str) -> Vec<Gpu> {
    let gpu = |line: &str| {
        // Names may have commas, numbers not.
        let mut values = line.rsplitn(5, ',').map(str::trim);
        let celsius = values.next()?.parse().ok();
        let total = values.next()?.parse::<u64>().ok();
        let used = values.next()?.parse::<u64>().ok();
        let percent = values.next()?.parse().ok();
        Some(Gpu {
            name: values.next()?.to_owned(),
            percent,
            memory_used_bytes: used.map(|mebibytes| mebibytes.saturating_mul(MEBIBYTE)),
            memory_total_bytes: total.map(|mebibytes| mebibytes.saturating_mul(MEBIBYTE)),
            celsius,
        })
    };
    answer.lines().filter_map(gpu).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn graphics_processors_are_read_as_their_driver_tells_them() {
        let told =
            gpus("NVIDIA H200, 37, 1024, 143771, 41\nTesla, old, [N/A], 0, [N/A], [N/A]\n\nnonsense\n");
        assert_eq!(
            told,
            [
                Gpu {
                    name: "NVIDIA H200".to_owned(),
                    percent: Some(37.0),
                    memory_used_bytes: Some(1 << 30),
                    memory_total_bytes: Some(143_771 * MEBIBYTE),
                    celsius: Some(41.0),
                },
                Gpu {
                    name: "Tesla, old".to_owned(),
                    percent: None,
                    memory_used_bytes: Some(0),
                    memory_total_bytes: None,
                    celsius: None,
                },
            ]
        );
    }
}
