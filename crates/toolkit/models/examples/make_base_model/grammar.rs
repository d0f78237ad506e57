//! Sentences from a small grammar of English with a broad lexicon. They mean little, but words stand where such words
//! stand: this is what the model learns the shape of the language from.

use std::collections::BTreeMap;

use rand::{Rng as _, seq::IndexedRandom as _};
use rand_chacha::ChaCha8Rng;

use crate::template::{Words, capitalised, drawn, made_up, number_word};

#[derive(Debug, Clone)]
struct Verb {
    base: String,
    past: String,
    participle: String,
}

/// The grammar with its lexicon.
#[derive(Debug)]
pub(crate) struct Grammar {
    classes: BTreeMap<String, Vec<String>>,
    verbs: Vec<Verb>,
    names: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Count {
    One,
    Many,
}

impl Grammar {
    pub(crate) fn parse(lexicon: &str, words: &Words) -> Self {
        let classes: BTreeMap<String, Vec<String>> = lexicon
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.split_once(": "))
            .map(|(class, list)| (class.to_owned(), list.split(", ").map(str::to_owned).collect()))
            .collect();
        let verbs = classes["verb"]
            .iter()
            .map(|entry| {
                let mut forms = entry.split('/');
                let base = forms.next().unwrap_or_default().to_owned();
                let past = forms.next().map_or_else(|| regular_past(&base), str::to_owned);
                let participle = forms.next().map_or_else(|| past.clone(), str::to_owned);
                Verb {
                    base,
                    past,
                    participle,
                }
            })
            .collect();
        let names = [words.list("boy"), words.list("girl")].concat();
        Self {
            classes,
            verbs,
            names,
        }
    }

    fn any(&self, class: &str, random: &mut ChaCha8Rng) -> &str {
        self.classes[class].choose(random).map_or("", String::as_str)
    }

    /// Someone who speaks about anything.
    pub(crate) fn speaker(&self) -> Speaker<'_> {
        Speaker {
            grammar: self,
            topic: BTreeMap::new(),
            verbs: Vec::new(),
            names: Vec::new(),
            reckoned: None,
        }
    }

    /// Someone who speaks about a few things and people again and again.
    pub(crate) fn speaker_on_topic(&self, random: &mut ChaCha8Rng) -> Speaker<'_> {
        let mut speaker = self.speaker();
        for (class, count) in [
            ("noun", 4),
            ("mass", 1),
            ("adjective", 3),
            ("unit", 2),
            ("preposition", 4),
        ] {
            let words = (0..count).map(|_| {
                if class == "noun" && random.random_bool(0.06) {
                    made_up(random)
                } else {
                    self.any(class, random).to_owned()
                }
            });
            speaker.topic.insert(class.to_owned(), words.collect());
        }
        speaker.verbs = (0..4).filter_map(|_| self.verbs.choose(random)).collect();
        speaker.names = (0..random.random_range(1..=3))
            .map(|_| speaker.name(random))
            .collect();
        speaker
    }
}

/// Numbers that have been told, to reckon with.
#[derive(Debug, Default)]
pub(crate) struct Reckoned {
    pub(crate) numbers: Vec<i64>,
    /// Whether numbers are told as sums from here on, or just told.
    pub(crate) in_sums: bool,
}

/// Someone who makes sentences, perhaps on a topic.
#[derive(Debug)]
pub(crate) struct Speaker<'a> {
    grammar: &'a Grammar,
    topic: BTreeMap<String, Vec<String>>,
    verbs: Vec<&'a Verb>,
    names: Vec<String>,
    pub(crate) reckoned: Option<Reckoned>,
}

