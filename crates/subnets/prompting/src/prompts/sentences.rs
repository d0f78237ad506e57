//! Where sentences end.

/// Points after these end no sentence. In lower case, without the point.
const ABBREVIATIONS: [&str; 39] = [
    "mr", "mrs", "ms", "dr", "prof", "st", "sr", "jr", "vs", "etc", "e.g", "i.e", "cf", "al", "fig", "figs",
    "eq", "no", "nos", "vol", "pp", "ed", "eds", "inc", "ltd", "co", "corp", "dept", "est", "approx", "gen",
    "col", "lt", "sgt", "rev", "hon", "gov", "sen", "rep",
];

/// So many letters before a point are looked at, more than any abbreviation has: without a bound a text without spaces
/// would be read again for each of its points.
const LONGEST_LOOKED_AT: usize = 12;

/// The sentences of a text, each with its mark and without spaces around. A text without marks is one sentence.
///
/// A point, question mark or exclamation mark ends a sentence before a space or the end, quotes and brackets between them
/// aside. It does not after an abbreviation or a single letter, and not before a word in lower case: "v1.2", "3.5", "U.S."
/// and "e.g. this" stay whole. Marks of scripts without spaces end one anywhere.
#[must_use]
pub fn sentences(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut start = 0;
    for end in ends(text) {
        let sentence = text.get(start..end).unwrap_or_default().trim();
        if !sentence.is_empty() {
            found.push(sentence);
        }
        start = end;
    }
    found
}

/// The places behind sentences, the last of them the text's end.
fn ends(text: &str) -> Vec<usize> {
    let mut ends = Vec::new();
    // Marks in a run end one sentence or none, and the run is looked at once.
    let mut looked_at = 0;
    for (at, mark) in text.char_indices() {
        if at < looked_at {
            continue;
        }
        let after = at + mark.len_utf8();
        match mark {
            '。' | '！' | '？' | '…' => ends.push(after),
            '?' | '!' | '.' if mark != '.' || !is_abbreviation(text.get(..at).unwrap_or_default()) => {
                let rest = text.get(after..).unwrap_or_default();
                let open = rest.trim_start_matches(['"', '\'', '”', '’', ')', ']', '»', '.', '?', '!']);
                looked_at = text.len() - open.len();
                if begins_anew(open) {
                    ends.push(looked_at);
                }
            }
            _ => {}
        }
    }
    if ends.last() != Some(&text.len()) {
        ends.push(text.len());
    }
    ends
}

/// Tells whether what stands behind a mark, closing quotes and brackets is no more of the same sentence: nothing, or a
/// space and then no word in lower case.
fn begins_anew(open: &str) -> bool {
    let next = open.trim_start();
    open.is_empty() || (next.len() < open.len() && !next.chars().next().is_some_and(char::is_lowercase))
}

/// Tells whether a text ends with a word that has a point of its own.
fn is_abbreviation(before: &str) -> bool {
    let is_border = |letter: &char| letter.is_whitespace() || matches!(letter, '(' | '"' | '“');
    let word: Vec<char> = before
        .chars()
        .rev()
        .take(LONGEST_LOOKED_AT)
        .take_while(|letter| !is_border(letter))
        .collect();
    let word = word.into_iter().rev().collect::<String>().to_lowercase();
    let last = word.rsplit('.').next().unwrap_or_default();
    let is_initial = last.chars().count() == 1 && last.chars().all(char::is_alphabetic) && last != "i";
    is_initial || ABBREVIATIONS.contains(&word.as_str())
}
