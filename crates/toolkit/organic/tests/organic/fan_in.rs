//! Several miners' streams as one.

use assay_organic::{
    Completion, Ending, FanInLimits, FaultOutcome, Framing, MinerFault, MinerStream, fan_in,
};
use bytes::Bytes;
use futures::StreamExt;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// A miner that says these at these milliseconds, and then ends.
fn miner(uid: u16, says: &[(u64, &[u8])]) -> MinerStream {
    let began = Instant::now();
    let says: Vec<_> = says
        .iter()
        .map(|(at, text)| (*at, Bytes::copy_from_slice(text)))
        .collect();
    let pieces = futures::stream::iter(says).then(move |(at, text)| async move {
        sleep_until(began + Duration::from_millis(at)).await;
        if text.as_ref() == b"DIE" {
            return Err(MinerFault::new(FaultOutcome::NoAnswer, &"it died"));
        }
        Ok(text)
    });
    MinerStream {
        uid,
        pieces: pieces.boxed(),
    }
}

async fn merged(
    miners: Vec<MinerStream>,
    limits: FanInLimits,
    framing: Framing,
) -> (String, Vec<Completion>) {
    let (parts, completions) = fan_in(miners, limits, framing);
    let parts: Vec<Bytes> = parts.map(Result::unwrap).collect().await;
    (
        String::from_utf8(parts.concat()).unwrap(),
        completions.all().await,
    )
}

fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn millis(completion: &Completion) -> Vec<u128> {
    completion.timings.iter().map(Duration::as_millis).collect()
}

#[tokio::test(start_paused = true)]
async fn the_stream_ends_when_the_last_miner_does() {
    let miners = vec![
        miner(1, &[(50, b"a"), (100, b"b")]),
        miner(2, &[(50, b"x"), (350, b"y"), (650, b"z\n\"")]),
    ];
    let (text, completions) = merged(miners, FanInLimits::default(), Framing::Lines).await;
    assert!(text.ends_with('\n'));
    let lines = lines(&text);
    let of = |uid: u16| -> Vec<&Value> { lines.iter().filter(|line| line["uid"] == uid).collect() };
    let chunk = |uid: u16, chunk: &str| json!({"uid": uid, "chunk": chunk});
    let end = |uid: u16| json!({"uid": uid, "completed": true});
    assert_eq!(of(1), [&chunk(1, "a"), &chunk(1, "b"), &end(1)]);
    assert_eq!(
        of(2),
        [&chunk(2, "x"), &chunk(2, "y"), &chunk(2, "z\n\""), &end(2)]
    );
    assert_eq!(lines.last(), Some(&end(2)));
    assert_eq!(
        (millis(&completions[0]), millis(&completions[1])),
        (vec![50, 100], vec![50, 350, 650])
    );
    assert_eq!(completions[1].text(), "xyz\n\"");
    assert!(completions.iter().all(Completion::is_completed));
}

#[tokio::test(start_paused = true)]
async fn a_miner_that_dies_hangs_floods_or_babbles_harms_nobody_else() {
    let limits = FanInLimits {
        time: Duration::from_secs(5),
        bytes: 1_000,
    };
    let flood: Vec<(u64, &[u8])> = (0..20).map(|at| (at, &b"."[..])).collect();
    let miners = vec![
        miner(1, &[(10, b"good"), (400, b"bye")]),
        miner(2, &[(10, b"half"), (20, b"DIE")]),
        miner(3, &[(10, b"slow"), (60_000, b"too late")]),
        miner(4, &flood),
        miner(5, &[(10, b"caf\xc3"), (20, b"\xa9 \xe2\x98"), (30, b"\x83")]),
        miner(6, &[(10, b"\xff\xfe")]),
        miner(7, &[(10, b"cut \xe2\x98")]),
        miner(8, &[]),
    ];
    let (text, completions) = merged(miners, limits, Framing::Lines).await;
    let ends: Vec<_> = completions
        .iter()
        .map(|completion| match &completion.ending {
            Ending::Completed => (completion.uid, None),
            Ending::Failed { fault } => (completion.uid, Some(fault.outcome)),
        })
        .collect();
    use FaultOutcome::{BadAnswer, NoAnswer};
    assert_eq!(
        ends,
        [
            (1, None),
            (2, Some(NoAnswer)),
            (3, Some(NoAnswer)),
            (4, Some(BadAnswer)),
            (5, None),
            (6, Some(BadAnswer)),
            (7, Some(BadAnswer)),
            (8, None)
        ]
    );
    assert_eq!(completions[0].text(), "goodbye");
    assert_eq!(completions[4].chunks, ["caf", "é ", "☃"]);
    assert_eq!(completions[2].took, Duration::from_secs(5));
    for line in lines(&text).iter().filter(|line| line.get("completed").is_some()) {
        let uid = line["uid"].as_u64().unwrap();
        assert_eq!(line["completed"], json!([1, 5, 8].contains(&uid)));
    }
    // What scores them later may have been restarted in between.
    let again: Vec<Completion> = serde_json::from_str(&serde_json::to_string(&completions).unwrap()).unwrap();
    assert_eq!(again, completions);
}

#[tokio::test(start_paused = true)]
async fn a_user_that_hangs_up_or_reads_slowly_changes_no_miners_times() {
    let says: &[(u64, &[u8])] = &[(50, b"a"), (100, b"b"), (2_000, b"c")];
    let (parts, completions) = fan_in(vec![miner(1, says)], FanInLimits::default(), Framing::Lines);
    drop(parts);
    assert_eq!(millis(&completions.all().await[0]), [50, 100, 2_000]);

    let (mut parts, completions) = fan_in(vec![miner(1, says)], FanInLimits::default(), Framing::Lines);
    let mut read = 0;
    while let Some(part) = parts.next().await {
        part.unwrap();
        read += 1;
        tokio::time::sleep(Duration::from_secs(10)).await;
    }
    assert_eq!(
        (read, millis(&completions.all().await[0])),
        (4, vec![50, 100, 2_000])
    );
}

#[tokio::test(start_paused = true)]
async fn the_originals_framing_has_nothing_between_and_python_spacing() {
    let miners = vec![
        miner(1, &[(1, "é\u{1F600}".as_bytes()), (3, b"\"")]),
        miner(2, &[(2, b"x")]),
    ];
    let (text, _) = merged(miners, FanInLimits::default(), Framing::Undelimited).await;
    assert_eq!(
        text,
        r#"{"uid": 1, "chunk": "\u00e9\ud83d\ude00"}{"uid": 2, "chunk": "x"}{"uid": 1, "chunk": "\""}"#
    );
}
