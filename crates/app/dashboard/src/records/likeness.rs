//! What is drawn of how miners answer: how differently, and who as whom.

use super::cell::Names;
use crate::figure::{Figure, MOST_NAMES, Node, Point, Tie};
use crate::quantity::percent;
use assay_analysis::Table;
use std::collections::BTreeMap;

/// From this part of the questions that both answered on, two miners count as one group.
const GROUP_FROM: f64 = 0.5;

/// Each miner by how differently it answers the two kinds of questions; larger, the more often it was asked.
pub(crate) fn diversity(table: &Table, names: &Names) -> Option<Figure> {
    let number = |row: &[_], column| table.cell(row, column).number();
    let asked = |row: &[_]| Some(number(row, "followups")? + number(row, "answers")?);
    let most = table.rows.iter().filter_map(|row| asked(row)).fold(1.0, f64::max);
    let points: Vec<Point> = table
        .rows
        .iter()
        .filter_map(|row| {
            let asked = asked(row)?;
            let reward = number(row, "mean_reward");
            Some(Point {
                name: names.shown(table.cell(row, "hotkey").text()?),
                across: number(row, "followup_diversity")?,
                up: number(row, "answer_diversity")?,
                size: asked / most,
                tip: format!(
                    "asked {asked} times{}",
                    reward.map_or_else(String::new, |reward| format!(", mean reward {reward:.3}"))
                ),
            })
        })
        .collect();
    (!points.is_empty()).then_some(Figure::Scatter {
        across: "different among followups",
        up: "different among answers",
        points,
    })
}

/// The miners that gave the same texts, with ties as strong as they are alike.
pub(crate) fn alike(table: &Table, names: &Names) -> Option<Figure> {
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    let mut hotkeys: Vec<&str> = Vec::new();
    let mut found: Vec<(usize, usize, f64, String)> = Vec::new();
    for row in &table.rows {
        let (Some(one), Some(other), Some(share)) = (
            table.cell(row, "one").text(),
            table.cell(row, "other").text(),
            table.cell(row, "share").number(),
        ) else {
            continue;
        };
        let new = [one, other]
            .iter()
            .filter(|hotkey| !places.contains_key(*hotkey))
            .count();
        // The pairs that are most alike come first.
        if hotkeys.len() + new > MOST_NAMES {
            continue;
        }
        let [one, other] = [one, other].map(|hotkey| {
            *places.entry(hotkey).or_insert_with(|| {
                hotkeys.push(hotkey);
                hotkeys.len() - 1
            })
        });
        let tip = format!(
            "{} and {}: {} alike",
            names.shown(hotkeys[one]),
            names.shown(hotkeys[other]),
            percent(share)
        );
        found.push((one, other, share, tip));
    }
    if hotkeys.is_empty() {
        return None;
    }
    let groups = groups(
        hotkeys.len(),
        found
            .iter()
            .filter(|(_, _, share, _)| *share >= GROUP_FROM)
            .map(|(one, other, ..)| (*one, *other)),
    );
    // Those of a group stand side by side.
    let mut order: Vec<usize> = (0..hotkeys.len()).collect();
    order.sort_by_key(|place| (groups[*place], *place));
    let mut stands = vec![0; hotkeys.len()];
    for (stand, place) in order.iter().enumerate() {
        stands[*place] = stand;
    }
    Some(Figure::Ring {
        nodes: order
            .iter()
            .map(|place| Node {
                name: names.shown(hotkeys[*place]),
                group: groups[*place],
            })
            .collect(),
        ties: found
            .into_iter()
            .map(|(one, other, share, tip)| Tie {
                ends: (stands[one], stands[other]),
                share,
                tip,
            })
            .collect(),
    })
}

/// The group of each of so many, numbered in the order of their first members.
fn groups(count: usize, ties: impl Iterator<Item = (usize, usize)>) -> Vec<usize> {
    let mut first: Vec<usize> = (0..count).collect();
    for (one, other) in ties {
        let (one, other) = (first[one], first[other]);
        let (kept, gone) = (one.min(other), one.max(other));
        for place in first.iter_mut().filter(|place| **place == gone) {
            *place = kept;
        }
    }
    let mut numbers: BTreeMap<usize, usize> = BTreeMap::new();
    first
        .into_iter()
        .map(|place| {
            let next = numbers.len();
            *numbers.entry(place).or_insert(next)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_that_are_tied_through_others_are_one_group() {
        assert_eq!(groups(5, [(3, 1), (1, 4)].into_iter()), [0, 1, 2, 1, 1]);
        assert_eq!(groups(2, std::iter::empty()), [0, 1]);
    }
}
