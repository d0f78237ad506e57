//! The text that the base model learns from: exchanges in the chat format, made from the files of
//! `assets/base-model/corpus`.

use std::{collections::BTreeMap, path::Path};

use rand::{Rng as _, SeedableRng as _, seq::IndexedRandom as _};
use rand_chacha::ChaCha8Rng;

use crate::{
    chains::Chains,
    grammar::{Grammar, Reckoned},
    template::{Scene, Words, capitalised, drawn, made_up, number_word},
};

/// A text of the corpus: system text, then questions and answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Exchange {
    pub(crate) system: String,
    pub(crate) turns: Vec<(String, String)>,
}

impl Exchange {
    /// The exchange in the chat format.
    pub(crate) fn rendered(&self) -> String {
        let mut text = format!("<|im_start|>system\n{}<|im_end|>\n", self.system);
        for (question, answer) in &self.turns {
            text.push_str(&format!(
                "<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n{answer}<|im_end|>\n"
            ));
        }
        text
    }
}

#[derive(Debug)]
struct Problem {
    variables: String,
    question: String,
    steps: Vec<String>,
    result: String,
}

#[derive(Debug)]
struct FactGroup {
    questions: Vec<String>,
    answers: Vec<String>,
    pairs: Vec<(String, String)>,
}

/// The parsed files.
#[derive(Debug)]
pub(crate) struct Corpus {
    words: Words,
    systems: Vec<String>,
    problems: Vec<Problem>,
    facts: Vec<FactGroup>,
    sentences: Vec<String>,
    chains: Chains,
    grammar: Grammar,
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.starts_with('#'))
}

fn blocks(text: &str) -> Vec<Vec<&str>> {
    let lines: Vec<&str> = lines(text).collect();
    lines
        .split(|line| line.trim().is_empty())
        .filter(|block| !block.is_empty())
        .map(<[&str]>::to_vec)
        .collect()
}

fn after<'a>(block: &[&'a str], mark: &str) -> Vec<&'a str> {
    block.iter().filter_map(|line| line.strip_prefix(mark)).collect()
}

impl Corpus {
    pub(crate) fn load(folder: &Path) -> std::io::Result<Self> {
        let read = |name: &str| fs_err::read_to_string(folder.join(name));
        let problems = blocks(&read("problems.txt")?)
            .into_iter()
            .map(|block| Problem {
                variables: block[0].to_owned(),
                question: after(&block, "Q ").concat(),
                steps: after(&block, "A ").into_iter().map(str::to_owned).collect(),
                result: after(&block, "= ").concat(),
            })
            .collect();
        let facts = blocks(&read("facts.txt")?)
            .into_iter()
            .map(|block| FactGroup {
                questions: after(&block, "Q ").into_iter().map(str::to_owned).collect(),
                answers: after(&block, "A ").into_iter().map(str::to_owned).collect(),
                pairs: block
                    .iter()
                    .filter(|line| !line.starts_with("Q ") && !line.starts_with("A "))
                    .filter_map(|line| line.split_once(": "))
                    .map(|(left, right)| (left.to_owned(), right.to_owned()))
                    .collect(),
            })
            .collect();
        let text_lines = |text: String| {
            lines(&text)
                .filter(|line| !line.is_empty())
                .map(str::to_owned)
                .collect()
        };
        let words = Words::parse(&read("words.txt")?);
        Ok(Self {
            chains: Chains::parse(&read("chains.txt")?),
            grammar: Grammar::parse(&read("lexicon.txt")?, &words),
            words,
            systems: text_lines(read("systems.txt")?),
            problems,
            facts,
            sentences: text_lines(read("sentences.txt")?),
        })
    }

    /// The exchange with the given number. It depends on nothing else.
    pub(crate) fn exchange(&self, number: u64) -> Exchange {
        let random = &mut ChaCha8Rng::seed_from_u64(number);
        let system = drawn(&self.systems, random);
        let system = if system == "-" { String::new() } else { system };
        let kind = random.random_range(0..100);
        let turns = match kind {
            0..=12 => vec![self.problem(random)],
            13..=32 => vec![self.chain(random)],
            33..=54 => vec![self.free_problem(random)],
            55..=72 => {
                let count = if random.random_bool(0.3) {
                    random.random_range(2..=3)
                } else {
                    1
                };
                (0..count).map(|_| self.fact(random)).collect()
            }
            73..=78 => vec![self.sentence(random)],
            79..=80 => vec![self.story(random)],
            81..=94 => vec![self.plain_text(random)],
            _ => vec![self.copying(random)],
        };
        let mut exchange = Exchange { system, turns };
        // Facts stay true.
        if !(55..=72).contains(&kind) && random.random_bool(0.2) {
            self.replace_words(&mut exchange, random);
        }
        exchange
    }

