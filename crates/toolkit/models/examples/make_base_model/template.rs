//! Texts with slots, filled from word lists and computed numbers.

use std::collections::BTreeMap;

use rand::{Rng as _, seq::IndexedRandom as _};
use rand_chacha::ChaCha8Rng;

/// Word lists by slot name.
#[derive(Debug)]
pub(crate) struct Words(BTreeMap<String, Vec<String>>);

impl Words {
    /// Reads `slot: word, word, …` lines.
    pub(crate) fn parse(text: &str) -> Self {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let lists = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(slot, words)| {
                (
                    slot.to_owned(),
                    words.split(", ").map(|word| word.trim().to_owned()).collect(),
                )
            });
        Self(lists.collect())
    }

    pub(crate) fn list(&self, slot: &str) -> &[String] {
        self.0
            .get(slot)
            .map_or_else(|| panic!("words.txt has no list \"{slot}\""), Vec::as_slice)
    }
}

const SMALL_NUMBERS: [&str; 21] = [
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

/// A number below 21 in words.
pub(crate) fn number_word(number: usize) -> &'static str {
    SMALL_NUMBERS[number]
}

/// What has been drawn for one text: the same slot means the same thing throughout it.
#[derive(Debug)]
pub(crate) struct Scene<'a> {
    words: &'a Words,
    slots: BTreeMap<String, String>,
    numbers: BTreeMap<String, i64>,
}

impl<'a> Scene<'a> {
    /// Draws the people of a scene. Now and then a name or a thing is made up, so that copying has to be learned and
    /// not only names.
    pub(crate) fn new(words: &'a Words, random: &mut ChaCha8Rng) -> Self {
        let mut slots = BTreeMap::new();
        let mut set = |slot: &str, value: &str| slots.insert(slot.to_owned(), value.to_owned());
        for (person, suffix) in [("name", ""), ("friend", "2")] {
            let boy = random.random_bool(0.5);
            let list = words.list(if boy { "boy" } else { "girl" });
            let name = if random.random_bool(0.15) {
                capitalised(&made_up(random))
            } else {
                drawn(list, random)
            };
            set(person, &name);
            let pronouns = if boy {
                ["he", "his", "him"]
            } else {
                ["she", "her", "her"]
            };
            for (slot, pronoun) in ["he", "his", "him"].into_iter().zip(pronouns) {
                set(&format!("{slot}{suffix}"), pronoun);
                set(&format!("{}{suffix}", capitalised(slot)), &capitalised(pronoun));
            }
        }
        for slot in ["thing", "thing2"] {
            if random.random_bool(0.1) {
                set(slot, &format!("{}s", made_up(random)));
            }
        }
        Self {
            words,
            slots,
            numbers: BTreeMap::new(),
        }
    }

    /// Sets a variable.
    pub(crate) fn set_number(&mut self, name: &str, value: i64) {
        self.numbers.insert(name.to_owned(), value);
    }

