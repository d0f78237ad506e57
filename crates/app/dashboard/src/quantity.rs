//! Numbers as people read them. A number and its unit never part at the end of a line.

use std::borrow::Cow;

/// Characters of a text that are shown. Names and reasons come from outside; a page has to stay a page.
const LONGEST_TEXT: usize = 300;
/// Characters of a name that are shown.
const LONGEST_NAME: usize = 40;
/// Rao of one alpha or one TAO.
const RAO: f64 = 1e9;

/// What stands for a number that is not known yet.
pub(crate) const UNKNOWN: &str = "–";

/// A number in groups of three.
pub(crate) fn whole(value: u64) -> String {
    let digits = value.to_string();
    let mut grouped = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push('\u{202f}');
        }
        grouped.push(digit);
    }
    grouped
}

/// A loss: four decimals, which is about what tells two datasets apart.
pub(crate) fn loss(value: f64) -> String {
    if value.is_finite() {
        format!("{value:.4}")
    } else {
        "not finite".to_owned()
    }
}

/// A share as a percentage.
pub(crate) fn percent(share: f64) -> String {
    if !share.is_finite() {
        return UNKNOWN.to_owned();
    }
    let percent = share * 100.0;
    if percent == 0.0 {
        return "0\u{a0}%".to_owned();
    }
    if percent > 0.0 && percent < 0.1 {
        "<\u{a0}0.1\u{a0}%".to_owned()
    } else {
        format!("{percent:.1}\u{a0}%")
    }
}

/// An amount of alpha.
pub(crate) fn alpha(rao: u64) -> String {
    let alpha = rao as f64 / RAO;
    match rao {
        0 => "0\u{a0}α".to_owned(),
        1..1_000_000 => "<\u{a0}0.001\u{a0}α".to_owned(),
        _ if alpha < 1_000.0 => format!("{alpha:.3}\u{a0}α"),
        _ => format!("{}\u{a0}α", whole(alpha.round() as u64)),
    }
}

/// A time between blocks or until something.
pub(crate) fn duration(milliseconds: u64) -> String {
    let seconds = milliseconds as f64 / 1_000.0;
    match milliseconds {
        0..1_000 => format!("{milliseconds}\u{a0}ms"),
        1_000..60_000 if milliseconds.is_multiple_of(1_000) || seconds >= 10.0 => {
            format!("{seconds:.0}\u{a0}s")
        }
        1_000..60_000 => format!("{seconds:.1}\u{a0}s"),
        60_000..3_600_000 => format!(
            "{}\u{a0}min {:02}\u{a0}s",
            milliseconds / 60_000,
            milliseconds / 1_000 % 60
        ),
        _ => format!(
            "{}\u{a0}h {:02}\u{a0}min",
            milliseconds / 3_600_000,
            milliseconds / 60_000 % 60
        ),
    }
}

/// The time of day in UTC; the page's script turns it into the viewer's own.
pub(crate) fn time_of_day(milliseconds: u64) -> String {
    let seconds = milliseconds / 1_000 % 86_400;
    format!(
        "{:02}:{:02}:{:02}",
        seconds / 3_600,
        seconds / 60 % 60,
        seconds % 60
    )
}

/// A day and a time in UTC; the page's script turns it into the viewer's own.
pub(crate) fn day_and_time(milliseconds: u64) -> String {
    let (year, month, day) = date(milliseconds / 86_400_000);
    format!("{year}-{month:02}-{day:02} {} UTC", time_of_day(milliseconds))
}

/// The date of a day since 1970: years are counted from March, so that the leap day is a year's last.
fn date(days: u64) -> (u64, u64, u64) {
    // Days since 1 March of the year 0, in eras of 400 years, which all have as many days.
    let days = days.saturating_add(719_468);
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let months_since_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * months_since_march + 2) / 5 + 1;
    let month = (months_since_march + 2) % 12 + 1;
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}

