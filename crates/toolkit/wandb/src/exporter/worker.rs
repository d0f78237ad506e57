//! The loop: read what is new, export it, wait.

use super::{
    intake::Intake,
    offline::Offline,
    online::Online,
    status::{Reporter, RunLink},
};
use crate::{
    WandbError,
    config::{Begin, Mode, WandbConfig},
    online::Backoff,
    redact::Redactor,
    run::{Line, Run},
    state::{Folder, State},
};
use tokio_util::sync::CancellationToken;

/// How long something is tried.
#[derive(Clone, Copy)]
pub(super) enum Patience<'a> {
    /// Until it works, or the exporter is told to stop.
    Until(&'a CancellationToken),
    /// Once: the exporter stops.
    Once,
}

/// What became of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// It moved on.
    Done,
    /// There was no time for it to work.
    Stopped,
}

/// What all parts of the exporter work on.
pub(super) struct Desk {
    pub(super) config: WandbConfig,
    pub(super) folder: Folder,
    pub(super) state: State,
    pub(super) intake: Intake,
    pub(super) redactor: Redactor,
    pub(super) reporter: Reporter,
    pub(super) backoff: Backoff,
}

/// The first events that wait, as lines of the run.
pub(super) struct Batch {
    pub(super) before: Run,
    pub(super) after: Run,
    pub(super) lines: Vec<Line>,
}

impl Desk {
    /// At most `most` events that belong to the run.
    pub(super) fn batch(&self, before: &Run, most: usize) -> Batch {
        let mut after = before.clone();
        let mut lines = Vec::new();
        for row in self.intake.rows.iter().take(most) {
            if !after.takes(row, self.config.rotation) {
                break;
            }
            lines.push(after.add(row, &self.redactor));
        }
        Batch {
            before: before.clone(),
            after,
            lines,
        }
    }

    /// The first events are where they should be.
    pub(super) fn commit(&mut self, after: Run, events: usize) -> Result<(), WandbError> {
        self.state.run = Some(after);
        let kept = self.pass(events);
        self.reporter.exported(events);
        kept?;
        self.reporter.working();
        Ok(())
    }

    /// The first events are dealt with.
    pub(super) fn pass(&mut self, events: usize) -> Result<(), WandbError> {
        for row in self.intake.rows.drain(..events) {
            self.state.place.pass(&row);
        }
        self.state.ahead = None;
        self.save()
    }

    pub(super) fn save(&self) -> Result<(), WandbError> {
        self.folder.save(&self.state)
    }

    /// The run is over; the next event begins another.
    pub(super) fn close_run(&mut self) -> Result<(), WandbError> {
        self.state.run = None;
        self.reporter.ended();
        self.save()
    }
}

/// Where events go.
enum Sink {
    Offline(Offline),
    Online(Box<Online>),
}

pub(super) struct Worker {
    desk: Desk,
    sink: Sink,
    /// Whether the last round failed on this machine.
    is_failing_here: bool,
}

impl Worker {
    pub(super) fn begin(
        config: WandbConfig,
        folder: Folder,
        reporter: Reporter,
        now: time::OffsetDateTime,
    ) -> Result<Self, WandbError> {
        let target = config.target();
        let mut state = folder.load()?.unwrap_or_else(|| {
            let since = match config.begin {
                Begin::Now => Some(now),
                Begin::Everything => None,
            };
            State::new(target.clone(), since)
        });
        if state.target != target {
            // Its run stays where it was.
            state.target = target;
            state.run = None;
            state.ahead = None;
        }
        folder.save(&state)?;
        let keys = match &config.mode {
            Mode::Online(server) => vec![server.key.clone(), server.encoded_key()],
            Mode::Off | Mode::Offline => Vec::new(),
        };
        let redactor = || {
            let secrets = config.redaction.secrets.iter().chain(&keys);
            Redactor::new(secrets, config.redaction.texts)
        };
        let sink = match &config.mode {
            Mode::Online(server) => Sink::Online(Box::new(Online::new(server, config.timing, redactor())?)),
            Mode::Off | Mode::Offline => Sink::Offline(Offline::default()),
        };
        let desk = Desk {
            intake: Intake::new(&config.records, &state),
            redactor: redactor(),
            backoff: Backoff::new(config.timing.retry_first, config.timing.retry_most),
            config,
            folder,
            state,
            reporter,
        };
        Ok(Self {
            desk,
            sink,
            is_failing_here: false,
        })
    }