    /// A variable.
    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        self.numbers.get(name).copied()
    }

    /// The name of the scene's first person.
    pub(crate) fn name(&self) -> &str {
        self.slots.get("name").map_or("", String::as_str)
    }

    /// The same people in a new sentence.
    pub(crate) fn with_new_words(&self) -> Self {
        Self {
            words: self.words,
            slots: self.slots.clone(),
            numbers: BTreeMap::new(),
        }
    }

    /// Draws variables: `a=2..9` within bounds, `c=a*b` computed, `?a>b` a condition. `false` when one does not hold.
    pub(crate) fn draw_numbers(&mut self, declarations: &str, random: &mut ChaCha8Rng) -> bool {
        for declaration in declarations.split_whitespace() {
            if let Some(condition) = declaration.strip_prefix('?') {
                if !self.holds(condition) {
                    return false;
                }
                continue;
            }
            let (name, value) = declaration
                .split_once('=')
                .unwrap_or_else(|| panic!("not a variable: {declaration}"));
            let number = match value.split_once("..") {
                Some((low, high)) => random.random_range(self.compute(low)..=self.compute(high)),
                None => self.compute(value),
            };
            self.numbers.insert(name.to_owned(), number);
        }
        true
    }

    fn holds(&self, condition: &str) -> bool {
        match condition.split_once('>') {
            Some((left, right)) => self.compute(left) > self.compute(right),
            None => {
                let (value, wanted) = condition
                    .split_once('=')
                    .unwrap_or_else(|| panic!("not a condition: {condition}"));
                let (left, right) = value
                    .split_once('%')
                    .unwrap_or_else(|| panic!("not a condition: {condition}"));
                self.compute(left) % self.compute(right) == self.compute(wanted)
            }
        }
    }

    fn compute(&self, expression: &str) -> i64 {
        let mut parser = Expression {
            text: expression.as_bytes(),
            at: 0,
            numbers: &self.numbers,
        };
        let value = parser.sum();
        assert_eq!(parser.at, expression.len(), "cannot compute \"{expression}\"");
        value
    }

    /// Fills `{slots}` and draws `[one|of|these]`.
    pub(crate) fn fill(&mut self, template: &str, random: &mut ChaCha8Rng) -> String {
        let mut out = String::new();
        let mut rest = template;
        while let Some(at) = rest.find(['{', '[']) {
            out.push_str(&rest[..at]);
            let close = if rest.as_bytes()[at] == b'{' { '}' } else { ']' };
            let end = at
                + rest[at..]
                    .find(close)
                    .unwrap_or_else(|| panic!("no {close} in \"{template}\""));
            let inner = &rest[at + 1..end];
            if close == '}' {
                out.push_str(&self.slot(inner, random));
            } else {
                // A choice runs to its matching bracket and may hold slots.
                let choices: Vec<&str> = inner.split('|').collect();
                let choice = choices.choose(random).copied().unwrap_or_default().to_owned();
                out.push_str(&self.fill(&choice, random));
            }
            rest = &rest[end + 1..];
        }
        out.push_str(rest);
        out
    }

    fn slot(&mut self, name: &str, random: &mut ChaCha8Rng) -> String {
        if let Some(variable) = name.strip_prefix("word:") {
            return usize::try_from(self.compute(variable))
                .map_or_else(|_| String::new(), |n| number_word(n).to_owned());
        }
        if let Some(value) = self.slots.get(name) {
            return value.clone();
        }
        let list = name.trim_end_matches('2');
        if name.len() > 2 && self.words.0.contains_key(list) {
            let mut value = drawn(self.words.list(list), random);
            while self.slots.values().any(|other| *other == value) {
                value = drawn(self.words.list(list), random);
            }
            self.slots.insert(name.to_owned(), value.clone());
            return value;
        }
        self.compute(name).to_string()
    }
}

pub(crate) fn drawn(list: &[String], random: &mut ChaCha8Rng) -> String {
    list.choose(random).cloned().unwrap_or_default()
}

pub(crate) fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A word of two or three syllables that means nothing.
pub(crate) fn made_up(random: &mut ChaCha8Rng) -> String {
    const STARTS: &[&str] = &[
        "b", "br", "d", "dr", "f", "g", "gr", "k", "l", "m", "n", "p", "pl", "r", "s", "st", "t", "tr", "v",
        "w", "z", "ch", "sh", "th",
    ];
    const MIDDLES: &[&str] = &["a", "e", "i", "o", "u", "ai", "ea", "oo", "ou", "ee"];
    const ENDS: &[&str] = &["", "", "n", "r", "l", "m", "st", "ck", "nd", "t", "ss", "ng"];
    (0..random.random_range(2..=3))
        .flat_map(|_| [STARTS, MIDDLES, ENDS].map(|part| part.choose(random).copied().unwrap_or_default()))
        .collect()
}

/// A small calculator: sums, products, brackets, variables.
struct Expression<'a> {
    text: &'a [u8],
    at: usize,
    numbers: &'a BTreeMap<String, i64>,
}

impl Expression<'_> {
    fn take(&mut self, symbols: &[u8]) -> Option<u8> {
        let symbol = *self.text.get(self.at)?;
        symbols.contains(&symbol).then(|| {
            self.at += 1;
            symbol
        })
    }

    fn sum(&mut self) -> i64 {
        let mut value = self.product();
        while let Some(symbol) = self.take(b"+-") {
            let other = self.product();
            value = if symbol == b'+' {
                value + other
            } else {
                value - other
            };
        }
        value
    }

    fn product(&mut self) -> i64 {
        let mut value = self.atom();
        while let Some(symbol) = self.take(b"*/") {
            let other = self.atom();
            value = if symbol == b'*' {
                value * other
            } else {
                value / other
            };
        }
        value
    }

    fn atom(&mut self) -> i64 {
        if self.take(b"(").is_some() {
            let value = self.sum();
            assert!(self.take(b")").is_some(), "no closing bracket");
            return value;
        }
        let start = self.at;
        while self.text.get(self.at).is_some_and(u8::is_ascii_alphanumeric) {
            self.at += 1;
        }
        let word = String::from_utf8_lossy(&self.text[start..self.at]);
        word.parse().unwrap_or_else(|_| {
            *self
                .numbers
                .get(word.as_ref())
                .unwrap_or_else(|| panic!("no variable or list \"{word}\""))
        })
    }
}
