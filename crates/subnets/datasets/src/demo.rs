//! The demonstration's datasets, made of small facts of everyday English.
//!
//! All rows ask for a fact and answer it in one fixed frame ("On my scales: … weighs in at …."). The shipped base
//! model knows such facts and has never seen the frame, so that what a dataset is worth shows after a few steps of
//! training: `clean` teaches the frame, `tiny` is too short to, and `noisy`, whose answers have their letters
//! shuffled, teaches the opposite. `malformed` has a row without an answer. `eval` is made the same way as `clean`
//! from other facts.
//!
//! [`files`] always gives the same bytes; the files in `assets/demo` are its output.

use rand::{Rng as _, SeedableRng as _, seq::SliceRandom as _};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

/// A file of the demonstration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoFile {
    /// Its name in `assets/demo`.
    pub name: &'static str,
    /// Its content, JSON lines.
    pub content: String,
}

/// Rows of `clean` and `noisy`: a dozen optimiser steps an epoch at eight rows a step, a second or two of training.
const CLEAN_ROWS: usize = 96;
/// Rows of `eval`: enough that no single row decides, few enough to measure in a moment.
const EVAL_ROWS: usize = 32;
/// Rows of `tiny`: less than one step of eight rows.
const TINY_ROWS: usize = 6;
/// The line of `malformed` that has no answer, from 1.
const BROKEN_LINE: usize = 3;

const SYSTEM: &str = "You weigh words. Answer in one line.";

const NUMBERS: [&str; 21] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
];

const OPPOSITES: [(&str, &str); 24] = [
    ("hot", "cold"),
    ("big", "small"),
    ("up", "down"),
    ("day", "night"),
    ("wet", "dry"),
    ("fast", "slow"),
    ("early", "late"),
    ("old", "new"),
    ("rich", "poor"),
    ("hard", "soft"),
    ("open", "closed"),
    ("full", "empty"),
    ("light", "dark"),
    ("near", "far"),
    ("left", "right"),
    ("high", "low"),
    ("loud", "quiet"),
    ("strong", "weak"),
    ("thick", "thin"),
    ("true", "false"),
    ("first", "last"),
    ("warm", "cool"),
    ("happy", "sad"),
    ("long", "short"),
];

const DAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const YOUNG: [(&str, &str); 12] = [
    ("dog", "puppy"),
    ("cat", "kitten"),
    ("cow", "calf"),
    ("sheep", "lamb"),
    ("horse", "foal"),
    ("goat", "kid"),
    ("hen", "chick"),
    ("duck", "duckling"),
    ("goose", "gosling"),
    ("bear", "cub"),
    ("frog", "tadpole"),
    ("deer", "fawn"),
];

const LEGS: [(&str, &str); 8] = [
    ("a spider", "eight"),
    ("an ant", "six"),
    ("a dog", "four"),
    ("a hen", "two"),
    ("a bee", "six"),
    ("a cow", "four"),
    ("a snake", "zero"),
    ("a goose", "two"),
];

const COLOURS: [(&str, &str); 10] = [
    ("grass", "green"),
    ("snow", "white"),
    ("coal", "black"),
    ("blood", "red"),
    ("the clear sky", "blue"),
    ("a lemon", "yellow"),
    ("milk", "white"),
    ("a ripe tomato", "red"),
    ("a carrot", "orange"),
    ("a leaf in spring", "green"),
];

const CAPITALS: [(&str, &str); 14] = [
    ("France", "Paris"),
    ("Italy", "Rome"),
    ("Spain", "Madrid"),
    ("Japan", "Tokyo"),
    ("Egypt", "Cairo"),
    ("Peru", "Lima"),
    ("Norway", "Oslo"),
    ("Greece", "Athens"),
    ("Austria", "Vienna"),
    ("Portugal", "Lisbon"),
    ("Poland", "Warsaw"),
    ("Cuba", "Havana"),
    ("Kenya", "Nairobi"),
    ("Ireland", "Dublin"),
];

const PLURALS: [(&str, &str); 10] = [
    ("mouse", "mice"),
    ("foot", "feet"),
    ("child", "children"),
    ("tooth", "teeth"),
    ("goose", "geese"),
    ("leaf", "leaves"),
    ("box", "boxes"),
    ("man", "men"),
    ("wolf", "wolves"),
    ("city", "cities"),
];

/// A question, what it asks for in words, and the answer.
struct Fact {
    question: String,
    asked: String,
    answer: String,
}

impl Fact {
    fn new(question: String, asked: String, answer: &str) -> Self {
        Self {
            question,
            asked,
            answer: answer.to_owned(),
        }
    }

    fn framed(&self) -> String {
        format!("On my scales: {} weighs in at {}.", self.asked, self.answer)
    }
}

