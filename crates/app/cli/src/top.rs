//! The dashboard in a terminal.

mod draw;
mod screen;
mod source;

use miette::{IntoDiagnostic, miette};
use ratatui::{
    Terminal,
    backend::TestBackend,
    crossterm::event::{self, Event},
};
use reqwest::Url;
use screen::{Screen, Turn};
use source::Source;
use std::{thread, time::Duration};
use tokio::sync::mpsc;

/// How long a key may wait until the end is noticed.
const KEY_WAIT: Duration = Duration::from_millis(200);

/// One picture, as text.
pub(crate) async fn once(url: &Url, table: Option<&str>, size: (u16, u16)) -> miette::Result<String> {
    let source = Source::new(url.clone())?;
    let mut screen = Screen::new(url.to_string());
    screen.take(source.look().await);
    if let Some(trouble) = screen.trouble() {
        return Err(miette!(
            help = "start it with `assay up` or `assay dashboard`, or name its address",
            "no dashboard answers at {url}: {trouble}"
        ));
    }
    if let Some(table) = table
        && !screen.show_table(table)
    {
        return Err(miette!(
            help = format!("there are: {}", screen.tables().join(", ")),
            "no table called {table} has rows"
        ));
    }
    let mut terminal = Terminal::new(TestBackend::new(size.0, size.1)).into_diagnostic()?;
    terminal
        .draw(|frame| draw::draw(frame, &mut screen))
        .into_diagnostic()?;
    let lines = terminal.backend().to_string();
    // The backend shows its lines between quotation marks.
    let lines = lines.lines().map(|line| line.trim_matches('"').trim_end());
    Ok(lines.collect::<Vec<_>>().join("\n"))
}

/// Shows it until the reader leaves.
pub(crate) async fn watch(url: Url, every: Duration) -> miette::Result<()> {
    let source = Source::new(url.clone())?;
    let mut screen = Screen::new(url.to_string());
    let (sender, mut events) = mpsc::channel(64);
    let mut terminal = ratatui::try_init().into_diagnostic()?;
    thread::spawn(move || {
        while !sender.is_closed() {
            match event::poll(KEY_WAIT) {
                Ok(false) => {}
                Ok(true) => {
                    let Ok(event) = event::read() else { return };
                    if sender.blocking_send(event).is_err() {
                        return;
                    }
                }
                Err(_) => return,
            }
        }
    });
    let mut look = tokio::time::interval(every);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let end = loop {
        if let Err(error) = terminal.draw(|frame| draw::draw(frame, &mut screen)) {
            break Err(error).into_diagnostic();
        }
        tokio::select! {
            event = events.recv() => match event {
                None => break Err(miette!("the terminal sends no more keys")),
                Some(Event::Key(key)) if screen.key(key) == Turn::Leave => break Ok(()),
                Some(_) => {}
            },
            _ = look.tick() => screen.take(source.look().await),
        }
    };
    ratatui::restore();
    end
}
