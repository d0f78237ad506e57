//! Plots as SVG, of lines or of bars: what goes where, and nothing about what it means.
//!
//! Colour alone never tells two lines apart: each also has its own marker and dashes. Texts keep their size because
//! every plot is drawn twice, for a wide and a narrow place, and the style shows the one that fits.

use maud::{Markup, PreEscaped, html};

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

/// How values are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Points with lines between them.
    Lines,
    /// Bars from zero, those of a column side by side.
    Bars,
}

/// What is plotted.
#[derive(Debug, Clone)]
pub(crate) struct Plot<'a> {
    pub(crate) title: &'a str,
    /// What the columns are: `Epoch`, `Time`.
    pub(crate) across: &'a str,
    /// Which each column is.
    pub(crate) columns: Vec<String>,
    pub(crate) lines: Vec<Line>,
    pub(crate) shape: Shape,
    /// The least step between two values beside the axis: 1 for what is counted, 0 for what is measured.
    pub(crate) least_step: f64,
    /// How a value reads.
    pub(crate) format: fn(f64) -> String,
    /// How a value reads beside its axis.
    pub(crate) tick: fn(f64) -> String,
    /// Values that the axis shows whatever the data are.
    pub(crate) always: Option<(f64, f64)>,
}

/// A place to draw in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame {
    pub(crate) class: &'static str,
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) ticks_across: usize,
}

