//! `assay weights commit`

use super::{
    failure,
    hidden::Kept,
    history_file,
    prepare::{Prepared, RowArgs, prepare, table},
    window::{Epochs, MOST_COMMITS, Standing, in_the_open},
};
use crate::{
    commands::{
        on_chain::{Action, chain_failure, hinted, send},
        wallet::unlock,
    },
    context::Context,
};
use assay_chain::{
    AccountId, Block, Call, ChainClient, HashedWeights, Included, NetUid, RevealPlan, TimelockedCommit,
};
use assay_keys::KeyRole;
use assay_neuron::{AttemptStart, WeightSetter, WeightSetterConfig};
use miette::miette;
use serde::Serialize;
use std::path::PathBuf;

/// Commit to weights that become readable later
///
/// For subnets that take only committed weights. The row is encrypted, and the chain itself reveals it when its reveal
/// period is over; this command ends as soon as a final block holds the commit. `assay weights reveal` or the next
/// `weights set` finds out what became of it. With --hash only a digest of the row goes on chain, and `assay weights
/// reveal` has to be called in the one epoch in which the chain takes the row.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    row: RowArgs,
    /// Commit to a hash of the row: what it hides is kept in ~/.assay/weights and is for `assay weights reveal`
    #[arg(long, conflicts_with = "history")]
    hash: bool,
    /// File of the history, instead of the usual one in ~/.assay/weights
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,
}

/// A timelocked commit under `--json`.
#[derive(Serialize)]
struct Answer {
    dry_run: bool,
    #[serde(flatten)]
    start: AttemptStart,
    /// When the chain reveals it, as it was planned.
    reveal: RevealPlan,
    /// Its number in the history.
    attempt: Option<u64>,
    commit: Option<TimelockedCommit>,
    included: Option<Included>,
}

/// A hash commit, as the result of its transaction.
#[derive(Serialize)]
struct Hashed {
    netuid: NetUid,
    hotkey: AccountId,
    hash: String,
    /// What keeps the row until it is revealed.
    file: PathBuf,
    /// The epoch in which it is to be revealed, and its first and last block; absent when the chain could not be asked
    /// after the commit.
    #[serde(flatten)]
    reveal: Option<Reveal>,
}

#[derive(Clone, Copy, Serialize)]
struct Reveal {
    reveal_epoch: u64,
    reveal_from: Block,
}

pub(super) async fn run(args: Args, context: &Context) -> miette::Result<()> {
    let prepared = prepare(&args.row, context).await?;
    let Some(reveal) = prepared.planned.reveal else {
        return Err(in_the_open(args.row.netuid));
    };
    if args.hash {
        by_hash(prepared, args.row.version_key, context).await
    } else {
        timelocked(prepared, reveal, args, context).await
    }
}

async fn timelocked(
    prepared: Prepared,
    reveal: RevealPlan,
    args: Args,
    context: &Context,
) -> miette::Result<()> {
    let Prepared {
        client,
        hotkey,
        scores,
        zeros,
        planned,
    } = prepared;
    let (output, netuid) = (context.output(), args.row.netuid);
    if context.dry_run() {
        let answer = Answer {
            dry_run: true,
            start: planned.start,
            reveal,
            attempt: None,
            commit: None,
            included: None,
        };
        return output.data(&answer, |answer| {
            format!(
                "would commit in subnet {netuid}, to be revealed in block {}\n{}",
                answer.reveal.reveal_block,
                table(&answer.start)
            )
        });
    }
    output.say(&table(&planned.start).to_string());
    context.confirm(&format!(
        "Commit to these weights in subnet {netuid} on {}, to be revealed in block {}?",
        client.endpoint(),
        reveal.reveal_block
    ))?;
    let config = WeightSetterConfig {
        version_key: args.row.version_key,
        zeros,
        history: history_file(&client, netuid, &hotkey, args.history.as_deref()).await?,
    };
    let pair = unlock(context, KeyRole::Hotkey)?;
    let setter = WeightSetter::new(client, pair, netuid, config).map_err(|error| hinted(error, None))?;
    let sent = setter.submit(&scores).await.map_err(failure)?;
    let answer = Answer {
        dry_run: false,
        start: planned.start,
        reveal,
        attempt: Some(sent.attempt),
        commit: sent.commit,
        included: Some(sent.included),
    };
    output.data(&answer, |answer| match (&answer.commit, &answer.included) {
        (Some(commit), _) => format!(
            "committed in {}\n  round    {} of the beacon opens it\n  reveal   in block {}, by the chain itself\n  \
             follow   assay weights reveal --netuid {netuid}",
            commit.block, commit.round, commit.reveal_block
        ),
        // The subnet's owner has switched commits off since the row was planned.
        (None, Some(included)) => format!("set in the open in {}", included.block),
        (None, None) => String::new(),
    })
}

