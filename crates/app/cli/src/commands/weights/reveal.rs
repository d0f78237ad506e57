//! `assay weights reveal`

use super::{
    failure,
    hidden::Kept,
    history::words,
    history_file,
    window::{Epochs, Standing},
};
use crate::{
    commands::{
        on_chain::{Action, account, chain_failure, connect, hinted, send},
        wallet::unlock,
    },
    context::Context,
};
use assay_chain::{
    AccountId, Block, BlockRef, Call, ChainClient, HashCommit, Included, NetUid, Snapshot, TimelockedCommit,
    Uid, Zeros,
};
use assay_keys::KeyRole;
use assay_neuron::{Attempt, AttemptStage, WeightHistory, WeightSetter, WeightSetterConfig};
use futures::StreamExt as _;
use miette::miette;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Reveal weights that were committed by their hash, or tell what became of those that the chain reveals
///
/// Finds what `assay weights commit --hash` kept, and sends the newest row whose epoch has come. A timelocked commit is
/// revealed by the chain itself; where no hash commit was kept, this tells what became of those of the history.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Number of the subnet
    #[arg(long, value_name = "N")]
    netuid: NetUid,
    /// What `assay weights commit --hash` kept, instead of every such file in ~/.assay/weights
    #[arg(long, value_name = "FILE", conflicts_with = "history")]
    file: Option<PathBuf>,
    /// Wait for the block from which on it can be revealed, or in which the chain reveals it
    #[arg(long)]
    wait: bool,
    /// File of the history, instead of the usual one in ~/.assay/weights
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,
}

/// What was revealed, as the result of its transaction.
#[derive(Serialize)]
struct Revealed {
    netuid: NetUid,
    uid: Uid,
    hash: String,
    /// The row that the chain holds since.
    entries: Vec<(Uid, u16)>,
}

/// A timelocked commit and where it is.
#[derive(Serialize)]
struct Followed {
    /// Its number in the history.
    attempt: u64,
    commit: TimelockedCommit,
    /// The last step that is known.
    stage: AttemptStage,
}

pub(super) async fn run(args: Args, context: &Context) -> miette::Result<()> {
    let client = connect(context).await?;
    let hotkey = account(context, KeyRole::Hotkey)?;
    let kept = match &args.file {
        Some(path) => vec![named(path, args.netuid, &hotkey)?],
        None => Kept::all(&client, args.netuid, &hotkey)?,
    };
    if kept.is_empty() {
        return follow(&client, hotkey, &args, context).await;
    }
    let due = due(&client, &kept, hotkey, &args, context).await?;
    reveal(&client, due, &kept, context).await
}

/// A file that was named on the command line, when it is of this hotkey and subnet.
fn named(path: &Path, netuid: NetUid, hotkey: &AccountId) -> miette::Result<Kept> {
    let kept = Kept::read(path)?;
    if kept.hidden.netuid != netuid {
        return Err(miette!(
            help = format!("add --netuid {}", kept.hidden.netuid),
            "{} is of subnet {}, not {netuid}",
            path.display(),
            kept.hidden.netuid
        ));
    }
    if kept.hidden.hotkey != *hotkey {
        return Err(miette!(
            help = "choose the hotkey that committed with -w and -H",
            "{} is of hotkey {}, the wallet's is {hotkey}",
            path.display(),
            kept.hidden.hotkey
        ));
    }
    Ok(kept)
}

/// A commit that can be revealed now.
struct Due<'a> {
    kept: &'a Kept,
    commit: HashCommit,
    last: Block,
    /// The commits before it that wait as well, and are dropped when it is revealed.
    older: Vec<HashCommit>,
}

/// The commit to reveal: of those whose epoch has come the newest, which counts in the end.
async fn due<'a>(
    client: &ChainClient,
    kept: &'a [Kept],
    hotkey: AccountId,
    args: &Args,
    context: &Context,
) -> miette::Result<Due<'a>> {
    let mut snapshot = client.pin().await.map_err(chain_failure)?;
    let mut blocks = None;
    loop {
        let queue = Queue::read(&snapshot, args.netuid, hotkey).await?;
        match queue.look(kept) {
            Look::Due(due) => {
                for lost in queue.lost(kept) {
                    context.output().warn(&lost);
                }
                return Ok(due);
            }
            Look::Early(from) if args.wait => {
                if blocks.is_none() {
                    context.output().say(&format!(
                        "waiting for block {from}; the chain is at {}",
                        snapshot.block().number
                    ));
                    blocks = Some(client.blocks().await.map_err(chain_failure)?);
                }
                let next = match &mut blocks {
                    Some(blocks) => blocks.next().await,
                    None => None,
                };
                match next {
                    Some(block) => snapshot = client.at_block(block.map_err(chain_failure)?),
                    None => return Err(miette!("the chain's blocks cannot be followed any more")),
                }
            }
            Look::Early(from) => {
                return Err(miette!(
                    help = "add --wait to wait for it",
                    "it is too early: the chain takes the reveal from block {from} on, and is at {}",
                    snapshot.block().number
                ));
            }
            Look::Nothing => {
                return Err(miette!(
                    help =
                        "commit anew with `assay weights commit`, and remove the file: it is of no more use",
                    "{}",
                    queue.lost(kept).join("; ")
                ));
            }
        }
    }
}

