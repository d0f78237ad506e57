//! A round: some forwards at a time, and afterwards what must not be lost is kept.

use super::{
    Parts, PromptingEvent, availability,
    forward::{Forward, ForwardError},
};
use assay_neuron::Context;
use futures::future::{join, join_all};
use rand::Rng;
use std::{
    collections::BTreeSet,
    convert::Infallible,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

/// The pause after a round that came to nothing; it doubles with each in a row.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
/// The longest pause. Longer, and a validator sleeps on when what failed is mended.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// One round. Nothing that fails in it ends the validator.
pub(super) async fn round(context: Context, parts: Arc<Parts>) -> Result<(), Infallible> {
    availability::ask(&context, &parts);
    if let Some(people) = &parts.people {
        people.open(&context, &parts).await;
        people.judge(&context, &parts).await;
    }
    let forwards = (0..parts.settings.concurrent_forwards).map(|_| Forward::new(&parts, &context).run());
    let (ended, ()) = join(join_all(forwards), inference(&context, &parts)).await;
    let all = ended.len();
    let mut failed = 0;
    for error in ended.into_iter().filter_map(Result::err) {
        failed += 1;
        came_to_nothing(&context, &parts, &error);
    }
    parts.stand(|standing| standing.forwards += (all - failed) as u64);
    fade(&context).await;
    if let Err(error) = parts.keep().await {
        tracing::error!(%error, "what the judges remember cannot be kept; they go on in memory");
    }
    if failed < all {
        parts.failing.store(0, Ordering::Relaxed);
        parts.doing(&context, || "waiting for the next block".to_owned());
        return Ok(());
    }
    let times = parts.failing.fetch_add(1, Ordering::Relaxed);
    let pause = FIRST_PAUSE.saturating_mul(1 << times.min(10)).min(LONGEST_PAUSE);
    parts.doing(&context, || {
        format!("waiting {} s after a failure", pause.as_secs())
    });
    context.shutdown().unless_begun(tokio::time::sleep(pause)).await;
    Ok(())
}

/// In some rounds miners are asked to run a model as well.
async fn inference(context: &Context, parts: &Parts) {
    let Some(judge) = &parts.inference else { return };
    let share = parts.settings.inference.share;
    if rand::rng().random::<f64>() < share
        && let Err(error) = Forward::new(parts, context).inference(judge).await
    {
        came_to_nothing(context, parts, &error);
    }
}

fn came_to_nothing(context: &Context, parts: &Parts, error: &ForwardError) {
    tracing::warn!(%error, "a forward came to nothing");
    parts.stand(|standing| standing.failures += 1);
    // Nobody need be listening.
    let _ = parts.events.send(PromptingEvent::Failed {
        validator: context.hotkey(),
        reason: error.to_string(),
    });
}

/// Lets the scores of those fade that cannot be asked: they serve no address, or have become validators. In the original
/// theirs stood still for ever, and were paid for ever.
async fn fade(context: &Context) {
    let Ok(metagraph) = context.metagraph().await else {
        return;
    };
    let Ok(available) = context.choose(&metagraph, usize::MAX, &BTreeSet::new()) else {
        // Nobody at all: then it may well be our own network.
        return;
    };
    let available: BTreeSet<_> = available.iter().map(|chosen| chosen.target.hotkey).collect();
    for neuron in &metagraph.neurons {
        let hotkey = neuron.hotkey;
        let fades = hotkey != context.hotkey()
            && !available.contains(&hotkey)
            && context.score(&hotkey).is_some_and(|score| score > 0.0);
        if fades && let Err(error) = context.reward(hotkey, 0.0) {
            tracing::warn!(%error, %hotkey, "a score does not fade");
        }
    }
}