    pub(super) async fn run(mut self, stop: &CancellationToken) -> Result<(), WandbError> {
        while !stop.is_cancelled() {
            let outcome = self.round(Patience::Until(stop)).await;
            if self.is_failing_here && outcome.is_ok() {
                self.desk.reporter.working();
            }
            self.is_failing_here = outcome.is_err();
            let pause = match outcome {
                Ok(true) => continue,
                Ok(false) => self.desk.config.timing.poll,
                Err(error @ (WandbError::Disk(_) | WandbError::Records(_))) => {
                    self.desk.reporter.failing(&error.to_string());
                    if let Sink::Offline(offline) = &mut self.sink {
                        offline.forget();
                    }
                    self.desk.backoff.after_failure(None)
                }
                Err(error) => return Err(error),
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
        let limit = self.desk.config.timing.finish;
        match tokio::time::timeout(limit, self.finish()).await {
            Ok(outcome) => outcome,
            // The rest is for the next start.
            Err(_) => Ok(()),
        }
    }

    /// Exports what is new; whether there may be more.
    async fn round(&mut self, patience: Patience<'_>) -> Result<bool, WandbError> {
        if self.desk.intake.is_replayed() {
            self.desk.state.ahead = None;
            self.desk.intake = Intake::new(&self.desk.config.records, &self.desk.state);
        }
        let mut is_more = self.desk.intake.fill()?;
        while !self.desk.intake.rows.is_empty() {
            if self.export(patience).await? == Progress::Stopped {
                return Ok(false);
            }
            // Offline nothing else is waited for.
            tokio::task::yield_now().await;
        }
        is_more |= self.desk.intake.is_replayed();
        if let (Sink::Online(online), Patience::Until(stop)) = (&mut self.sink, patience) {
            stop.run_until_cancelled(online.beat(&self.desk)).await;
        }
        Ok(is_more)
    }

    async fn export(&mut self, patience: Patience<'_>) -> Result<Progress, WandbError> {
        let Some(first) = self.desk.intake.rows.front() else {
            return Ok(Progress::Done);
        };
        let run = match &self.desk.state.run {
            Some(run) if run.takes(first, self.desk.config.rotation) => run.clone(),
            Some(run) => {
                let run = run.clone();
                return self.end(&run, patience).await;
            }
            None => {
                let run = Run::new(first.stamp.time, &mut rand::rng());
                self.desk.state.run = Some(run.clone());
                // A kill from here on goes on with this run, rather than beginning another.
                self.desk.save()?;
                run
            }
        };
        match &mut self.sink {
            Sink::Offline(offline) => offline.write(&mut self.desk, run),
            Sink::Online(online) => online.send(&mut self.desk, run, patience).await,
        }
    }

    /// Ends a run that is full.
    async fn end(&mut self, run: &Run, patience: Patience<'_>) -> Result<Progress, WandbError> {
        let progress = match &mut self.sink {
            Sink::Offline(offline) => offline.end(&self.desk, run)?,
            Sink::Online(online) => online.end(&mut self.desk, run, patience).await?,
        };
        if progress == Progress::Done {
            self.desk.close_run()?;
        }
        Ok(progress)
    }

    /// Exports what is left and tells that the run rests. The next start goes on with it.
    async fn finish(&mut self) -> Result<(), WandbError> {
        while self.round(Patience::Once).await? {}
        if self.desk.intake.rows.is_empty()
            && let Some(run) = self.desk.state.run.clone()
        {
            match &mut self.sink {
                Sink::Offline(offline) => offline.end(&self.desk, &run)?,
                Sink::Online(online) => online.end(&mut self.desk, &run, Patience::Once).await?,
            };
        }
        Ok(())
    }
}

/// Where people find the run.
pub(super) fn link(id: &str) -> RunLink {
    RunLink {
        id: id.to_owned(),
        ..RunLink::default()
    }
}
