//! The picture.

use super::screen::{Screen, Shown};
use assay_analysis::{First, Kind};
use assay_dashboard::{
    in_words,
    state::{Activity, DashboardState, Level, MinerStatus, Phase, WeightsStage},
};
use ratatui::{
    Frame,
    layout::{Alignment, Constraint, Layout, Rect},
    style::{Modifier, Style, Stylize},
    text::{Line, Span},
    widgets::{Block, Cell, Paragraph, Row, Table, Wrap},
};

/// Characters of a column at most.
const WIDEST: u16 = 34;

pub(super) fn draw(frame: &mut Frame<'_>, screen: &mut Screen) {
    let [head, tabs, body, foot] = Layout::vertical([
        Constraint::Length(2),
        Constraint::Length(tab_lines(screen, frame.area().width)),
        Constraint::Min(3),
        Constraint::Length(1),
    ])
    .areas(frame.area());
    frame.render_widget(heading(screen), head);
    frame.render_widget(
        Paragraph::new(Line::from(tab_names(screen))).wrap(Wrap { trim: true }),
        tabs,
    );
    if screen.table().is_some() {
        rows(frame, screen, body);
    } else if let Some(state) = screen.state() {
        run(frame, state, body);
    } else {
        let text = match screen.trouble() {
            Some(_) => "Nothing to show until the dashboard answers.",
            None => "Nothing is on record yet.",
        };
        frame.render_widget(Paragraph::new(text).alignment(Alignment::Center), body);
    }
    frame.render_widget(footing(screen), foot);
}

fn heading(screen: &Screen) -> Paragraph<'static> {
    let mut first = vec![
        Span::from("assay top ").bold(),
        Span::from(screen.url.clone()).dim(),
    ];
    let mut second = Vec::new();
    if let Some(state) = screen.state() {
        first.push(Span::from(format!("  {} ", state.system)));
        first.push(phase(&state.phase));
        if let Some(chain) = &state.chain {
            second.push(Span::from(format!("block {}", chain.block)).bold());
            if let Some(next) = chain.next_epoch_block {
                second.push(Span::from(format!(
                    "  next epoch in {} blocks",
                    next.saturating_sub(chain.block)
                )));
            }
            let wanted = chain
                .epochs_wanted
                .map(|wanted| format!(" of {wanted}"))
                .unwrap_or_default();
            second.push(Span::from(format!("  epochs {}{wanted}", chain.epochs_done)));
            second.push(Span::from(format!("  {}", chain.endpoint)).dim());
        }
        if let Some(problem) = state.problems.back() {
            let more = state.problems.len() - 1;
            let more = if more > 0 {
                format!(" (and {more} more)")
            } else {
                String::new()
            };
            second.push(Span::from(format!("  {}: {}{more}", problem.thing, problem.cause)).red());
        }
    }
    if let Some(trouble) = screen.trouble() {
        first.push(Span::from(format!("  not up to date: {trouble}")).red().bold());
    }
    Paragraph::new(vec![Line::from(first), Line::from(second)])
}

fn phase(phase: &Phase) -> Span<'static> {
    match phase {
        Phase::Starting { doing } => Span::from(format!("starting: {doing}")).yellow(),
        Phase::Running => Span::from("running").green(),
        Phase::Finished => Span::from("finished").green(),
        Phase::Failed { reason } => Span::from(format!("failed: {reason}")).red(),
        _ => Span::from("unknown"),
    }
}

fn tab_names(screen: &Screen) -> Vec<Span<'static>> {
    let mut names = Vec::new();
    for (name, is_shown) in screen.tabs() {
        let shown = format!(" {name} ");
        names.push(if is_shown {
            Span::styled(
                shown,
                Style::new().add_modifier(Modifier::REVERSED | Modifier::BOLD),
            )
        } else {
            Span::from(shown).dim()
        });
    }
    names
}

/// Lines that the names take.
fn tab_lines(screen: &Screen, width: u16) -> u16 {
    let letters: usize = screen
        .tabs()
        .iter()
        .map(|(name, _)| name.chars().count() + 2)
        .sum();
    // A name that does not fit goes to the next line whole, so some of each is lost.
    u16::try_from(letters.div_ceil(usize::from(width.saturating_sub(16)).max(20)))
        .unwrap_or(4)
        .clamp(1, 4)
}

