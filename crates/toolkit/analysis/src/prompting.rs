//! Questions and answers: how often, how long, how alike, how good, and which model thought so.

use crate::{
    machine::span_of,
    mean::Mean,
    store::{AnswerRow, BEGINNING, QuestionRow, Store, bucket},
    table::{Table, columns, row},
};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
};
use time::OffsetDateTime;

/// Answers that are listed by how often they came.
const MOST_FREQUENT: usize = 20;

/// The reward models and filters, with the column of their values as they count in the product.
const MODELS: [(&str, &str); 11] = [
    ("dahoas_reward_model", "dahoas_reward_model_normalized"),
    ("blacklist_filter", "blacklist_filter"),
    ("nsfw_filter", "nsfw_filter_normalized"),
    ("reciprocate_reward_model", "reciprocate_reward_model_normalized"),
    ("diversity_reward_model", "diversity_reward_model_normalized"),
    ("dpo_reward_model", "dpo_reward_model_normalized"),
    ("rlhf_reward_model", "rlhf_reward_model_normalized"),
    ("prompt_reward_model", "prompt_reward_model_normalized"),
    ("reference_reward_model", "reference_reward_model_normalized"),
    ("relevance_filter", "relevance_filter_normalized"),
    ("task_validator_filter", "task_validator_filter_normalized"),
];

/// The model by which the network scores itself.
const OWN_SCORING: &str = "prompt_reward_model";

impl Store {
    /// Questions by time: how many, how long they took, what they were worth.
    #[must_use]
    pub fn questions(&self) -> Table {
        #[derive(Default)]
        struct Asked {
            steps: u64,
            answers: u64,
            seconds: Mean,
            gating: Mean,
            reward: Mean,
            length: Mean,
            waited: Mean,
        }
        let length = span_of(self.questions.iter().map(|(time, _)| time), 100);
        let mut of: BTreeMap<OffsetDateTime, Asked> = BTreeMap::new();
        for (time, question) in self.questions.iter() {
            let asked = of.entry(bucket(time, length)).or_default();
            asked.steps += 1;
            asked.seconds.add_some(question.seconds);
            asked.gating.add_some(question.gating_loss);
            for answer in &question.answers {
                asked.answers += u64::from(answer.length > 0);
                asked.reward.add_some(answer.reward);
                asked.waited.add_some(answer.seconds);
                if answer.length > 0 {
                    asked.length.add(answer.length as f64);
                }
            }
        }
        Table {
            name: "questions",
            title: "Questions",
            about: "questions by time: how many, how long they took, what the answers were worth",
            sql: format!(
                "WITH p AS (SELECT *, date_bin(INTERVAL '{length} seconds', time) AS at FROM prompting_steps{0}), s AS (SELECT at, \
                 count(*) AS steps, avg(step_length) AS seconds, avg(gating_loss) AS gating_loss FROM p GROUP BY at), a AS (SELECT \
                 at, count(*) FILTER (WHERE completion <> '') AS answers, avg(reward) AS mean_reward, avg(length(completion)) \
                 FILTER (WHERE completion <> '') AS mean_length, avg(waited) AS mean_wait FROM (SELECT at, unnest(completions) AS \
                 completion, unnest(rewards) AS reward, unnest(completion_times) AS waited FROM p) GROUP BY at) SELECT s.at AS \
                 time, steps, coalesce(answers, 0) AS answers, seconds, gating_loss, mean_reward, mean_length, mean_wait FROM s \
                 LEFT JOIN a ON s.at = a.at ORDER BY 1",
                self.sql(&self.questions, false)
            ),
            columns: columns![
                time "Time" Time,
                steps "Questions" Count,
                answers "Answers" Count,
                seconds "Took" Seconds,
                gating_loss "Gating loss" Loss,
                mean_reward "Mean reward" Score,
                mean_length "Characters" Number,
                mean_wait "Answer after" Seconds,
            ],
            rows: of
                .into_iter()
                .map(|(time, asked)| {
                    row![
                        time,
                        asked.steps,
                        asked.answers,
                        asked.seconds.mean(),
                        asked.gating.mean(),
                        asked.reward.mean(),
                        asked.length.mean(),
                        asked.waited.mean(),
                    ]
                })
                .collect(),
        }
    }

