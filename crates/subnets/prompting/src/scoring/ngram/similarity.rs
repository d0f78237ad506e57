//! How like a phrase the best matching part of a text is.

use rapidfuzz::distance::lcs_seq;
use std::collections::HashMap;

/// The likeness of the shorter text to the part of the longer that is most like it, in percent and rounded: twice the
/// longest common subsequence over both lengths, and 100 from 99.5 on. 0 when either is empty.
///
/// All parts of the shorter's length are tried, and shorter ones at both ends, so it may be higher than the original's,
/// which tries those where matching blocks begin. What is not above `least` may come out lower than it is, or as 0: most
/// parts are ruled out by their letters alone, which makes a long text a matter of its length.
#[must_use]
pub fn partial_ratio(one: &str, other: &str, least: f64) -> f64 {
    let [one, other]: [Vec<char>; 2] = [one, other].map(|text| text.chars().collect());
    let (short, long) = if one.len() <= other.len() {
        (one, other)
    } else {
        (other, one)
    };
    if short.is_empty() {
        return 0.0;
    }
    let comparator = lcs_seq::BatchComparator::new(short.iter().copied());
    let mut best = 0f64;
    let mut letters = Letters::of(&short);
    let size = short.len();
    // The window runs in from the left and out to the right.
    for end in 1..long.len() + size {
        if let Some(entering) = long.get(end - 1) {
            letters.enter(*entering);
        }
        let start = end.saturating_sub(size);
        if start > 0
            && let Some(leaving) = long.get(start - 1)
        {
            letters.leave(*leaving);
        }
        let window = long.get(start..end.min(long.len())).unwrap_or_default();
        let both = (size + window.len()) as f64;
        if 200.0 * f64::from(letters.common) / both <= best.max(least - 0.5) {
            continue;
        }
        let common = comparator.similarity(window.iter().copied());
        best = best.max(200.0 * common as f64 / both);
    }
    if best >= 99.5 {
        100.0
    } else {
        best.round_ties_even()
    }
}

/// How many letters a window has in common with the phrase, in any order: no subsequence is longer.
struct Letters {
    /// Of how many the phrase has more than the window; below zero for fewer. Most letters are ASCII, and a table is many
    /// times as fast as a map.
    ascii: [i32; 128],
    others: HashMap<char, i32>,
    common: i32,
}

impl Letters {
    fn of(phrase: &[char]) -> Self {
        let mut letters = Self {
            ascii: [0; 128],
            others: HashMap::new(),
            common: 0,
        };
        for letter in phrase {
            match letters.ascii.get_mut(*letter as usize) {
                Some(wanted) => *wanted += 1,
                None => *letters.others.entry(*letter).or_default() += 1,
            }
        }
        letters
    }

    fn wanted(&mut self, letter: char) -> Option<&mut i32> {
        match self.ascii.get_mut(letter as usize) {
            Some(wanted) => Some(wanted),
            None => self.others.get_mut(&letter),
        }
    }

    fn enter(&mut self, letter: char) {
        if let Some(wanted) = self.wanted(letter) {
            let is_wanted = *wanted > 0;
            *wanted -= 1;
            self.common += i32::from(is_wanted);
        }
    }

    fn leave(&mut self, letter: char) {
        if let Some(wanted) = self.wanted(letter) {
            *wanted += 1;
            let is_wanted = *wanted > 0;
            self.common -= i32::from(is_wanted);
        }
    }
}
