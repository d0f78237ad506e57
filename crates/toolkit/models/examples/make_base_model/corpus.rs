//! The text that the base model learns from: exchanges in the chat format, made from the files of
//! `assets/base-model/corpus`.

use std::path::Path;

use rand::{Rng as _, SeedableRng as _, seq::IndexedRandom as _};
use rand_chacha::ChaCha8Rng;

use crate::template::{Scene, Words, capitalised, drawn, made_up, number_word};

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
        Ok(Self {
            words: Words::parse(&read("words.txt")?),
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
            0..=49 => vec![self.problem(random)],
            50..=71 => {
                let count = if random.random_bool(0.3) {
                    random.random_range(2..=3)
                } else {
                    1
                };
                (0..count).map(|_| self.fact(random)).collect()
            }
            72..=85 => vec![self.sentence(random)],
            86..=92 => vec![self.story(random)],
            _ => vec![self.copying(random)],
        };
        Exchange { system, turns }
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
            let separator = if random.random_bool(0.7) { "\n" } else { " " };
            let worked = steps.join(separator);
            let answer = match random.random_range(0..10) {
                0..=3 => format!("{worked}\n#### {result}"),
                4 => format!("{worked}{separator}The answer is {result}."),
                5 => format!("{worked}{separator}So the answer is {result}."),
                6 => format!("{result}"),
                _ => worked,
            };
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
