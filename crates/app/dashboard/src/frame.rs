//! The frame around every page but the run's own, and the way between all of them.

use crate::assets::{VERSION, address};
use maud::{DOCTYPE, Markup, html};

/// Which pages there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Places {
    /// A run at `/`.
    pub(crate) run: bool,
    /// What was recorded.
    pub(crate) records: bool,
    /// Rounds of a competition of datasets are on record.
    pub(crate) rounds: bool,
    /// Requests are on record.
    pub(crate) requests: bool,
    /// Questions and answers are on record.
    pub(crate) prompts: bool,
    /// The chain can be explored.
    pub(crate) chain: bool,
}

/// The entries of the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Here {
    Run,
    Miners,
    Epochs,
    Weights,
    Rounds,
    Requests,
    Prompts,
    Machine,
    Doctor,
    Blocks,
    Subnets,
    /// A page that no entry leads to.
    Elsewhere,
}

impl Places {
    /// The way from page to page; nothing where there is only one.
    pub(crate) fn nav(self, here: Here) -> Markup {
        let entries: [(bool, Here, &str, &str); 11] = [
            (self.run, Here::Run, "/", "Run"),
            (self.records, Here::Miners, "/miners", "Miners"),
            (self.records, Here::Epochs, "/epochs", "Epochs"),
            (self.records, Here::Weights, "/weights", "Weights"),
            (self.rounds, Here::Rounds, "/rounds", "Rounds"),
            (self.requests, Here::Requests, "/requests", "Requests"),
            (self.prompts, Here::Prompts, "/prompts", "Prompts"),
            (self.records, Here::Machine, "/machine", "Machine"),
            (self.records && self.chain, Here::Doctor, "/doctor", "Doctor"),
            (self.chain, Here::Blocks, "/blocks", "Blocks"),
            (self.chain, Here::Subnets, "/subnets", "Subnets"),
        ];
        html! {
            @if entries.iter().filter(|(is_there, ..)| *is_there).count() > 1 {
                nav aria-label="Pages" {
                    @for (_, place, address, name) in entries.into_iter().filter(|(is_there, ..)| *is_there) {
                        a href=(address) aria-current=[(place == here).then_some("page")] { (name) }
                    }
                }
            }
        }
    }

    /// The page that one begins with.
    pub(crate) fn start(self) -> &'static str {
        match (self.run, self.records) {
            (true, _) => "/",
            (false, true) => "/miners",
            (false, false) => "/blocks",
        }
    }
}

/// What the frame of a page depends on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame<'a> {
    /// The page's name.
    pub(crate) title: &'a str,
    /// The entry of the navigation that it belongs to.
    pub(crate) here: Here,
    pub(crate) places: Places,
    /// What is in the search field, where the chain can be searched.
    pub(crate) query: &'a str,
    /// The stream of events after which the page asks for itself anew; none for what does not change.
    pub(crate) stream: Option<&'static str>,
    /// Where what it shows is from.
    pub(crate) origin: &'a str,
}

/// A whole page around `content`.
pub(crate) fn document(frame: Frame<'_>, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" data-version=(format!("{VERSION:016x}")) data-stream=[frame.stream] {
            head {
                meta charset="utf-8";
                title { (frame.title) " · Assay" }
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="description" content="A Bittensor subnet: what happens and what happened";
                link rel="icon" href=(address("icon.svg")) type="image/svg+xml";
                link rel="stylesheet" href=(address("dashboard.css"));
                link rel="stylesheet" href=(address("explorer.css"));
                link rel="stylesheet" href=(address("records.css"));
                // Before anything is painted, so that a chosen theme does not flash.
                script src=(address("theme.js")) {}
                script src=(address("dashboard.js")) defer {}
            }
            body class="explorer" {
                a class="skip" href="#live" { "Skip to the content" }
                header class="top" {
                    a class="home" href=(frame.places.start()) aria-label="Assay, start page" {
                        img class="mark" src=(address("icon.svg")) alt="" width="28" height="28";
                        span class="brand" { "Assay" }
                    }
                    (frame.places.nav(frame.here))
                    @if frame.places.chain {
                        form class="search" action="/search" method="get" role="search" {
                            input type="search" name="q" value=(frame.query) maxlength="128" autocomplete="off" spellcheck="false"
                                placeholder="Block, hash, address, subnet or name" aria-label="Search the chain";
                            button type="submit" { "Search" }
                        }
                    }
                    button id="theme" type="button" class="quiet" hidden { "Theme" }
                }
                p id="connection" class="connection" role="alert" hidden {}
                main id="live" class="pages" { (content) }
                footer { (frame.origin) }
                div id="tip" class="tip" role="tooltip" hidden {}
            }
        }
    }
}
