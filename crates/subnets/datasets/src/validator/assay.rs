//! One round: everybody's dataset screened, trained on and measured, and the table made of it.

use std::{
    collections::HashMap,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use assay_chain::AccountId;

use super::{Desk, ValidatorError};
use crate::{
    event::{EventKind, Standing, Waiting},
    outcome::{BadAnswer, Outcome, OwnFault},
    scoring::{Sighting, duplicates},
    screening::Screened,
    shelf::SHELF_BYTES,
    state::{DatasetFacts, DatasetId, Entrant, EvaluationKey, Round, RoundState},
    trial::{TrialEnd, TrialProgress},
    validator::table,
};

/// Deaths of the process during one miner's job after which the miner is left alone for the round. A dataset that
/// exhausts the machine's memory would else end the validator for good; an operator who kills it again and again
/// for reasons of their own should not lose a miner by it.
const MOST_DEATHS: u32 = 16;

/// Rounds that are kept in the state: seven weeks at the public networks' usual epoch. An earlier loss stands in for a
/// few dozen rounds at most, and what is older is only of interest to those who keep a log; a full subnet adds some
/// megabytes a day.
const KEPT_ROUNDS: u32 = 1000;

impl Desk {
    /// Brings a round from wherever it is to its end. Returns early when the validator is stopping.
    pub(super) async fn carry_on(&self, mut round: Round) -> Result<(), ValidatorError> {
        if round.state == RoundState::Open {
            let began = Instant::now();
            self.announce(&round).await?;
            if !self.assay_all(&round).await? || !self.make_table(&round, began).await? {
                return Ok(());
            }
            round.state = RoundState::Scored;
        }
        self.publish(&round).await
    }

    /// Tells who takes part, and makes room on the shelf.
    async fn announce(&self, round: &Round) -> Result<(), ValidatorError> {
        let entrants = self.state.entrants(round.id).await?;
        let asked =
            |e: &&Entrant| !matches!(e.found.outcome, Some(Outcome::NotAsked(_) | Outcome::NoAnswer(_)));
        self.tell(EventKind::RoundStarted {
            netuid: round.what.netuid,
            competition: round.what.competition.clone(),
            closed: round.what.closed,
            hash: round.what.hash,
            asked: entrants.iter().filter(asked).count(),
            done: entrants
                .iter()
                .filter(|e| e.found.outcome == Some(Outcome::Assayed))
                .count(),
        });
        for entrant in &entrants {
            let (hotkey, uid) = (entrant.found.hotkey, entrant.found.uid);
            match &entrant.found.outcome {
                Some(Outcome::NotAsked(reason)) => {
                    self.tell(EventKind::NotAsked {
                        hotkey,
                        uid,
                        reason: reason.clone(),
                    });
                }
                Some(Outcome::NoAnswer(reason)) => {
                    self.tell(EventKind::NoAnswer {
                        hotkey,
                        uid,
                        reason: reason.clone(),
                    });
                }
                Some(Outcome::BadAnswer(reason)) => self.tell_rejected(entrant, reason),
                None | Some(Outcome::OwnFault(_) | Outcome::Assayed) => {
                    if let Some((commitment, committed)) = &entrant.found.commitment {
                        self.tell(EventKind::CommitmentSeen {
                            hotkey,
                            uid,
                            repo: commitment.repo.clone(),
                            revision: commitment.revision.clone(),
                            committed: *committed,
                        });
                    }
                }
            }
        }
        let mut wanted = Vec::new();
        for entrant in &entrants {
            let Some((commitment, _)) = &entrant.found.commitment else {
                continue;
            };
            if let Ok(revision) = commitment.revision.as_str().parse() {
                wanted.push((commitment.repo.clone(), revision));
            }
            if let Some((_, facts)) = &entrant.dataset {
                wanted.push((commitment.repo.clone(), facts.revision));
            }
        }
        self.state.forget(KEPT_ROUNDS).await?;
        let shelf = self.screen.shelf.clone();
        let tidied = tokio::task::spawn_blocking(move || {
            shelf.tidy(
                wanted.iter().map(|(repo, revision)| (repo, revision)),
                SHELF_BYTES,
            )
        })
        .await?;
        if let Err(e) = tidied {
            // Old datasets in the way are a nuisance; the round can go on with them.
            tracing::warn!(error = %e, "old datasets could not be removed");
        }
        Ok(())
    }

    fn tell_rejected(&self, entrant: &Entrant, reason: &BadAnswer) {
        self.tell(EventKind::Rejected {
            hotkey: entrant.found.hotkey,
            uid: entrant.found.uid,
            reason: reason.clone(),
            message: reason.to_string(),
        });
    }

    /// Works until every miner has an outcome; `false` when the validator is stopping before that.
    async fn assay_all(&self, round: &Round) -> Result<bool, ValidatorError> {
        loop {
            let mut pause: Option<Duration> = None;
            let mut put_off = |more: Option<Duration>| pause = pause.max(more);
            for entrant in self.pending(round).await? {
                if entrant.dataset.is_none() {
                    put_off(self.screen_one(round, &entrant).await?);
                }
                if self.stop.is_cancelled() {
                    return Ok(false);
                }
            }
            self.settle_copies(round).await?;
            let mut ready = self.pending(round).await?;
            ready.sort_by_key(|e| {
                (
                    e.found.commitment.as_ref().map(|(_, block)| *block),
                    e.found.registered,
                )
            });
            for entrant in ready {
                if let Some((dataset, facts)) = &entrant.dataset {
                    put_off(self.try_one(round, &entrant, *dataset, facts).await?);
                }
                if self.stop.is_cancelled() {
                    return Ok(false);
                }
            }
            let miners = self.pending(round).await?.len();
            if miners == 0 {
                return Ok(true);
            }
            let pause = pause.unwrap_or(self.config.patience.first_pause);
            self.tell(EventKind::Waiting {
                why: Waiting::Retry {
                    miners,
                    seconds: pause.as_secs_f64(),
                },
            });
            self.sleep(pause).await;
            if self.stop.is_cancelled() {
                return Ok(false);
            }
        }
    }

    /// The miners that still need work, after giving up on those at which the process keeps dying.
    async fn pending(&self, round: &Round) -> Result<Vec<Entrant>, ValidatorError> {
        let mut pending = Vec::new();
        for entrant in self.state.entrants(round.id).await? {
            match &entrant.found.outcome {
                None => {}
                Some(Outcome::OwnFault(fault))
                    if fault.may_pass() && entrant.faults < self.config.patience.attempts => {}
                Some(_) => continue,
            }
            if entrant.deaths() >= MOST_DEATHS {
                let fault = OwnFault::KeepsDying {
                    times: entrant.deaths(),
                };
                self.state
                    .give_up(round.id, &entrant.found.hotkey, &fault)
                    .await?;
                self.tell_fault(&entrant, fault, None);
                continue;
            }
            pending.push(entrant);
        }
        Ok(pending)
    }

    /// Downloads and checks one dataset; the pause before another attempt, if one is needed.
    async fn screen_one(&self, round: &Round, entrant: &Entrant) -> Result<Option<Duration>, ValidatorError> {
        let hotkey = entrant.found.hotkey;
        let Some((commitment, _)) = &entrant.found.commitment else {
            // The roster leaves nobody pending without a commitment; should a damaged state, nothing was published.
            let reason = BadAnswer::Commitment {
                reason: "is missing".to_owned(),
            };
            self.state.reject(round.id, &hotkey, &reason).await?;
            return Ok(None);
        };
        self.state.begin_job(round.id, &hotkey).await?;
        let told = |revision: &assay_hub::Revision| {
            self.tell(EventKind::Downloading {
                hotkey,
                repo: commitment.repo.clone(),
                revision: *revision,
            });
        };
        let screening = self.screen.screen(&self.state, commitment, told);
        let Some(screened) = self.stop.run_until_cancelled(screening).await else {
            self.state.abandon_job(round.id, &hotkey).await?;
            return Ok(None);
        };
        match screened? {
            Screened::Accepted(dataset, facts) => {
                self.state.accept(round.id, &hotkey, dataset).await?;
                self.tell(EventKind::Accepted {
                    hotkey,
                    repo: commitment.repo.clone(),
                    revision: facts.revision,
                    bytes: facts.bytes,
                    rows: facts.rows,
                    tokens: facts.tokens,
                });
                Ok(None)
            }
            Screened::Bad(reason) => {
                self.state.reject(round.id, &hotkey, &reason).await?;
                self.tell_rejected(entrant, &reason);
                Ok(None)
            }
            Screened::Fault { fault, pause } => self.failed(round, entrant, fault, pause).await,
        }
    }

    /// Settles datasets that are copies of others by their rows, so that no time is spent on training on them.
    async fn settle_copies(&self, round: &Round) -> Result<(), ValidatorError> {
        let profile = &self.config.profile;
        let entrants = self.state.entrants(round.id).await?;
        let with_rows: Vec<&Entrant> = entrants.iter().filter(|e| e.dataset.is_some()).collect();
        let seen: Vec<_> = with_rows
            .iter()
            .map(|e| Sighting {
                owner: (e.found.registered, e.found.hotkey),
                block: e.found.commitment.as_ref().map_or(u64::MAX, |(_, block)| block.0),
                rows: e.dataset.as_ref().map(|(_, facts)| &facts.row_set),
                loss: None,
            })
            .collect();
        for (i, original) in duplicates(&seen, profile.equal_loss, profile.shared_rows_limit)
            .into_iter()
            .enumerate()
        {
            let (copy, Some(original)) = (with_rows[i], original) else {
                continue;
            };
            if copy.found.outcome != Some(Outcome::Assayed) {
                let of = with_rows[original].found.hotkey;
                self.state.settle_copy(round.id, &copy.found.hotkey, &of).await?;
                self.tell(EventKind::Copy {
                    hotkey: copy.found.hotkey,
                    of,
                });
            }
        }
        Ok(())
    }

    /// Trains on one dataset and measures it; the pause before another attempt, if one is needed.
    async fn try_one(
        &self,
        round: &Round,
        entrant: &Entrant,
        dataset: DatasetId,
        facts: &DatasetFacts,
    ) -> Result<Option<Duration>, ValidatorError> {
        let hotkey = entrant.found.hotkey;
        let Some((commitment, _)) = &entrant.found.commitment else {
            return Ok(None);
        };
        let key = EvaluationKey {
            dataset,
            seed: round.what.seed,
            held_out: round.what.held_out,
        };
        self.state.begin_job(round.id, &hotkey).await?;
        let measured = match self.state.evaluation(key).await? {
            Some(measured) => measured,
            None => {
                let rows = match self.screen.accepted(&commitment.repo, facts).await {
                    Ok(rows) => rows,
                    Err(fault) => return self.failed(round, entrant, fault, None).await,
                };
                let events = self.events.clone();
                let progress = move |at| {
                    events.tell(match at {
                        TrialProgress::Trained { step, steps, loss } => EventKind::Training {
                            hotkey,
                            step,
                            steps,
                            loss,
                        },
                        TrialProgress::Measured { done, of } => EventKind::Evaluating { hotkey, done, of },
                    });
                };
                let longest = self.config.patience.job;
                match self
                    .bench
                    .run(rows.examples, key.seed, longest, &self.stop, progress)
                    .await
                {
                    Ok(measured) => measured,
                    Err(TrialEnd::Stopped) => {
                        self.state.abandon_job(round.id, &hotkey).await?;
                        return Ok(None);
                    }
                    Err(TrialEnd::Fault(fault)) => return self.failed(round, entrant, fault, None).await,
                }
            }
        };
        self.state
            .finish(round.id, &hotkey, key, &measured, seconds_since_1970())
            .await?;
        match measured.loss {
            Some(loss) => self.tell(EventKind::Evaluated {
                hotkey,
                uid: entrant.found.uid,
                loss,
                rows: facts.rows,
                seconds: measured.seconds,
            }),
            None => self.tell_rejected(entrant, &BadAnswer::Diverged),
        }
        Ok(None)
    }

    /// Notes a fault of ours; the pause before the next attempt, if there is to be one.
    async fn failed(
        &self,
        round: &Round,
        entrant: &Entrant,
        fault: OwnFault,
        asked_pause: Option<Duration>,
    ) -> Result<Option<Duration>, ValidatorError> {
        tracing::warn!(hotkey = %entrant.found.hotkey, %fault, "a job failed through no fault of the miner");
        self.state.fail(round.id, &entrant.found.hotkey, &fault).await?;
        let failures = entrant.faults + 1;
        let again = fault.may_pass() && failures < self.config.patience.attempts;
        let pause = asked_pause
            .unwrap_or_default()
            .max(self.config.patience.pause_after(failures));
        self.tell_fault(entrant, fault, again.then_some(pause));
        Ok(again.then_some(pause))
    }

    fn tell_fault(&self, entrant: &Entrant, fault: OwnFault, retry_in: Option<Duration>) {
        self.tell(EventKind::OwnFault {
            hotkey: entrant.found.hotkey,
            fault,
            attempt: entrant.faults + 1,
            retry_in: retry_in.map(|pause| pause.as_secs_f64()),
        });
    }

    /// Makes and keeps the round's table; `false` when it gives no weights and the round is dropped.
    async fn make_table(&self, round: &Round, began: Instant) -> Result<bool, ValidatorError> {
        let entrants = self.state.entrants(round.id).await?;
        let mut carried = HashMap::new();
        for entrant in &entrants {
            if !matches!(
                entrant.found.outcome,
                Some(Outcome::NotAsked(_) | Outcome::OwnFault(_))
            ) {
                continue;
            }
            let hotkey: AccountId = entrant.found.hotkey;
            let rounds = self.config.profile.carried_rounds;
            if let Some(loss) = self
                .state
                .carried(round, &hotkey, entrant.found.registered, rounds)
                .await?
            {
                carried.insert(hotkey, loss);
            }
        }
        let metagraph = self.chain.metagraph(self.config.netuid).await?;
        let scores = table::result(&entrants, &carried, &metagraph, &self.config.profile);
        let new_loss = |standing: &Standing| matches!(standing, Standing::Ranked { carried: false, .. });
        if !scores.iter().any(|score| new_loss(&score.standing)) {
            let reason = "no dataset has a loss: the weights on chain stay as they are";
            self.drop_round(round, reason).await?;
            self.record_round(round, &scores, began.elapsed(), Some(reason));
            return Ok(false);
        }
        self.state.score(round.id, &scores).await?;
        self.record_round(round, &scores, began.elapsed(), None);
        self.tell(EventKind::RoundScored {
            closed: round.what.closed,
            rows: scores,
        });
        Ok(true)
    }
}

fn seconds_since_1970() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |time| time.as_secs())
}
