//! Line plots as SVG: what goes where, and nothing about what it means.
//!
//! Colour alone never tells two lines apart: each also has its own marker and dashes. Texts keep their size because
//! every plot is drawn twice, for a wide and a narrow place, and the style shows the one that fits.

use maud::{Markup, html};

/// Lines that are told apart. More are not drawn: nobody can read them.
pub(crate) const MOST_LINES: usize = 8;
/// Beyond this many points a marker on each would hide the line.
const MOST_MARKERS: usize = 40;

/// One line.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    /// Which colour, marker and dashes, below [`MOST_LINES`].
    pub(crate) look: usize,
    pub(crate) name: String,
    /// A value for each column of the plot; a gap where there is none.
    pub(crate) values: Vec<Option<f64>>,
}

/// What is plotted.
#[derive(Debug, Clone)]
pub(crate) struct Plot<'a> {
    pub(crate) title: &'a str,
    /// What each column is, `epoch 3` for instance.
    pub(crate) columns: Vec<u32>,
    pub(crate) lines: Vec<Line>,
    /// How a value reads.
    pub(crate) format: fn(f64) -> String,
    /// How a value reads beside its axis.
    pub(crate) tick: fn(f64) -> String,
    /// Values that the axis shows whatever the data are.
    pub(crate) always: Option<(f64, f64)>,
}

/// A place to draw in.
#[derive(Debug, Clone, Copy)]
struct Frame {
    class: &'static str,
    width: f64,
    height: f64,
    ticks_across: usize,
}

/// For a card on a wide screen, and for a phone.
const FRAMES: [Frame; 2] = [
    Frame {
        class: "plot wide",
        width: 480.0,
        height: 250.0,
        ticks_across: 8,
    },
    Frame {
        class: "plot narrow",
        width: 340.0,
        height: 230.0,
        ticks_across: 5,
    },
];

const LEFT: f64 = 46.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 30.0;

