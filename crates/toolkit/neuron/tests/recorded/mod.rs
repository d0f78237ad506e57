//! What neurons have recorded, held against what happened.

use assay_chain::AccountId;
use assay_neuron::{Attempt, AttemptStage};
use assay_records::{
    Event, Stream, read,
    streams::{AxonCalls, BlockSeen, EpochNeuron, Forward, Hardware, Score, WeightStep},
};
use std::{
    collections::BTreeSet,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    time::Duration,
};

/// The events of a stream, in the order in which they were told.
fn events<S: Stream>(folder: &Path) -> Vec<Event<S>> {
    read(folder, ..).unwrap().collect::<Result<_, _>>().unwrap()
}

fn of<S: Stream>(folder: &Path, source: &AccountId) -> Vec<S> {
    let events = events::<S>(folder).into_iter();
    let told = events.filter(|event| event.stamp.source == source.to_string());
    told.map(|event| event.event).collect()
}

/// A step's name as the history's file has it.
fn name(stage: &AttemptStage) -> String {
    let json = serde_json::to_value(stage).unwrap();
    json.as_object().unwrap().keys().next().unwrap().clone()
}

/// Every attempt of the history is recorded: its row, then its steps, each once and in order, whichever process took them.
pub(crate) fn attempts(folder: &Path, validator: &AccountId, history: &[Attempt]) {
    let steps: Vec<WeightStep> = of(folder, validator);
    assert!(
        steps
            .iter()
            .all(|step| step.validator == Some(validator.to_string()))
    );
    let mut told = 0;
    for attempt in history {
        let recorded: Vec<_> = steps
            .iter()
            .filter(|step| step.attempt == attempt.number)
            .collect();
        told += recorded.len();
        let start = attempt.start.as_ref();
        let mut names: Vec<String> = attempt.stages.iter().map(|record| name(&record.stage)).collect();
        if let Some(start) = start {
            names.insert(0, "planned".to_owned());
            let row = start.entries.iter();
            let row: Vec<_> = row
                .map(|entry| (entry.uid.0, entry.hotkey.to_string(), entry.value))
                .collect();
            let planned = recorded[0];
            let told: Vec<_> = planned
                .uids
                .iter()
                .zip(&planned.hotkeys)
                .zip(&planned.values)
                .map(|((uid, hotkey), value)| (*uid, hotkey.clone(), *value))
                .collect();
            assert_eq!((told, planned.block), (row, Some(start.block.number.0)));
        }
        assert_eq!(
            recorded.iter().map(|step| step.stage.clone()).collect::<Vec<_>>(),
            names,
            "attempt {}",
            attempt.number
        );
        for (step, record) in recorded
            .iter()
            .skip(usize::from(start.is_some()))
            .zip(&attempt.stages)
        {
            match &record.stage {
                AttemptStage::Submitted { hash, .. } => assert_eq!(step.extrinsic, Some(hash.to_string())),
                AttemptStage::Applied { block } => assert_eq!(step.block, Some(block.number.0)),
                AttemptStage::Refused { reason } | AttemptStage::Failed { reason, .. } => {
                    assert_eq!(step.reason.as_ref(), Some(reason));
                }
                _ => {}
            }
        }
    }
    assert_eq!(
        told,
        steps.len(),
        "nothing is recorded that the history does not have"
    );
}

/// The row that the last applied attempt planned.
pub(crate) fn applied_row(folder: &Path, validator: &AccountId) -> Vec<u16> {
    let steps: Vec<WeightStep> = of(folder, validator);
    let applied = steps.iter().rfind(|step| step.stage == "applied").unwrap();
    let planned = steps
        .iter()
        .find(|step| (step.attempt, step.stage.as_str()) == (applied.attempt, "planned"));
    planned.unwrap().values.clone()
}

/// Every round is recorded with whom it asked, and what came of it. Gives the number of those that were not cut off.
pub(crate) fn rounds(folder: &Path, validator: &AccountId, begun: u32, miners: &[(AccountId, f64)]) -> u32 {
    let forwards: Vec<Forward> = of(folder, validator);
    assert_eq!(forwards.len(), begun as usize);
    let scores: Vec<Score> = of(folder, validator);
    let mut whole = 0;
    let mut last = None;
    for forward in &forwards {
        // It begins anew with each run.
        assert!(
            forward.step == 0 || Some(forward.step) == last,
            "{forward:?} after {last:?}"
        );
        last = Some(forward.step + 1);
        assert_eq!(forward.system, "echo");
        if forward.failed.is_some() {
            continue;
        }
        whole += 1;
        assert_eq!((forward.asked, forward.answered), (2, 2), "{forward:?}");
        assert!(forward.seconds.unwrap() > 0.0 && forward.block.unwrap() > 0);
        let of_round = scores
            .iter()
            .filter(|score| (score.step, score.block) == (forward.step, forward.block));
        let mut told: Vec<&Score> = of_round.collect();
        assert!(told.iter().all(|score| score.uid.is_some()));
        told.sort_by(|one, other| one.hotkey.cmp(&other.hotkey));
        let mut expected: Vec<_> = miners
            .iter()
            .map(|(hotkey, reward)| (hotkey.to_string(), Some(*reward), Some(*reward)))
            .collect();
        expected.sort_by(|one, other| one.0.cmp(&other.0));
        // Whoever is always worth the same has that as its average too.
        let told: Vec<_> = told
            .into_iter()
            .map(|score| (score.hotkey.clone(), score.reward, score.score))
            .collect();
        assert_eq!(told, expected);
    }
    whole
}

