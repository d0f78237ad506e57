//! What miners are asked.

use assay_prompting::{
    Fidelity::{Exact, Fixed},
    prompts::{
        base_text::{BaseTextRule, cut, cut_at_points},
        sentences::sentences,
        stages,
        tasks::{Task, TaskKind, question_context, summary_context},
    },
    scoring::penalties::criteria::{Demand, task_validation},
};
use proptest::prelude::*;
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use std::collections::BTreeSet;

#[test]
fn the_originals_cut_is_at_points() {
    let cases = [
        ("One. Two. Three. Four.", 2, "One. Two"),
        ("One. Two. Three", 15, "One. Two"),
        ("No periods here", 15, ""),
        ("A.B", 15, "A"),
        ("v1.2 is out. Yes.", 1, "v1"),
    ];
    for (text, count, expected) in cases {
        assert_eq!(cut_at_points(text, count), expected, "{text:?}");
    }
}

#[test]
fn a_cut_keeps_sentences_whole() {
    let text = "v1.2 is out, e.g. for Dr. Who in the U.S. capital. It costs 3.5 coins! \"Really?\" Yes (really.) The end";
    let whole = [
        "v1.2 is out, e.g. for Dr. Who in the U.S. capital.",
        "It costs 3.5 coins!",
        "\"Really?\"",
        "Yes (really.)",
        "The end",
    ];
    assert_eq!(sentences(text), whole);
    assert_eq!(cut(text, 2, 1000).unwrap(), whole[..2].join(" "));
    assert_eq!(cut("No periods here", 15, 1000).unwrap(), "No periods here");
    assert_eq!(cut("彼は来た。彼は見た。", 1, 1000).unwrap(), "彼は来た。");
    assert_eq!(cut(" \n", 3, 1000), None);
    assert_eq!(
        cut("A first one. A second that is too long.", 5, 20).unwrap(),
        "A first one."
    );
    assert_eq!(
        cut("A sentence without an end in sight", 5, 20).unwrap(),
        "A sentence without"
    );
    assert_eq!(cut("Donaudampfschiffahrtsgesellschaft", 5, 5).unwrap(), "Donau");
}

#[test]
fn a_blank_text_is_drawn_again_and_others_are_cut_somewhere_in_the_range() {
    let text: String = (0..40).map(|n| format!("Sentence {n} is here. ")).collect();
    for (fidelity, blank) in [(Fixed, None), (Exact, None)] {
        let rule = BaseTextRule::new(fidelity);
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        assert_eq!(
            (rule.draw("", &mut rng), rule.draw("\n\n", &mut rng)),
            (blank.clone(), blank)
        );
        let counts: BTreeSet<usize> = (0..400)
            .map(|_| rule.draw(&text, &mut rng).unwrap().matches("Sentence").count())
            .collect();
        assert_eq!(counts, (15..=30).collect(), "{fidelity:?}");
    }
}

proptest! {
    #[test]
    fn a_cut_is_never_empty_nor_too_long(text in "\\PC{1,80}", count in 0..5usize, most in 1..60usize) {
        let cut = cut(&text, count, most);
        prop_assert_eq!(cut.is_none(), text.trim().is_empty());
        prop_assert!(cut.is_none_or(|cut| !cut.is_empty() && cut.chars().count() <= most));
    }

    #[test]
    fn sentences_lose_nothing(text in "[a-zA-Z .?!\"()。]{0,60}") {
        let bare = |text: &str| text.split_whitespace().collect::<String>();
        prop_assert_eq!(bare(&sentences(&text).concat()), bare(&text));
    }
}

