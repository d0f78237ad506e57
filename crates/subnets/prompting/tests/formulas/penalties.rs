//! What lessens a reward.

use crate::near::near;
use assay_prompting::{
    Fidelity::{Exact, Fixed},
    scoring::{
        combine::Penalty,
        followup_trim::trim_followup,
        penalties::{
            LargestPenalties, Penalised, Penalising,
            content::content_match,
            criteria::{Criterion, Demand, Layout, Unit, has_bullets, has_numbers, task_validation},
            keyword::keyword_match,
        },
        task_validator::Asked,
    },
};

fn quarter(demand: Demand) -> Criterion {
    Criterion {
        demand,
        penalty: 0.25,
    }
}

fn length(unit: Unit, target: usize) -> Criterion {
    quarter(Demand::Length { unit, target })
}

#[test]
fn a_length_costs_by_how_far_off_it_is() {
    let cases = [
        (Unit::Words, 4, "a b c d", 0.0),
        (Unit::Words, 4, "a b c", 0.1161846),
        (Unit::Words, 4, "a b", 0.2294787),
        (Unit::Words, 4, "", 0.2490984),
        (Unit::Words, 4, "a b c d e f g h", 0.2499886),
        (Unit::Sentences, 2, "One. Two.", 0.0),
        (Unit::Sentences, 2, "One. Two", 0.2294787),
        (Unit::Sentences, 2, "U.S. is big. Yes!", 0.0),
        (Unit::Sentences, 2, "No", 0.2499886),
        (Unit::Characters, 10, "123456789", 0.02379065),
        (Unit::Characters, 10, "ééééé", 0.2294787),
        (Unit::Paragraphs, 2, "one\n\n\ntwo\nstill two", 0.0),
    ];
    for (unit, target, text, penalty) in cases {
        let ours = length(unit, target).penalty_of(text, Fixed);
        // The table has seven digits.
        assert!(
            (ours - penalty).abs() < 1e-7,
            "{unit:?} {target} {text:?}: {ours}"
        );
    }
}

#[test]
fn a_beginning_and_an_end_are_met_or_not() {
    let starts = quarter(Demand::StartsWith(
        ["who", "what", "is"].map(str::to_owned).to_vec(),
    ));
    let ends = quarter(Demand::EndsWith("?".to_owned()));
    let costs = |criterion: &Criterion, text| criterion.penalty_of(text, Fixed);
    for (text, penalty) in [
        ("What is it?", 0.0),
        ("  who?", 0.0),
        ("What's it?", 0.0),
        ("Isolde", 0.25),
        ("why", 0.25),
    ] {
        assert_eq!(costs(&starts, text), penalty, "{text:?}");
    }
    assert_eq!((costs(&ends, "a? "), costs(&ends, "a.")), (0.0, 0.25));
}

#[test]
fn a_list_is_seen_where_one_stands() {
    for text in ["- x", "1. a", "one:\n  * two"] {
        for fidelity in [Fixed, Exact] {
            assert!(
                has_bullets(text, fidelity) || has_numbers(text, fidelity),
                "{text:?}"
            );
        }
    }
    // The original takes these for lists.
    for text in ["a - b", "in 2023. Then"] {
        assert!(has_bullets(text, Exact) || has_numbers(text, Exact), "{text:?}");
        assert!(!has_bullets(text, Fixed) && !has_numbers(text, Fixed), "{text:?}");
    }
    for text in ["well-known", "•a", "1) x"] {
        assert!(!has_bullets(text, Exact) && !has_numbers(text, Exact), "{text:?}");
    }
    let layout = |layout, text| quarter(Demand::Layout(layout)).penalty_of(text, Fixed);
    assert_eq!(
        (layout(Layout::Bullets, "- x"), layout(Layout::Bullets, "1. x")),
        (0.0, 0.25)
    );
    assert_eq!(
        (layout(Layout::Numbers, "1. x"), layout(Layout::NoList, "1. x")),
        (0.0, 0.25)
    );
}

