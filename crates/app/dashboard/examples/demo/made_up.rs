//! A run that never happened, in every state that the page has to show.

use assay_dashboard::state::{
    Activity, ChainView, CompetitionView, DashboardState, EpochPoint, Level, LogLine, MinerPoint,
    MinerStatus, MinerView, Phase, Problem, ValidatorView, WeightsStage, WeightsView,
};

/// Names, and the losses to which each dataset tends.
const MINERS: [(&str, &str, f64); 5] = [
    ("clean", "5GrwvaEF5zXb26Fz9rcQpDWS57CtCoBBrmJAGfTruQ7H9brB", 1.93),
    ("noisy", "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty", 2.61),
    ("tiny", "5FLSigC9HGRKVhB9FiEo4Y3koPsNmBmLJbpXg2mp1hXcS59Y", 2.34),
    (
        "duplicate",
        "5DAAnrj7VHTznn2AWBemMuyBwZWs6FNFjdyVXUeYum3PTXFy",
        1.93,
    ),
    (
        "malformed",
        "5HGjWAeFDfFCWPsjFQdVV2Msvz2XtMktvgocEZcCj68kUMaw",
        f64::NAN,
    ),
];

/// A run before its chain answers.
pub(crate) fn starting() -> DashboardState {
    DashboardState {
        system: "datasets".to_owned(),
        phase: Phase::Starting {
            doing: "starting the chain".to_owned(),
        },
        ..DashboardState::default()
    }
}

/// A run in the middle of its seventh round.
pub(crate) fn running(now_ms: u64) -> DashboardState {
    let mut state = DashboardState {
        system: "datasets".to_owned(),
        phase: Phase::Running,
        chain: Some(ChainView {
            endpoint: "ws://127.0.0.1:9944".to_owned(),
            netuid: 1,
            block: 1_284,
            block_seen_ms: now_ms,
            finalized: Some(1_284),
            block_time_ms: 250,
            tempo: 20,
            next_epoch_block: Some(1_291),
            epochs_done: 6,
            epochs_wanted: Some(10),
        }),
        competition: Some(CompetitionView {
            id: "1".to_owned(),
            round: Some(1_271),
            base_model: "assay-tiny (Qwen2, 1.3 M parameters)".to_owned(),
            eval_set: "assay-demo/held-out (64 rows)".to_owned(),
            seed: Some("0x7c3be4e85b1c5f0a".to_owned()),
            hub: Some("http://127.0.0.1:8421".to_owned()),
        }),
        validators: validators(),
        miners: miners(),
        ..DashboardState::default()
    };
    for epoch in 1..=6 {
        state.push_epoch(epoch_point(epoch));
    }
    for line in log(now_ms) {
        state.push_log(line);
    }
    state
}

fn validators() -> Vec<ValidatorView> {
    vec![
        ValidatorView {
            name: "validator-1".to_owned(),
            hotkey: "5CiPPseXPECbkjWCa6MnjNokrgYjMqmKndv2rSnekmSK2DjL".to_owned(),
            uid: Some(1),
            activity: Activity::Training {
                miner: "noisy".to_owned(),
                step: 31,
                steps: 48,
                loss: 2.734_9,
            },
            weights: Some(WeightsView {
                round: 1_251,
                stage: WeightsStage::Applied { block: 1_271 },
            }),
            dividends: Some(0.642),
        },
        ValidatorView {
            name: "validator-2".to_owned(),
            hotkey: "5Ew3MyB15VprZrjQVkpDGUR6fG6DFDCJmcCbRhbgzQRzY3Yk".to_owned(),
            uid: Some(2),
            activity: Activity::Waiting {
                what: "the next round, which closes at block 1291".to_owned(),
            },
            weights: Some(WeightsView {
                round: 1_271,
                stage: WeightsStage::InBlock { block: 1_283 },
            }),
            dividends: Some(0.358),
        },
        ValidatorView {
            name: "validator-3".to_owned(),
            hotkey: "5GNJqTPyNqANBkUVMN1LPPrxXnFouWXoe2wNSmmEoLctxiZY".to_owned(),
            uid: Some(3),
            activity: Activity::Evaluating {
                miner: "clean".to_owned(),
                done: 40,
                of: 64,
            },
            weights: Some(WeightsView {
                round: 1_251,
                stage: WeightsStage::Held {
                    reason: "no validator permit yet; it comes with the epoch of block 1291".to_owned(),
                },
            }),
            dividends: None,
        },
    ]
}