impl Plot<'_> {
    /// The plot, in both sizes.
    pub(crate) fn draw(&self) -> Markup {
        html! { @for frame in FRAMES { (self.draw_in(frame)) } }
    }

    fn draw_in(&self, frame: Frame) -> Markup {
        let ticks = self.ticks();
        let (low, high) = (ticks[0], ticks[ticks.len() - 1]);
        let right = frame.width - RIGHT;
        let bottom = frame.height - BOTTOM;
        let count = self.columns.len();
        let step = if count > 1 {
            (right - LEFT) / (count - 1) as f64
        } else {
            0.0
        };
        let x = |column: usize| {
            if count > 1 {
                LEFT + step * column as f64
            } else {
                (LEFT + right) / 2.0
            }
        };
        let y = |value: f64| bottom - (value - low) / (high - low) * (bottom - TOP);
        let label_every = count.div_ceil(frame.ticks_across).max(1);
        html! {
            svg class=(frame.class) viewBox=(format!("0 0 {} {}", frame.width, frame.height)) role="img"
                aria-label=(format!("{} by epoch; the numbers are in the table below", self.title)) tabindex="0" {
                g class="grid" {
                    @for tick in &ticks {
                        line x1=(n(LEFT)) x2=(n(right)) y1=(n(y(*tick))) y2=(n(y(*tick))) {}
                        text x=(n(LEFT - 8.0)) y=(n(y(*tick) + 4.0)) text-anchor="end" { ((self.tick)(*tick)) }
                    }
                    @for (column, epoch) in self.columns.iter().enumerate() {
                        // Counted from the newest, which always has its label.
                        @if (count - 1 - column).is_multiple_of(label_every) {
                            text x=(n(x(column))) y=(n(bottom + 18.0)) text-anchor="middle" { (epoch) }
                        }
                    }
                }
                @for line in &self.lines {
                    g class=(format!("line look{}", line.look)) {
                        path d=(path(&line.values, x, y)) {}
                        @for (column, value) in line.values.iter().enumerate() {
                            @if let Some(value) = value.filter(|value| value.is_finite()) {
                                // A marker for each point while they are few, and always for a point without a line.
                                @if count <= MOST_MARKERS || is_alone(&line.values, column) {
                                    (marker(line.look, x(column), y(value)))
                                }
                            }
                        }
                    }
                }
                @for (column, epoch) in self.columns.iter().enumerate() {
                    g class="column" data-tip=(self.tip(column)) data-title=(format!("Epoch {epoch}")) {
                        line class="guide" x1=(n(x(column))) x2=(n(x(column))) y1=(n(TOP)) y2=(n(bottom)) {}
                        (hit(x(column), step, frame, bottom))
                    }
                }
            }
        }
    }

    /// What the tooltip of a column says: look, name and value of each line, best value first as drawn.
    fn tip(&self, column: usize) -> String {
        let mut shown: Vec<(f64, String)> = self
            .lines
            .iter()
            .filter_map(|line| {
                let value = line.values[column].filter(|value| value.is_finite())?;
                Some((
                    value,
                    format!(
                        "{}\t{}\t{}",
                        line.look,
                        line.name.replace(['\t', '\n'], " "),
                        (self.format)(value)
                    ),
                ))
            })
            .collect();
        // As they lie above each other in the plot.
        shown.sort_by(|left, right| right.0.total_cmp(&left.0));
        shown
            .into_iter()
            .map(|(_, text)| text)
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// The legend: what each look stands for.
    pub(crate) fn legend(&self) -> Markup {
        html! {
            ul class="legend" {
                @for line in &self.lines {
                    li class=(format!("look{}", line.look)) { (key(line.look)) " " (line.name) }
                }
            }
        }
    }

    /// The same numbers as a table, for whoever cannot see the plot.
    pub(crate) fn table(&self) -> Markup {
        html! {
            details class="numbers" data-keep-open="" {
                summary { "Numbers" }
                div class="scroll" tabindex="0" {
                    table {
                        thead { tr {
                            th scope="col" { "Epoch" }
                            @for line in &self.lines { th scope="col" { (line.name) } }
                        } }
                        tbody {
                            @for (column, epoch) in self.columns.iter().enumerate().rev() {
                                tr {
                                    th scope="row" { (epoch) }
                                    @for line in &self.lines {
                                        td { @match line.values[column] {
                                            Some(value) => ((self.format)(value)),
                                            None => "–",
                                        } }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    /// Round values that enclose all others, from low to high; at least two.
    fn ticks(&self) -> Vec<f64> {
        let values = self
            .lines
            .iter()
            .flat_map(|line| line.values.iter().flatten().copied());
        let finite = values.filter(|value| value.is_finite());
        let seen = finite.chain(self.always.iter().flat_map(|(low, high)| [*low, *high]));
        let (low, high) = seen.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        });
        if low > high {
            round_ticks(0.0, 1.0)
        } else {
            round_ticks(low, high)
        }
    }
}

/// About four round steps that enclose the range.
fn round_ticks(low: f64, high: f64) -> Vec<f64> {
    let middle = (low + high) / 2.0;
    // A range too narrow for its own numbers is widened around its middle.
    let least = middle.abs().max(1e-6) * 1e-6;
    let (low, high) = if high - low < least {
        let wide = if middle == 0.0 { 0.5 } else { middle.abs() * 0.1 };
        (middle - wide, middle + wide)
    } else {
        (low, high)
    };
    let rough = (high - low) / 4.0;
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .map(|factor| factor * power)
        .into_iter()
        .find(|step| *step >= rough * 0.999);
    let step = step.unwrap_or(10.0 * power);
    let first = (low / step + 1e-9).floor() as i64;
    let last = ((high / step - 1e-9).ceil() as i64).max(first + 1);
    (first..=last).map(|index| index as f64 * step).collect()
}

/// The line through the values, broken at gaps.
fn path(values: &[Option<f64>], x: impl Fn(usize) -> f64, y: impl Fn(f64) -> f64) -> String {
    let mut path = String::new();
    let mut pen_is_down = false;
    for (column, value) in values.iter().enumerate() {
        match value.filter(|value| value.is_finite()) {
            Some(value) => {
                let command = if pen_is_down { 'L' } else { 'M' };
                path.push_str(&format!("{command}{} {}", n(x(column)), n(y(value))));
                pen_is_down = true;
            }
            None => pen_is_down = false,
        }
    }
    path
}

/// Whether a point has no neighbour to draw a line to.
fn is_alone(values: &[Option<f64>], column: usize) -> bool {
    let before = column.checked_sub(1).and_then(|column| values[column]);
    let after = values.get(column + 1).copied().flatten();
    before.is_none() && after.is_none()
}

/// The invisible area in which the pointer means this column.
fn hit(x: f64, step: f64, frame: Frame, bottom: f64) -> Markup {
    let width = if step > 0.0 {
        step
    } else {
        frame.width - LEFT - RIGHT
    };
    let left = (x - width / 2.0).max(0.0);
    let right = (x + width / 2.0).min(frame.width);
    html! { rect class="hit" x=(n(left)) y=(n(TOP)) width=(n(right - left)) height=(n(bottom - TOP)) {} }
}

/// A point in the shape of its look.
fn marker(look: usize, x: f64, y: f64) -> Markup {
    let shape = |points: &[(f64, f64)]| {
        points
            .iter()
            .map(|(dx, dy)| format!("{},{}", n(x + dx), n(y + dy)))
            .collect::<Vec<_>>()
            .join(" ")
    };
    html! {
        @match look % 4 {
            0 => circle cx=(n(x)) cy=(n(y)) r="3.4" {},
            1 => polygon points=(shape(&[(-3.2, -3.2), (3.2, -3.2), (3.2, 3.2), (-3.2, 3.2)])) {},
            2 => polygon points=(shape(&[(0.0, -4.4), (4.2, 3.2), (-4.2, 3.2)])) {},
            _ => polygon points=(shape(&[(0.0, -4.6), (4.6, 0.0), (0.0, 4.6), (-4.6, 0.0)])) {},
        }
    }
}

/// A look in the legend: a piece of line with its marker.
pub(crate) fn key(look: usize) -> Markup {
    html! {
        svg class="key" viewBox="0 0 28 12" aria-hidden="true" {
            g class=(format!("line look{look}")) { path d="M1 6L27 6" {} (marker(look, 14.0, 6.0)) }
        }
    }
}

/// A coordinate, to a tenth of a pixel.
fn n(value: f64) -> String {
    let rounded = (value * 10.0).round() / 10.0;
    format!("{rounded}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_have_round_ticks_that_enclose_the_values() {
        assert_eq!(round_ticks(0.0, 1.0), [0.0, 0.5, 1.0]);
        assert_eq!(round_ticks(0.0, 0.37), [0.0, 0.1, 0.2, 0.30000000000000004, 0.4]);
        for (low, high) in [
            (1.91, 5.2),
            (-3.0, 3.0),
            (2.0, 2.0),
            (0.0, 0.0),
            (1e-9, 2e-9),
            (5.0, 1e12),
        ] {
            let ticks = round_ticks(low, high);
            assert!((2..=8).contains(&ticks.len()), "{ticks:?}");
            assert!(
                ticks[0] <= low && ticks[ticks.len() - 1] >= high,
                "{low} to {high}: {ticks:?}"
            );
        }
    }

    #[test]
    fn a_gap_breaks_the_line_and_nothing_infinite_is_drawn() {
        let values = [Some(1.0), Some(2.0), None, Some(f64::NAN), Some(3.0)];
        let drawn = path(&values, |column| column as f64, |value| value);
        assert_eq!(drawn, "M0 1L1 2M4 3");
        assert!(!is_alone(&values, 0));
        assert!(is_alone(&[None, Some(1.0), None], 1));
    }
}
