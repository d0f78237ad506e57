//! Keeping tasks alive: what fails or panics is restarted with growing pauses, what falls silent is cut off and
//! restarted, and when that does not help everything ends with a clear reason and exit code.

use crate::{Shutdown, watchdog::Watchdog};
use futures::FutureExt;
use std::{
    collections::VecDeque, error::Error, fmt, future::Future, panic::AssertUnwindSafe, pin::Pin, sync::Arc,
    time::Duration,
};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, timeout},
};

/// When a task is restarted, and when it is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RestartPolicy {
    /// Restarts within [`window`](Self::window) after which the task is given up.
    pub restarts: u32,
    /// The time that restarts are counted over.
    pub window: Duration,
    /// The pause before the first restart; it doubles with each.
    pub first_pause: Duration,
    /// The pause does not grow beyond this.
    pub longest_pause: Duration,
    /// A task that gives no sign of life ([`TaskHandle::alive`]) for this long is cut off and restarted. Nothing:
    /// it may be silent for ever.
    pub silence: Option<Duration>,
}

impl Default for RestartPolicy {
    /// Ten restarts an hour, pauses of 1 s to 1 min: an outage of the chain of some minutes is survived, a task that
    /// fails at once every time is given up within minutes rather than hidden.
    fn default() -> Self {
        Self {
            restarts: 10,
            window: Duration::from_secs(3600),
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(60),
            silence: None,
        }
    }
}

/// What a supervised task is given.
#[derive(Clone, Debug)]
pub struct TaskHandle {
    shutdown: Shutdown,
    pulse: watch::Sender<Instant>,
}

impl TaskHandle {
    /// When to end.
    pub fn shutdown(&self) -> &Shutdown {
        &self.shutdown
    }

    /// A sign of life.
    pub fn alive(&self) {
        self.pulse.send_replace(Instant::now());
    }
}

/// Why a task ended when it should not have.
#[derive(Clone)]
#[non_exhaustive]
pub enum TaskFailure {
    /// It returned an error.
    Error(Arc<dyn Error + Send + Sync>),
    /// It panicked.
    Panic {
        /// The panic's message.
        message: String,
    },
    /// It gave no sign of life.
    Silent {
        /// For how long.
        limit: Duration,
    },
}

impl fmt::Display for TaskFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Error(error) => error.fmt(f),
            Self::Panic { message } => write!(f, "panicked: {message}"),
            Self::Silent { limit } => write!(f, "gave no sign of life for {limit:?}"),
        }
    }
}

impl fmt::Debug for TaskFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// How supervision ended.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Exit {
    /// All tasks came to their own end.
    Finished,
    /// The shutdown was asked for, and all tasks ended in time.
    Stopped,
    /// A task failed too often; the others were stopped.
    GaveUp {
        /// The task.
        task: String,
        /// Its last failure.
        failure: TaskFailure,
    },
    /// The shutdown was asked for, and these tasks did not end in time.
    Hung {
        /// Their names.
        tasks: Vec<String>,
    },
}

impl Exit {
    /// The process's exit code: 0 for an end on purpose, 1 where a task was given up, 70 where tasks hung.
    pub fn code(&self) -> u8 {
        match self {
            Self::Finished | Self::Stopped => 0,
            Self::GaveUp { .. } => 1,
            Self::Hung { .. } => STUCK,
        }
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Finished => f.write_str("all tasks are done"),
            Self::Stopped => f.write_str("stopped as asked"),
            Self::GaveUp { task, failure } => write!(f, "{task} failed too often, the last time: {failure}"),
            Self::Hung { tasks } => write!(f, "did not stop in time: {}", tasks.join(", ")),
        }
    }
}

type Work =
    Box<dyn FnMut(TaskHandle) -> Pin<Box<dyn Future<Output = Result<(), TaskFailure>> + Send>> + Send>;

struct Task {
    name: String,
    policy: RestartPolicy,
    work: Work,
}

/// Runs tasks and keeps them running.
pub struct Supervisor {
    shutdown: Shutdown,
    grace: Duration,
    tasks: Vec<Task>,
    /// How long a task may hold its thread.
    hold: Option<Duration>,
}

impl fmt::Debug for Supervisor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.tasks.iter().map(|task| &task.name))
            .finish()
    }
}

impl Supervisor {
    /// A supervisor that stops its tasks at `shutdown` and gives them `grace` to end.
    pub fn new(shutdown: Shutdown, grace: Duration) -> Self {
        Self {
            shutdown,
            grace,
            tasks: Vec::new(),
            hold: None,
        }
    }

    /// Ends the process with exit code [`STUCK`] when a task holds its thread for so long without waiting for anything.
    /// It could not be cut off, and would keep even this supervisor from ending. Shorter, and an honest computation
    /// that should have a thread of its own ends the process; longer, and it hangs for that long.
    #[must_use]
    pub fn end_when_stuck(mut self, after: Duration) -> Self {
        self.hold = Some(after);
        self
    }

