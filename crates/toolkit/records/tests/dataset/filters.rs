//! What is taken, and what is left out and counted.

use super::{Bench, NOON, owned, pairs, step};
use assay_records::{
    dataset::{Blacklist, BuildError, BuildPlan, Case, Details, Format, Kind, Take, build},
    streams::{MinerReward, OrganicIteration},
};
use serde_json::json;
use std::collections::BTreeSet;
use time::Duration;

#[test]
fn the_best_answers_become_chats_from_lines_and_from_parquet_alike() {
    let bench = Bench::with([
        step(
            "augment",
            "Sum up: \"ä\"\n…",
            &[
                ("short", Some(0.2)),
                ("A \"sum\".\tTab", Some(0.9)),
                ("", Some(1.0)),
            ],
        ),
        step("followup0", "Ask.", &[("Why?", Some(0.5)), ("How?", Some(0.5))]),
    ]);
    bench.log().roll().unwrap();
    bench
        .log()
        .record(
            NOON + Duration::hours(1),
            &step("answer0", "Why?", &[("So.", None), ("Because.", Some(0.1))]),
        )
        .unwrap();
    bench.log().flush().unwrap();
    let (report, rows) = bench.rows(&bench.plan());
    assert_eq!(
        rows[0],
        json!({ "messages": [
            { "role": "user", "content": "Sum up: \"ä\"\n…" },
            { "role": "assistant", "content": "A \"sum\".\tTab" },
        ] })
    );
    assert_eq!(
        pairs(&rows)[1..],
        owned(&[("Ask.", "Why?"), ("Why?", "Because.")]),
        "the first of equals, and a reward before none"
    );
    assert_eq!((report.counts.events, report.counts.answers), (3, 7));
    assert_eq!((report.counts.empty, report.counts.outdone), (1, 3));
    assert_eq!(report.first, Some(NOON));
    assert_eq!(report.last, Some(NOON + Duration::hours(1)));
}

#[test]
fn each_filter_leaves_out_what_it_says_and_counts_it() {
    let bench = Bench::with([
        step("augment", "Early", &[("early", Some(1.0))]),
        step(
            "answer0",
            "On gold",
            &[("Gold is heavy.", Some(0.9)), ("GOLD shines.", Some(0.4))],
        ),
        step("answer1", "On iron", &[("It rusts.", Some(0.9))]),
        step(
            "answer2",
            "On gold again",
            &[
                ("Secret gold.", Some(0.9)),
                ("[] ", Some(0.8)),
                ("Fine.", Some(0.7)),
            ],
        ),
        step("followup0", "Gold?", &[("Gold!", Some(0.9))]),
        step("answer3", "  ", &[("gold", Some(0.9))]),
        step("answer4", "Late gold", &[("late", Some(1.0))]),
    ]);
    let mut plan = bench.plan();
    plan.since = Some(NOON + Duration::minutes(1));
    plan.until = Some(NOON + Duration::minutes(6));
    plan.kinds = BTreeSet::from([Kind::Answer, Kind::Summary]);
    plan.take = Take::Every;
    plan.min_reward = Some(0.5);
    plan.phrases.include = vec!["gold".to_owned()];
    plan.phrases.exclude = vec!["seCret".to_owned()];
    plan.phrases.case = Case::Insensitive;
    plan.blacklist = Blacklist::from_iter(["[]", ""]);
    plan.format = Format::Prompt;
    plan.details = Details::Score;
    let (report, rows) = bench.rows(&plan);
    assert_eq!(
        rows,
        [
            json!({ "prompt": "On gold", "completion": "Gold is heavy.", "score": 0.9 }),
            json!({ "prompt": "On gold again", "completion": "Fine.", "score": 0.7 }),
        ]
    );
    let counts = &report.counts;
    assert_eq!(
        (
            counts.events,
            counts.outside_time,
            counts.other_kinds,
            counts.without_prompt
        ),
        (7, 2, 1, 1)
    );
    assert_eq!(counts.answers, 6);
    assert_eq!(
        (
            counts.low_reward,
            counts.not_included,
            counts.excluded,
            counts.blacklisted
        ),
        (1, 1, 1, 1)
    );

    plan.phrases.case = Case::Sensitive;
    let (_, rows) = bench.rows(&plan);
    assert_eq!(
        pairs(&rows),
        owned(&[
            ("On gold", "Gold is heavy."),
            ("On gold again", "Secret gold."),
            ("On gold again", "Fine.")
        ]),
        "letters of other cases are other letters"
    );
    plan.phrases.include = vec!["GOLD\u{df}\u{c4}".to_owned()];
    plan.phrases.case = Case::Insensitive;
    let Err(BuildError::Nothing { report }) = build(&plan, &bench.dataset()) else {
        panic!("nothing has that phrase")
    };
    assert_eq!(report.counts.candidates, 0);
    assert!(!bench.dataset().exists());
}