/// Asks an axon without a signature; the bytes of its answer's body.
pub(crate) fn ask_unsigned(axon: SocketAddr) -> u64 {
    let mut stream = TcpStream::connect(axon).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream
        .write_all(b"POST /Echo HTTP/1.1\r\nhost: axon\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}")
        .unwrap();
    let mut answer = Vec::new();
    // A connection that is closed on what was not read may also be reset, after the answer.
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    answer.split_once("\r\n\r\n").unwrap().1.len() as u64
}

/// A miner's axon was called once in each round by the validator, and once without a signature.
pub(crate) fn calls(
    folder: &Path,
    miner: &AccountId,
    validator: &AccountId,
    rounds: u32,
    begun: u32,
    unsigned: u64,
) {
    let (refused, answered): (Vec<_>, Vec<_>) = of::<AxonCalls>(folder, miner)
        .into_iter()
        .partition(|calls| calls.refusal.is_some());
    let total: u64 = answered.iter().map(|calls| calls.calls).sum();
    // One that was cut off may have been asked.
    assert!(
        (u64::from(rounds)..=u64::from(begun)).contains(&total),
        "{total} calls"
    );
    for calls in &answered {
        assert_eq!(
            (
                calls.route.as_deref(),
                calls.caller.clone(),
                calls.dialect.as_deref(),
                calls.status
            ),
            (Some("Echo"), Some(validator.to_string()), Some("synapse"), 200)
        );
        // Each body has at least the text in it, and is far from a kilobyte.
        for bytes in [calls.request_bytes, calls.answer_bytes] {
            assert!(
                (10 * calls.calls..1_000 * calls.calls).contains(&bytes),
                "{calls:?}"
            );
        }
        assert!(calls.seconds_mean.unwrap() > 0.0);
        assert!(calls.seconds_max >= calls.seconds_mean);
    }
    let refused: Vec<_> = refused
        .iter()
        .map(|calls| {
            (
                calls.caller.as_ref(),
                calls.dialect.as_ref(),
                calls.status,
                calls.refusal.as_deref(),
                calls.calls,
                calls.request_bytes,
                calls.answer_bytes,
            )
        })
        .collect();
    assert_eq!(refused, [(None, None, 401, Some("unsigned"), 1, 0, unsigned)]);
}

/// One neuron of the process measures it.
pub(crate) fn hardware(folder: &Path) {
    let events: Vec<Event<Hardware>> = events(folder);
    let sources: BTreeSet<_> = events.iter().map(|event| &event.stamp.source).collect();
    assert_eq!(sources.len(), 1, "{sources:?}");
    for Event { event: seen, .. } in &events {
        assert!(seen.cpus > 0);
        let (own, used, total) = (
            seen.process_memory_bytes.unwrap(),
            seen.memory_used_bytes.unwrap(),
            seen.memory_total_bytes.unwrap(),
        );
        assert!(0 < own && own < total && 0 < used && used < total, "{seen:?}");
        assert!(seen.disk_free_bytes.is_some());
        // At least the log itself is open.
        assert!(seen.open_files.unwrap() > 0);
        assert!((0.0..=100.0).contains(&seen.cpu_percent.unwrap()), "{seen:?}");
        assert!(seen.process_cpu_percent.unwrap() >= 0.0);
    }
}

/// The chain's blocks and epochs, from the one neuron that was to look.
pub(crate) fn chain(folder: &Path, validator: &AccountId, neurons: &[AccountId]) {
    assert_eq!(
        events::<BlockSeen>(folder).len(),
        of::<BlockSeen>(folder, validator).len()
    );
    let blocks: Vec<BlockSeen> = of(folder, validator);
    assert!(blocks.windows(2).all(|pair| pair[0].block < pair[1].block));
    assert!(
        blocks.len() > 40,
        "{} blocks in several epochs of 21",
        blocks.len()
    );
    assert!(
        blocks
            .iter()
            .any(|seen| seen.seconds.is_some_and(|seconds| seconds > 0.0))
    );
    assert!(blocks.iter().any(|seen| seen.finalized.is_some()));

    let rows: Vec<EpochNeuron> = of(folder, validator);
    let mut epochs = Vec::new();
    for epoch in rows.chunks(neurons.len()) {
        assert_eq!(
            epoch.iter().map(|row| row.hotkey.clone()).collect::<Vec<_>>(),
            neurons.iter().map(ToString::to_string).collect::<Vec<_>>()
        );
        assert!(
            epoch
                .iter()
                .all(|row| (row.epoch, row.block) == (epoch[0].epoch, epoch[0].block))
        );
        epochs.push(epoch[0].epoch.unwrap());
    }
    assert!(epochs.len() > 3, "{epochs:?}");
    assert!(
        epochs.windows(2).all(|pair| pair[0] < pair[1]),
        "each once: {epochs:?}"
    );
    // Good, then poor, share what miners get as they were weighed.
    let paid = &rows[rows.len() - 2..];
    let incentives: Vec<f64> = paid.iter().map(|row| row.incentive.unwrap()).collect();
    assert!(
        (incentives[0] - 0.8).abs() < 1e-3 && (incentives[1] - 0.2).abs() < 1e-3,
        "{incentives:?}"
    );
    assert!(paid.iter().all(|row| row.emission.unwrap() > 0.0));
    assert!(
        rows.iter()
            .any(|row| row.is_validator && row.hotkey == validator.to_string())
    );
}