fn miners() -> Vec<MinerView> {
    let view = |index: usize, rows, status, win_rate, weight, incentive, emission_rao| {
        let (name, hotkey, loss): (&str, &str, f64) = MINERS[index];
        MinerView {
            name: name.to_owned(),
            hotkey: hotkey.to_owned(),
            uid: Some(4 + index as u16),
            repo: Some(format!("assay-demo/{name}")),
            rows,
            status,
            loss: loss.is_finite().then_some(loss + 0.004_7),
            win_rate,
            score: None,
            answers: None,
            weight,
            incentive,
            emission_rao,
        }
    };
    let copy = MinerStatus::CopyOf {
        miner: "clean".to_owned(),
    };
    let rejected = MinerStatus::BadAnswer {
        reason: "line 3 of data.jsonl is not a JSON object".to_owned(),
    };
    let in_round = MinerStatus::InRound {
        doing: "training, step 31 of 48".to_owned(),
    };
    vec![
        view(
            0,
            Some(240),
            MinerStatus::Scored,
            Some(1.0),
            Some(0.712),
            Some(0.713_4),
            Some(5_851_234_981),
        ),
        view(
            1,
            Some(240),
            in_round,
            Some(0.333),
            Some(0.087),
            Some(0.086_1),
            Some(706_003_120),
        ),
        view(
            2,
            Some(24),
            MinerStatus::Scored,
            Some(0.667),
            Some(0.201),
            Some(0.200_5),
            Some(1_644_120_007),
        ),
        view(3, Some(240), copy, Some(0.0), Some(0.0), Some(0.0), Some(0)),
        view(4, None, rejected, None, Some(0.0), Some(0.0), Some(0)),
    ]
}

fn epoch_point(epoch: u32) -> EpochPoint {
    let age = f64::from(epoch);
    let points = MINERS.iter().enumerate().map(|(index, (_, hotkey, loss))| {
        let wave = (age * 1.7 + index as f64 * 2.1).sin();
        let incentive = match index {
            0 => 0.713 - 0.35 / age,
            1 => 0.086 + 0.16 / age,
            2 => 0.201 + 0.19 / age,
            _ => 0.0,
        };
        // The duplicate was found out in the second round; the malformed one never had a loss.
        let known = loss.is_finite() && (index != 3 || epoch < 2);
        MinerPoint {
            hotkey: (*hotkey).to_owned(),
            loss: known.then_some(loss + 0.9 / (age * age) + 0.03 * wave),
            score: None,
            incentive: Some(incentive),
        }
    });
    EpochPoint {
        epoch,
        block: 1_151 + u64::from(epoch) * 20,
        miners: points.collect(),
    }
}