    /// Kinds of steps, as their names begin.
    #[must_use]
    pub fn kinds(&self) -> Table {
        let mut of: BTreeMap<&str, (u64, Mean, Mean)> = BTreeMap::new();
        for (_, question) in self.questions.iter() {
            let kind = question
                .name
                .trim_end_matches(|letter: char| letter.is_ascii_digit());
            let (steps, seconds, gating) = of.entry(kind).or_default();
            *steps += 1;
            seconds.add_some(question.seconds);
            gating.add_some(question.gating_loss);
        }
        Table {
            name: "kinds",
            title: "Kinds of steps",
            about: "augment, followup, answer: how many of each, and how long they took",
            sql: format!(
                "SELECT regexp_replace(name, '[0-9]+$', '') AS kind, count(*) AS steps, avg(step_length) AS seconds, \
                 avg(gating_loss) AS gating_loss FROM prompting_steps{} GROUP BY 1 ORDER BY 1",
                self.sql(&self.questions, false)
            ),
            columns: columns![
                kind "Kind" Text,
                steps "Steps" Count,
                seconds "Mean time" Seconds,
                gating_loss "Gating loss" Loss,
            ],
            rows: of
                .into_iter()
                .map(|(kind, (steps, seconds, gating))| row![kind, steps, seconds.mean(), gating.mean()])
                .collect(),
        }
    }

    /// How each miner answered questions.
    #[must_use]
    pub fn answerers(&self) -> Table {
        #[derive(Default)]
        struct Answers {
            asked: u64,
            answered: u64,
            rewarded: u64,
            different: HashSet<u64>,
            same: u64,
            reward: Mean,
            length: Mean,
            seconds: Mean,
        }
        let mut of: BTreeMap<Arc<str>, Answers> = BTreeMap::new();
        for (_, question) in self.questions.iter() {
            let mut givers: HashMap<u64, BTreeSet<&str>> = HashMap::new();
            for answer in question.answers.iter().filter(|answer| answer.length > 0) {
                givers.entry(answer.digest).or_default().insert(&answer.hotkey);
            }
            for answer in &question.answers {
                let answers = of.entry(answer.hotkey.clone()).or_default();
                answers.asked += 1;
                answers.rewarded += u64::from(answer.reward.is_some_and(|reward| reward != 0.0));
                answers.reward.add_some(answer.reward);
                answers.seconds.add_some(answer.seconds);
                if answer.length > 0 {
                    answers.answered += 1;
                    answers.different.insert(answer.digest);
                    answers.length.add(answer.length as f64);
                    answers.same += u64::from(givers.get(&answer.digest).is_some_and(|who| who.len() > 1));
                }
            }
        }
        let mut of: Vec<_> = of.into_iter().collect();
        let mean = |answers: &Answers| answers.reward.mean().unwrap_or(f64::NEG_INFINITY);
        of.sort_by(|(one_key, one), (other_key, other)| {
            mean(other).total_cmp(&mean(one)).then(one_key.cmp(other_key))
        });
        Table {
            name: "answerers",
            title: "Miners' answers",
            about: "how often each miner answered, how differently, and what it was worth; the same means that another miner \
                    gave that answer to that question too",
            sql: format!(
                "WITH a AS ({}), s AS (SELECT source, seq, completion, count(DISTINCT hotkey) AS givers FROM a WHERE completion <> \
                 '' GROUP BY source, seq, completion) SELECT hotkey, count(*) AS asked, count(*) FILTER (WHERE a.completion <> '') \
                 AS answered, count(*) FILTER (WHERE reward <> 0) AS rewarded, CAST(count(DISTINCT a.completion) FILTER (WHERE \
                 a.completion <> '') AS DOUBLE) / nullif(count(*) FILTER (WHERE a.completion <> ''), 0) AS diversity, \
                 CAST(count(*) FILTER (WHERE givers > 1) AS DOUBLE) / nullif(count(*) FILTER (WHERE a.completion <> ''), 0) AS \
                 same, avg(reward) AS mean_reward, avg(length(a.completion)) FILTER (WHERE a.completion <> '') AS mean_length, \
                 avg(waited) AS mean_wait FROM a LEFT JOIN s ON a.source = s.source AND a.seq = s.seq AND a.completion = \
                 s.completion GROUP BY hotkey ORDER BY mean_reward DESC NULLS LAST, hotkey",
                self.answers_sql()
            ),
            columns: columns![
                hotkey "Hotkey" Hotkey,
                asked "Asked" Count,
                answered "Answered" Count,
                rewarded "Rewarded" Count,
                diversity "Different" Share,
                same "The same" Share,
                mean_reward "Mean reward" Score,
                mean_length "Characters" Number,
                mean_wait "Answer after" Seconds,
            ],
            rows: of
                .into_iter()
                .map(|(hotkey, answers)| {
                    let share =
                        |part: u64| (answers.answered > 0).then(|| part as f64 / answers.answered as f64);
                    row![
                        hotkey,
                        answers.asked,
                        answers.answered,
                        answers.rewarded,
                        share(answers.different.len() as u64),
                        share(answers.same),
                        answers.reward.mean(),
                        answers.length.mean(),
                        answers.seconds.mean(),
                    ]
                })
                .collect(),
        }
    }