#[test]
fn the_criteria_of_a_task_add_up_to_a_bound() {
    let answer = [
        quarter(Demand::Without("?".to_owned())),
        quarter(Demand::Layout(Layout::NoList)),
        length(Unit::Words, 100),
    ];
    let raw = task_validation(&answer, "why? - a", Exact);
    near(raw, 0.7499795);
    assert_eq!(
        Penalised::new(raw, 0.6),
        Penalised {
            raw,
            adjusted: 0.6,
            applied: 0.4
        }
    );
    let plain = "word ".repeat(100);
    assert_eq!(
        Penalised::new(task_validation(&answer, &plain, Exact), 0.6).applied,
        1.0
    );
    assert_eq!(Penalised::new(f64::NAN, 0.6).applied, 1.0);
}

#[test]
fn talk_about_the_task_costs() {
    let penalised = |text| Penalised::new(content_match(text, Fixed), 0.2);
    let one = penalised("Here is a task for you");
    assert_eq!((one.raw, one.applied), (0.1, 0.9));
    let three = penalised("Sure! Here is my question: the question was");
    near(three.raw, 0.3);
    assert_eq!((three.adjusted, three.applied), (0.2, 0.8));
    let late = format!("{} here is the solution", "x".repeat(200));
    assert_eq!(content_match(&late, Fixed), 0.0);
    near(content_match("Task: explain", Fixed), 0.1);
    assert_eq!(
        content_match("Task: explain", Exact),
        0.0,
        "fused with another phrase in the original"
    );
    near(content_match("task:i can help you with that", Exact), 0.1);
}

#[test]
fn headings_of_the_prompt_cost_everything() {
    let applied = |text| Penalised::new(keyword_match(Asked::Answer, text, Fixed), 1.0).applied;
    for text in [
        "Question: a",
        "### QUESTION 1: foo",
        "#SUMMARY CONTEXT: x",
        "## question 12:",
    ] {
        assert_eq!(applied(text), 0.0, "{text:?}");
    }
    assert_eq!(
        (applied("Answer: x"), applied("### ANSWER 1: x"), applied("plain")),
        (1.0, 1.0, 1.0)
    );
    assert_eq!(
        keyword_match(Asked::Answer, "### QUESTION: x", Fixed),
        2.0,
        "both are logged"
    );
    assert_eq!(keyword_match(Asked::Other, "# ANSWER 2 : x", Fixed), 1.0);
    assert_eq!(
        keyword_match(Asked::Other, "# ANSWER 2 : x", Exact),
        0.0,
        "malformed in the original"
    );
}

#[test]
fn one_question_is_left_of_many() {
    let numbers = |from: u32, to: u32| (from..=to).map(|n| n.to_string()).collect::<Vec<_>>().join(" ");
    let cases = [
        (
            "Here is my question. What is X? And Y?".to_owned(),
            " What is X?".to_owned(),
            "What is X?".to_owned(),
        ),
        (
            "What is 3.5 plus 2? ok".to_owned(),
            "5 plus 2?".to_owned(),
            "What is 3.5 plus 2?".to_owned(),
        ),
        (
            "Tell me more. About it.".to_owned(),
            " About it".to_owned(),
            "About it".to_owned(),
        ),
        ("...".to_owned(), "...".to_owned(), "...".to_owned()),
        (String::new(), String::new(), String::new()),
        (numbers(1, 50) + "?", numbers(11, 50) + "?", numbers(11, 50) + "?"),
    ];
    for (text, exact, fixed) in cases {
        assert_eq!(trim_followup(&text, Exact), exact);
        assert_eq!(trim_followup(&text, Fixed), fixed);
    }
}

#[test]
fn each_penalty_has_its_own_bound() {
    let criteria = [Criterion {
        demand: Demand::EndsWith("!".to_owned()),
        penalty: 0.9,
    }];
    let penalising = Penalising {
        asked: Asked::Answer,
        criteria: &criteria,
        largest: LargestPenalties::default(),
        fidelity: Fixed,
    };
    let text = "Question: here is my question, the question was, use proper grammar";
    let applied = Penalty::ALL.map(|penalty| penalising.penalty(penalty, text).applied);
    assert_eq!(applied, [0.4, 0.8, 0.0]);
}