impl Speaker<'_> {
    /// How often a word is of the topic, where there is one.
    const ON_TOPIC: f64 = 0.75;

    fn word(&self, class: &str, random: &mut ChaCha8Rng) -> String {
        match self.topic.get(class) {
            Some(words) if random.random_bool(Self::ON_TOPIC) => drawn(words, random),
            _ => self.grammar.any(class, random).to_owned(),
        }
    }

    fn verb(&self, random: &mut ChaCha8Rng) -> Verb {
        let of_topic = if random.random_bool(Self::ON_TOPIC) {
            self.verbs.choose(random).copied()
        } else {
            None
        };
        of_topic
            .or_else(|| self.grammar.verbs.choose(random))
            .cloned()
            .unwrap_or_else(|| unreachable!("the lexicon has verbs"))
    }

    fn name(&self, random: &mut ChaCha8Rng) -> String {
        if !self.names.is_empty() && random.random_bool(Self::ON_TOPIC) {
            drawn(&self.names, random)
        } else if random.random_bool(0.15) {
            capitalised(&made_up(random))
        } else {
            drawn(&self.grammar.names, random)
        }
    }

    /// A number: told plainly and remembered, or reckoned from those that were told.
    fn number(&mut self, random: &mut ChaCha8Rng) -> String {
        let Some(reckoned) = &mut self.reckoned else {
            return number(random);
        };
        if !reckoned.in_sums || reckoned.numbers.is_empty() {
            let number = match random.random_range(0..4) {
                0 => random.random_range(2..13),
                1 => random.random_range(1..50) * 10,
                _ => random.random_range(2..150),
            };
            reckoned.numbers.push(number);
            let in_words = number < 13 && random.random_bool(0.5);
            return if in_words {
                number_word(usize::try_from(number).unwrap_or(0)).to_owned()
            } else {
                number.to_string()
            };
        }
        if random.random_bool(0.25) {
            return reckoned
                .numbers
                .choose(random)
                .map_or_else(String::new, i64::to_string);
        }
        let a = reckoned.numbers.choose(random).copied().unwrap_or(2);
        let b = if random.random_bool(0.8) {
            reckoned.numbers.choose(random).copied().unwrap_or(3)
        } else {
            *[2, 3, 4, 7, 10, 12, 24, 60, 100].choose(random).unwrap_or(&2)
        };
        let dollar = if random.random_bool(0.2) { "$" } else { "" };
        let (sum, result) = match random.random_range(0..4) {
            0 if a > b => (format!("{a} - {dollar}{b}"), a - b),
            1 if a * b < 20_000 => (format!("{a} * {dollar}{b}"), a * b),
            2 if b > 1 && a % b == 0 => (format!("{a} / {b}"), a / b),
            _ => (format!("{a} + {dollar}{b}"), a + b),
        };
        reckoned.numbers.push(result);
        format!("{dollar}{sum} = {dollar}{result}")
    }

    /// A noun, now and then a made-up one.
    fn noun(&self, count: Count, random: &mut ChaCha8Rng) -> String {
        let noun = if random.random_bool(0.04) {
            made_up(random)
        } else {
            self.word("noun", random)
        };
        match count {
            Count::One => noun,
            Count::Many => plural(&noun),
        }
    }

    fn described(&self, count: Count, random: &mut ChaCha8Rng) -> String {
        let noun = self.noun(count, random);
        match random.random_range(0..10) {
            0..=3 => format!("{} {noun}", self.word("adjective", random)),
            4 => format!("{} {noun}", self.word("noun", random)),
            _ => noun,
        }
    }

    fn thing(&mut self, random: &mut ChaCha8Rng) -> (String, Count) {
        let reckons = self.reckoned.as_ref().is_some_and(|reckoned| reckoned.in_sums);
        // Who reckons speaks of numbers more than of anything else.
        let kind = if reckons && random.random_bool(0.5) {
            6
        } else {
            random.random_range(0..16)
        };
        match kind {
            0..=3 => {
                let described = self.described(Count::One, random);
                (
                    format!(
                        "{} {described}",
                        with_article(&self.word("determiner", random), &described)
                    ),
                    Count::One,
                )
            }
            4..=5 => {
                let described = self.described(Count::Many, random);
                (
                    format!("{} {described}", self.word("plural_determiner", random)),
                    Count::Many,
                )
            }
            6..=9 => (
                format!("{} {}", self.number(random), self.described(Count::Many, random)),
                Count::Many,
            ),
            10 => (format!("some {}", self.word("mass", random)), Count::One),
            11..=12 => {
                let unit = plural(&self.word("unit", random));
                (
                    format!("{} {unit} of {}", self.number(random), self.word("mass", random)),
                    Count::Many,
                )
            }
            13 => {
                let (first, second) = (self.noun(Count::One, random), self.noun(Count::One, random));
                (format!("the {first} of the {second}"), Count::One)
            }
            14 => {
                let name = self.name(random);
                (
                    format!("{name}'s {}", self.described(Count::One, random)),
                    Count::One,
                )
            }
            _ => (dollars(&self.number(random)), Count::One),
        }
    }

    fn subject(&mut self, random: &mut ChaCha8Rng) -> (String, Count) {
        match random.random_range(0..12) {
            0..=3 => (self.name(random), Count::One),
            4 => (
                format!("{} and {}", self.name(random), self.name(random)),
                Count::Many,
            ),
            5..=6 => (
                (*["he", "she", "it"].choose(random).unwrap_or(&"he")).to_owned(),
                Count::One,
            ),
            7 => (
                (*["they", "we", "I", "you"].choose(random).unwrap_or(&"they")).to_owned(),
                Count::Many,
            ),
            _ => self.thing(random),
        }
    }

    fn place(&mut self, random: &mut ChaCha8Rng) -> String {
        format!("{} {}", self.word("preposition", random), self.thing(random).0)
    }

    fn object(&mut self, random: &mut ChaCha8Rng) -> String {
        let thing = self.thing(random).0;
        match random.random_range(0..10) {
            0 => format!("{thing} and {}", self.thing(random).0),
            1 => format!("{}, {} and {}", thing, self.thing(random).0, self.thing(random).0),
            2..=4 => format!("{thing} {}", self.place(random)),
            _ => thing,
        }
    }

    fn clause(&mut self, random: &mut ChaCha8Rng) -> String {
        let (subject, count) = self.subject(random);
        let verb = self.verb(random);
        let many = count == Count::Many;
        let be = match (many, random.random_bool(0.6)) {
            (true, true) => "were",
            (true, false) => "are",
            (false, true) => "was",
            (false, false) => "is",
        };
        let reckons = self.reckoned.as_ref().is_some_and(|reckoned| reckoned.in_sums);
        let predicate = match random.random_range(0..20) {
            0..=7 => format!("{} {}", verb.past, self.object(random)),
            8..=11 => {
                let present = if many {
                    verb.base.clone()
                } else {
                    third_person(&verb.base)
                };
                format!("{present} {}", self.object(random))
            }
            // "is" before an amount, as in the result of a sum.
            _ if reckons && random.random_bool(0.25) => format!("{be} {}", self.number(random)),
            12 => {
                let modal = [
                    "will", "can", "must", "would", "could", "did not", "should", "may",
                ]
                .choose(random);
                format!(
                    "{} {} {}",
                    modal.unwrap_or(&"will"),
                    verb.base,
                    self.object(random)
                )
            }
            13 => {
                let have = if many { "have" } else { "has" };
                format!("{have} {} {}", verb.participle, self.object(random))
            }
            14 => format!("{be} {} by {}", verb.participle, self.thing(random).0),
            15 => format!("wants to {} {}", verb.base, self.object(random)).replacen(
                "wants",
                if many { "want" } else { "wants" },
                1,
            ),
            16 => format!("{} {}", if many { "have" } else { "has" }, self.object(random)),
            _ => format!(
                "{be} {}",
                match random.random_range(0..3) {
                    0 => self.word("adjective", random),
                    1 => self.place(random),
                    _ => format!(
                        "{} than {}",
                        comparative(&self.word("adjective", random)),
                        self.thing(random).0
                    ),
                }
            ),
        };
        match random.random_range(0..12) {
            0 => format!("{subject} {predicate} {}", self.word("adverb", random)),
            1 => format!("{subject} {predicate} {}", time(random)),
            _ => format!("{subject} {predicate}"),
        }
    }

    /// A sentence with its full stop.
    pub(crate) fn sentence(&mut self, random: &mut ChaCha8Rng) -> String {
        let mut sentence = self.clause(random);
        if random.random_bool(0.3) {
            sentence = format!("{}, {sentence}", self.word("start", random));
        }
        if random.random_bool(0.35) {
            let comma = if random.random_bool(0.5) { "," } else { "" };
            sentence = format!(
                "{sentence}{comma} {} {}",
                self.word("connector", random),
                self.clause(random)
            );
        }
        let mark = if random.random_bool(0.03) { "!" } else { "." };
        capitalised(&format!("{sentence}{mark}"))
    }

    /// A question about an amount.
    pub(crate) fn question(&mut self, random: &mut ChaCha8Rng) -> String {
        let verb = self.verb(random).base;
        let (subject, count) = self.subject(random);
        let does = match (count, random.random_bool(0.4)) {
            (_, true) => "did",
            (Count::Many, _) => "do",
            (Count::One, _) => "does",
        };
        let nouns = self.described(Count::Many, random);
        let asked = match random.random_range(0..6) {
            0 => format!("How much {} {does} {subject} {verb}", self.word("mass", random)),
            1 => format!(
                "What is the {} number of {nouns} {}",
                self.word("adjective", random),
                self.place(random)
            ),
            2 => format!("How many {nouns} are {}", self.place(random)),
            3 => format!(
                "If {}, how many {nouns} {does} {subject} {verb}",
                self.clause(random)
            ),
            _ => format!("How many {nouns} {does} {subject} {verb}"),
        };
        let end = if random.random_bool(0.3) {
            format!(" {}", self.place(random))
        } else {
            String::new()
        };
        format!("{asked}{end}?")
    }

    /// One word of some class, to put where another stood.
    pub(crate) fn any_word(&self, random: &mut ChaCha8Rng) -> String {
        match random.random_range(0..4) {
            0 => self.noun(Count::Many, random),
            1 => self.verb(random).past,
            2 => self.word("adjective", random),
            _ => self.noun(Count::One, random),
        }
    }
}