/// A hotkey's hash commits at one block, oldest first.
struct Queue {
    epochs: Epochs,
    commits: Vec<HashCommit>,
}

enum Look<'a> {
    Due(Due<'a>),
    /// The first block in which one can be revealed.
    Early(Block),
    /// Every commit is over, or on no chain.
    Nothing,
}

impl Queue {
    async fn read(snapshot: &Snapshot, netuid: NetUid, hotkey: AccountId) -> miette::Result<Self> {
        Ok(Self {
            epochs: Epochs::of(snapshot, netuid).await?,
            commits: snapshot
                .hash_commits(netuid, &hotkey)
                .await
                .map_err(chain_failure)?,
        })
    }

    fn look<'a>(&self, kept: &'a [Kept]) -> Look<'a> {
        let mut earliest: Option<Block> = None;
        for (place, commit) in self.commits.iter().enumerate().rev() {
            let Some(kept) = kept.iter().find(|kept| kept.hidden.hash() == commit.hash) else {
                continue;
            };
            match self.epochs.standing(commit) {
                Standing::Due { last } => {
                    let older = self.commits[..place].iter();
                    return Look::Due(Due {
                        kept,
                        commit: *commit,
                        last,
                        older: older
                            .filter(|older| self.epochs.standing(older) != Standing::Expired)
                            .copied()
                            .collect(),
                    });
                }
                Standing::Early { from } => {
                    earliest = Some(earliest.map_or(from, |known| known.min(from)));
                }
                Standing::Expired => {}
            }
        }
        earliest.map_or(Look::Nothing, Look::Early)
    }

    /// Why files are of no more use, each in a sentence.
    fn lost(&self, kept: &[Kept]) -> Vec<String> {
        let lost = |kept: &Kept| {
            let (hash, path) = (kept.hidden.hash(), kept.path.display());
            match self.commits.iter().find(|commit| commit.hash == hash) {
                None => Some(format!(
                    "the chain holds no commit of {path}: it was revealed, has expired, or never arrived"
                )),
                Some(commit) if self.epochs.standing(commit) == Standing::Expired => Some(format!(
                    "the commit of block {} has expired: its epoch of reveal is over ({path})",
                    commit.block
                )),
                Some(_) => None,
            }
        };
        kept.iter().filter_map(lost).collect()
    }
}

async fn reveal(client: &ChainClient, due: Due<'_>, kept: &[Kept], context: &Context) -> miette::Result<()> {
    let hidden = &due.kept.hidden;
    let netuid = hidden.netuid;
    let dropped = match due.older.len() {
        0 => String::new(),
        1 => ", and drop the one older commit that waits".to_owned(),
        older => format!(", and drop the {older} older commits that wait"),
    };
    let action = Action {
        purpose: format!(
            "reveal the weights committed in block {} in subnet {netuid}, which the chain takes until block {}{dropped}",
            due.commit.block, due.last
        ),
        call: Call::reveal_weights(hidden),
        signer: KeyRole::Hotkey,
    };
    let Some(sent) = send(context, client, action, || Ok(())).await? else {
        return Ok(());
    };
    // The chain has taken the row. Whatever cannot be read or removed now is told, and is no failure: a second try would
    // find no commit.
    let revealed = match read_back(client, due.kept, sent.included()).await {
        Ok(revealed) => {
            for done in kept.iter().filter(|kept| {
                let hash = kept.hidden.hash();
                hash == due.commit.hash || due.older.iter().any(|older| older.hash == hash)
            }) {
                if let Err(error) = done.remove() {
                    context
                        .output()
                        .warn(&format!("it is revealed, and its file was not removed: {error}"));
                }
            }
            Some(revealed)
        }
        Err(error) => {
            context.output().warn(&format!(
                "the reveal is final, and the row was not read back: {error}; {} stays",
                due.kept.path.display()
            ));
            None
        }
    };
    sent.print(context, revealed, |revealed| {
        format!(
            "revealed in {}: the chain holds the {} entries of uid {}",
            sent.included().block,
            revealed.entries.len(),
            revealed.uid
        )
    })
}

