//! From a question and its answers to rows.

use super::{
    counts::Counts,
    error::BuildError,
    exchange::{Answer, Exchange, Kind},
    filter::{Asked, Filter},
    plan::{BuildPlan, Format, Take},
};

/// A row of the dataset, or one that may become it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Row<'a> {
    pub(super) kind: Kind,
    /// Microseconds since 1970.
    pub(super) at: Option<i64>,
    pub(super) run: &'a str,
    pub(super) prompt: &'a str,
    pub(super) completion: &'a str,
    pub(super) score: Option<f64>,
    /// The worse answer of a pair, and its reward.
    pub(super) rejected: Option<(&'a str, f64)>,
}

impl Row<'_> {
    /// What the best row of a prompt has most of.
    pub(super) fn rank(&self) -> f64 {
        let score = self.score.unwrap_or(f64::NEG_INFINITY);
        self.rejected.map_or(score, |(_, rejected)| score - rejected)
    }
}

/// What is taken of each exchange.
#[derive(Debug)]
pub(super) struct Chooser {
    filter: Filter,
    take: Take,
    /// The least margin of pairs, when rows are pairs.
    margin: Option<f64>,
    order: Vec<usize>,
}

impl Chooser {
    pub(super) fn new(plan: &BuildPlan) -> Result<Self, BuildError> {
        Ok(Self {
            filter: Filter::new(plan)?,
            take: plan.take,
            margin: match plan.format {
                Format::Preference { margin } => Some(margin),
                Format::Prompt | Format::Chat | Format::Competition | Format::OpenAi => None,
            },
            order: Vec::new(),
        })
    }

    /// Hands on the rows of an exchange.
    pub(super) fn rows<'a>(
        &mut self,
        exchange: &Exchange<'a>,
        counts: &mut Counts,
        mut keep: impl FnMut(Row<'a>) -> Result<(), BuildError>,
    ) -> Result<(), BuildError> {
        let asked = self.filter.asked(exchange.prompt);
        let row = |answer: &Answer<'a>| Row {
            kind: exchange.kind,
            at: exchange.at,
            run: exchange.run,
            prompt: exchange.prompt,
            completion: answer.text,
            score: answer.reward,
            rejected: None,
        };
        if self.margin.is_some() {
            return match self.pair(exchange, asked, counts) {
                Some((chosen, rejected)) => keep(Row {
                    rejected: Some(rejected),
                    ..row(&chosen)
                }),
                None => Ok(()),
            };
        }
        let has_rewards = exchange
            .answers
            .iter()
            .any(|answer| answer.reward.is_some() && !answer.text.is_empty());
        match (self.take, named(exchange)) {
            (Take::Best, Some(answer)) if !has_rewards => self
                .only(exchange, asked, answer, counts)
                .map_or(Ok(()), |answer| keep(row(&answer))),
            (Take::Named, Some(answer)) => self
                .only(exchange, asked, answer, counts)
                .map_or(Ok(()), |answer| keep(row(&answer))),
            (Take::Named, None) => {
                counts.answers += exchange.answers.len() as u64;
                counts.outdone += exchange.answers.len() as u64;
                Ok(())
            }
            (Take::Best, _) => self
                .best(exchange, asked, counts)
                .map_or(Ok(()), |answer| keep(row(&answer))),
            (Take::Every, _) => {
                counts.answers += exchange.answers.len() as u64;
                for answer in exchange.answers {
                    match self.filter.judge(asked, answer) {
                        Ok(()) => {
                            counts.candidates += 1;
                            keep(row(answer))?;
                        }
                        Err(refusal) => refusal.count(counts),
                    }
                }
                Ok(())
            }
        }
    }

    /// One answer that is no choice of ours; the others are beside it.
    fn only<'a>(
        &self,
        exchange: &Exchange<'a>,
        asked: Asked,
        answer: Answer<'a>,
        counts: &mut Counts,
    ) -> Option<Answer<'a>> {
        let answers = exchange.answers.len().max(1) as u64;
        counts.answers += answers;
        counts.outdone += answers - 1;
        match self.filter.judge(asked, &answer) {
            Ok(()) => {
                counts.candidates += 1;
                Some(answer)
            }
            Err(refusal) => {
                refusal.count(counts);
                None
            }
        }
    }

    /// The best that passes. Answers are tried from the best down; those behind it are not looked at.
    fn best<'a>(&mut self, exchange: &Exchange<'a>, asked: Asked, counts: &mut Counts) -> Option<Answer<'a>> {
        let (chosen, at) = self.first_good(exchange, asked, counts)?;
        counts.outdone += (exchange.answers.len() - at - 1) as u64;
        counts.candidates += 1;
        Some(chosen)
    }

    /// The best that passes, and the worst text that is worse by the margin.
    fn pair<'a>(
        &mut self,
        exchange: &Exchange<'a>,
        asked: Asked,
        counts: &mut Counts,
    ) -> Option<(Answer<'a>, (&'a str, f64))> {
        let (chosen, at) = self.first_good(exchange, asked, counts)?;
        counts.outdone += (exchange.answers.len() - at - 1) as u64;
        let margin = self.margin.unwrap_or_default();
        let rejected = chosen.reward.and_then(|best| {
            let others = self.order.iter().skip(at + 1).rev();
            others
                .map(|index| &exchange.answers[*index])
                .filter_map(|other| Some((other.text, other.reward?)))
                .find(|(text, reward)| {
                    best > *reward
                        && best - reward >= margin
                        && !text.trim().is_empty()
                        && *text != chosen.text
                        && self.filter.judge_text(asked, text).is_ok()
                })
        });
        if rejected.is_some() {
            counts.candidates += 1;
        } else {
            counts.unpaired += 1;
        }
        Some((chosen, rejected?))
    }

    /// The best answer that passes and its place in the order, the best being first. Counts those before it.
    fn first_good<'a>(
        &mut self,
        exchange: &Exchange<'a>,
        asked: Asked,
        counts: &mut Counts,
    ) -> Option<(Answer<'a>, usize)> {
        let answers = exchange.answers;
        counts.answers += answers.len() as u64;
        let reward = |index: &usize| answers[*index].reward.unwrap_or(f64::NEG_INFINITY);
        self.order.clear();
        self.order.extend(0..answers.len());
        // Stable: the first of equals stays first.
        self.order
            .sort_by(|one, other| reward(other).total_cmp(&reward(one)));
        for (at, index) in self.order.iter().enumerate() {
            match self.filter.judge(asked, &answers[*index]) {
                Ok(()) => return Some((answers[*index], at)),
                Err(refusal) => refusal.count(counts),
            }
        }
        None
    }
}

/// What the validator called the best, with its reward: that of the answer it is, or else the highest.
fn named<'a>(exchange: &Exchange<'a>) -> Option<Answer<'a>> {
    let text = exchange.named?;
    let its_own = exchange.answers.iter().filter(|answer| answer.text == text);
    let highest = |reward: Option<f64>, answer: &Answer<'_>| match (reward, answer.reward) {
        (Some(one), Some(other)) => Some(one.max(other)),
        (one, other) => one.or(other),
    };
    let reward = its_own
        .fold(None, highest)
        .or_else(|| exchange.answers.iter().fold(None, highest));
    Some(Answer { text, reward })
}