    /// Adds a task. `work` is called for the start and for each restart. A task that returns `Ok` is done and not
    /// restarted.
    pub fn task<F, R, E>(&mut self, name: impl Into<String>, policy: RestartPolicy, mut work: F)
    where
        F: FnMut(TaskHandle) -> R + Send + 'static,
        R: Future<Output = Result<(), E>> + Send + 'static,
        E: Error + Send + Sync + 'static,
    {
        let work: Work = Box::new(move |handle| {
            let run = work(handle);
            Box::pin(async move { run.await.map_err(|error| TaskFailure::Error(Arc::new(error))) })
        });
        self.tasks.push(Task {
            name: name.into(),
            policy,
            work,
        });
    }

    /// Runs the tasks until all are done, the shutdown is asked for, or one is given up.
    pub async fn run(self) -> Exit {
        // Giving up stops these tasks and no others: the shutdown of the whole stays the caller's.
        let shutdown = self.shutdown.child();
        let mut names: Vec<_> = self.tasks.iter().map(|task| task.name.clone()).collect();
        let mut running = JoinSet::new();
        let watchdog = self.hold.and_then(watchdog);
        for task in self.tasks {
            let (shutdown, name) = (shutdown.clone(), task.name.clone());
            let work = async move { (task.name.clone(), keep_running(task, &shutdown).await) };
            match &watchdog {
                Some(watchdog) => running.spawn(watchdog.watch(&name, work.boxed())),
                None => running.spawn(work),
            };
        }
        let mut given_up = None;
        let mut deadline: Option<Instant> = None;
        loop {
            let ended = match deadline {
                None => tokio::select! {
                    ended = running.join_next() => Some(ended),
                    () = shutdown.begun() => None,
                },
                Some(deadline) => match tokio::time::timeout_at(deadline, running.join_next()).await {
                    Ok(ended) => Some(ended),
                    Err(_) => {
                        running.abort_all();
                        return given_up.unwrap_or(Exit::Hung { tasks: names });
                    }
                },
            };
            match ended {
                // The shutdown has begun: a last chance to end well.
                None => deadline = Some(Instant::now() + self.grace),
                Some(None) => break,
                Some(Some(Ok((name, result)))) => {
                    names.retain(|running| *running != name);
                    if let Err(failure) = result {
                        tracing::error!(task = %name, %failure, "given up");
                        given_up.get_or_insert(Exit::GaveUp { task: name, failure });
                        shutdown.begin();
                    }
                }
                // Panics are caught inside; only an abort ends here.
                Some(Some(Err(_))) => {}
            }
        }
        given_up.unwrap_or(if self.shutdown.has_begun() {
            Exit::Stopped
        } else {
            Exit::Finished
        })
    }
}

/// The exit code of a process whose task holds its thread for ever, and of one whose tasks do not stop.
pub const STUCK: u8 = 70;

fn watchdog(limit: Duration) -> Option<Watchdog> {
    let started = Watchdog::start(limit, move |task| {
        tracing::error!(%task, ?limit, "the task holds its thread and cannot be cut off: ending the process");
        std::process::exit(i32::from(STUCK));
    });
    // Without a thread to spare there is more amiss than a watchdog could tell.
    started
        .inspect_err(|error| tracing::error!(%error, "no watchdog: a task that blocks its thread will hang"))
        .ok()
}

async fn keep_running(mut task: Task, shutdown: &Shutdown) -> Result<(), TaskFailure> {
    let mut restarts: VecDeque<Instant> = VecDeque::new();
    let mut pause = task.policy.first_pause;
    loop {
        let failure = match run_once(&mut task, shutdown).await {
            Ok(()) => return Ok(()),
            // What fails while everything ends is not worth a restart, nor an alarm.
            Err(failure) if shutdown.has_begun() => {
                tracing::debug!(task = %task.name, %failure, "failed while stopping");
                return Ok(());
            }
            Err(failure) => failure,
        };
        let now = Instant::now();
        restarts.retain(|at| now.duration_since(*at) < task.policy.window);
        if restarts.is_empty() {
            pause = task.policy.first_pause;
        }
        if restarts.len() >= task.policy.restarts as usize {
            return Err(failure);
        }
        restarts.push_back(now);
        tracing::warn!(task = %task.name, %failure, ?pause, "restarting");
        if shutdown.unless_begun(tokio::time::sleep(pause)).await.is_none() {
            return Ok(());
        }
        pause = (pause * 2).min(task.policy.longest_pause);
    }
}