fn number(random: &mut ChaCha8Rng) -> String {
    match random.random_range(0..12) {
        0..=2 => number_word(random.random_range(2..=12)).to_owned(),
        3 => format!(
            "{},{:03}",
            random.random_range(1..20),
            random.random_range(0..40) * 25
        ),
        4 => format!("{}.{}", random.random_range(1..60), random.random_range(1..10)),
        5 => format!("{}/{}", random.random_range(1..4), random.random_range(2..9)),
        6 => (random.random_range(1..60) * 10).to_string(),
        _ => random.random_range(2..150).to_string(),
    }
}

fn time(random: &mut ChaCha8Rng) -> String {
    match random.random_range(0..5) {
        0 => format!(
            "at {}:{:02} {}",
            random.random_range(1..13),
            random.random_range(0..12) * 5,
            ["am", "pm"][random.random_range(0..2)]
        ),
        1 => format!("for {} hours", random.random_range(2..10)),
        2 => format!("{} times a week", number_word(random.random_range(2..7))),
        3 => format!("in {} minutes", random.random_range(2..90)),
        _ => format!("{} days ago", number_word(random.random_range(2..10))),
    }
}

/// An amount of money.
fn dollars(number: &str) -> String {
    if number.starts_with(|first: char| first.is_ascii_digit()) {
        format!("${number}")
    } else if number.starts_with('$') {
        number.to_owned()
    } else {
        format!("{number} dollars")
    }
}