#[test]
fn logs_recognise_our_prompts() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let counts: BTreeSet<String> = (0..200)
        .map(|_| {
            let prompt = stages::augment("BASE", &mut rng);
            let (_, rest) = prompt
                .split_once("BASE\n\nSummarize the preceding context in ")
                .unwrap();
            assert!(prompt.ends_with("\n\n"));
            rest.split(' ').next().unwrap().to_owned()
        })
        .collect();
    assert_eq!(counts, ["4", "5", "6", "7", "8"].map(str::to_owned).into());
    let first = stages::followup("CTX", 0);
    let marker = "Ask a single relevant and insightful question about the preceding context";
    assert!(first.starts_with(&format!("CTX\n\n{marker}\n. ")) && first.ends_with(':'));
    let second = stages::followup("CTX", 1);
    assert!(
        second.starts_with(&format!("CTX\n\n{marker} and previous questions. ")) && second.ends_with(":\n")
    );
    assert!(stages::answer("CTX", "Q?").starts_with("CTX\n\nQuestion:Q?\n"));
    assert!(
        stages::seed_followup("CTX").starts_with("CTX\n\n") && stages::seed_followup("CTX").ends_with("\n\n")
    );
    assert_eq!(stages::seed_answer("CTX", "Q?"), "CTX\n\nQ?");
    assert_eq!(stages::seed_answer_reward("Q?"), "Question: Q?\n");
    let extended = stages::extended("S", 0, "Q1", "A1");
    assert_eq!(extended, "S\nPrevious Question \nQuestion:Q1\nAnswer:A1");
    assert_eq!(
        stages::extended(&extended, 1, "Q2", "A2"),
        format!("{extended}\nQuestion:Q2\nAnswer:A2")
    );
    assert_eq!(
        question_context(&summary_context("S"), 2, "Q?"),
        "### SUMMARY CONTEXT:\nS\n### QUESTION 2:\nQ?"
    );
}

#[test]
fn a_task_demands_what_its_prompt_says() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    for round in 0..200 {
        let tasks = [
            Task::summary("BASE".to_owned(), &mut rng),
            Task::question(round, "BASE".to_owned(), &mut rng),
            Task::answer(round, "BASE".to_owned(), &mut rng),
        ];
        let most: Vec<f64> = tasks
            .iter()
            .map(|task| task.criteria.iter().map(|one| one.penalty).sum())
            .collect();
        assert_eq!(most, [0.75, 0.75, 0.75]);
        for task in &tasks {
            let prompt = task.prompt();
            assert!(prompt.contains("'''\nBASE\n'''"), "{prompt}");
            let lines: Vec<&str> = prompt.lines().filter(|line| line.starts_with("- ")).collect();
            assert!(lines.len() > task.criteria.len());
            for (criterion, line) in task.criteria.iter().zip(&lines) {
                match &criterion.demand {
                    Demand::Length { target, .. } => assert!(line.contains(&target.to_string()), "{line}"),
                    Demand::StartsWith(words) => {
                        assert_eq!(words.iter().collect::<BTreeSet<_>>().len(), 3);
                        assert!(words.iter().all(|word| line.contains(word.as_str())), "{line}");
                    }
                    Demand::EndsWith(text) | Demand::Without(text) => {
                        assert!(line.contains(text.as_str()), "{line}")
                    }
                    Demand::Layout(_) => assert!(line.contains("list"), "{line}"),
                }
            }
        }
        let names = [&tasks[0].name, &tasks[1].name, &tasks[2].name];
        assert_eq!(
            names,
            ["augment", &format!("followup{round}"), &format!("answer{round}")]
        );
        assert_eq!(tasks[1].kind, TaskKind::Question);
        assert_eq!(TaskKind::Answer.as_str(), "question-answer");
    }
    let question = Task::question(0, "BASE".to_owned(), &mut rng);
    assert!(task_validation(&question.criteria, "No.", Fixed) > 0.7);
}

#[test]
fn a_text_of_marks_costs_no_more_time_than_another() {
    // With a second look at what was read before, each of these would take minutes.
    for part in ["?", "a.", "1.", "?)x", "? "] {
        let text = part.repeat(200_000);
        assert!(cut(&text, 30, 8000).is_some());
    }
}
