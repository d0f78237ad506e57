//! The loop: when the next iteration is due.

use crate::{Backoff, OrganicScorer, OrganicScoring, Phase, Trigger, iteration::Iterated, scorer::Inner};
use std::{
    sync::{Arc, PoisonError},
    time::Duration,
};
use tokio::{
    task::JoinHandle,
    time::{Instant, sleep, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;

/// How many samples that can never be scored are given up in one interval. Miners may have been asked each of them, so
/// more would let a user who queues many make a burst of questions; less, and they hold up the samples behind them.
const GIVEN_UP_AT_ONCE: u32 = 8;

/// A loop that was started.
#[derive(Debug)]
pub(crate) struct Running {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

/// How a loop ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stopped {
    /// It was waiting, or its iteration came to its end in time.
    Finished,
    /// Its iteration was cancelled. The sample waits again, unless its weights were being applied.
    Cancelled,
    /// It did not run.
    WasNotRunning,
}

impl<H: OrganicScoring> OrganicScorer<H> {
    /// Starts scoring in the background. Nothing happens if it has been started already.
    ///
    /// Must be called within a tokio runtime.
    pub fn start(&self) {
        let mut running = self.0.running.lock().unwrap_or_else(PoisonError::into_inner);
        if running
            .as_ref()
            .is_some_and(|running| !running.task.is_finished())
        {
            return;
        }
        let stop = CancellationToken::new();
        let task = tokio::spawn(run(self.0.clone(), stop.clone()));
        *running = Some(Running { stop, task });
    }

    /// Whether it has been started, and not stopped since.
    #[must_use]
    pub fn is_running(&self) -> bool {
        let running = self.0.running.lock().unwrap_or_else(PoisonError::into_inner);
        running
            .as_ref()
            .is_some_and(|running| !running.task.is_finished())
    }

    /// Stops scoring. A wait ends at once; an iteration may come to its end within `patience` and is cancelled then.
    /// Afterwards it can be started again. Users are answered all the while.
    pub async fn stop(&self, patience: Duration) -> Stopped {
        let running = self
            .0
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(Running { stop, mut task }) = running else {
            // Another call may be about to stop it.
            let _ = timeout(patience, self.0.turn.lock()).await;
            return Stopped::WasNotRunning;
        };
        stop.cancel();
        if timeout(patience, &mut task).await.is_ok() {
            return Stopped::Finished;
        }
        task.abort();
        // It ends at its next await.
        let _ = task.await;
        Stopped::Cancelled
    }

    /// Waits until every request that was answered so far has its sample in the queue, at most this long.
    pub async fn drain_intake(&self, patience: Duration) {
        self.0.intake.close();
        let _ = timeout(patience, self.0.intake.wait()).await;
        self.0.intake.reopen();
    }
}

/// Tells that the loop has ended, however it ends.
struct Ended<'a, H: OrganicScoring>(&'a Inner<H>);

impl<H: OrganicScoring> Drop for Ended<'_, H> {
    fn drop(&mut self) {
        self.0.enter(Phase::Stopped);
    }
}

async fn run<H: OrganicScoring>(scorer: Arc<Inner<H>>, stop: CancellationToken) {
    // One that was stopped a moment ago may still be ending.
    let Some(_turn) = stop.run_until_cancelled(scorer.turn.lock()).await else {
        return;
    };
    let _ended = Ended(&scorer);
    let mut backoff = Backoff::new(scorer.settings.backoff);
    while !stop.is_cancelled() {
        if scorer.settings.pace.trigger() == Trigger::Steps {
            scorer.enter(Phase::Waiting);
            if stop.run_until_cancelled(scorer.steps_are_due()).await.is_none() {
                break;
            }
        }
        scorer.enter(Phase::Scoring);
        // Hooks may never wait for anything, and the runtime must get its turn all the same.
        tokio::task::yield_now().await;
        match scorer.iterate_some(&stop).await {
            Iterated::Failed => {
                scorer.enter(Phase::BackingOff);
                let _ = stop.run_until_cancelled(sleep(backoff.pause())).await;
            }
            Iterated::Idle => {
                backoff.reset();
                scorer.pause(Duration::ZERO, &stop).await;
            }
            Iterated::Done { elapsed } => {
                backoff.reset();
                scorer.pause(elapsed, &stop).await;
            }
            // Whatever was broken before may be broken still, or not.
            Iterated::GivenUp => scorer.pause(Duration::ZERO, &stop).await,
        }
    }
}

impl<H: OrganicScoring> Inner<H> {
    fn enter(&self, phase: Phase) {
        self.status
            .send_if_modified(|status| std::mem::replace(&mut status.phase, phase) != phase);
    }

    /// Scores as many samples as one interval may, as long as users' samples wait. One that is given up is not one of
    /// them: the next takes its place.
    async fn iterate_some(&self, stop: &CancellationToken) -> Iterated {
        let mut done = None;
        let mut left = self.settings.config.samples_per_interval;
        let mut given_up = 0;
        loop {
            match self.iterate().await {
                Iterated::Done { elapsed } => {
                    *done.get_or_insert(Duration::ZERO) += elapsed;
                    left -= 1;
                }
                Iterated::GivenUp => given_up += 1,
                Iterated::Idle => return done.map_or(Iterated::Idle, |elapsed| Iterated::Done { elapsed }),
                Iterated::Failed => return Iterated::Failed,
            }
            let is_enough = given_up == GIVEN_UP_AT_ONCE || stop.is_cancelled();
            match done {
                Some(elapsed) if is_enough || left == 0 || self.queue.is_empty() => {
                    return Iterated::Done { elapsed };
                }
                None if is_enough => return Iterated::GivenUp,
                Some(_) | None => {}
            }
        }
    }

    /// Waits out the interval where it is one of time; steps are waited for before the next iteration.
    async fn pause(&self, elapsed: Duration, stop: &CancellationToken) {
        if self.settings.pace.trigger() == Trigger::Seconds {
            self.enter(Phase::Waiting);
            let _ = stop.run_until_cancelled(self.seconds_pass(elapsed)).await;
        }
    }

    /// Waits until there are steps enough, and takes them.
    async fn steps_are_due(&self) {
        let threshold = self.settings.threshold();
        loop {
            if self
                .steps
                .take_if_due(&self.settings.pace, threshold, self.queue.len())
            {
                return;
            }
            // Both keep a notice that comes between the look and the wait.
            tokio::select! {
                () = self.steps.changed.notified() => {}
                () = self.arrivals.notified() => {}
            }
        }
    }

    /// Waits out the interval. Whoever is queued meanwhile shortens it.
    async fn seconds_pass(&self, elapsed: Duration) {
        let began = Instant::now();
        let due = || {
            let wait = self.settings.pace.wait(self.queue.len(), elapsed);
            began.checked_add(wait).unwrap_or(began)
        };
        let mut until = due();
        loop {
            tokio::select! {
                biased;
                () = sleep_until(until) => return,
                () = self.arrivals.notified(), if !self.settings.is_original() => until = due(),
            }
        }
    }
}
