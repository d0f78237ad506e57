//! Near-duplicates, found without comparing each row with each.
//!
//! A text is the set of its words, three at a time, case and punctuation aside. For two texts the Jaccard similarity of
//! these sets is also the chance that a random hash has its minimum at the same element of both (MinHash). Of each row there
//! are minima for its prompt and for its completion; some of both make a band, and rows that agree in a band are compared,
//! for real. Bands are made so large that a pair right at the threshold is found with a chance of 99 in 100, and as large as
//! that allows, so that few others are.

use super::{error::BuildError, hash::Random};
use std::collections::{HashMap, HashSet};

/// Minima of each text. More find more of the pairs at the threshold with fewer comparisons, and cost memory and time in
/// proportion.
const MINIMA: usize = 64;

/// Words that are one element. Single words are alike in most texts on one subject; five at a time a changed word here and
/// there leaves little in common.
const WORDS: usize = 3;

/// The chance that a pair right at the threshold is found.
const FOUND: f64 = 0.99;

/// Rows that were kept, by their bands.
#[derive(Debug)]
pub(super) struct Index {
    threshold: f64,
    /// Minima of each text in a band.
    band: usize,
    buckets: HashMap<u64, u32, Random>,
    coefficients: [(u64, u64); MINIMA],
    rows: u32,
}

impl Index {
    pub(super) fn new(threshold: f64) -> Self {
        let mut seed = 0;
        Self {
            threshold,
            band: band(threshold),
            buckets: HashMap::default(),
            // Multiply-shift hashing wants odd factors.
            coefficients: std::array::from_fn(|_| (random(&mut seed) | 1, random(&mut seed))),
            rows: 0,
        }
    }

    /// Whether a row is nearly one that was kept before; otherwise it is kept. `texts` tells prompt and completion of the row
    /// that was kept as the so-manieth.
    pub(super) fn is_near(
        &mut self,
        prompt: &str,
        completion: &str,
        mut texts: impl FnMut(u32) -> Result<(String, String), BuildError>,
    ) -> Result<bool, BuildError> {
        let (prompt, completion) = (elements(prompt), elements(completion));
        let buckets = self.buckets_of(&prompt, &completion);
        let mut compared = HashSet::new();
        for bucket in &buckets {
            let Some(row) = self.buckets.get(bucket) else {
                continue;
            };
            if !compared.insert(*row) {
                continue;
            }
            let (its_prompt, its_completion) = texts(*row)?;
            let is_near = similarity(&completion, &elements(&its_completion)) >= self.threshold
                && similarity(&prompt, &elements(&its_prompt)) >= self.threshold;
            if is_near {
                return Ok(true);
            }
        }
        for bucket in buckets {
            self.buckets.entry(bucket).or_insert(self.rows);
        }
        self.rows += 1;
        Ok(false)
    }

    fn buckets_of(&self, prompt: &HashSet<u64, Random>, completion: &HashSet<u64, Random>) -> Vec<u64> {
        let (prompt, completion) = (self.minima(prompt), self.minima(completion));
        let bands = prompt
            .chunks_exact(self.band)
            .zip(completion.chunks_exact(self.band));
        bands
            .enumerate()
            .map(|(number, (prompt, completion))| {
                prompt
                    .iter()
                    .chain(completion)
                    .fold(number as u64, |hash, minimum| mixed(hash ^ u64::from(*minimum)))
            })
            .collect()
    }

    fn minima(&self, elements: &HashSet<u64, Random>) -> [u32; MINIMA] {
        let mut minima = [u32::MAX; MINIMA];
        for element in elements {
            for (minimum, (factor, offset)) in minima.iter_mut().zip(&self.coefficients) {
                let hash = element.wrapping_mul(*factor).wrapping_add(*offset);
                *minimum = (*minimum).min((hash >> 32) as u32);
            }
        }
        minima
    }
}

