//! The page drawn once for everybody who looks.
//!
//! A task redraws the sections when the state changes, at most some times a second; every open page then gets only
//! the sections that differ from what it has. Ten viewers cost hardly more than one.

use crate::assets::fnv1a;
use crate::page;
use crate::records::Links;
use crate::state::DashboardState;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// The shortest time between two drawings. Training tells of every step, many times a second; an eye follows about
/// five changes, and redrawing more often would take time from the training itself. Much longer looks stuck.
const SHORTEST_PAUSE: Duration = Duration::from_millis(200);

/// Whether somebody still updates the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Publisher {
    Alive,
    Gone,
}

/// What is known around the state.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Around {
    pub(crate) publisher: Publisher,
    /// Whether there are pages of miners to lead to.
    pub(crate) links: Links,
}

/// One part of the page.
#[derive(Debug, Clone)]
pub(crate) struct Section {
    pub(crate) id: &'static str,
    pub(crate) html: String,
    /// Differs when the html does.
    pub(crate) revision: u64,
}

/// All parts of the page.
#[derive(Debug, Clone)]
pub(crate) struct Drawing {
    pub(crate) sections: Vec<Section>,
}

impl Drawing {
    pub(crate) fn of(state: &DashboardState, around: Around) -> Drawing {
        let sections = page::SECTIONS.iter().map(|(id, draw)| {
            let html = draw(state, around).into_string();
            let revision = fnv1a(0xcbf2_9ce4_8422_2325, html.as_bytes());
            Section { id, html, revision }
        });
        Drawing {
            sections: sections.collect(),
        }
    }

    /// The html of a section.
    pub(crate) fn html(&self, id: &str) -> &str {
        self.sections
            .iter()
            .find(|section| section.id == id)
            .map_or("", |section| &section.html)
    }
}

/// Redraws until the run stops. When nobody can update the state any more, draws that too and ends.
pub(crate) async fn keep_drawn(
    mut state: watch::Receiver<DashboardState>,
    drawing: watch::Sender<Arc<Drawing>>,
    links: Links,
    stop: CancellationToken,
) {
    loop {
        let changed = tokio::select! {
            changed = state.changed() => changed,
            () = stop.cancelled() => return,
        };
        let publisher = if changed.is_ok() {
            Publisher::Alive
        } else {
            Publisher::Gone
        };
        // Cloned, because a borrow would hold up whoever updates the state while the page is drawn.
        let newest = state.borrow_and_update().clone();
        drawing.send_replace(Arc::new(Drawing::of(&newest, Around { publisher, links })));
        if publisher == Publisher::Gone {
            return;
        }
        tokio::select! {
            () = tokio::time::sleep(SHORTEST_PAUSE) => {}
            () = stop.cancelled() => return,
        }
    }
}