#[test]
fn what_is_too_long_for_a_trainer_is_left_out_by_characters_not_bytes() {
    let bench = Bench::with([
        step(
            "answer0",
            "Größe?",
            &[("Übergroß.", Some(0.5)), ("Übergroß..", Some(1.0))],
        ),
        step(
            "answer1",
            "A question of thirty characters",
            &[("No.", Some(1.0))],
        ),
    ]);
    let mut plan = bench.plan();
    plan.max_characters = Some(15);
    let (report, rows) = bench.rows(&plan);
    assert_eq!(pairs(&rows), owned(&[("Größe?", "Übergroß.")]));
    assert_eq!(report.counts.too_long, 2);
}

#[test]
fn small_letters_beyond_ascii_are_found_too() {
    let bench = Bench::with([
        step("answer0", "Größe?", &[("ÜBER alles", Some(1.0))]),
        step("answer1", "Size?", &[("under all", Some(1.0))]),
    ]);
    let mut plan = bench.plan();
    plan.phrases.include = vec!["über".to_owned()];
    plan.phrases.case = Case::Insensitive;
    assert_eq!(pairs(&bench.rows(&plan).1), owned(&[("Größe?", "ÜBER alles")]));
}

#[test]
fn only_the_runs_that_were_asked_for_are_taken() {
    let bench = Bench::with([step("answer0", "Why?", &[("So.", Some(1.0))])]);
    let mut plan = bench.plan();
    plan.runs = BTreeSet::from(["5Fother".to_owned()]);
    let error = build(&plan, &bench.dataset()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "nothing is left of 1 events: 1 events of other runs"
    );
    plan.runs.insert("5Fsource".to_owned());
    plan.details = Details::Full;
    let (_, rows) = bench.rows(&plan);
    assert_eq!(
        (
            &rows[0]["run"],
            &rows[0]["kind"],
            &rows[0]["time"],
            &rows[0]["score"]
        ),
        (
            &json!("5Fsource"),
            &json!("answer"),
            &json!("2026-11-29T12:00:00Z"),
            &json!(1.0)
        )
    );
}

#[test]
fn pairs_are_the_best_and_the_worst_of_one_question_by_the_margin() {
    let bench = Bench::with([
        step(
            "answer0",
            "A",
            &[
                ("bad", Some(0.1)),
                ("good", Some(0.9)),
                ("", Some(0.0)),
                ("mid", Some(0.5)),
            ],
        ),
        step("answer1", "B", &[("one", Some(0.5)), ("other", Some(0.4))]),
        step("answer2", "C", &[("alone", Some(0.9))]),
        step("answer3", "D", &[("same", Some(0.9)), ("same", Some(0.1))]),
        step("answer4", "E", &[("unscored", None), ("scored", Some(0.9))]),
    ]);
    let mut plan = bench.plan();
    plan.format = Format::Preference { margin: 0.3 };
    plan.details = Details::Score;
    let (report, rows) = bench.rows(&plan);
    assert_eq!(
        rows,
        [json!({
            "prompt": "A", "chosen": "good", "rejected": "bad", "score_chosen": 0.9, "score_rejected": 0.1,
        })]
    );
    assert_eq!(report.counts.unpaired, 4);
}

