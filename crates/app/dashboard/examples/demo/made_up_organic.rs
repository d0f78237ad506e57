//! A made-up run whose miners answer users.

use assay_dashboard::state::{
    Activity, AnswersView, ChainView, DashboardState, EpochPoint, MinerPoint, MinerStatus, MinerView,
    OrganicView, Phase, RewardView, SampleSource, SampleView, ValidatorView, WeightsStage, WeightsView,
};

/// Name, hotkey, share of requests answered, score, incentive.
const MINERS: [(&str, &str, u64, f64, f64); 4] = [
    (
        "steady",
        "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty",
        212,
        0.83,
        0.61,
    ),
    (
        "terse",
        "5FLSigC9HGRKVhB9FiEo4Y3koPsNmBmLJbpXg2mp1hXcS59Y",
        209,
        0.52,
        0.33,
    ),
    (
        "slow",
        "5DAAnrj7VHTznn2AWBemMuyBwZWs6FNFjdyVXUeYum3PTXFy",
        96,
        0.11,
        0.06,
    ),
    (
        "gone",
        "5HGjWAeFDfFCWPsjFQdVV2Msvz2XtMktvgocEZcCj68kUMaw",
        0,
        0.0,
        0.0,
    ),
];

/// Users ask, miners answer, three epochs are over.
pub(crate) fn organic(now_ms: u64) -> DashboardState {
    let mut organic = OrganicView {
        gateway: "http://127.0.0.1:8421/v1".to_owned(),
        key_file: Some("~/.assay/organic-demo/gateway-key".to_owned()),
        requests: 212,
        answered: 207,
        refused: 3,
        failed: 2,
        first_words_p50_ms: Some(48.0),
        first_words_p99_ms: Some(412.0),
        queued: 17,
        capacity: 10_000,
        interval_s: Some(11.6),
        scored_organic: 190,
        scored_synthetic: 41,
        lost: 1,
        ..OrganicView::default()
    };
    for number in 0..9_u64 {
        let source = match number % 4 {
            1 => SampleSource::Synthetic,
            2 => SampleSource::Private,
            _ => SampleSource::Organic,
        };
        organic.push_sample(SampleView {
            at_ms: now_ms.saturating_sub((9 - number) * 11_000),
            id: format!("{number:08x}"),
            source,
            rewards: MINERS
                .iter()
                .enumerate()
                .map(|(index, (name, _, answered, score, _))| RewardView {
                    miner: (*name).to_owned(),
                    reward: (*answered > 0).then_some((score + 0.01 * number as f64).min(1.0)),
                    relayed: index == 0 && source != SampleSource::Synthetic,
                })
                .collect(),
            took_s: 0.4,
        });
    }
    let mut state = DashboardState {
        system: "organic".to_owned(),
        phase: Phase::Running,
        chain: Some(ChainView {
            endpoint: "ws://127.0.0.1:9944".to_owned(),
            netuid: 2,
            block: 384,
            block_seen_ms: now_ms,
            finalized: Some(384),
            block_time_ms: 1_000,
            tempo: 100,
            next_epoch_block: Some(401),
            epochs_done: 3,
            epochs_wanted: None,
        }),
        organic: Some(organic),
        validators: vec![ValidatorView {
            name: "validator-1".to_owned(),
            hotkey: "5CiPPseXPECbkjWCa6MnjNokrgYjMqmKndv2rSnekmSK2DjL".to_owned(),
            uid: Some(1),
            activity: Activity::Scoring {
                what: "a user's request".to_owned(),
            },
            weights: Some(WeightsView {
                round: 310,
                stage: WeightsStage::Finalized { block: 311 },
            }),
            dividends: Some(1.0),
        }],
        miners: MINERS
            .iter()
            .enumerate()
            .map(|(index, (name, hotkey, answered, score, incentive))| MinerView {
                name: (*name).to_owned(),
                hotkey: (*hotkey).to_owned(),
                uid: Some(index as u16 + 2),
                repo: None,
                rows: None,
                status: if *answered > 0 {
                    MinerStatus::Scored
                } else {
                    MinerStatus::NoAnswer {
                        reason: "no connection: Connection refused".to_owned(),
                    }
                },
                loss: None,
                win_rate: None,
                score: Some(*score),
                answers: Some(AnswersView {
                    asked: 212,
                    answered: *answered,
                    first_words_ms: (*answered > 0).then_some(40.0 * (index + 1) as f64),
                }),
                weight: Some(*incentive),
                incentive: Some(*incentive),
                emission_rao: Some((incentive * 4.1e10) as u64),
            })
            .collect(),
        ..DashboardState::default()
    };
    for epoch in 1..=3_u32 {
        state.push_epoch(EpochPoint {
            epoch,
            block: u64::from(epoch) * 100 + 1,
            miners: MINERS
                .iter()
                .map(|(_, hotkey, _, score, incentive)| MinerPoint {
                    hotkey: (*hotkey).to_owned(),
                    loss: None,
                    score: Some(score * f64::from(epoch) / 3.0),
                    incentive: Some(*incentive),
                })
                .collect(),
        });
    }
    state
}
