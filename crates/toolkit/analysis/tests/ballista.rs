//! The same queries on a cluster, for those whose records outgrow one machine: a scheduler and two executors of Ballista.
//! `cargo xtask ballista` builds them and runs this.
#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod made_up;
mod same;

use assay_analysis::{Follower, Limits, Scope};
use fs_err as fs;
use made_up::MadeUp;
use same::difference;
use serde_json::Value;
use std::{
    env,
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

const EXECUTORS: usize = 2;

/// Queries that the cluster cannot answer in version 55.0.0, with what it does instead. `assay query` answers all of them.
const NOT_ON_A_CLUSTER: [(&str, &str); 6] = [
    (
        "incentives",
        "a limit within a subquery is passed over, so all miners come",
    ),
    ("requests", "no row comes"),
    ("attempts", "an executor rejects the task"),
    ("weights", "an executor rejects the task"),
    (
        "score_history",
        "its plan fails the scheduler's own check, and the client waits for ever",
    ),
    (
        "models",
        "its plan fails the scheduler's own check, and the client waits for ever",
    ),
];

/// Until a program that was started listens.
const STARTED: Duration = Duration::from_secs(60);

/// Until a query is answered.
const ANSWERED: Duration = Duration::from_secs(20);

/// Programs that end with this.
struct Cluster {
    running: Vec<Child>,
    programs: PathBuf,
    folder: tempfile::TempDir,
    scheduler: u16,
}

impl Cluster {
    fn start(programs: &Path) -> Self {
        let scheduler = free_port();
        let mut cluster = Self {
            running: Vec::new(),
            programs: programs.to_owned(),
            folder: tempfile::tempdir().unwrap(),
            scheduler,
        };
        cluster.run("ballista-scheduler", "scheduler", &[("--bind-port", scheduler)]);
        wait_for(scheduler);
        for number in 0..EXECUTORS {
            let name = format!("executor{number}");
            let (port, grpc, health) = (free_port(), free_port(), free_port());
            fs::create_dir(cluster.folder.path().join(&name)).unwrap();
            cluster.run(
                "ballista-executor",
                &name,
                &[
                    ("--scheduler-port", scheduler),
                    ("--bind-port", port),
                    ("--bind-grpc-port", grpc),
                    ("--bind-health-port", health),
                ],
            );
            wait_for(port);
        }
        cluster
    }

    fn run(&mut self, program: &str, name: &str, ports: &[(&str, u16)]) {
        let log = fs::File::create(self.folder.path().join(format!("{name}.log"))).unwrap();
        let mut command = Command::new(self.programs.join(program));
        command.args(["--bind-host", "127.0.0.1"]);
        if program == "ballista-executor" {
            command
                .args(["--scheduler-host", "127.0.0.1", "--vcores", "2", "--work-dir"])
                .arg(self.folder.path().join(name));
        }
        for (option, port) in ports {
            command.arg(option).arg(port.to_string());
        }
        let (out, err) = (log.into_parts().0, Stdio::null());
        self.running
            .push(command.stdout(out).stderr(err).spawn().unwrap());
    }

    /// What the client prints for each query, one a line.
    fn ask(&self, statements: &str) -> Result<Vec<Value>, String> {
        let script = self.folder.path().join("script.sql");
        fs::write(&script, statements).unwrap();
        let mut child = Command::new(self.programs.join("ballista-cli"))
            .args(["--host", "127.0.0.1", "--quiet", "--format", "json", "--port"])
            .arg(self.scheduler.to_string())
            .arg("--file")
            .arg(&script)
            .current_dir(self.folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let until = Instant::now() + ANSWERED;
        while child.try_wait().unwrap().is_none() {
            if Instant::now() > until {
                child.kill().unwrap();
                child.wait().unwrap();
                return Err(format!("no answer within {ANSWERED:?}"));
            }
            thread::sleep(Duration::from_millis(50));
        }
        let output = child.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        match told.lines().rev().find(|line| line.starts_with('[')) {
            Some(rows) => Ok(serde_json::from_str(rows).unwrap()),
            // No rows are no line.
            None if output.status.success() && told.trim().is_empty() && output.stderr.is_empty() => {
                Ok(Vec::new())
            }
            None => Err(format!("{told}{}", String::from_utf8_lossy(&output.stderr))),
        }
    }

    /// Tasks that each executor has finished.
    fn tasks(&self) -> Vec<usize> {
        (0..EXECUTORS)
            .map(|number| {
                let log = self.folder.path().join(format!("executor{number}.log"));
                fs::read_to_string(log).unwrap().matches("Finished task").count()
            })
            .collect()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for child in &mut self.running {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

fn wait_for(port: u16) {
    let until = Instant::now() + STARTED;
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        assert!(Instant::now() < until, "nothing listens at {port}");
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
#[ignore = "needs Ballista: cargo xtask ballista"]
fn a_cluster_of_two_answers_the_same_queries() {
    let Some(programs) = env::var_os("ASSAY_BALLISTA").map(PathBuf::from) else {
        eprintln!("not tested: `cargo xtask ballista` builds the cluster");
        return;
    };
    let records = tempfile::tempdir().unwrap();
    MadeUp::default().record(records.path());
    // A cluster reads Parquet, so nothing may be left as lines.
    let log = assay_records::Log::open(assay_records::LogConfig::new(records.path(), "the end")).unwrap();
    log.roll().unwrap();
    let mut follower = Follower::new(&[records.path().to_owned()], Scope::default(), Limits::none());
    follower.read();

    let cluster = Cluster::start(&programs);
    let tables: String = assay_records::streams(records.path())
        .unwrap()
        .keys()
        .map(|stream| {
            format!(
                "CREATE EXTERNAL TABLE {stream} STORED AS PARQUET LOCATION '{}/**/*.parquet';\n",
                records.path().join(stream).display()
            )
        })
        .collect();
    let mut wrong = Vec::new();
    let all = follower.store().tables();
    let ours: Vec<_> = all
        .iter()
        .filter(|table| NOT_ON_A_CLUSTER.iter().all(|(name, _)| *name != table.name))
        .collect();
    assert_eq!(ours.len() + NOT_ON_A_CLUSTER.len(), all.len(), "each is known");
    for table in ours.iter().copied() {
        let found = match cluster.ask(&format!("{tables}{};\n", table.sql)) {
            Ok(answered) => difference(table, &answered),
            Err(error) => Some(error),
        };
        wrong.extend(found.map(|found| format!("{}: {found}\n  {}", table.name, table.sql)));
    }
    let tasks = cluster.tasks();
    eprintln!("{} tables, tasks of each executor: {tasks:?}", ours.len());
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        ours.len(),
        wrong.join("\n\n")
    );
    assert!(tasks.iter().all(|tasks| *tasks > 0), "both worked: {tasks:?}");
}
