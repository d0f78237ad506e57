//! Exact repetitions, the best of each prompt, near-duplicates.

use super::{Bench, owned, pairs, step};
use assay_records::dataset::{Dedup, Details, Format};

#[test]
fn of_equal_rows_the_one_with_the_highest_reward_stays() {
    let bench = Bench::with([
        step("answer0", "Why?", &[("So.", Some(0.2))]),
        step("answer0", "Why?", &[("So.", Some(0.8))]),
        step("answer0", "Why?", &[("Hence.", Some(0.5))]),
        step("answer0", "Why?", &[("So.", Some(0.8))]),
        step("answer0", "Why?S", &[("o.", Some(0.1))]),
    ]);
    let mut plan = bench.plan();
    plan.format = Format::Prompt;
    plan.details = Details::Score;
    let (report, rows) = bench.rows(&plan);
    assert_eq!(
        pairs(&rows),
        owned(&[("Why?", "So."), ("Why?", "Hence."), ("Why?S", "o.")])
    );
    assert_eq!(rows[0]["score"], 0.8);
    assert_eq!((report.counts.candidates, report.counts.duplicates), (5, 2));

    plan.best_per_prompt = true;
    let (report, rows) = bench.rows(&plan);
    assert_eq!(pairs(&rows), owned(&[("Why?", "So."), ("Why?S", "o.")]));
    assert_eq!((report.counts.duplicates, report.counts.beaten), (2, 1));

    plan.dedup = Dedup::None;
    let (report, _) = bench.rows(&plan);
    assert_eq!((report.counts.duplicates, report.counts.beaten), (0, 3));

    plan.best_per_prompt = false;
    assert_eq!(bench.rows(&plan).0.rows(), 5);
}

#[test]
fn near_duplicates_go_and_the_first_stays() {
    let answer = "Gold is a dense metal that neither rusts nor tarnishes, and it conducts heat and current very well indeed";
    let shouted = format!("{}!", answer.to_uppercase());
    let other = "Iron is a hard metal that rusts where it is wet, and it is what most of the core of the earth is made of";
    let bench = Bench::with([
        step(
            "answer0",
            "What is gold, and what is it good for?",
            &[(answer, Some(0.5))],
        ),
        step(
            "answer1",
            "what is gold and what is it good for",
            &[(&shouted, Some(0.9))],
        ),
        step(
            "answer2",
            "What is gold, and what is it good for?",
            &[(other, Some(0.5))],
        ),
        step(
            "answer3",
            "Name one that does not rust of all the metals.",
            &[(answer, Some(0.5))],
        ),
    ]);
    let mut plan = bench.plan();
    assert_eq!(bench.rows(&plan).0.rows(), 4);
    plan.dedup = Dedup::Near { threshold: 0.8 };
    let (report, rows) = bench.rows(&plan);
    assert_eq!(report.counts.near_duplicates, 1);
    let kept: Vec<String> = pairs(&rows)
        .into_iter()
        .map(|(_, completion)| completion)
        .collect();
    assert_eq!(kept, [answer, other, answer]);
}