fn with_article(determiner: &str, next: &str) -> String {
    let vowel = next.starts_with(['a', 'e', 'i', 'o', 'u']);
    if determiner == "a" && vowel {
        "an".to_owned()
    } else {
        determiner.to_owned()
    }
}

/// The first word of a phrase and what follows it.
fn split_first(phrase: &str) -> (&str, &str) {
    phrase.split_at(phrase.find(' ').unwrap_or(phrase.len()))
}

fn ends_in_consonant_y(word: &str) -> bool {
    word.ends_with('y')
        && !["ay", "ey", "oy", "uy"]
            .iter()
            .any(|ending| word.ends_with(ending))
}

fn regular_past(phrase: &str) -> String {
    let (verb, rest) = split_first(phrase);
    if verb.ends_with('e') {
        format!("{verb}d{rest}")
    } else if ends_in_consonant_y(verb) {
        format!("{}ied{rest}", &verb[..verb.len() - 1])
    } else if doubles_last(verb) {
        format!("{verb}{}ed{rest}", &verb[verb.len() - 1..])
    } else {
        format!("{verb}ed{rest}")
    }
}

/// Short verbs of consonant, vowel, consonant double the last letter: stop, stopped.
fn doubles_last(verb: &str) -> bool {
    let vowel = |letter: u8| b"aeiou".contains(&letter);
    match verb.as_bytes() {
        [rest @ .., a, b, c] if verb.len() <= 4 && !rest.iter().any(|letter| vowel(*letter)) => {
            !vowel(*a) && vowel(*b) && !vowel(*c) && !b"wxy".contains(c)
        }
        _ => false,
    }
}

fn third_person(phrase: &str) -> String {
    let (verb, rest) = split_first(phrase);
    format!("{}{rest}", plural(verb))
}

pub(crate) fn plural(noun: &str) -> String {
    for (one, many) in [
        ("man", "men"),
        ("child", "children"),
        ("mouse", "mice"),
        ("fish", "fish"),
        ("person", "people"),
        ("foot", "feet"),
        ("knife", "knives"),
        ("wife", "wives"),
        ("leaf", "leaves"),
        ("loaf", "loaves"),
        ("shelf", "shelves"),
        ("percent", "percent"),
    ] {
        if let Some(stem) = noun.strip_suffix(one) {
            return format!("{stem}{many}");
        }
    }
    if noun.ends_with(['s', 'x'])
        || noun.ends_with("ch")
        || noun.ends_with("sh")
        || noun.ends_with("to")
        || noun.ends_with("go")
    {
        format!("{noun}es")
    } else if ends_in_consonant_y(noun) {
        format!("{}ies", &noun[..noun.len() - 1])
    } else {
        format!("{noun}s")
    }
}

fn comparative(adjective: &str) -> String {
    if adjective.len() > 6 {
        format!("more {adjective}")
    } else if adjective.ends_with('e') {
        format!("{adjective}r")
    } else if ends_in_consonant_y(adjective) {
        format!("{}ier", &adjective[..adjective.len() - 1])
    } else {
        format!("{adjective}er")
    }
}