    /// Replaces some words throughout an exchange, so that what is said cannot be told from the template alone.
    fn replace_words(&self, exchange: &mut Exchange, random: &mut ChaCha8Rng) {
        let mut replaced: BTreeMap<String, Option<String>> = BTreeMap::new();
        let mut change = |text: &str| -> String {
            let words = text.split(' ').map(|word| {
                if word.len() < 4 || !word.chars().all(|letter| letter.is_ascii_lowercase()) {
                    return word.to_owned();
                }
                let entry = replaced.entry(word.to_owned()).or_insert_with(|| {
                    random.random_bool(0.15).then(|| {
                        if random.random_bool(0.2) {
                            made_up(random)
                        } else {
                            self.grammar.speaker().any_word(random)
                        }
                    })
                });
                entry.clone().unwrap_or_else(|| word.to_owned())
            });
            words.collect::<Vec<String>>().join(" ")
        };
        for (question, answer) in &mut exchange.turns {
            (*question, *answer) = (change(question), change(answer));
        }
    }

    /// A problem of several steps, with more told than is needed now and then.
    fn chain(&self, random: &mut ChaCha8Rng) -> (String, String) {
        let mut scene = Scene::new(&self.words, random);
        let (mut question, steps, result) = self.chains.problem(&mut scene, random);
        if random.random_bool(0.3) {
            question = format!("{} {question}", self.grammar.speaker().sentence(random));
        }
        (question, worked_answer(&steps, &result.to_string(), random))
    }

    /// Sentences of the grammar, and more of them on what they were about.
    fn plain_text(&self, random: &mut ChaCha8Rng) -> (String, String) {
        let mut speaker = self.grammar.speaker_on_topic(random);
        let mut text = |most: usize| -> String {
            let count = random.random_range(1..=most);
            (0..count)
                .map(|_| speaker.sentence(random))
                .collect::<Vec<_>>()
                .join(" ")
        };
        let (told, answer) = (text(3), text(4));
        (format!("{told} {}", speaker.question(random)), answer)
    }

    /// Numbers told in sentences of the grammar, then reckoned with in more of them: the shape of a word problem
    /// without its sense.
    fn free_problem(&self, random: &mut ChaCha8Rng) -> (String, String) {
        let mut speaker = self.grammar.speaker_on_topic(random);
        speaker.reckoned = Some(Reckoned::default());
        let mut told: Vec<String> = (0..random.random_range(2..=4))
            .map(|_| speaker.sentence(random))
            .collect();
        told.push(speaker.question(random));
        if let Some(reckoned) = &mut speaker.reckoned {
            reckoned.in_sums = true;
        }
        let steps: Vec<String> = (0..random.random_range(1..=4))
            .map(|_| speaker.sentence(random))
            .collect();
        let result = speaker
            .reckoned
            .and_then(|reckoned| reckoned.numbers.last().copied())
            .unwrap_or(0);
        (told.join(" "), worked_answer(&steps, &result.to_string(), random))
    }

    fn problem(&self, random: &mut ChaCha8Rng) -> (String, String) {
        loop {
            let Some(problem) = self.problems.choose(random) else {
                unreachable!("problems.txt has problems")
            };
            let mut scene = Scene::new(&self.words, random);
            if !scene.draw_numbers(&problem.variables, random) {
                continue;
            }
            let question = scene.fill(&problem.question, random);
            let steps: Vec<String> = problem
                .steps
                .iter()
                .map(|step| capitalised(&scene.fill(step, random)))
                .collect();
            let result = scene.fill(&problem.result, random);
            let answer = worked_answer(&steps, &result, random);
            return (question, answer);
        }
    }