async fn by_hash(prepared: Prepared, version_key: u64, context: &Context) -> miette::Result<()> {
    let Prepared {
        client,
        hotkey,
        planned,
        ..
    } = prepared;
    let netuid = planned.start.netuid;
    let snapshot = client.pin().await.map_err(chain_failure)?;
    let epochs = Epochs::of(&snapshot, netuid).await?;
    let commits = snapshot
        .hash_commits(netuid, &hotkey)
        .await
        .map_err(chain_failure)?;
    // The chain forgets expired ones before it counts.
    let waiting = commits
        .iter()
        .filter(|commit| epochs.standing(commit) != Standing::Expired)
        .count();
    if waiting >= MOST_COMMITS {
        return Err(miette!(
            help = "reveal one with `assay weights reveal`, which drops those before it, or wait until one expires",
            "{waiting} hash commits of {hotkey} wait for their reveal in subnet {netuid}, and the chain takes no more"
        ));
    }
    let kept = Kept::new(
        &client,
        HashedWeights::new(hotkey, netuid, planned.row, version_key),
    );
    let hash = kept.hidden.hash();
    context.output().say(&table(&planned.start).to_string());
    let action = Action {
        purpose: format!(
            "commit to these weights in subnet {netuid} by the hash 0x{}, to be revealed from block {} on with `assay \
             weights reveal`",
            hex::encode(hash),
            epochs.next_reveal()
        ),
        call: Call::commit_weights(netuid, hash),
        signer: KeyRole::Hotkey,
    };
    let is_saved = std::cell::Cell::new(false);
    let save = || -> miette::Result<()> {
        kept.save()?;
        is_saved.set(true);
        Ok(())
    };
    let sent = match send(context, &client, action, save).await {
        Ok(Some(sent)) => sent,
        Ok(None) => return Ok(()),
        Err(error) => {
            if is_saved.get() {
                context.output().warn(&format!(
                    "{} stays: should the commit have arrived after all, its reveal needs it",
                    kept.path.display()
                ));
            }
            return Err(error);
        }
    };
    // The commit is on chain: what cannot be read now does not make it undone.
    let reveal = match reveal_of(&client, &kept.hidden, sent.included()).await {
        Ok(reveal) => Some(reveal),
        Err(error) => {
            context.output().warn(&format!(
                "the commit is final, and when it can be revealed was not read: {error}"
            ));
            None
        }
    };
    let result = Hashed {
        netuid,
        hotkey,
        hash: format!("0x{}", hex::encode(hash)),
        file: kept.path.clone(),
        reveal,
    };
    sent.print(context, Some(result), |hashed| {
        let when = hashed.reveal.map_or_else(String::new, |reveal| {
            format!(
                "\n  reveal   in epoch {}, from block {} on, and in no other: assay weights reveal --netuid {netuid} \
                 --wait",
                reveal.reveal_epoch, reveal.reveal_from
            )
        });
        format!(
            "committed {} in {}\n  kept in  {}{when}",
            hashed.hash,
            sent.included().block,
            hashed.file.display()
        )
    })
}

/// When a commit that a block holds can be revealed.
async fn reveal_of(
    client: &ChainClient,
    hidden: &HashedWeights,
    included: &Included,
) -> miette::Result<Reveal> {
    let snapshot = client.at_block(included.block);
    let (epochs, commits) = tokio::try_join!(Epochs::of(&snapshot, hidden.netuid), async {
        snapshot
            .hash_commits(hidden.netuid, &hidden.hotkey)
            .await
            .map_err(chain_failure)
    })?;
    let hash = hidden.hash();
    let commit = commits
        .iter()
        .find(|commit| commit.hash == hash)
        .ok_or_else(|| miette!("{} does not show the commit", included.block))?;
    let reveal_from = match epochs.standing(commit) {
        Standing::Early { from } => from,
        _ => included.block.number,
    };
    Ok(Reveal {
        reveal_epoch: epochs.due(commit),
        reveal_from,
    })
}