/// The largest band with which a pair at the threshold is found with the chance that is asked for.
fn band(threshold: f64) -> usize {
    let finds = |band: &usize| {
        let (size, bands) = (*band as i32, (MINIMA / band) as i32);
        1.0 - (1.0 - threshold.powi(2 * size)).powi(bands) >= FOUND
    };
    (1..=MINIMA).take_while(finds).last().unwrap_or(1)
}

/// Jaccard similarity: what both have, of what either has.
fn similarity(one: &HashSet<u64, Random>, other: &HashSet<u64, Random>) -> f64 {
    let both = one.intersection(other).count();
    let either = one.len() + other.len() - both;
    if either == 0 {
        return 1.0;
    }
    #[expect(clippy::cast_precision_loss, reason = "no text has 2^53 words")]
    let similarity = both as f64 / either as f64;
    similarity
}

/// The hashes of a text's words, three at a time; of a shorter text all at once, of one without words its characters.
fn elements(text: &str) -> HashSet<u64, Random> {
    let words: Vec<u64> = text
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| letters(word.chars().flat_map(char::to_lowercase)))
        .collect();
    if words.is_empty() {
        return HashSet::from_iter([mixed(letters(text.trim().chars()))]);
    }
    let size = WORDS.min(words.len());
    words
        .windows(size)
        .map(|words| words.iter().fold(0, |hash, word| mixed(hash ^ word)))
        .collect()
}

/// FNV-1a of characters.
fn letters(letters: impl Iterator<Item = char>) -> u64 {
    letters.fold(0xcbf2_9ce4_8422_2325, |hash, letter| {
        (hash ^ u64::from(u32::from(letter))).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// Spreads a number over all bits: the last steps of splitmix64.
fn mixed(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

fn random(seed: &mut u64) -> u64 {
    *seed += 1;
    mixed(*seed)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A text of twenty numbered words, the first so many of them changed.
    fn text(subject: usize, changed: usize) -> String {
        (0..40)
            .map(|word| {
                let edition = if word < changed { "new" } else { "old" };
                format!("{edition}{subject}x{word} ")
            })
            .collect()
    }

    fn near(index: &mut Index, kept: &mut Vec<(String, String)>, prompt: &str, completion: &str) -> bool {
        let is_near = index
            .is_near(prompt, completion, |row| Ok(kept[row as usize].clone()))
            .unwrap();
        if !is_near {
            kept.push((prompt.to_owned(), completion.to_owned()));
        }
        is_near
    }

    #[test]
    fn rows_above_the_threshold_go_and_rows_below_it_stay() {
        let (mut index, mut kept) = (Index::new(0.8), Vec::new());
        let mut found = [0; 2];
        for subject in 0..500 {
            let prompt = format!("What is known of the subject with the number {subject}, and by whom?");
            assert!(
                !near(&mut index, &mut kept, &prompt, &text(subject, 0)),
                "{subject}"
            );
            // Of 38 triples 36 are the same, so 36 of 40 that either has: 0.9.
            found[0] += u32::from(near(&mut index, &mut kept, &prompt, &text(subject, 2)));
            // 32 of 44: 0.73.
            found[1] += u32::from(near(&mut index, &mut kept, &prompt, &text(subject, 6)));
        }
        assert!(found[0] >= 495, "{found:?}");
        assert_eq!(found[1], 0);
    }

    #[test]
    fn case_and_punctuation_do_not_tell_rows_apart_but_another_question_does() {
        let (mut index, mut kept) = (Index::new(0.9), Vec::new());
        let (two, answer) = (
            "How much are two and two, all in all?",
            "They are four, as everyone knows.",
        );
        assert!(!near(&mut index, &mut kept, two, answer));
        assert!(near(
            &mut index,
            &mut kept,
            "How MUCH are two and two - all in all",
            "they are four; as everyone knows"
        ));
        let three = "Which number comes after the three that I counted to?";
        assert!(!near(&mut index, &mut kept, three, answer));
        assert!(!near(&mut index, &mut kept, two, "…"));
        assert!(near(&mut index, &mut kept, two, " …"));
        assert!(!near(&mut index, &mut kept, two, "?!"));
    }
}