#[test]
fn what_users_asked_is_taken_only_when_told_and_never_what_is_private() {
    let bench = Bench::with([step("answer0", "Why?", &[("So.", Some(1.0))])]);
    let turn = |prompt: Option<&str>| OrganicIteration {
        is_organic: true,
        is_private: prompt.is_none(),
        prompt: prompt.map(str::to_owned),
        rewards: [("good", 0.9), ("bad", 0.1)]
            .map(|(text, reward)| MinerReward {
                completion: prompt.is_some().then(|| text.to_owned()),
                reward: Some(reward),
                ..MinerReward::default()
            })
            .into(),
        ..OrganicIteration::default()
    };
    for prompt in [Some("How?"), None] {
        bench.log().record(NOON, &turn(prompt)).unwrap();
    }
    bench.log().flush().unwrap();
    assert_eq!(pairs(&bench.rows(&bench.plan()).1), owned(&[("Why?", "So.")]));
    let mut plan = bench.plan();
    plan.kinds = BTreeSet::from([Kind::Organic]);
    for _ in 0..2 {
        let (report, rows) = bench.rows(&plan);
        assert_eq!(pairs(&rows), owned(&[("How?", "good")]));
        assert_eq!(report.counts.without_prompt, 1);
        bench.log().roll().unwrap();
    }
}

#[test]
fn a_plan_that_cannot_be_meant_is_refused_by_name() {
    let bench = Bench::with([step("answer0", "Why?", &[("So.", Some(1.0))])]);
    let refused = |change: fn(&mut BuildPlan)| {
        let mut plan = bench.plan();
        change(&mut plan);
        let error = build(&plan, &bench.dataset()).unwrap_err();
        assert!(!bench.dataset().exists());
        error.to_string()
    };
    assert!(refused(|plan| plan.sources.clear()).contains("sources"));
    assert!(refused(|plan| plan.min_reward = Some(f64::NAN)).contains("min_reward"));
    assert!(
        refused(|plan| plan.dedup = assay_records::dataset::Dedup::Near { threshold: 0.2 }).contains("0.5")
    );
    assert!(refused(|plan| plan.format = Format::Preference { margin: -1.0 }).contains("margin"));
    assert!(refused(|plan| plan.phrases.exclude = vec![String::new()]).contains("phrases"));
    assert!(refused(|plan| plan.licence = "mit\ntags: x".to_owned()).contains("licence"));
    assert!(refused(|plan| plan.title = "two\nlines".to_owned()).contains("title"));
    let missing =
        refused(|plan| plan.sources = vec![assay_records::dataset::Source::Log("no/such.log".into())]);
    assert_eq!(missing, "no/such.log is not a file of events");
    assert!("nothing".parse::<Kind>().is_err());
}

#[test]
fn a_blacklist_that_cannot_be_read_is_named() {
    let bench = Bench::new();
    let path = bench.folder.path().join("list.txt");
    let error = Blacklist::read(&path).unwrap_err().to_string();
    assert!(error.contains("list.txt"), "{error}");
    fs_err::write(&path, b"\xff\xfe").unwrap();
    assert!(Blacklist::read(&path).unwrap_err().to_string().contains("UTF-8"));
    fs_err::write(&path, "[]\n\n This is a complex issue. \r\n").unwrap();
    let list = Blacklist::read(&path).unwrap();
    assert_eq!(list.len(), 2);
    assert!(
        list.contains("This is a complex issue.")
            && !list.contains("This is a complex issue")
            && !list.contains("")
    );
}
