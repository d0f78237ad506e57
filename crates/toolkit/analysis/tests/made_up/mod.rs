//! Records that are made up: every stream, with gaps, in no order that helps.
#![allow(
    clippy::unwrap_used,
    missing_docs,
    unreachable_pub,
    dead_code,
    reason = "several tests include this file, each for a part of it"
)]

use assay_records::{
    Log, LogConfig,
    streams::{
        AxonCalls, BlockSeen, DatasetEvaluation, EpochNeuron, EvaluationOutcome, Forward, Gpu, Hardware,
        MinerReward, OrganicIteration, PromptingStep, Score, WeightStep,
    },
};
use rand::{Rng, SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;
use std::path::Path;
use time::{Duration, OffsetDateTime, macros::datetime};

/// When it begins.
pub const BEGIN: OffsetDateTime = datetime!(2026-11-29 22:00:00 UTC);

/// The address of a neuron, as long as a real one.
pub fn hotkey(number: usize) -> String {
    format!("5F{number:04}MadeUpMadeUpMadeUpMadeUpMadeUpMadeUpMadeUp")
}

/// Some hours of a subnet, across midnight, with two validators.
pub struct MadeUp {
    pub seed: u64,
    pub hours: i64,
    pub miners: usize,
}

impl Default for MadeUp {
    fn default() -> Self {
        Self {
            seed: 1,
            hours: 4,
            miners: 12,
        }
    }
}

impl MadeUp {
    pub fn record(&self, folder: &Path) {
        let log = Log::open(LogConfig::new(folder, "5Validator")).unwrap();
        record(&log, self);
        log.flush().unwrap();
    }
}

fn record(log: &Log, MadeUp { seed, hours, miners }: &MadeUp) {
    let mut random = ChaCha8Rng::seed_from_u64(*seed);
    let (mut now, mut block, mut step, mut attempt) = (BEGIN, 1_000, 0, 0);
    let maybe = |random: &mut ChaCha8Rng, value: f64| random.random_bool(0.9).then_some(value);
    while now < BEGIN + Duration::hours(*hours) {
        now += Duration::milliseconds(random.random_range(5_000..15_000));
        block += 1;
        step += 1;
        let seconds = maybe(&mut random, 12.0);
        log.record(
            now,
            &BlockSeen {
                block,
                seconds,
                finalized: Some(block - 2),
            },
        )
        .unwrap();
        let asked = random.random_range(1..12);
        // Others each time, where there are many.
        let first = random.random_range(0..=miners - 12);
        log.record(
            now,
            &Forward {
                system: ["prompting", "organic"].choose(&mut random).unwrap().to_string(),
                netuid: Some(2),
                step,
                block: Some(block),
                seconds: maybe(&mut random, 1.5),
                asked,
                answered: asked / 2,
                failed: random.random_bool(0.1).then(|| "the model broke".to_owned()),
            },
        )
        .unwrap();
        let rewards: Vec<MinerReward> = (0..asked as usize)
            .map(|number| {
                let outcome = *["answered", "no_answer", "own_fault"]
                    .choose(&mut random)
                    .unwrap();
                let reward: f64 = random.random();
                MinerReward {
                    hotkey: hotkey(first + number),
                    uid: Some((first + number) as u16),
                    outcome: outcome.to_owned(),
                    reward: (outcome != "own_fault").then_some(reward),
                    completion: None,
                    seconds: maybe(&mut random, 0.25),
                }
            })
            .collect();
        log.record(
            now,
            &OrganicIteration {
                validator: Some("5Validator".to_owned()),
                sample: Some(format!("sample-{step}")),
                is_organic: random.random_bool(0.3),
                is_private: random.random_bool(0.1),
                attempt: 1,
                stage: "log".to_owned(),
                error: random.random_bool(0.05).then(|| "late".to_owned()),
                queue_size: random.random_range(0..5),
                block: Some(block),
                rewards: rewards.clone(),
                total_seconds: maybe(&mut random, 2.0),
                ..OrganicIteration::default()
            },
        )
        .unwrap();
        question(log, &mut random, now, step, block);
        for given in &rewards {
            log.record(
                now,
                &Score {
                    system: "organic".to_owned(),
                    netuid: Some(2),
                    step,
                    block: Some(block),
                    hotkey: given.hotkey.clone(),
                    uid: given.uid,
                    reward: given.reward,
                    score: Some(random.random()),
                },
            )
            .unwrap();
        }
        if block % 10 == 0 {
            calls(log, &mut random, now);
            log.record(now, &hardware(&mut random)).unwrap();
        }
        if block % 50 == 0 {
            attempt += 1;
            weights(log, &mut random, now, attempt, block);
            epoch(log, &mut random, now, block, *miners);
            round(log, &mut random, now, block);
        }
    }
}

fn question(log: &Log, random: &mut ChaCha8Rng, now: OffsetDateTime, step: u64, block: u64) {
    const WORDS: [&str; 5] = ["", "The capital of Texas is Austin.", "no", "ä long ünswer", "42"];
    let asked = random.random_range(2..9_usize);
    let values = |random: &mut ChaCha8Rng| -> Vec<Option<f64>> {
        (0..asked)
            .map(|_| random.random_bool(0.9).then(|| random.random()))
            .collect()
    };
    let completions: Vec<String> = (0..asked)
        .map(|_| {
            if random.random_bool(0.5) {
                WORDS.choose(random).unwrap().to_string()
            } else {
                format!(
                    "{} is the answer. {}",
                    random.random::<u32>(),
                    "x".repeat(random.random_range(0..200))
                )
            }
        })
        .collect();
    let step = PromptingStep {
        name: ["augment", "followup0", "followup1", "answer0", "answer12"]
            .choose(random)
            .unwrap()
            .to_string(),
        step,
        block: Some(block),
        prompt: format!("What is {step} times two?"),
        uids: (0..asked as u16).collect(),
        hotkeys: (0..asked).map(hotkey).collect(),
        completions,
        completion_times: values(random),
        chosen_by: (0..asked)
            .map(|place| Some(["gate", "exploration"][place % 2].to_owned()))
            .collect(),
        rewards: values(random),
        step_length: Some(random.random()),
        gating_loss: random.random_bool(0.8).then(|| random.random()),
        rlhf_reward_model_normalized: Some(values(random)),
        prompt_reward_model_normalized: random.random_bool(0.9).then(|| values(random)),
        blacklist_filter: Some(vec![Some(1.0); asked]),
        ..PromptingStep::default()
    };
    log.record(now, &step).unwrap();
}

fn calls(log: &Log, random: &mut ChaCha8Rng, now: OffsetDateTime) {
    for (status, refusal) in [(200, None), (401, Some("unsigned")), (503, Some("busy"))] {
        let calls = AxonCalls {
            route: (status != 401).then(|| ["Prompting", "Ping"].choose(random).unwrap().to_string()),
            caller: (status == 200).then(|| hotkey(random.random_range(0..3))),
            dialect: Some("synapse".to_owned()),
            status,
            refusal: refusal.map(str::to_owned),
            calls: random.random_range(1..50),
            request_bytes: random.random_range(0..10_000),
            answer_bytes: random.random_range(0..10_000),
            seconds_mean: random.random_bool(0.8).then(|| random.random()),
            seconds_max: random.random_bool(0.8).then(|| random.random()),
        };
        log.record(now, &calls).unwrap();
    }
}

fn hardware(random: &mut ChaCha8Rng) -> Hardware {
    Hardware {
        cpu_percent: Some(random.random_range(0.0..100.0)),
        cpus: 2,
        memory_used_bytes: Some(random.random_range(1..1 << 40)),
        memory_total_bytes: Some(1 << 40),
        disk_free_bytes: Some(random.random_range(1..1 << 40)),
        process_memory_bytes: Some(random.random_range(1..1 << 30)),
        process_cpu_percent: random.random_bool(0.9).then(|| random.random_range(0.0..200.0)),
        open_files: Some(random.random_range(1..100)),
        gpus: (0..random.random_range(0..3))
            .map(|_| Gpu {
                name: "H200".to_owned(),
                percent: Some(random.random_range(0.0..100.0)),
                ..Gpu::default()
            })
            .collect(),
    }
}

fn weights(log: &Log, random: &mut ChaCha8Rng, now: OffsetDateTime, attempt: u64, block: u64) {
    let step = |stage: &str, block| WeightStep {
        netuid: Some(2),
        validator: Some("5Validator".to_owned()),
        attempt,
        stage: stage.to_owned(),
        block,
        ..WeightStep::default()
    };
    let planned = WeightStep {
        uids: (0..12).collect(),
        hotkeys: (0..12).map(hotkey).collect(),
        values: (0..12).map(|_| random.random_range(0..65_535)).collect(),
        ..step("planned", Some(block))
    };
    log.record(now, &planned).unwrap();
    let mut later = now;
    for (stage, block) in [
        ("submitted", None),
        ("in_block", Some(block + 1)),
        ("finalized", Some(block + 1)),
    ] {
        later += Duration::milliseconds(900);
        log.record(later, &step(stage, block)).unwrap();
    }
    if random.random_bool(0.3) {
        let failed = WeightStep {
            reason: Some("the chain refused it".to_owned()),
            chain_error: Some("SettingWeightsTooFast".to_owned()),
            ..step("failed", None)
        };
        log.record(later + Duration::SECOND, &failed).unwrap();
    }
}

/// What an epoch left: the miners, and two validators.
pub fn epoch(log: &Log, random: &mut ChaCha8Rng, now: OffsetDateTime, block: u64, miners: usize) {
    let miners = miners as u16;
    for uid in 0..miners + 2 {
        let neuron = EpochNeuron {
            netuid: 2,
            epoch: Some(block / 50),
            block,
            uid,
            hotkey: hotkey(uid.into()),
            coldkey: "5Cold".to_owned(),
            // A permit is not only a validator's, where there are many.
            is_validator: uid >= miners || random.random_bool(0.3),
            stake: Some(random.random_range(0.0..1e6)),
            incentive: Some(if uid >= miners { 0.0 } else { random.random() }),
            dividends: Some(random.random()),
            consensus: Some(random.random()),
            validator_trust: random.random_bool(0.5).then(|| random.random()),
            emission: Some(random.random_range(0.0..100.0)),
            weights_at: Some(block - 3),
            ..EpochNeuron::default()
        };
        log.record(now, &neuron).unwrap();
    }
}

fn round(log: &Log, random: &mut ChaCha8Rng, now: OffsetDateTime, block: u64) {
    for uid in 0..12_u16 {
        let outcome = *[
            EvaluationOutcome::Measured,
            EvaluationOutcome::Measured,
            EvaluationOutcome::Copy,
            EvaluationOutcome::BadAnswer,
            EvaluationOutcome::OwnFault,
        ]
        .choose(random)
        .unwrap();
        let is_measured = outcome == EvaluationOutcome::Measured;
        let evaluation = DatasetEvaluation {
            validator: "5Validator".to_owned(),
            netuid: Some(2),
            block: Some(block),
            hotkey: hotkey(uid.into()),
            uid: Some(uid),
            outcome,
            reason: (!is_measured).then(|| "because".to_owned()),
            repo: Some("miner/data".to_owned()),
            rows: Some(random.random_range(1..5_000)),
            loss: is_measured.then(|| random.random_range(1.0..4.0)),
            weight: Some(random.random()),
            ..DatasetEvaluation::default()
        };
        log.record(now, &evaluation).unwrap();
    }
}