    fn fact(&self, random: &mut ChaCha8Rng) -> (String, String) {
        if random.random_bool(0.2) {
            return small_sum(random);
        }
        let Some(group) = self.facts.choose(random) else {
            unreachable!("facts.txt has facts")
        };
        let Some((left, right)) = group.pairs.choose(random) else {
            unreachable!("every group has pairs")
        };
        let fill = |template: &str| capitalised(&template.replace("{1}", left).replace("{2}", right));
        (
            fill(&drawn(&group.questions, random)),
            fill(&drawn(&group.answers, random)),
        )
    }

    fn sentence(&self, random: &mut ChaCha8Rng) -> (String, String) {
        let template = drawn(&self.sentences, random);
        let mut scene = Scene::new(&self.words, random);
        match template.split_once(" => ") {
            Some((question, answer)) => {
                let question = capitalised(&scene.fill(question, random));
                (question, capitalised(&scene.fill(answer, random)))
            }
            None => {
                let sentence = capitalised(&scene.fill(&template, random));
                if random.random_bool(0.3) {
                    (format!("Repeat this sentence: {sentence}"), sentence)
                } else {
                    ("Write a sentence.".to_owned(), sentence)
                }
            }
        }
    }

    /// A few plain sentences about the same people.
    fn story(&self, random: &mut ChaCha8Rng) -> (String, String) {
        let plain: Vec<&String> = self
            .sentences
            .iter()
            .filter(|line| !line.contains(" => "))
            .collect();
        let people = Scene::new(&self.words, random);
        let name = people.name().to_owned();
        let sentences: Vec<String> = (0..random.random_range(2..=5))
            .map(|_| {
                let mut scene = people.with_new_words();
                let template = plain.choose(random).map_or("", |line| line.as_str());
                capitalised(&scene.fill(template, random))
            })
            .collect();
        (format!("Tell a short story about {name}."), sentences.join(" "))
    }

    /// Words to say again, or a word to find in a list: what follows is decided by what came before.
    fn copying(&self, random: &mut ChaCha8Rng) -> (String, String) {
        let common = self.words.list("common");
        let words: Vec<String> = (0..random.random_range(3..=14))
            .map(|_| {
                if random.random_bool(0.15) {
                    made_up(random)
                } else {
                    drawn(common, random)
                }
            })
            .collect();
        let list = words.join(" ");
        match random.random_range(0..3) {
            0 => {
                let at = random.random_range(0..words.len() - 1);
                (
                    format!("Which word comes after {}: {list}?", words[at]),
                    words[at + 1].clone(),
                )
            }
            1 => (format!("Repeat these words: {list}"), list),
            _ => (format!("Write these words with commas: {list}"), words.join(", ")),
        }
    }
}

/// The steps and the result in one of several manners, the arithmetic spelled in one of several ways.
fn worked_answer(steps: &[String], result: &str, random: &mut ChaCha8Rng) -> String {
    let separator = if random.random_bool(0.7) { "\n" } else { " " };
    let mut worked = steps.join(separator);
    if random.random_bool(0.2) {
        worked = worked.replace(" * ", " x ");
    }
    if random.random_bool(0.3) {
        for sign in ["+", "-", "*", "/", "=", "x"] {
            worked = worked.replace(&format!(" {sign} "), sign);
        }
    }
    if random.random_bool(0.2) {
        worked = worked.replace(".\n", "\n").trim_end_matches('.').to_owned();
    }
    match random.random_range(0..10) {
        0..=4 => format!("{worked}\n#### {result}"),
        5 => format!("{worked}{separator}The answer is {result}."),
        6 => format!("{worked}{separator}So the answer is {result}."),
        7 => result.to_owned(),
        _ => worked,
    }
}

/// A sum or difference in words.
fn small_sum(random: &mut ChaCha8Rng) -> (String, String) {
    let a = random.random_range(1..=12_usize);
    let b = random.random_range(1..=8_usize);
    let (asked, result) = if random.random_bool(0.6) || b > a {
        (format!("{} plus {}", number_word(a), number_word(b)), a + b)
    } else {
        (format!("{} minus {}", number_word(a), number_word(b)), a - b)
    };
    let result = number_word(result);
    let answer = match random.random_range(0..3) {
        0 => format!("{} is {result}.", capitalised(&asked)),
        1 => format!("{}.", capitalised(result)),
        _ => format!("The answer is {result}."),
    };
    (format!("What is {asked}?"), answer)
}
