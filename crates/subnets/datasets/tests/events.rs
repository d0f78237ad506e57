//! Events as programs read them: the shape stays, and figures survive.

use assay_chain::{AccountId, Block, Uid};
use assay_datasets::{
    DatasetEvent, EventKind,
    event::{MinerScore, Standing, WeightsStage},
    outcome::{BadAnswer, OwnFault},
    rows::{DatasetFault, RowFault},
};

fn by(kind: EventKind) -> DatasetEvent {
    DatasetEvent {
        by: AccountId([1; 32]),
        kind,
    }
}

#[test]
fn an_event_reads_back_as_it_was_from_text_and_from_a_value() {
    let hotkey = AccountId([2; 32]);
    let reason = BadAnswer::Dataset(DatasetFault::Row {
        line: 3,
        fault: RowFault::NoAnswer,
    });
    let score = MinerScore {
        uid: Uid(7),
        hotkey,
        standing: Standing::Ranked {
            loss: 0.1 + 0.2,
            wins: 3,
            win_rate: 1.0 / 3.0,
            carried: true,
        },
        repo: Some("alice/set".parse().unwrap()),
        rows: Some(96),
        share: 1e-7,
        weight: 5e-324,
        committed: Some(Block(1_284)),
        consensus: Some(1.0 / 3.0),
    };
    for kind in [
        EventKind::Evaluated {
            hotkey,
            uid: Uid(7),
            loss: 0.1 + 0.2,
            rows: 96,
            seconds: 1e16,
        },
        EventKind::Rejected {
            hotkey,
            uid: Uid(7),
            message: reason.to_string(),
            reason,
        },
        EventKind::OwnFault {
            hotkey,
            fault: OwnFault::TooSlow { seconds: 5 },
            attempt: 1,
            retry_in: None,
        },
        EventKind::RoundScored {
            closed: Block(361),
            rows: vec![score],
        },
        EventKind::Weights {
            closed: Block(361),
            stage: WeightsStage::InBlock {
                block: Block(u64::MAX),
            },
        },
    ] {
        let event = by(kind);
        let text = serde_json::to_string(&event).unwrap();
        assert_eq!(serde_json::from_str::<DatasetEvent>(&text).unwrap(), event);
        let value = serde_json::to_value(&event).unwrap();
        assert_eq!(serde_json::from_value::<DatasetEvent>(value).unwrap(), event);
    }
}

#[test]
fn the_shape_is_a_name_and_a_detail() {
    let event = by(EventKind::Training {
        hotkey: AccountId([2; 32]),
        step: 1,
        steps: 24,
        loss: 2.5,
    });
    let value = serde_json::to_value(&event).unwrap();
    assert_eq!(value["by"], AccountId([1; 32]).to_string());
    assert_eq!(value["kind"]["event"], "training");
    assert_eq!(value["kind"]["detail"]["steps"], 24);
}
