//! Where sentences end.

/// Points after these end no sentence. In lower case, without the point.
const ABBREVIATIONS: [&str; 39] = [
    "mr", "mrs", "ms", "dr", "prof", "st", "sr", "jr", "vs", "etc", "e.g", "i.e", "cf", "al", "fig", "figs",
    "eq", "no", "nos", "vol", "pp", "ed", "eds", "inc", "ltd", "co", "corp", "dept", "est", "approx", "gen",
    "col", "lt", "sgt", "rev", "hon", "gov", "sen", "rep",
];

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
    for (at, mark) in text.char_indices() {
        let after = at + mark.len_utf8();
        match mark {
            '。' | '！' | '？' | '…' => ends.push(after),
            '?' | '!' => ends.extend(closed(text, after)),
            '.' if !is_abbreviation(text.get(..at).unwrap_or_default()) => ends.extend(closed(text, after)),
            _ => {}
        }
    }
    if ends.last() != Some(&text.len()) {
        ends.push(text.len());
    }
    ends
}

/// The end of a sentence whose mark is before this place: behind closing quotes and brackets, when a space follows, and no
/// word in lower case.
fn closed(text: &str, after: usize) -> Option<usize> {
    let rest = text.get(after..)?;
    let open = rest.trim_start_matches(['"', '\'', '”', '’', ')', ']', '»', '.', '?', '!']);
    let end = text.len() - open.len();
    let next = open.trim_start();
    let is_border = open.is_empty() || next.len() < open.len();
    (is_border && !next.chars().next().is_some_and(char::is_lowercase)).then_some(end)
}

/// Tells whether a text ends with a word that has a point of its own.
fn is_abbreviation(before: &str) -> bool {
    let word = before
        .rsplit(|letter: char| letter.is_whitespace() || matches!(letter, '(' | '"' | '“'))
        .next();
    let word = word.unwrap_or_default().to_lowercase();
    let last = word.rsplit('.').next().unwrap_or_default();
    let is_initial = last.chars().count() == 1 && last.chars().all(char::is_alphabetic) && last != "i";
    is_initial || ABBREVIATIONS.contains(&word.as_str())
}