/// An address shortened to what people compare.
pub(crate) fn short_address(address: &str) -> Cow<'_, str> {
    let characters = address.chars().count();
    if characters <= 14 {
        return Cow::Borrowed(address);
    }
    let start: String = address.chars().take(6).collect();
    let end: String = address.chars().skip(characters - 5).collect();
    Cow::Owned(format!("{start}…{end}"))
}

/// A name that fits its place.
pub(crate) fn name(name: &str) -> Cow<'_, str> {
    cut(name, LONGEST_NAME)
}

/// A text that fits its place.
pub(crate) fn text(text: &str) -> Cow<'_, str> {
    cut(text, LONGEST_TEXT)
}

/// Characters of a free text from the chain that are shown: as many bytes as the longest field there has.
const LONGEST_SAID: usize = 1_024;

/// A text from anybody, cut, and without characters that would change how what stands around it is read.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if text.chars().any(is_deceptive) {
        let plain: String = text
            .chars()
            .map(|character| match character {
                found if is_deceptive(found) => char::REPLACEMENT_CHARACTER,
                other => other,
            })
            .collect();
        Cow::Owned(cut(&plain, LONGEST_SAID).into_owned())
    } else {
        cut(text, LONGEST_SAID)
    }
}

/// Control characters, and those that turn the direction of writing or take no place.
fn is_deceptive(character: char) -> bool {
    let is_control = character.is_control() && character != '\n';
    let turns_or_hides = matches!(
        character,
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
    );
    is_control || turns_or_hides
}

fn cut(text: &str, longest: usize) -> Cow<'_, str> {
    match text.char_indices().nth(longest) {
        None => Cow::Borrowed(text),
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well_at_every_size() {
        let breakable = |text: String| text.replace(['\u{a0}', '\u{202f}'], " ");
        assert_eq!(
            [0, 999, 1_234_567].map(|value| breakable(whole(value))),
            ["0", "999", "1 234 567"]
        );
        assert_eq!(loss(f64::NAN), "not finite");
        assert_eq!(
            [0.0, 0.000_4, 1.0].map(|share| breakable(percent(share))),
            ["0 %", "< 0.1 %", "100.0 %"]
        );
        assert_eq!(
            [0, 5, 147_600_000_061, u64::MAX].map(|rao| breakable(alpha(rao))),
            ["0 α", "< 0.001 α", "147.600 α", "18 446 744 074 α"]
        );
        assert_eq!(
            [250, 1_500, 12_000, 83_000, 7_380_000].map(|time| breakable(duration(time))),
            ["250 ms", "1.5 s", "12 s", "1 min 23 s", "2 h 03 min"]
        );
        assert_eq!(time_of_day(86_400_000 + 3_661_000), "01:01:01");
        assert_eq!(
            [0, 951_782_400_000, 1_795_949_476_746, 4_102_444_799_999].map(day_and_time),
            [
                "1970-01-01 00:00:00 UTC",
                "2000-02-29 00:00:00 UTC",
                "2026-11-29 10:51:16 UTC",
                "2099-12-31 23:59:59 UTC"
            ]
        );
    }

    #[test]
    fn texts_from_outside_keep_to_their_place() {
        assert_eq!(
            short_address("5GrwvaEF5zXb26Fz9rcQpDWS57CtCoBBrmJAGfTruQ7H9brB"),
            "5Grwva…H9brB"
        );
        assert_eq!(short_address("äöüäöüäöüäöüäöüäöü"), "äöüäöü…öüäöü");
        assert_eq!(short_address("5Grwva"), "5Grwva");
        assert_eq!(name(&"x".repeat(99)).chars().count(), 41);
        assert_eq!(text("kurz"), "kurz");
        assert_eq!(visible("a\u{202e}b\u{200b}c\u{7}"), "a\u{fffd}b\u{fffd}c\u{fffd}");
        assert_eq!(visible(&"é".repeat(2_000)).chars().count(), 1_025);
    }
}
