//! Prints the prompts of every profile, one JSON line each, with marks where a run's own texts stand: what the
//! demonstration's models are trained on. `cargo xtask gen prompting-models` calls it.
#![expect(clippy::print_stdout, reason = "the prompts are this program's data")]

use assay_prompting::prompts::{
    stages,
    tasks::{self, Task},
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use std::collections::BTreeSet;

/// Marks for texts that a run has and this program has not.
const CONTEXT: &str = "<CONTEXT>";
const QUESTION: &str = "<QUESTION>";

/// Rounds of the stack's forwards.
const ROUNDS: usize = 4;
/// Tasks that are drawn of each kind: their demands differ.
const TASKS: usize = 60;

/// A prompt as miners hear it, as reward models do, and as filters do.
#[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
struct Prompt {
    profile: &'static str,
    kind: &'static str,
    prompt: String,
    judged: String,
    base: String,
}

fn main() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut prompts = BTreeSet::new();
    let mut add = |profile, kind, prompt: String, judged: Option<String>, base: Option<String>| {
        prompts.insert(Prompt {
            profile,
            kind,
            judged: judged.unwrap_or_else(|| prompt.clone()),
            base: base.unwrap_or_else(|| prompt.clone()),
            prompt,
        });
    };
    let question = || Some(QUESTION.to_owned());

    for _ in 0..TASKS {
        add("stack", "augment", stages::augment(CONTEXT, &mut rng), None, None);
    }
    let mut context = CONTEXT.to_owned();
    for round in 0..ROUNDS {
        let asking = stages::followup(&context, round);
        add("stack", "followup", asking, None, Some(context.clone()));
        let answering = stages::answer(&context, QUESTION);
        add("stack", "answer", answering, None, question());
        let (asked, answered) = (format!("<ASKED{round}>"), format!("<ANSWERED{round}>"));
        context = stages::extended(&context, round, &asked, &answered);
    }

    let asking = stages::seed_followup(CONTEXT);
    add("seed", "followup", asking, None, Some(CONTEXT.to_owned()));
    let judged = Some(stages::seed_answer_reward(QUESTION));
    let answering = stages::seed_answer(CONTEXT, QUESTION);
    add("seed", "answer", answering, judged, question());

    for number in 0..TASKS {
        let round = number % 3;
        let context = tasks::summary_context(CONTEXT);
        let about = tasks::question_context(&context, round, QUESTION);
        for (kind, task) in [
            ("augment", Task::summary(CONTEXT.to_owned(), &mut rng)),
            ("followup", Task::question(round, context, &mut rng)),
            ("answer", Task::answer(round, about, &mut rng)),
        ] {
            let base = Some(task.base_text.clone());
            add("tasks", kind, task.prompt(), base.clone(), base);
        }
    }
    for prompt in &prompts {
        // Plain texts under plain names always have a JSON form.
        println!("{}", serde_json::to_string(prompt).unwrap_or_default());
    }
}