/// For a card on a wide screen, and for a phone.
pub(crate) const FRAMES: [Frame; 2] = [
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

/// The look of a picture that stands alone: the light theme, written out, since not every viewer knows variables.
pub(crate) const PICTURE_STYLE: &str = "text{font:13px sans-serif;fill:#665f53}.heading{font-size:17px;font-weight:600;fill:#1f1c17}\
.paper{fill:#ffffff}.grid line{stroke:#e2ddd2}.hit{fill:none}.guide{stroke:none}\
.line path{fill:none;stroke-width:2;stroke-linejoin:round}\
.points circle{fill-opacity:.7}.ties line{stroke:#8a8274;stroke-opacity:.55}\
.look0 path{stroke:#1a66b0}.look0 circle,.look0 polygon,.look0 rect{fill:#1a66b0}\
.look1 path{stroke:#b8500a;stroke-dasharray:7 4}.look1 circle,.look1 polygon,.look1 rect{fill:#b8500a}\
.look2 path{stroke:#15794b;stroke-dasharray:2 4}.look2 circle,.look2 polygon,.look2 rect{fill:#15794b}\
.look3 path{stroke:#a8307c;stroke-dasharray:9 3 2 3}.look3 circle,.look3 polygon,.look3 rect{fill:#a8307c}\
.look4 path{stroke:#6d4fc4}.look4 circle,.look4 polygon,.look4 rect{fill:#6d4fc4}\
.look5 path{stroke:#7a5d12;stroke-dasharray:7 4}.look5 circle,.look5 polygon,.look5 rect{fill:#7a5d12}\
.look6 path{stroke:#0b7285;stroke-dasharray:2 4}.look6 circle,.look6 polygon,.look6 rect{fill:#0b7285}\
.look7 path{stroke:#4d5560;stroke-dasharray:9 3 2 3}.look7 circle,.look7 polygon,.look7 rect{fill:#4d5560}";

/// Room beside the axis at least, for labels of some five letters.
const LEFT: f64 = 46.0;
/// Room that a letter takes there.
const LETTER: f64 = 7.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 30.0;

impl Plot<'_> {
    /// The plot, in both sizes.
    pub(crate) fn draw(&self) -> Markup {
        html! { @for frame in FRAMES { (self.draw_in(frame)) } }
    }

    /// The plot with its heading and legend as a picture that stands alone.
    pub(crate) fn picture(&self, heading: &str) -> String {
        const FRAME: Frame = Frame {
            class: "plot",
            width: 800.0,
            height: 420.0,
            ticks_across: 10,
        };
        // Room above for the heading, and below for the legend.
        const ABOVE: f64 = 36.0;
        const LINE: f64 = 20.0;
        const BESIDE: usize = 4;
        let below = self.lines.len().div_ceil(BESIDE) as f64 * LINE + 26.0;
        let (width, height) = (FRAME.width, FRAME.height + ABOVE + below);
        html! {
            svg xmlns="http://www.w3.org/2000/svg" width=(width) height=(height) viewBox=(format!("0 0 {width} {height}")) {
                style { (PreEscaped(PICTURE_STYLE)) }
                rect class="paper" width=(width) height=(height) {}
                text class="heading" x=(n(LEFT)) y="24" { (heading) }
                g transform=(format!("translate(0 {ABOVE})")) { (self.inside(FRAME)) }
                text class="across" x=(n(width / 2.0)) y=(n(ABOVE + FRAME.height + 8.0)) text-anchor="middle" { (self.across.to_lowercase()) }
                @for (place, line) in self.lines.iter().enumerate() {
                    @let left = LEFT + (place % BESIDE) as f64 * (width - LEFT - RIGHT) / BESIDE as f64;
                    @let top = ABOVE + FRAME.height + 26.0 + (place / BESIDE) as f64 * LINE;
                    @match self.shape {
                        Shape::Lines => g class=(format!("line look{}", line.look)) {
                            path d=(format!("M{} {}L{} {}", n(left), n(top), n(left + 28.0), n(top))) {}
                            (marker(line.look, left + 14.0, top))
                        },
                        Shape::Bars => g class=(format!("bars look{}", line.look)) {
                            rect x=(n(left + 8.0)) y=(n(top - 5.0)) width="12" height="10" {}
                        },
                    }
                    text x=(n(left + 36.0)) y=(n(top + 4.0)) { (line.name) }
                }
            }
        }
        .into_string()
    }

    fn draw_in(&self, frame: Frame) -> Markup {
        html! {
            svg class=(frame.class) viewBox=(format!("0 0 {} {}", frame.width, frame.height)) role="img"
                aria-label=(format!("{} by {}; the numbers are in the table below", self.title, self.across.to_lowercase())) tabindex="0" {
                (self.inside(frame))
            }
        }
    }

    fn inside(&self, frame: Frame) -> Markup {
        let ticks = self.ticks();
        let (low, high) = (ticks[0], ticks[ticks.len() - 1]);
        let letters = ticks.iter().map(|tick| (self.tick)(*tick).chars().count()).max();
        let margin = LEFT.max(letters.unwrap_or(0) as f64 * LETTER + 12.0);
        let right = frame.width - RIGHT;
        let bottom = frame.height - BOTTOM;
        let count = self.columns.len();
        let step = if count > 1 {
            (right - margin) / (count - 1) as f64
        } else {
            0.0
        };
        // A bar needs room on both sides of its place.
        let (first, step) = match self.shape {
            Shape::Bars => {
                let step = (right - margin) / count.max(1) as f64;
                (margin + step / 2.0, step)
            }
            Shape::Lines if count > 1 => (margin, step),
            Shape::Lines => ((margin + right) / 2.0, 0.0),
        };
        let x = |column: usize| first + step * column as f64;
        let y = |value: f64| bottom - (value - low) / (high - low) * (bottom - TOP);
        let longest = self.columns.iter().map(|name| name.chars().count()).max();
        let room = longest.unwrap_or(1) as f64 * LETTER + LETTER;
        let fit = ((right - margin) / room).floor().max(1.0) as usize;
        let label_every = count.div_ceil(frame.ticks_across.min(fit)).max(1);
        html! {
                g class="grid" {
                    @for tick in &ticks {
                        line x1=(n(margin)) x2=(n(right)) y1=(n(y(*tick))) y2=(n(y(*tick))) {}
                        text x=(n(margin - 8.0)) y=(n(y(*tick) + 4.0)) text-anchor="end" { ((self.tick)(*tick)) }
                    }
                    @for (column, name) in self.columns.iter().enumerate() {
                        // Counted from the newest, which always has its label.
                        @if (count - 1 - column).is_multiple_of(label_every) {
                            @let half = name.chars().count() as f64 * LETTER / 2.0;
                            // What would stand out beyond the edge ends there.
                            @if x(column) + half > frame.width {
                                text x=(n(frame.width)) y=(n(bottom + 18.0)) text-anchor="end" { (name) }
                            } @else {
                                text x=(n(x(column))) y=(n(bottom + 18.0)) text-anchor="middle" { (name) }
                            }
                        }
                    }
                }
                @if self.shape == Shape::Bars {
                    @let wide = (step * 0.8 / self.lines.len().max(1) as f64).max(0.5);
                    @for (place, line) in self.lines.iter().enumerate() {
                        g class=(format!("bars look{}", line.look)) {
                            @for (column, value) in line.values.iter().enumerate() {
                                // A bar of nothing is none.
                                @if let Some(value) = value.filter(|value| value.is_finite() && *value != 0.0) {
                                    @let left = x(column) - step * 0.4 + wide * place as f64;
                                    rect x=(n(left)) width=(n(wide)) y=(n(y(value).min(y(0.0)))) height=(n((y(value) - y(0.0)).abs().max(0.5))) {}
                                }
                            }
                        }
                    }
                }
                @for line in self.lines.iter().filter(|_| self.shape == Shape::Lines) {
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
                @for (column, name) in self.columns.iter().enumerate() {
                    g class="column" data-tip=(self.tip(column)) data-title=(format!("{} {name}", self.across)) {
                        line class="guide" x1=(n(x(column))) x2=(n(x(column))) y1=(n(TOP)) y2=(n(bottom)) {}
                        (hit(x(column), step, (margin, right), bottom))
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
                    li class=(format!("look{}", line.look)) {
                        @match self.shape {
                            Shape::Lines => (key(line.look)),
                            Shape::Bars => svg class="key" viewBox="0 0 28 12" aria-hidden="true" {
                                g class=(format!("bars look{}", line.look)) { rect x="8" y="1" width="12" height="10" {} }
                            },
                        }
                        " " (line.name)
                    }
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
                            th scope="col" { (self.across) }
                            @for line in &self.lines { th scope="col" { (line.name) } }
                        } }
                        tbody {
                            @for (column, name) in self.columns.iter().enumerate().rev() {
                                tr {
                                    th scope="row" { (name) }
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
        let zero = (self.shape == Shape::Bars).then_some(0.0);
        let seen = finite
            .chain(self.always.iter().flat_map(|(low, high)| [*low, *high]))
            .chain(zero);
        let (low, high) = seen.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        });
        if low > high {
            round_ticks(0.0, 1.0, self.least_step)
        } else {
            round_ticks(low, high, self.least_step)
        }
    }
}

/// About four round steps that enclose the range.
fn round_ticks(low: f64, high: f64, least_step: f64) -> Vec<f64> {
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
    let step = step.unwrap_or(10.0 * power).max(least_step);
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
fn hit(x: f64, step: f64, (first, last): (f64, f64), bottom: f64) -> Markup {
    let width = if step > 0.0 { step } else { last - first };
    let left = (x - width / 2.0).max(0.0);
    let right = (x + width / 2.0).min(last + RIGHT);
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
pub(crate) fn n(value: f64) -> String {
    let rounded = (value * 10.0).round() / 10.0;
    format!("{rounded}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_have_round_ticks_that_enclose_the_values() {
        assert_eq!(round_ticks(0.0, 1.0, 0.0), [0.0, 0.5, 1.0]);
        assert_eq!(round_ticks(0.0, 1.0, 1.0), [0.0, 1.0]);
        assert_eq!(
            round_ticks(0.0, 0.37, 0.0),
            [0.0, 0.1, 0.2, 0.30000000000000004, 0.4]
        );
        for (low, high) in [
            (1.91, 5.2),
            (-3.0, 3.0),
            (2.0, 2.0),
            (0.0, 0.0),
            (1e-9, 2e-9),
            (5.0, 1e12),
        ] {
            let ticks = round_ticks(low, high, 0.0);
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