/// The row that the chain holds in the block of the reveal.
async fn read_back(client: &ChainClient, kept: &Kept, included: &Included) -> miette::Result<Revealed> {
    let hidden = &kept.hidden;
    let snapshot = client.at_block(included.block);
    let uid = snapshot
        .uid(hidden.netuid, &hidden.hotkey)
        .await
        .map_err(chain_failure)?
        .ok_or_else(|| miette!("hotkey {} has no slot any more", hidden.hotkey))?;
    let entries = snapshot
        .weights_of(hidden.netuid, uid)
        .await
        .map_err(chain_failure)?;
    if entries != hidden.row.entries() {
        return Err(miette!("{} shows another row of uid {uid}", included.block));
    }
    Ok(Revealed {
        netuid: hidden.netuid,
        uid,
        hash: format!("0x{}", hex::encode(hidden.hash())),
        entries,
    })
}

/// Tells what became of the timelocked commits of the history whose end was not known.
async fn follow(
    client: &ChainClient,
    hotkey: AccountId,
    args: &Args,
    context: &Context,
) -> miette::Result<()> {
    let netuid = args.netuid;
    let path = history_file(client, netuid, &hotkey, args.history.as_deref()).await?;
    warn_of_hash_commits(client, netuid, &hotkey, context).await?;
    let open: Vec<u64> = WeightHistory::look(&path)
        .map_err(|error| hinted(error, None))?
        .iter()
        .filter(|attempt| !attempt.is_over())
        .map(|attempt| attempt.number)
        .collect();
    let attempts = if open.is_empty() || context.dry_run() {
        WeightHistory::look(&path).map_err(|error| hinted(error, None))?
    } else {
        let config = WeightSetterConfig {
            version_key: 0,
            zeros: Zeros::Explicit,
            history: path.clone(),
        };
        let pair = unlock(context, KeyRole::Hotkey)?;
        let setter =
            WeightSetter::new(client.clone(), pair, netuid, config).map_err(|error| hinted(error, None))?;
        settle(client, &setter, args.wait, context).await?;
        setter.history().await
    };
    let followed: Vec<Followed> = attempts
        .iter()
        .filter(|attempt| open.contains(&attempt.number))
        .filter_map(followed)
        .collect();
    context.output().data(&followed, |followed| {
        if followed.is_empty() {
            return format!("nothing of {hotkey} waits for its reveal in subnet {netuid}");
        }
        let lines: Vec<_> = followed
            .iter()
            .map(|followed| {
                format!(
                    "attempt {}, committed in block {}: {}",
                    followed.attempt,
                    followed.commit.block.number,
                    words(&followed.stage)
                )
            })
            .collect();
        lines.join("\n")
    })
}

/// A hash commit whose file is elsewhere can only be revealed by whoever names that file.
async fn warn_of_hash_commits(
    client: &ChainClient,
    netuid: NetUid,
    hotkey: &AccountId,
    context: &Context,
) -> miette::Result<()> {
    let snapshot = client.pin().await.map_err(chain_failure)?;
    let commits = snapshot
        .hash_commits(netuid, hotkey)
        .await
        .map_err(chain_failure)?;
    if !commits.is_empty() {
        context.output().warn(&format!(
            "the chain holds {} hash commits of {hotkey}, and what they hide is not in ~/.assay/weights: name its file \
             with --file",
            commits.len()
        ));
    }
    Ok(())
}

/// Finds out what became of the attempts; with `wait` until none is open.
async fn settle(
    client: &ChainClient,
    setter: &WeightSetter,
    wait: bool,
    context: &Context,
) -> miette::Result<()> {
    setter.resume().await.map_err(failure)?;
    if !wait {
        return Ok(());
    }
    let mut blocks = client.blocks().await.map_err(chain_failure)?;
    let mut told = None;
    loop {
        let Some(next) = next_reveal(&setter.history().await) else {
            return Ok(());
        };
        if told != Some(next) {
            context.output().say(&format!(
                "waiting for block {next}, in which the chain reveals it"
            ));
            told = Some(next);
        }
        let block: BlockRef = match blocks.next().await {
            Some(block) => block.map_err(chain_failure)?,
            None => return Err(miette!("the chain's blocks cannot be followed any more")),
        };
        if block.number >= next {
            setter.resume().await.map_err(failure)?;
        }
    }
}

/// The first block in which one of the open commits is to be revealed.
fn next_reveal(attempts: &[Attempt]) -> Option<Block> {
    attempts
        .iter()
        .filter(|attempt| !attempt.is_over())
        .filter_map(followed)
        .map(|followed| followed.commit.reveal_block)
        .min()
}

fn followed(attempt: &Attempt) -> Option<Followed> {
    let commit = attempt
        .stages
        .iter()
        .rev()
        .find_map(|record| match &record.stage {
            AttemptStage::Committed { commit } => Some(commit.clone()),
            _ => None,
        })?;
    Some(Followed {
        attempt: attempt.number,
        commit,
        stage: attempt.stage()?.clone(),
    })
}