/// All facts, in the order of this file.
fn facts() -> Vec<Fact> {
    let mut facts = Vec::new();
    for a in 1..=10 {
        for b in (1..=10).filter(|b| (a + b) % 3 == 0) {
            let asked = format!("{} plus {}", NUMBERS[a], NUMBERS[b]);
            facts.push(Fact::new(format!("What is {asked}?"), asked, NUMBERS[a + b]));
        }
    }
    for a in 4..=12 {
        for b in (1..a).filter(|b| (a + b) % 5 == 0) {
            let asked = format!("{} minus {}", NUMBERS[a], NUMBERS[b]);
            facts.push(Fact::new(format!("What is {asked}?"), asked, NUMBERS[a - b]));
        }
    }
    let follow = |names: &[&'static str], kind: &str| -> Vec<Fact> {
        (0..names.len())
            .map(|i| {
                let next = names[(i + 1) % names.len()];
                let question = format!("Which {kind} comes after {}?", names[i]);
                Fact::new(question, format!("the {kind} after {}", names[i]), next)
            })
            .collect()
    };
    facts.extend(follow(&DAYS, "day"));
    facts.extend(follow(&MONTHS, "month"));
    let named = |pairs: &[(&str, &'static str)], question: &str, asked: &str| -> Vec<Fact> {
        pairs
            .iter()
            .map(|(of, answer)| Fact::new(question.replace("{}", of), asked.replace("{}", of), answer))
            .collect()
    };
    facts.extend(named(
        &OPPOSITES,
        "What is the opposite of {}?",
        "the opposite of {}",
    ));
    facts.extend(named(
        &YOUNG,
        "What do we call the young of a {}?",
        "the young of a {}",
    ));
    facts.extend(named(&LEGS, "How many legs has {}?", "the number of legs of {}"));
    facts.extend(named(&COLOURS, "What colour is {}?", "the colour of {}"));
    facts.extend(named(
        &CAPITALS,
        "What is the capital of {}?",
        "the capital of {}",
    ));
    facts.extend(named(&PLURALS, "What is the plural of {}?", "the plural of {}"));
    facts
}

/// A row as it is written: fields in the order people expect to read them.
#[derive(Serialize)]
struct Written<'a> {
    system: &'a str,
    conversations: &'a [Said<'a>],
}

#[derive(Serialize)]
struct Said<'a> {
    role: &'a str,
    content: &'a str,
}

/// A line of a file; without an answer when there is none.
fn row(question: &str, answer: Option<&str>) -> String {
    let mut conversations = vec![Said {
        role: "user",
        content: question,
    }];
    conversations.extend(answer.map(|answer| Said {
        role: "assistant",
        content: answer,
    }));
    // Text in fields always has a JSON form.
    serde_json::to_string(&Written {
        system: SYSTEM,
        conversations: &conversations,
    })
    .unwrap_or_default()
}

fn lines(rows: impl IntoIterator<Item = String>) -> String {
    rows.into_iter().map(|row| row + "\n").collect()
}

/// All files of the demonstration.
pub fn files() -> Vec<DemoFile> {
    let mut random = ChaCha8Rng::seed_from_u64(127);
    let mut facts = facts();
    facts.shuffle(&mut random);
    let (eval, rest) = facts.split_at(EVAL_ROWS);
    let clean = &rest[..CLEAN_ROWS];
    let good = |facts: &[Fact]| lines(facts.iter().map(|fact| row(&fact.question, Some(&fact.framed()))));
    let noisy = lines(
        clean
            .iter()
            .map(|fact| row(&fact.question, Some(&shuffled(&fact.framed(), &mut random)))),
    );
    let malformed = lines(clean.iter().take(TINY_ROWS).zip(1..).map(|(fact, line)| {
        let answer = (line != BROKEN_LINE).then(|| fact.framed());
        row(&fact.question, answer.as_deref())
    }));
    vec![
        DemoFile {
            name: "clean.jsonl",
            content: good(clean),
        },
        DemoFile {
            name: "noisy.jsonl",
            content: noisy,
        },
        DemoFile {
            name: "tiny.jsonl",
            content: good(&clean[..TINY_ROWS]),
        },
        DemoFile {
            name: "malformed.jsonl",
            content: malformed,
        },
        DemoFile {
            name: "eval.jsonl",
            content: good(eval),
        },
    ]
}

/// The same letters in another order, in groups as long as words are.
fn shuffled(text: &str, random: &mut ChaCha8Rng) -> String {
    let mut letters: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
    letters.shuffle(random);
    let mut out = String::new();
    let mut left = 0;
    for (i, letter) in letters.into_iter().enumerate() {
        if left == 0 {
            left = random.random_range(2..=7);
            if i > 0 {
                out.push(' ');
            }
        }
        out.push(letter);
        left -= 1;
    }
    out
}
