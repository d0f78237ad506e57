//! Events go to a server.

use super::{
    status::Reporter,
    worker::{Desk, Patience, Progress, link},
};
use crate::{
    WandbError,
    config::{PUBLIC_SERVER, Server, Timing},
    online::{Backoff, Client, Trouble},
    redact::Redactor,
    run::Run,
};
use tokio::time::Instant;

/// Where people look at the runs of the public server.
const PUBLIC_PAGES: &str = "https://wandb.ai";

pub(super) struct Online {
    client: Client,
    pages: String,
    /// The run that this process told the server of.
    announced: Option<String>,
    /// Whether the server lost a run and has taken nothing since. A second loss is no chance any more.
    is_renewed: bool,
    /// When the server last heard of the run.
    heard: Instant,
}

impl Online {
    pub(super) fn new(server: &Server, timing: Timing, redactor: Redactor) -> Result<Self, WandbError> {
        let pages = match server.base_url.trim_end_matches('/') {
            PUBLIC_SERVER => PUBLIC_PAGES,
            own => own,
        };
        Ok(Self {
            client: Client::new(server, timing, redactor)?,
            pages: pages.to_owned(),
            announced: None,
            is_renewed: false,
            heard: Instant::now(),
        })
    }

    pub(super) async fn send(
        &mut self,
        desk: &mut Desk,
        run: Run,
        patience: Patience<'_>,
    ) -> Result<Progress, WandbError> {
        let run = if self.announced.as_ref() == Some(&run.id) {
            run
        } else {
            match self.announce(desk, run, patience).await? {
                Some(run) => run,
                None if desk.state.run.is_none() => return Ok(Progress::Done),
                None => return Ok(Progress::Stopped),
            }
        };
        let mut most = usize::MAX;
        loop {
            let batch = desk.batch(&run, most);
            let events = batch.lines.len();
            let mut ahead = desk.state.place.clone();
            for row in desk.intake.rows.iter().take(events) {
                ahead.pass(row);
            }
            desk.state.ahead = Some(ahead);
            desk.save()?;
            let client = &self.client;
            let sent = retried(patience, &mut desk.backoff, &desk.reporter, async || {
                client.send(&batch.before, &batch.after, &batch.lines).await
            });
            match sent.await {
                None => return Ok(Progress::Stopped),
                Some(Ok(())) => {
                    self.is_renewed = false;
                    self.heard = Instant::now();
                    desk.commit(batch.after, events)?;
                    return Ok(Progress::Done);
                }
                // One of them is what it does not take: which?
                Some(Err(Trouble::Content { .. })) if events > 1 => most = events / 2,
                Some(Err(Trouble::Content { status, message })) => {
                    tracing::warn!(
                        status,
                        message,
                        "W&B does not take an event; it stays in the log only"
                    );
                    desk.pass(1)?;
                    desk.reporter.left_out();
                    return Ok(Progress::Done);
                }
                Some(Err(Trouble::Gone { status, message })) if !self.is_renewed => {
                    tracing::warn!(
                        status,
                        message,
                        run = run.id,
                        "W&B lost the run; a new one begins"
                    );
                    self.is_renewed = true;
                    desk.close_run()?;
                    return Ok(Progress::Done);
                }
                Some(Err(trouble)) => return Err(refused("take what happened", trouble)),
            }
        }
    }

    /// Tells the server of the run. `None` when there was no time, or the run is closed because the server lost it.
    async fn announce(
        &mut self,
        desk: &mut Desk,
        mut run: Run,
        patience: Patience<'_>,
    ) -> Result<Option<Run>, WandbError> {
        let (client, config) = (&self.client, &desk.config);
        let told = retried(patience, &mut desk.backoff, &desk.reporter, async || {
            client.announce(&run, config).await
        });
        let announced = match told.await {
            None => return Ok(None),
            Some(Ok(announced)) => announced,
            Some(Err(Trouble::Gone { status, message })) if run.home.is_some() && !self.is_renewed => {
                tracing::warn!(
                    status,
                    message,
                    run = run.id,
                    "W&B lost the run; a new one begins"
                );
                self.is_renewed = true;
                desk.close_run()?;
                return Ok(None);
            }
            Some(Err(trouble)) => return Err(refused("begin a run", trouble)),
        };
        if announced.is_new {
            run.begin_files_anew();
        }
        let home = announced.home;
        let mut link = link(&run.id);
        link.page = Some(format!(
            "{}/{}/{}/runs/{}",
            self.pages, home.entity, home.project, run.id
        ));
        run.home = Some(home);
        desk.state.run = Some(run.clone());
        desk.save()?;
        desk.reporter.run(link);
        self.announced = Some(run.id.clone());
        self.heard = Instant::now();
        Ok(Some(run))
    }

    /// Tells that the run has ended well, if the server knows of it.
    pub(super) async fn end(
        &mut self,
        desk: &mut Desk,
        run: &Run,
        patience: Patience<'_>,
    ) -> Result<Progress, WandbError> {
        if run.home.is_none() {
            return Ok(Progress::Done);
        }
        let client = &self.client;
        let told = retried(patience, &mut desk.backoff, &desk.reporter, async || {
            client.end(run).await
        });
        match told.await {
            None => Ok(Progress::Stopped),
            Some(Err(trouble @ Trouble::Refused { .. })) => Err(refused("end a run", trouble)),
            // A run that it does not have needs no end.
            Some(_) => Ok(Progress::Done),
        }
    }

    /// Tells that the run goes on, when the server heard nothing for long. One try: the next event tells as well.
    pub(super) async fn beat(&mut self, desk: &Desk) {
        let Some(run) = &desk.state.run else { return };
        let is_announced = self.announced.as_ref() == Some(&run.id);
        if is_announced && self.heard.elapsed() >= desk.config.timing.heartbeat {
            if let Err(Trouble::Passing { why, .. }) = self.client.beat(run).await {
                desk.reporter.failing(&why);
            } else {
                desk.reporter.working();
            }
            self.heard = Instant::now();
        }
    }
}

/// Asks until the answer is one that stands; `None` when there is no time for that.
async fn retried<T>(
    patience: Patience<'_>,
    backoff: &mut Backoff,
    reporter: &Reporter,
    mut ask: impl AsyncFnMut() -> Result<T, Trouble>,
) -> Option<Result<T, Trouble>> {
    loop {
        let answer = match patience {
            Patience::Until(stop) => stop.run_until_cancelled(ask()).await?,
            Patience::Once => ask().await,
        };
        let Err(Trouble::Passing { why, wait }) = answer else {
            backoff.succeeded();
            return Some(answer);
        };
        reporter.failing(&why);
        let Patience::Until(stop) = patience else {
            return None;
        };
        let pause = backoff.after_failure(wait);
        stop.run_until_cancelled(tokio::time::sleep(pause)).await?;
    }
}

fn refused(what: &'static str, trouble: Trouble) -> WandbError {
    let (status, message) = match trouble {
        Trouble::Content { status, message }
        | Trouble::Gone { status, message }
        | Trouble::Refused { status, message } => (status, message),
        Trouble::Passing { why, .. } => (0, why),
    };
    let advice = match status {
        401 => "Set WANDB_API_KEY to a key of this server",
        300..=399 => "Set the base URL to where it points",
        _ => "Check the project, the entity and what the key may do there; the events wait in the log",
    };
    WandbError::Refused {
        what,
        status,
        message,
        advice,
    }
}