fn rows(frame: &mut Frame<'_>, screen: &mut Screen, area: Rect) {
    let Some(Shown { table, rows, order }) = screen.table() else {
        return;
    };
    let names = screen.names();
    let shown: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            table
                .columns
                .iter()
                .zip(*row)
                .map(|(column, cell)| match (column.kind, cell.text()) {
                    (Kind::Hotkey, Some(hotkey)) => match names.get(hotkey) {
                        Some(name) => (*name).to_owned(),
                        None => short(hotkey),
                    },
                    _ => in_words(cell, column.kind).replace(['\u{a0}', '\u{202f}'], " "),
                })
                .collect()
        })
        .collect();
    let titles: Vec<String> = table
        .columns
        .iter()
        .enumerate()
        .map(|(place, column)| match order {
            Some((sorted, First::Highest)) if sorted == place => format!("{} ↓", column.title),
            Some((sorted, First::Lowest)) if sorted == place => format!("{} ↑", column.title),
            _ => column.title.clone(),
        })
        .collect();
    let widths: Vec<Constraint> = titles
        .iter()
        .enumerate()
        .map(|(place, title)| {
            let cells = shown.iter().map(|row| row[place].chars().count());
            let widest = cells.chain([title.chars().count()]).max().unwrap_or(1);
            Constraint::Length(u16::try_from(widest).unwrap_or(WIDEST).min(WIDEST))
        })
        .collect();
    let is_number: Vec<bool> = table
        .columns
        .iter()
        .map(|column| {
            !matches!(
                column.kind,
                Kind::Text | Kind::Outcome | Kind::Hotkey | Kind::Time
            )
        })
        .collect();
    let aligned = |row: Vec<String>| {
        let cells = row.into_iter().zip(&is_number).map(|(text, is_number)| {
            let alignment = if *is_number {
                Alignment::Right
            } else {
                Alignment::Left
            };
            Cell::from(Line::from(text).alignment(alignment))
        });
        Row::new(cells.collect::<Vec<_>>())
    };
    let count = shown.len();
    let title = format!(" {}: {} ", table.title, table.about);
    let widget = Table::new(shown.into_iter().map(aligned), widths)
        .header(aligned(titles).style(Style::new().bold()))
        .column_spacing(2)
        .row_highlight_style(Style::new().add_modifier(Modifier::REVERSED))
        .block(
            Block::bordered()
                .title(title)
                .title_bottom(format!(" {count} rows ")),
        );
    frame.render_stateful_widget(widget, area, &mut screen.rows);
}

fn run(frame: &mut Frame<'_>, state: &DashboardState, area: Rect) {
    let miners = u16::try_from(state.miners.len())
        .unwrap_or(u16::MAX)
        .saturating_add(3);
    let validators = u16::try_from(state.validators.len())
        .unwrap_or(u16::MAX)
        .saturating_add(2);
    let [of_miners, of_validators, log] = Layout::vertical([
        Constraint::Max(miners),
        Constraint::Max(validators),
        Constraint::Min(3),
    ])
    .areas(area);
    frame.render_widget(miners_table(state), of_miners);
    let lines: Vec<Line<'_>> = state
        .validators
        .iter()
        .map(|validator| {
            let mut spans = vec![
                Span::from(format!("{} ", validator.name)).bold(),
                Span::from(activity(&validator.activity)),
            ];
            if let Some(weights) = &validator.weights {
                spans.push(Span::from(format!("  weights {}", stage(&weights.stage))).dim());
            }
            Line::from(spans)
        })
        .collect();
    frame.render_widget(
        Paragraph::new(lines).block(Block::bordered().title(" Validators ")),
        of_validators,
    );
    let height = usize::from(log.height.saturating_sub(2));
    let first = state.log.len().saturating_sub(height);
    let lines: Vec<Line<'_>> = state
        .log
        .iter()
        .skip(first)
        .map(|line| {
            let text = Span::from(line.text.clone());
            let text = match line.level {
                Level::Error => text.red(),
                Level::Warning => text.yellow(),
                Level::Info => text,
            };
            Line::from(vec![
                Span::from(line.block.map_or_else(String::new, |block| format!("{block} "))).dim(),
                Span::from(format!("{} ", line.source)).bold(),
                text,
            ])
        })
        .collect();
    frame.render_widget(Paragraph::new(lines).block(Block::bordered().title(" Log ")), log);
}