async fn run_once(task: &mut Task, shutdown: &Shutdown) -> Result<(), TaskFailure> {
    let (pulse, mut signs) = watch::channel(Instant::now());
    let handle = TaskHandle {
        shutdown: shutdown.clone(),
        pulse,
    };
    let Task { policy, work, .. } = task;
    // A panic leaves only the task's own state behind, which the restart makes anew. What makes the task may panic as
    // well as the task.
    let run = AssertUnwindSafe(async move { work(handle).await }).catch_unwind();
    let silence = async {
        let Some(limit) = policy.silence else {
            return std::future::pending().await;
        };
        loop {
            match timeout(limit, signs.changed()).await {
                Ok(Ok(())) => {}
                // The task is over; its result comes in the other branch.
                Ok(Err(_)) => std::future::pending().await,
                Err(_) => return limit,
            }
        }
    };
    tokio::select! {
        biased;
        result = run => match result {
            Ok(result) => result,
            Err(panic) => Err(TaskFailure::Panic { message: panic_message(panic.as_ref()) }),
        },
        limit = silence => Err(TaskFailure::Silent { limit }),
    }
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "without a message".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[derive(Debug, thiserror::Error)]
    #[error("the {0}. failure")]
    struct Failed(u32);

    fn quick() -> RestartPolicy {
        RestartPolicy {
            restarts: 3,
            first_pause: Duration::from_millis(1),
            longest_pause: Duration::from_millis(2),
            ..RestartPolicy::default()
        }
    }

    #[tokio::test]
    async fn a_task_that_fails_and_panics_is_restarted_until_it_succeeds() {
        let starts = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&starts);
        let mut supervisor = Supervisor::new(Shutdown::new(), Duration::from_secs(5));
        supervisor.task("worker", quick(), move |_| {
            let start = counted.fetch_add(1, Ordering::SeqCst);
            async move {
                match start {
                    0 => Err(Failed(start)),
                    1 => panic!("a bug"),
                    _ => Ok(()),
                }
            }
        });
        assert!(matches!(supervisor.run().await, Exit::Finished));
        assert_eq!(starts.load(Ordering::SeqCst), 3);
    }

    #[tokio::test]
    async fn a_task_that_fails_too_often_ends_everything_with_its_last_failure() {
        let mut supervisor = Supervisor::new(Shutdown::new(), Duration::from_secs(5));
        let mut starts = 0;
        supervisor.task("broken", quick(), move |_| {
            starts += 1;
            let start = starts;
            async move { Err(Failed(start)) }
        });
        supervisor.task("healthy", quick(), |handle| async move {
            handle.shutdown().begun().await;
            Ok::<_, Failed>(())
        });
        let exit = supervisor.run().await;
        assert_eq!(exit.code(), 1);
        assert_eq!(
            exit.to_string(),
            "broken failed too often, the last time: the 4. failure"
        );
    }

    #[tokio::test]
    async fn a_silent_task_is_cut_off_and_restarted() {
        let mut supervisor = Supervisor::new(Shutdown::new(), Duration::from_secs(5));
        let policy = RestartPolicy {
            silence: Some(Duration::from_millis(50)),
            ..quick()
        };
        let mut starts = 0;
        supervisor.task("sleeper", policy, move |handle| {
            starts += 1;
            let start = starts;
            async move {
                handle.alive();
                if start == 1 {
                    std::future::pending::<()>().await;
                }
                Ok::<_, Failed>(())
            }
        });
        assert!(matches!(supervisor.run().await, Exit::Finished));
    }

    #[tokio::test]
    async fn a_panic_before_the_task_is_made_is_caught_as_well() {
        let mut supervisor = Supervisor::new(Shutdown::new(), Duration::from_secs(5));
        let mut starts = 0;
        supervisor.task("hasty", quick(), move |_| {
            starts += 1;
            assert!(starts > 1, "not yet");
            async { Ok::<_, Failed>(()) }
        });
        let exit = supervisor.run().await;
        assert!(matches!(exit, Exit::Finished), "{exit}");

        let mut supervisor = Supervisor::new(Shutdown::new(), Duration::from_secs(5));
        supervisor.task(
            "hopeless",
            quick(),
            |_| -> std::future::Ready<Result<(), Failed>> { panic!("never") },
        );
        let exit = supervisor.run().await;
        assert_eq!(
            exit.to_string(),
            "hopeless failed too often, the last time: panicked: never"
        );
    }

    #[tokio::test]
    async fn a_shutdown_stops_all_and_names_those_that_hang() {
        let shutdown = Shutdown::new();
        let mut supervisor = Supervisor::new(shutdown.clone(), Duration::from_secs(5));
        supervisor.task("obedient", quick(), |handle| async move {
            handle.shutdown().begun().await;
            Ok::<_, Failed>(())
        });
        shutdown.begin();
        let exit = supervisor.run().await;
        assert!(matches!(exit, Exit::Stopped), "{exit}");
        assert_eq!(exit.code(), 0);

        let mut supervisor = Supervisor::new(shutdown, Duration::from_millis(20));
        supervisor.task("stubborn", quick(), |_| {
            std::future::pending::<Result<(), Failed>>()
        });
        let exit = supervisor.run().await;
        assert_eq!(exit.to_string(), "did not stop in time: stubborn");
        assert_eq!(exit.code(), 70);
    }
}
