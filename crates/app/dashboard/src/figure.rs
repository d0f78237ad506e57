//! Drawings that are no plots over a row of columns: points by two shares, and a ring of names with ties between them.

use crate::plot::{FRAMES, Frame, PICTURE_STYLE, n};
use maud::{Markup, PreEscaped, html};

/// Names around a ring. More cannot be read.
pub(crate) const MOST_NAMES: usize = 24;

/// A point.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Point {
    pub(crate) name: String,
    /// From left to right, 0 to 1.
    pub(crate) across: f64,
    /// From bottom to top, 0 to 1.
    pub(crate) up: f64,
    /// How much it counts beside the others, 0 to 1: its size.
    pub(crate) size: f64,
    /// What else is to know of it.
    pub(crate) tip: String,
}

/// A name on the ring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) name: String,
    /// Its group; those of a group stand side by side and look alike.
    pub(crate) group: usize,
}

/// A tie between two names.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tie {
    pub(crate) ends: (usize, usize),
    /// How strong it is, 0 to 1.
    pub(crate) share: f64,
    pub(crate) tip: String,
}

/// A drawing.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Figure {
    /// Points by two shares.
    Scatter {
        across: &'static str,
        up: &'static str,
        points: Vec<Point>,
    },
    /// Names around a ring, and ties between them.
    Ring { nodes: Vec<Node>, ties: Vec<Tie> },
}

impl Figure {
    /// The drawing, for a wide and a narrow place.
    pub(crate) fn draw(&self, title: &str) -> Markup {
        html! {
            @for frame in FRAMES {
                svg class=(frame.class) viewBox=(format!("0 0 {} {}", frame.width, frame.height)) role="img"
                    aria-label=(format!("{title}; the numbers are in the table below")) {
                    (self.inside(frame))
                }
            }
        }
    }

    /// The drawing with its heading as a picture that stands alone.
    pub(crate) fn picture(&self, heading: &str) -> String {
        const ABOVE: f64 = 36.0;
        const FRAME: Frame = Frame {
            class: "plot",
            width: 800.0,
            height: 560.0,
            ticks_across: 10,
        };
        let (width, height) = (FRAME.width, FRAME.height + ABOVE + 8.0);
        html! {
            svg xmlns="http://www.w3.org/2000/svg" width=(width) height=(height) viewBox=(format!("0 0 {width} {height}")) {
                style { (PreEscaped(PICTURE_STYLE)) }
                rect class="paper" width=(width) height=(height) {}
                text class="heading" x="46" y="24" { (heading) }
                g transform=(format!("translate(0 {ABOVE})")) { (self.inside(FRAME)) }
            }
        }
        .into_string()
    }

    fn inside(&self, frame: Frame) -> Markup {
        match self {
            Figure::Scatter { across, up, points } => scatter(frame, across, up, points),
            Figure::Ring { nodes, ties } => ring(frame, nodes, ties),
        }
    }
}

fn scatter(frame: Frame, across: &str, up: &str, points: &[Point]) -> Markup {
    const TICKS: [f64; 5] = [0.0, 0.25, 0.5, 0.75, 1.0];
    /// Radii of the least and of the most that a point counts.
    const RADII: (f64, f64) = (3.0, 9.0);
    let (left, right) = (52.0, frame.width - 16.0);
    let (top, bottom) = (22.0, frame.height - 40.0);
    let x = |share: f64| left + share.clamp(0.0, 1.0) * (right - left);
    let y = |share: f64| bottom - share.clamp(0.0, 1.0) * (bottom - top);
    html! {
        g class="grid" {
            @for tick in TICKS {
                line x1=(n(left)) x2=(n(right)) y1=(n(y(tick))) y2=(n(y(tick))) {}
                line x1=(n(x(tick))) x2=(n(x(tick))) y1=(n(top)) y2=(n(bottom)) {}
                text x=(n(left - 8.0)) y=(n(y(tick) + 4.0)) text-anchor="end" { (whole_percent(tick)) }
                text x=(n(x(tick))) y=(n(bottom + 16.0)) text-anchor="middle" { (whole_percent(tick)) }
            }
            text x=(n((left + right) / 2.0)) y=(n(bottom + 34.0)) text-anchor="middle" { (across) }
            text x="0" y="12" { (up) }
        }
        g class="points look0" {
            @for point in points {
                circle cx=(n(x(point.across))) cy=(n(y(point.up))) r=(n(RADII.0 + (RADII.1 - RADII.0) * point.size.clamp(0.0, 1.0))) {
                    title { (point.name) ": " (point.tip) }
                }
            }
        }
    }
}

/// A round share beside an axis.
fn whole_percent(share: f64) -> String {
    format!("{:.0}\u{a0}%", share * 100.0)
}

fn ring(frame: Frame, nodes: &[Node], ties: &[Tie]) -> Markup {
    /// Room for a name beside the ring, and above and below it.
    const BESIDE: (f64, f64) = (100.0, 22.0);
    /// A looser tie is drawn, but its line is thin.
    const WIDTHS: (f64, f64) = (0.5, 5.0);
    let (middle, height) = (frame.width / 2.0, frame.height / 2.0);
    let (wide, tall) = (middle - BESIDE.0, height - BESIDE.1);
    let place = |index: usize, away: f64| {
        let angle =
            index as f64 / nodes.len().max(1) as f64 * std::f64::consts::TAU - std::f64::consts::FRAC_PI_2;
        (
            middle + (wide + away) * angle.cos(),
            height + (tall + away) * angle.sin(),
        )
    };
    html! {
        g class="ties" {
            @for tie in ties {
                @let (one, other) = (place(tie.ends.0, 0.0), place(tie.ends.1, 0.0));
                line x1=(n(one.0)) y1=(n(one.1)) x2=(n(other.0)) y2=(n(other.1))
                    stroke-width=(n(WIDTHS.0 + (WIDTHS.1 - WIDTHS.0) * tie.share.clamp(0.0, 1.0))) {
                    title { (tie.tip) }
                }
            }
        }
        @for (index, node) in nodes.iter().enumerate() {
            @let ((x, y), (beside, height)) = (place(index, 0.0), place(index, 10.0));
            g class=(format!("points look{}", node.group % crate::plot::MOST_LINES)) {
                circle cx=(n(x)) cy=(n(y)) r="5" {}
                text x=(n(beside)) y=(n(height + 4.0))
                    text-anchor=(if (beside - middle).abs() < 1.0 { "middle" } else if beside > middle { "start" } else { "end" }) {
                    (node.name)
                }
            }
        }
    }
}
