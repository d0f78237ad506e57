//! The same cards as a document that stands alone, and their plots as pictures.

use super::card::Card;
use super::cell::{Links, Names};
use super::order::Wanted;
use super::pages::PAGES;
use crate::assets::ASSETS;
use crate::quantity::whole;
use assay_analysis::Store;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use std::collections::HashMap;

/// A report.
#[derive(Debug, Clone)]
pub struct Report {
    /// A page that loads nothing from anywhere.
    pub html: String,
    /// Its plots.
    pub plots: Vec<Plotted>,
}

/// A plot as a picture of its own.
#[derive(Debug, Clone)]
pub struct Plotted {
    /// A name for a file: the table's, and the value's where there are several.
    pub name: String,
    /// The picture.
    pub svg: String,
}

/// What a report is about.
#[derive(Debug, Clone, Default)]
pub struct About {
    /// Its heading.
    pub title: String,
    /// Where the records are, and what part of them counts.
    pub sources: Vec<String>,
    /// When it was made.
    pub made: String,
    /// Names of neurons by their hotkeys' addresses.
    pub names: HashMap<String, String>,
}

/// The report of what a store holds.
#[must_use]
pub fn report(store: &Store, about: &About) -> Report {
    let names = Names(about.names.clone());
    let wanted = Wanted::default();
    let mut plots = Vec::new();
    let mut sections = Vec::new();
    for page in PAGES {
        let cards: Vec<Card> = (page.cards)(store)
            .into_iter()
            .filter(|card| !card.table.rows.is_empty())
            // What stands on several pages is told once.
            .filter(|card| !plots_of(&plots, card))
            .collect();
        if cards.is_empty() {
            continue;
        }
        for plot in cards.iter().flat_map(|card| pictures(card, &names)) {
            // A plot that stands on two pages is one picture.
            if !plots.iter().any(|known: &Plotted| known.name == plot.name) {
                plots.push(plot);
            }
        }
        let drawn = html! {
            section class="part" aria-labelledby=(&page.address[1..]) {
                h2 class="part-title" id=(&page.address[1..]) { (page.title) }
                div class="cards" { @for card in &cards { (card.draw(&wanted, &names, Links::None)) } }
            }
        };
        sections.push((page.title, page.address, drawn));
    }
    Report {
        html: document(store, about, &sections).into_string(),
        plots,
    }
}

fn plots_of(plots: &[Plotted], card: &Card) -> bool {
    (!card.charts.is_empty() || card.figure.is_some())
        && card
            .figure
            .iter()
            .all(|_| plots.iter().any(|plot| plot.name == card.table.name))
        && card
            .charts
            .iter()
            .all(|chart| plots.iter().any(|plot| plot.name == chart.name(&card.table)))
}

fn pictures(card: &Card, names: &Names) -> Vec<Plotted> {
    let figure = card.figure.and_then(|draw| draw(&card.table, names));
    let figure = figure.map(|figure| Plotted {
        name: card.table.name.to_owned(),
        svg: figure.picture(card.table.title),
    });
    let charts = card.charts.iter().filter_map(|chart| {
        let plot = chart.of(&card.table, names)?;
        let title = if chart.title.is_empty() {
            card.table.title
        } else {
            chart.title
        };
        Some(Plotted {
            name: chart.name(&card.table),
            svg: plot.picture(title),
        })
    });
    figure.into_iter().chain(charts).collect()
}

fn document(store: &Store, about: &About, sections: &[(&str, &str, Markup)]) -> Markup {
    let styles = ["dashboard.css", "explorer.css", "records.css"];
    let style: String = ASSETS
        .iter()
        .filter(|asset| styles.contains(&asset.name))
        .map(|asset| asset.content)
        .collect();
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                title { (about.title) " · Assay" }
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                style { (PreEscaped(style)) }
            }
            body class="explorer report" {
                header class="top" {
                    span class="brand" { (about.title) }
                    nav aria-label="Parts" {
                        @for (title, address, _) in sections { a href=(format!("#{}", &address[1..])) { (title) } }
                    }
                }
                main class="pages" {
                    section class="card narrow" {
                        h1 { (about.title) }
                        dl class="facts" {
                            dt { "Made" } dd { (about.made) }
                            dt { "Events" } dd { (whole(store.events() as u64)) }
                            @for source in &about.sources { dt { "Records" } dd { code { (source) } } }
                        }
                    }
                    @for (_, _, section) in sections { (section) }
                    @if sections.is_empty() {
                        section class="card" { p class="empty" { strong { "Nothing is on record." } } }
                    }
                }
                footer { "Under each table is the query that `assay query` answers with the same numbers." }
            }
        }
    }
}