    /// The answers that came most often.
    #[must_use]
    pub fn completions(&self) -> Table {
        #[derive(Default)]
        struct Given<'a> {
            beginning: &'a str,
            times: u64,
            miners: BTreeSet<&'a str>,
            reward: Mean,
        }
        let mut of: HashMap<u64, Given<'_>> = HashMap::new();
        for answer in self.given() {
            let given = of.entry(answer.digest).or_default();
            given.beginning = &answer.beginning;
            given.times += 1;
            given.miners.insert(&answer.hotkey);
            given.reward.add_some(answer.reward);
        }
        let mut of: Vec<_> = of.into_values().collect();
        of.sort_by(|one, other| {
            (Reverse(one.times), one.beginning).cmp(&(Reverse(other.times), other.beginning))
        });
        of.truncate(MOST_FREQUENT);
        Table {
            name: "completions",
            title: "Most frequent answers",
            about: "the texts that came most often, by how they begin",
            sql: format!(
                "WITH a AS ({}) SELECT left(completion, {BEGINNING}) AS completion, count(*) AS times, count(DISTINCT hotkey) AS \
                 miners, avg(reward) AS mean_reward FROM a WHERE completion <> '' GROUP BY a.completion ORDER BY times DESC, \
                 completion LIMIT {MOST_FREQUENT}",
                self.answers_sql()
            ),
            columns: columns![
                completion "Answer" Text,
                times "Times" Count,
                miners "Miners" Count,
                mean_reward "Mean reward" Score,
            ],
            rows: of
                .into_iter()
                .map(|given| {
                    row![
                        given.beginning,
                        given.times,
                        given.miners.len(),
                        given.reward.mean()
                    ]
                })
                .collect(),
        }
    }

    /// What each reward model and filter gave, and how well it agrees with the reward and with the network's own scoring.
    #[must_use]
    pub fn models(&self) -> Table {
        #[derive(Default)]
        struct Model {
            values: Mean,
            lowest: Option<f64>,
            with_reward: Correlation,
            with_own: Correlation,
        }
        let mut of: BTreeMap<&'static str, Model> = BTreeMap::new();
        for (_, question) in self.questions.iter() {
            let own = values(question, OWN_SCORING);
            for (name, values) in &question.models {
                let model = of.entry(*name).or_default();
                for (place, value) in values.iter().enumerate() {
                    let Some(value) = *value else { continue };
                    model.values.add(value);
                    model.lowest = Some(model.lowest.map_or(value, |lowest| lowest.min(value)));
                    if let Some(reward) = question.answers.get(place).and_then(|answer| answer.reward) {
                        model.with_reward.add(value, reward);
                    }
                    if let Some(own) = own.and_then(|own| own.get(place).copied().flatten()) {
                        model.with_own.add(value, own);
                    }
                }
            }
        }
        let sql: Vec<String> = MODELS
            .iter()
            .filter(|(name, _)| of.contains_key(name))
            .map(|(name, column)| {
                format!(
                    "SELECT '{name}' AS model, count(v) AS answers, avg(v) AS mean, min(v) AS lowest, max(v) AS highest, corr(v, r) \
                     AS with_reward, corr(v, o) AS with_own_scoring FROM (SELECT unnest({column}) AS v, unnest(rewards) AS r, \
                     unnest({OWN_SCORING}_normalized) AS o FROM prompting_steps{})",
                    self.sql(&self.questions, false)
                )
            })
            .collect();
        let sql = if sql.is_empty() {
            "SELECT 1 AS model WHERE false".to_owned()
        } else {
            format!("{} ORDER BY model", sql.join(" UNION ALL "))
        };
        Table {
            name: "models",
            title: "Reward models",
            about: "what each reward model and filter gave, and how it agrees with the reward and with the network's scoring of \
                    itself (correlation, −1 to 1)",
            sql,
            columns: columns![
                model "Model" Text,
                answers "Answers" Count,
                mean "Mean" Score,
                lowest "Lowest" Score,
                highest "Highest" Score,
                with_reward "With the reward" Score,
                with_own_scoring "With own scoring" Score,
            ],
            rows: of
                .into_iter()
                .map(|(name, model)| {
                    row![
                        name,
                        model.values.count(),
                        model.values.mean(),
                        model.lowest,
                        model.values.max(),
                        model.with_reward.value(),
                        model.with_own.value(),
                    ]
                })
                .collect(),
        }
    }

    /// Whole answers.
    fn given(&self) -> impl Iterator<Item = &AnswerRow> {
        self.questions
            .iter()
            .flat_map(|(_, question)| &question.answers)
            .filter(|answer| answer.length > 0)
    }

    /// One row an answer.
    fn answers_sql(&self) -> String {
        format!(
            "SELECT source, seq, unnest(hotkeys) AS hotkey, unnest(completions) AS completion, unnest(rewards) AS reward, \
             unnest(completion_times) AS waited FROM prompting_steps{}",
            self.sql(&self.questions, false)
        )
    }
}

fn values<'a>(question: &'a QuestionRow, model: &str) -> Option<&'a [Option<f64>]> {
    question
        .models
        .iter()
        .find(|(name, _)| *name == model)
        .map(|(_, values)| values.as_slice())
}

/// Pearson's correlation, in one pass.
#[derive(Clone, Copy, Debug, Default)]
struct Correlation {
    count: f64,
    mean: [f64; 2],
    square: [f64; 2],
    product: f64,
}

impl Correlation {
    fn add(&mut self, one: f64, other: f64) {
        self.count += 1.0;
        let before = [one - self.mean[0], other - self.mean[1]];
        self.mean[0] += before[0] / self.count;
        self.mean[1] += before[1] / self.count;
        let after = [one - self.mean[0], other - self.mean[1]];
        self.square[0] += before[0] * after[0];
        self.square[1] += before[1] * after[1];
        self.product += before[0] * after[1];
    }

    /// Nothing where one of the two does not vary.
    fn value(&self) -> Option<f64> {
        let scale = (self.square[0] * self.square[1]).sqrt();
        (scale > 0.0).then(|| self.product / scale)
    }
}
