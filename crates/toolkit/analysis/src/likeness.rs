//! How differently miners answer, and who answers as whom: what tells a copier, or one owner behind several miners.

use crate::{
    mean::Mean,
    store::Store,
    table::{Table, columns, row},
};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

/// Pairs that are told.
const MOST_PAIRS: usize = 50;

/// Begins of the names of the first questions of a step: one on the context, and the same in later versions.
const FIRST: [&str; 2] = ["followup", "question"];
/// Of those that build on them.
const SECOND: &str = "answer";

impl Store {
    /// How many different texts each miner gave, of all that it gave, to followups and to answers.
    #[must_use]
    pub fn diversity(&self) -> Table {
        #[derive(Default)]
        struct Given {
            times: u64,
            texts: HashSet<u64>,
            reward: Mean,
        }
        impl Given {
            fn diversity(&self) -> f64 {
                self.texts.len() as f64 / self.times as f64
            }
        }
        let mut of: BTreeMap<Arc<str>, [Given; 2]> = BTreeMap::new();
        for (_, question) in self.questions.iter() {
            let Some(kind) = kind(&question.name) else {
                continue;
            };
            for answer in &question.answers {
                let given = &mut of.entry(answer.hotkey.clone()).or_default()[kind];
                given.times += 1;
                given.texts.insert(answer.digest);
                given.reward.add_some(answer.reward);
            }
        }
        let kept = self
            .sql(&self.questions, false)
            .and(format!("({} OR name LIKE '{SECOND}%')", first_in_sql()));
        Table {
            name: "diversity",
            title: "Diversity of answers",
            about: "how many different texts each miner gave, of all that it gave, to followups and to answers",
            sql: format!(
                "WITH a AS (SELECT name LIKE '{SECOND}%' AS is_answer, unnest(hotkeys) AS hotkey, unnest(completions) AS completion, \
                 unnest(rewards) AS reward FROM prompting_steps{kept}), g AS (SELECT is_answer, hotkey, count(*) AS times, \
                 CAST(count(DISTINCT completion) AS DOUBLE) / count(*) AS diversity, avg(reward) AS reward FROM a GROUP BY \
                 is_answer, hotkey) SELECT f.hotkey AS hotkey, f.times AS followups, f.diversity AS followup_diversity, t.times AS \
                 answers, t.diversity AS answer_diversity, (f.reward + t.reward) / 2 AS mean_reward FROM g f JOIN g t ON f.hotkey = \
                 t.hotkey WHERE NOT f.is_answer AND t.is_answer ORDER BY hotkey"
            ),
            columns: columns![
                hotkey "Hotkey" Hotkey,
                followups "Followups" Count,
                followup_diversity "Followups' diversity" Share,
                answers "Answers" Count,
                answer_diversity "Answers' diversity" Share,
                mean_reward "Mean reward" Score,
            ],
            rows: of
                .into_iter()
                .filter(|(_, given)| given.iter().all(|given| given.times > 0))
                .map(|(hotkey, [first, second])| {
                    let reward = first.reward.mean().zip(second.reward.mean());
                    row![
                        hotkey,
                        first.times,
                        first.diversity(),
                        second.times,
                        second.diversity(),
                        reward.map(|(first, second)| (first + second) / 2.0),
                    ]
                })
                .collect(),
        }
    }

    /// Miners that gave the same text to the same question, pair by pair, the most frequent first.
    #[must_use]
    pub fn alike(&self) -> Table {
        let mut same: HashMap<(&str, &str), u64> = HashMap::new();
        for (_, question) in self.questions.iter() {
            let mut givers: HashMap<u64, Vec<&str>> = HashMap::new();
            for answer in question.answers.iter().filter(|answer| answer.length > 0) {
                givers.entry(answer.digest).or_default().push(&answer.hotkey);
            }
            for mut who in givers.into_values() {
                who.sort_unstable();
                for (place, one) in who.iter().enumerate() {
                    for other in who[place + 1..].iter().filter(|other| *other != one) {
                        *same.entry((*one, *other)).or_default() += 1;
                    }
                }
            }
        }
        let mut pairs: Vec<_> = same.into_iter().collect();
        pairs.sort_unstable_by_key(|(pair, times)| (Reverse(*times), *pair));
        pairs.truncate(MOST_PAIRS);
        let answered = self.answered(pairs.iter().flat_map(|((one, other), _)| [*one, *other]));
        let rows = pairs
            .into_iter()
            .map(|((one, other), times)| {
                let together = in_both(&answered[one], &answered[other]);
                row![one, other, times, together, times as f64 / together as f64]
            })
            .collect();
        let a = format!(
            "SELECT * FROM (SELECT source, seq, unnest(hotkeys) AS hotkey, unnest(completions) AS completion FROM \
             prompting_steps{}) WHERE completion <> ''",
            self.sql(&self.questions, false)
        );
        Table {
            name: "alike",
            title: "Who answers as whom",
            about: "pairs of miners that gave the same text to the same question, of the questions that both answered",
            sql: format!(
                "WITH a AS ({a}), p AS (SELECT x.hotkey AS one, y.hotkey AS other, count(*) AS same FROM a x JOIN a y ON x.source = \
                 y.source AND x.seq = y.seq AND x.completion = y.completion WHERE x.hotkey < y.hotkey GROUP BY x.hotkey, y.hotkey \
                 ORDER BY same DESC, one, other LIMIT {MOST_PAIRS}), b AS (SELECT p.one AS one, p.other AS other, count(*) AS \
                 together FROM p JOIN a x ON x.hotkey = p.one JOIN a y ON y.hotkey = p.other AND y.source = x.source AND y.seq = \
                 x.seq GROUP BY p.one, p.other) SELECT p.one AS one, p.other AS other, same, together, CAST(same AS DOUBLE) / \
                 together AS share FROM p JOIN b ON p.one = b.one AND p.other = b.other ORDER BY same DESC, one, other"
            ),
            columns: columns![
                one "Miner" Hotkey,
                other "As" Hotkey,
                same "The same" Count,
                together "Both answered" Count,
                share "Alike" Share,
            ],
            rows,
        }
    }

    /// The questions that some miners answered, by their places.
    fn answered<'a>(&self, miners: impl Iterator<Item = &'a str>) -> HashMap<&'a str, Vec<usize>> {
        let mut answered: HashMap<&str, Vec<usize>> = miners.map(|miner| (miner, Vec::new())).collect();
        for (place, (_, question)) in self.questions.iter().enumerate() {
            for answer in question.answers.iter().filter(|answer| answer.length > 0) {
                if let Some(places) = answered.get_mut(&*answer.hotkey) {
                    places.push(place);
                }
            }
        }
        answered
    }
}

/// How many places two ascending lists share.
fn in_both(one: &[usize], other: &[usize]) -> u64 {
    let mut other = other.iter().copied().peekable();
    let mut both = 0;
    for place in one {
        while other.next_if(|theirs| theirs < place).is_some() {}
        both += u64::from(other.peek() == Some(place));
    }
    both
}

/// 0 for a first question, 1 for one that builds on it.
fn kind(name: &str) -> Option<usize> {
    if name.starts_with(SECOND) {
        Some(1)
    } else if FIRST.iter().any(|first| name.starts_with(first)) {
        Some(0)
    } else {
        None
    }
}

fn first_in_sql() -> String {
    FIRST.map(|first| format!("name LIKE '{first}%'")).join(" OR ")
}
