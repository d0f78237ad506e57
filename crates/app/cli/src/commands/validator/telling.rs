//! A neuron's events for whoever watches: a line each for a person, a progress bar while it trains, JSON for programs.

use crate::output::{self, Output};
use assay_datasets::{
    DatasetEvent, EventKind,
    event::{MinerScore, PublishStep, Standing, Waiting, WeightsStage},
};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;

/// Where events are told.
#[derive(Debug)]
pub(crate) struct Telling {
    output: Output,
    bar: ProgressBar,
}

impl Telling {
    pub(crate) fn new(output: Output) -> Self {
        let live = !output.is_json() && std::io::stderr().is_terminal();
        let target = if live {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        // The template is constant; should it ever be wrong, the plain bar tells the same.
        let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        Self {
            output,
            bar: ProgressBar::with_draw_target(Some(0), target).with_style(style),
        }
    }

    /// Tells one event.
    pub(crate) fn tell(&self, event: &DatasetEvent) -> miette::Result<()> {
        if self.output.is_json() {
            return self.output.json(event);
        }
        match &event.kind {
            EventKind::Training {
                hotkey,
                step,
                steps,
                loss,
            } => {
                self.progress(
                    u64::from(*step),
                    u64::from(*steps),
                    format!("trains on {hotkey}, loss {loss:.3}"),
                );
            }
            EventKind::Evaluating { hotkey, done, of } => {
                self.progress(*done as u64, *of as u64, format!("measures {hotkey}"));
            }
            EventKind::RoundScored { rows, .. } => {
                self.bar.finish_and_clear();
                self.output.text(&table(rows))?;
            }
            kind => {
                self.bar.finish_and_clear();
                if let Some(line) = words(kind) {
                    self.output.say(&line);
                }
            }
        }
        Ok(())
    }

    fn progress(&self, done: u64, of: u64, message: String) {
        if self.bar.is_finished() {
            self.bar.reset();
        }
        self.bar.set_length(of);
        self.bar.set_position(done);
        self.bar.set_message(message);
    }
}

/// An event as a line; none for what has a form of its own or says nothing new.
fn words(kind: &EventKind) -> Option<String> {
    Some(match kind {
        EventKind::Publishing(step) => publishing(step),
        EventKind::RoundStarted {
            closed, asked, done, ..
        } if *done > 0 => {
            format!("round of block {closed} goes on: {done} of {asked} are done")
        }
        EventKind::RoundStarted { closed, asked, .. } => {
            format!("round of block {closed}: {asked} are asked")
        }
        EventKind::CommitmentSeen {
            uid,
            repo,
            revision,
            committed,
            ..
        } => {
            format!(
                "uid {uid}: {repo} at {} (block {committed})",
                short(revision.as_str())
            )
        }
        EventKind::Downloading { repo, revision, .. } => {
            format!("downloads {repo} at {}", short(&revision.to_string()))
        }
        EventKind::Accepted {
            repo,
            bytes,
            rows,
            tokens,
            ..
        } => {
            format!("{repo}: {rows} rows, {tokens} tokens, {bytes} bytes")
        }
        EventKind::Rejected { uid, message, .. } => format!("uid {uid} is refused: {message}"),
        EventKind::Copy { hotkey, of } => format!("{hotkey} is a copy of {of}"),
        EventKind::OwnFault {
            hotkey,
            fault,
            attempt,
            retry_in,
        } => match retry_in {
            Some(pause) => format!("attempt {attempt} at {hotkey} failed, next in {pause:.1} s: {fault}"),
            None => format!("attempt {attempt} at {hotkey} failed, the last of this round: {fault}"),
        },
        EventKind::Evaluated {
            uid,
            loss,
            rows,
            seconds,
            ..
        } => {
            format!("uid {uid}: loss {loss:.4} from {rows} rows in {seconds:.1} s")
        }
        EventKind::Weights { stage, .. } => match stage {
            WeightsStage::Submitted => "weights are sent".to_owned(),
            WeightsStage::InBlock { block } => format!("weights are in block {block}"),
            WeightsStage::Committed { reveal_block } => {
                format!("weights are committed, to be revealed in block {reveal_block}")
            }
            WeightsStage::Finalized { block } => format!("weights are final (block {block})"),
            WeightsStage::Held { reason } => format!("weights are held back: {reason}"),
            _ => return None,
        },
        EventKind::RoundDropped { closed, reason } => {
            format!("round of block {closed} ends without weights: {reason}")
        }
        EventKind::Waiting { why } => match why {
            Waiting::NextRound { block } => format!("waits for block {block}"),
            Waiting::NoCommitments { block } => {
                format!("nobody has committed anything; waits for block {block}")
            }
            Waiting::Retry { miners, seconds } => format!("tries {miners} again in {seconds:.1} s"),
            // Told as held back a moment before.
            _ => return None,
        },
        EventKind::Trouble { message, retry_in } => {
            format!("failed, next attempt in {retry_in:.0} s: {message}")
        }
        _ => return None,
    })
}

fn publishing(step: &PublishStep) -> String {
    match step {
        PublishStep::Checked { rows, tokens } => format!("{rows} rows, {tokens} tokens: every check passed"),
        PublishStep::Uploading { repo, bytes } => format!("uploads {bytes} bytes to {repo}"),
        PublishStep::Uploaded { repo, revision } => format!("{repo} has it as {revision}"),
        PublishStep::Committing { commitment } => format!("commits {commitment}"),
        PublishStep::Committed { block, .. } => format!("committed in block {block}, and read back"),
        PublishStep::Retrying {
            doing,
            reason,
            retry_in,
        } => {
            format!("{doing} failed, next attempt in {retry_in:.1} s: {reason}")
        }
        other => format!("{other:?}"),
    }
}

fn short(revision: &str) -> &str {
    revision.get(..7).unwrap_or(revision)
}

/// A round's result, without the neurons that have nothing to do with it.
fn table(rows: &[MinerScore]) -> String {
    let mut table = output::table([
        "uid",
        "repository",
        "rows",
        "loss",
        "win rate",
        "share",
        "standing",
    ]);
    let number =
        |value: Option<f64>, digits: usize| value.map_or_else(String::new, |x| format!("{x:.digits$}"));
    for score in rows {
        let (loss, win_rate, standing) = match &score.standing {
            Standing::Ranked {
                loss,
                win_rate,
                carried,
                ..
            } => {
                let standing = if *carried { "by an earlier round" } else { "ranked" };
                (Some(*loss), Some(*win_rate), standing.to_owned())
            }
            Standing::Copy { of } => (None, None, format!("copy of {of}")),
            Standing::BadAnswer(reason) => (None, None, reason.to_string()),
            Standing::OwnFault(fault) => (None, None, format!("our fault: {fault}")),
            Standing::NotAsked(_) => (None, None, "not asked".to_owned()),
            _ => continue,
        };
        table.add_row([
            score.uid.to_string(),
            score.repo.as_ref().map_or_else(String::new, ToString::to_string),
            score.rows.map_or_else(String::new, |rows| rows.to_string()),
            number(loss, 4),
            number(win_rate, 2),
            number(Some(score.share), 4),
            standing,
        ]);
    }
    table.to_string()
}
