//! Word problems put together from steps, so that the same things are said in thousands of ways.

use std::collections::BTreeMap;

use rand::{Rng as _, seq::IndexedRandom as _};
use rand_chacha::ChaCha8Rng;

use crate::template::{Scene, capitalised};

#[derive(Debug, Default)]
struct Section {
    /// Operands with their bounds, as variables of a scene.
    operands: String,
    /// What happens, and how it is reckoned.
    lines: Vec<(String, String)>,
}

/// The sections of `chains.txt` by name.
#[derive(Debug)]
pub(crate) struct Chains(BTreeMap<String, Section>);

/// Numbers grow no further than this.
const MOST: i64 = 9_999;

impl Chains {
    pub(crate) fn parse(text: &str) -> Self {
        let mut sections: BTreeMap<String, Section> = BTreeMap::new();
        let mut current = String::new();
        for line in text
            .lines()
            .filter(|line| !line.starts_with('#') && !line.is_empty())
        {
            if let Some(head) = line
                .strip_prefix('[')
                .and_then(|line| line.strip_suffix(']'))
                .filter(|head| !head.contains('|'))
            {
                let (name, operands) = match head.split_once(' ') {
                    Some((name, operands)) if operands.contains('=') => (name, operands),
                    _ => (head, ""),
                };
                current = name.to_owned();
                sections.entry(current.clone()).or_default().operands = operands.to_owned();
                continue;
            }
            let (happens, reckoned) = line.split_once(" =>").unwrap_or((line, ""));
            let section = sections.entry(current.clone()).or_default();
            section
                .lines
                .push((happens.to_owned(), reckoned.trim().to_owned()));
        }
        Self(sections)
    }

    /// A problem: the question, the steps of its answer and the result.
    pub(crate) fn problem(
        &self,
        scene: &mut Scene<'_>,
        random: &mut ChaCha8Rng,
    ) -> (String, Vec<String>, i64) {
        let mut number = match random.random_range(0..3) {
            0 => random.random_range(2..=20),
            1 => random.random_range(2..=50) * 2,
            _ => random.random_range(1..=20) * 10,
        };
        let (mut told, mut steps) = (Vec::new(), Vec::new());
        let mut say =
            |scene: &mut Scene<'_>, section: &Section, before: i64, after: i64, random: &mut ChaCha8Rng| {
                scene.set_number("s", before);
                scene.set_number("t", after);
                let Some((happens, reckoned)) = section.lines.choose(random) else {
                    return;
                };
                told.push(capitalised(&tidy(&scene.fill(happens, random))));
                if !reckoned.is_empty() {
                    steps.push(capitalised(&tidy(&scene.fill(reckoned, random))));
                }
            };
        say(scene, &self.0["start"], number, number, random);
        let mut money = false;
        for _ in 0..random.random_range(1..=4) {
            let kinds: &[&str] = if money {
                &["extra"]
            } else {
                &[
                    "add", "add", "subtract", "subtract", "multiply", "double", "halve", "divide", "percent",
                    "price",
                ]
            };
            let kind = *kinds.choose(random).unwrap_or(&"add");
            let section = &self.0[kind];
            scene.draw_numbers(&section.operands, random);
            let operand = |name: &str| scene.number(name).unwrap_or(0);
            let after = match kind {
                "add" => Some(number + operand("b")),
                "subtract" => Some(number - operand("b")),
                "multiply" => Some(number * operand("k")),
                "double" => Some(number * 2),
                "halve" => (number % 2 == 0).then_some(number / 2),
                "divide" => number
                    .checked_rem(operand("k"))
                    .filter(|rest| *rest == 0)
                    .map(|_| number / operand("k")),
                "percent" => (number * operand("q") % 100 == 0).then(|| number * operand("q") / 100),
                "price" => Some(number * operand("p")),
                _ => None,
            };
            if kind == "extra" {
                // The sign is in the words: draw a line and see which it is.
                let Some((happens, reckoned)) = section.lines.choose(random) else {
                    break;
                };
                let change = if reckoned.contains('+') {
                    operand("b")
                } else {
                    -operand("b")
                };
                let line = Section {
                    operands: String::new(),
                    lines: vec![(happens.clone(), reckoned.clone())],
                };
                if number + change > 0 {
                    say(scene, &line, number, number + change, random);
                    number += change;
                }
                continue;
            }
            let Some(after) = after.filter(|after| (1..=MOST).contains(after)) else {
                continue;
            };
            say(scene, section, number, after, random);
            number = after;
            money |= kind == "price";
        }
        let ask = &self.0[if money { "ask money" } else { "ask things" }];
        say(scene, ask, number, number, random);
        if steps.is_empty() {
            steps.push(format!("The answer is {number}."));
        }
        (told.join(" "), steps, number)
    }
}

/// Takes out the blanks that empty choices leave.
pub(crate) fn tidy(text: &str) -> String {
    let words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
    words
        .join(" ")
        .replace(" .", ".")
        .replace(" ?", "?")
        .replace(" ,", ",")
}