fn miners_table(state: &DashboardState) -> Table<'static> {
    let answers = state.scores_answers();
    let number = |value: Option<f64>, decimals: usize| {
        value.map_or_else(|| "–".to_owned(), |value| format!("{value:.decimals$}"))
    };
    let percent =
        |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{:.1} %", value * 100.0));
    let header = if answers {
        [
            "miner",
            "uid",
            "status",
            "answered",
            "score",
            "weight",
            "incentive",
            "emission",
        ]
    } else {
        [
            "miner",
            "uid",
            "status",
            "loss",
            "win rate",
            "weight",
            "incentive",
            "emission",
        ]
    };
    let rows: Vec<Row<'static>> = state
        .miners
        .iter()
        .map(|miner| {
            let (word, style) = status(&miner.status);
            let middle = match &miner.answers {
                Some(answers) => [
                    format!("{}/{}", answers.answered, answers.asked),
                    number(miner.score, 3),
                ],
                None => [number(miner.loss, 4), percent(miner.win_rate)],
            };
            let [one, two] = middle;
            let emission = miner.emission_rao.map(|rao| rao as f64 / 1e9);
            let right = |text: String| Cell::from(Line::from(text).alignment(Alignment::Right));
            Row::new(vec![
                Cell::from(miner.name.clone()),
                right(miner.uid.map_or_else(String::new, |uid| uid.to_string())),
                Cell::from(Span::styled(word, style)),
                right(one),
                right(two),
                right(percent(miner.weight)),
                right(percent(miner.incentive)),
                right(number(emission, 3)),
            ])
        })
        .collect();
    let widths = [
        Constraint::Min(12),
        Constraint::Length(4),
        Constraint::Fill(2),
        Constraint::Length(9),
        Constraint::Length(9),
        Constraint::Length(9),
        Constraint::Length(9),
        Constraint::Length(10),
    ];
    Table::new(rows, widths)
        .header(Row::new(header).style(Style::new().bold()))
        .column_spacing(2)
        .block(Block::bordered().title(" Miners "))
}

fn status(status: &MinerStatus) -> (String, Style) {
    let plain = Style::new();
    match status {
        MinerStatus::Queued => ("queued".to_owned(), plain.dim()),
        MinerStatus::Publishing { step } => (format!("publishing: {step}"), plain.yellow()),
        MinerStatus::Committed => ("committed".to_owned(), plain.yellow()),
        MinerStatus::InRound { doing } => (doing.clone(), plain.yellow()),
        MinerStatus::Scored => ("scored".to_owned(), plain.green()),
        MinerStatus::CopyOf { miner } => (format!("a copy of {miner}"), plain.dim()),
        MinerStatus::NotAsked { reason } => (format!("not asked: {reason}"), plain.dim()),
        MinerStatus::NoAnswer { reason } => (format!("no answer: {reason}"), plain.yellow()),
        MinerStatus::BadAnswer { reason } => (format!("rejected: {reason}"), plain.red()),
        MinerStatus::OwnFault { reason } => (format!("our fault: {reason}"), plain.yellow()),
        _ => (String::new(), plain),
    }
}

fn activity(activity: &Activity) -> String {
    match activity {
        Activity::Starting => "starting".to_owned(),
        Activity::Checking { what } | Activity::Scoring { what } | Activity::Waiting { what } => what.clone(),
        Activity::Training {
            miner,
            step,
            steps,
            loss,
        } => format!("training on {miner}: {step} of {steps}, loss {loss:.3}"),
        Activity::Evaluating { miner, done, of } => format!("measuring {miner}: {done} of {of} rows"),
        Activity::SettingWeights => "setting weights".to_owned(),
        Activity::Stopped { why } => format!("stopped: {why}"),
        _ => String::new(),
    }
}

fn stage(stage: &WeightsStage) -> String {
    match stage {
        WeightsStage::Submitted => "submitted".to_owned(),
        WeightsStage::InBlock { block } => format!("in block {block}"),
        WeightsStage::Finalized { block } => format!("final in block {block}"),
        WeightsStage::Applied { block } => format!("applied in block {block}"),
        WeightsStage::Held { reason } => format!("held back: {reason}"),
        _ => String::new(),
    }
}

fn footing(screen: &Screen) -> Paragraph<'static> {
    if screen.is_finding || !screen.find.is_empty() {
        let cursor = if screen.is_finding {
            "▏"
        } else {
            "  (Esc shows all)"
        };
        return Paragraph::new(Line::from(vec![
            Span::from("find ").bold(),
            Span::from(format!("{}{cursor}", screen.find)),
        ]));
    }
    Paragraph::new("←→ table   ↑↓ move   s sort   S turn around   / find   q leave").dim()
}

/// An address as tables show it.
fn short(address: &str) -> String {
    match (address.get(..6), address.get(address.len().saturating_sub(4)..)) {
        (Some(head), Some(tail)) if address.len() > 12 => format!("{head}…{tail}"),
        _ => address.to_owned(),
    }
}