fn log(now_ms: u64) -> Vec<LogLine> {
    let line = |ago: u64, block, level, source: &str, text: &str| LogLine {
        at_ms: now_ms.saturating_sub(ago),
        block: Some(block),
        level,
        source: source.to_owned(),
        text: text.to_owned(),
    };
    vec![
        line(
            9_000,
            1_251,
            Level::Info,
            "validator-1",
            "round of block 1251, 5 miners asked",
        ),
        line(
            8_400,
            1_253,
            Level::Error,
            "validator-1",
            "malformed is rejected: line 3 of data.jsonl is not a JSON object",
        ),
        line(
            8_300,
            1_253,
            Level::Info,
            "validator-1",
            "duplicate is a copy of clean",
        ),
        line(
            6_900,
            1_258,
            Level::Info,
            "validator-1",
            "clean: loss 1.9347 from 240 rows in 1.4 s",
        ),
        line(
            5_200,
            1_265,
            Level::Info,
            "validator-1",
            "noisy: loss 2.6147 from 240 rows in 1.4 s",
        ),
        line(
            4_700,
            1_267,
            Level::Warning,
            "hub",
            "the hub asked for a pause of 2 s (429 Too Many Requests)",
        ),
        line(
            3_900,
            1_270,
            Level::Info,
            "validator-1",
            "weights final in block 1270",
        ),
        line(
            3_600,
            1_271,
            Level::Info,
            "chain",
            "epoch 6 paid 8.201 α to 3 miners",
        ),
        line(
            3_400,
            1_272,
            Level::Info,
            "validator-1",
            "round of block 1271, 5 miners asked",
        ),
        line(900, 1_281, Level::Info, "validator-2", "weights submitted"),
    ]
}

/// The same run with its hub gone.
pub(crate) fn in_trouble(now_ms: u64) -> DashboardState {
    let mut state = running(now_ms);
    state.push_problem(Problem {
        at_ms: now_ms.saturating_sub(42_000),
        thing: "hub".to_owned(),
        cause: "http://127.0.0.1:8421 does not answer: connection refused".to_owned(),
        hint: Some("start it again with `assay hub serve`; downloads continue by themselves".to_owned()),
    });
    state
}

/// A run that could not start.
pub(crate) fn failed() -> DashboardState {
    DashboardState {
        phase: Phase::Failed {
            reason: "the chain's state in ~/.assay/chain is of a newer version; update assay, or use another --home"
                .to_owned(),
        },
        ..starting()
    }
}

/// A full subnet after many epochs, with names that do their worst.
pub(crate) fn crowded(now_ms: u64) -> DashboardState {
    let mut state = running(now_ms);
    state.miners = (0..24_u16)
        .map(|index| MinerView {
            name: match index {
                5 => "<script>alert(1)</script>".to_owned(),
                6 => "a-miner-with-a-name-that-is-much-longer-than-any-name-has-a-right-to-be".to_owned(),
                _ => format!("miner-{index}"),
            },
            hotkey: format!("5{index:02}{}", "QqHotkey".repeat(5)),
            uid: Some(index),
            repo: Some(format!(
                "somebody/{}",
                "long-name-".repeat(usize::from(index % 5) + 1)
            )),
            rows: Some(u64::from(index) * 1_003),
            status: match index % 6 {
                0 => MinerStatus::Scored,
                1 => MinerStatus::NotAsked {
                    reason: "committed after the round was closed".to_owned(),
                },
                2 => MinerStatus::NoAnswer {
                    reason: "the hotkey has committed nothing".to_owned(),
                },
                3 => MinerStatus::OwnFault {
                    reason: "the hub: 503 Service Unavailable".to_owned(),
                },
                4 => MinerStatus::Queued,
                _ => MinerStatus::Publishing {
                    step: "uploading".to_owned(),
                },
            },
            loss: Some(1.5 + f64::from(index) / 10.0),
            win_rate: Some(1.0 - f64::from(index) / 24.0),
            score: None,
            answers: None,
            weight: Some(1.0 / f64::from(index + 2)),
            incentive: Some(1.0 / f64::from(index + 2)),
            emission_rao: Some(1_000_000_000_000 / u64::from(index + 1)),
        })
        .collect();
    state.history.clear();
    for epoch in 1..=120 {
        state.push_epoch(EpochPoint {
            epoch,
            block: u64::from(epoch) * 20,
            miners: state
                .miners
                .iter()
                .enumerate()
                .map(|(index, miner)| MinerPoint {
                    hotkey: miner.hotkey.clone(),
                    loss: Some(
                        1.5 + index as f64 / 10.0 + (f64::from(epoch) / 7.0 + index as f64).sin() * 0.2,
                    ),
                    score: None,
                    incentive: Some(1.0 / (index as f64 + 2.0)),
                })
                .collect(),
        });
    }
    state
}
