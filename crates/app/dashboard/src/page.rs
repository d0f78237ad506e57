//! The page and its sections.
//!
//! Each section is a function of the state alone, so the whole page and a live update are drawn by the same code.

mod chain;
mod competition;
mod log;
mod miners;
mod organic;
mod pieces;
mod plots;
mod problems;
mod prompting;
mod status;
mod validators;

pub(crate) use pieces::bar;

use crate::assets::{VERSION, address};
use crate::drawing::{Around, Drawing};
use crate::frame::{Here, Places};
use crate::state::DashboardState;
use maud::{DOCTYPE, Markup, PreEscaped, html};

/// Draws the inside of a section.
pub(crate) type Draw = fn(&DashboardState, Around) -> Markup;

/// The sections by the id of their element.
pub(crate) const SECTIONS: [(&str, Draw); 10] = [
    ("status", status::draw),
    ("problems", |state, _| problems::draw(state)),
    ("chain", |state, _| chain::draw(state)),
    ("validators", |state, _| validators::draw(state)),
    ("miners", |state, around| miners::draw(state, around.links)),
    ("organic", |state, _| organic::draw(state)),
    ("prompting", |state, _| prompting::draw(state)),
    ("plots", |state, _| plots::draw(state)),
    ("competition", |state, _| competition::draw(state)),
    ("log", |state, _| log::draw(state)),
];

/// The whole page.
pub(crate) fn document(drawing: &Drawing, places: Places) -> Markup {
    let section = |id: &str| PreEscaped(drawing.html(id).to_owned());
    html! {
        (DOCTYPE)
        html lang="en" data-version=(format!("{VERSION:016x}")) data-stream="/events" {
            head {
                meta charset="utf-8";
                title { "Assay" }
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="description" content="A Bittensor subnet, live";
                link rel="icon" href=(address("icon.svg")) type="image/svg+xml";
                link rel="stylesheet" href=(address("dashboard.css"));
                link rel="stylesheet" href=(address("records.css"));
                // Before anything is painted, so that a chosen theme does not flash.
                script src=(address("theme.js")) {}
                script src=(address("dashboard.js")) defer {}
            }
            body {
                a class="skip" href="#miners" { "Skip to the miners" }
                header class="top" {
                    img class="mark" src=(address("icon.svg")) alt="" width="28" height="28";
                    h1 { "Assay" }
                    (places.nav(Here::Run))
                    div id="status" class="status" role="status" { (section("status")) }
                    button id="theme" type="button" class="quiet" hidden { "Theme" }
                }
                p id="connection" class="connection" role="alert" hidden {}
                main {
                    div id="problems" class="problems" { (section("problems")) }
                    section id="chain" class="chain" aria-label="Chain" { (section("chain")) }
                    section id="miners" class="card miners" aria-labelledby="miners-title" { (section("miners")) }
                    section id="organic" class="card organic" aria-labelledby="organic-title" { (section("organic")) }
                    section id="prompting" class="card organic" aria-labelledby="prompting-title" { (section("prompting")) }
                    div id="plots" class="plots" { (section("plots")) }
                    div class="side" {
                        section id="validators" class="card" aria-labelledby="validators-title" { (section("validators")) }
                        section id="competition" class="card" aria-labelledby="competition-title" { (section("competition")) }
                    }
                    section id="log" class="card log" aria-labelledby="log-title" { (section("log")) }
                }
                footer {
                    "Everything on this page comes from this machine. "
                    a href="/api/state" { "The same as JSON" }
                }
                div id="tip" class="tip" role="tooltip" hidden {}
            }
        }
    }
}
