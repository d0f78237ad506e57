//! Exchanges in the columns of a batch of rows.

use crate::{
    dataset::exchange::{Answer, Exchange, Kind},
    read::fitted,
};
use arrow_array::{
    Array, Float64Array, ListArray, RecordBatch, StringArray, StructArray, TimestampMicrosecondArray,
    cast::AsArray,
    types::{Float64Type, TimestampMicrosecondType},
};
use arrow_schema::{ArrowError, DataType, Field, Fields, Schema, SchemaRef, TimeUnit};
use std::sync::Arc;

/// The names of the columns that exchanges are read from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Names {
    pub(super) kind: KindColumn,
    pub(super) time: TimeColumn,
    pub(super) run: &'static str,
    pub(super) prompt: &'static str,
    pub(super) answers: AnswerColumns,
    /// What the validator called the best.
    pub(super) named: Option<&'static str>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum KindColumn {
    Fixed(Kind),
    ByName(&'static str),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum TimeColumn {
    /// A time.
    Stamp(&'static str),
    /// Seconds since 1970.
    Seconds(&'static str),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum AnswerColumns {
    /// A list of texts, and one of rewards.
    Lists {
        texts: &'static str,
        rewards: &'static str,
    },
    /// A list of structs.
    Structs {
        list: &'static str,
        text: &'static str,
        reward: &'static str,
    },
}

impl Names {
    fn fields(&self) -> Vec<Field> {
        let text = |name: &str| Field::new(name, DataType::Utf8, true);
        let list = |name: &str, item| Field::new_list(name, Field::new_list_field(item, true), true);
        let mut fields = vec![text(self.run), text(self.prompt)];
        if let KindColumn::ByName(name) = self.kind {
            fields.push(text(name));
        }
        fields.push(match self.time {
            TimeColumn::Stamp(name) => Field::new(
                name,
                DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
                true,
            ),
            TimeColumn::Seconds(name) => Field::new(name, DataType::Float64, true),
        });
        match self.answers {
            AnswerColumns::Lists { texts, rewards } => {
                fields.push(list(texts, DataType::Utf8));
                fields.push(list(rewards, DataType::Float64));
            }
            AnswerColumns::Structs {
                list: name,
                text: words,
                reward,
            } => {
                let fields_of_one =
                    Fields::from(vec![text(words), Field::new(reward, DataType::Float64, true)]);
                fields.push(list(name, DataType::Struct(fields_of_one)));
            }
        }
        fields.extend(self.named.map(text));
        fields
    }
}

/// The columns of all of them, and those of `before`.
pub(super) fn schema(names: &[Names], before: impl IntoIterator<Item = Field>) -> SchemaRef {
    let mut fields: Vec<Field> = before.into_iter().collect();
    for field in names.iter().flat_map(Names::fields) {
        if !fields.iter().any(|there| there.name() == field.name()) {
            fields.push(field);
        }
    }
    Arc::new(Schema::new(fields))
}

/// The rows with these columns, whatever kinds of text, list and number they came as.
pub(super) fn fit(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    fitted(batch, schema)
}

/// The columns of a batch that exchanges are read from.
pub(super) struct View<'a> {
    kind: Kinds<'a>,
    time: Times<'a>,
    run: &'a StringArray,
    prompt: &'a StringArray,
    answers: Answers<'a>,
    named: Option<&'a StringArray>,
}

enum Kinds<'a> {
    Fixed(Kind),
    ByName(&'a StringArray),
}

enum Times<'a> {
    Stamp(&'a TimestampMicrosecondArray),
    Seconds(&'a Float64Array),
}

struct Answers<'a> {
    texts: List<'a, StringArray>,
    rewards: List<'a, Float64Array>,
}

struct List<'a, T> {
    list: &'a ListArray,
    values: &'a T,
}

impl<T: Array> List<'_, T> {
    /// The places of a row's values.
    fn range(&self, row: usize) -> std::ops::Range<usize> {
        if self.list.is_null(row) {
            return 0..0;
        }
        let offsets = self.list.value_offsets();
        let at = |row: usize| usize::try_from(offsets[row]).unwrap_or_default();
        at(row)..at(row + 1)
    }
}

impl<'a> View<'a> {
    /// `None` when the batch was not made to fit.
    pub(super) fn of(batch: &'a RecordBatch, names: &Names) -> Option<Self> {
        let text = |name: &str| batch.column_by_name(name)?.as_string_opt::<i32>();
        let list = |name: &str| batch.column_by_name(name)?.as_list_opt::<i32>();
        Some(Self {
            kind: match names.kind {
                KindColumn::Fixed(kind) => Kinds::Fixed(kind),
                KindColumn::ByName(name) => Kinds::ByName(text(name)?),
            },
            time: match names.time {
                TimeColumn::Stamp(name) => Times::Stamp(
                    batch
                        .column_by_name(name)?
                        .as_primitive_opt::<TimestampMicrosecondType>()?,
                ),
                TimeColumn::Seconds(name) => {
                    Times::Seconds(batch.column_by_name(name)?.as_primitive_opt::<Float64Type>()?)
                }
            },
            run: text(names.run)?,
            prompt: text(names.prompt)?,
            answers: match names.answers {
                AnswerColumns::Lists { texts, rewards } => {
                    let (texts, rewards) = (list(texts)?, list(rewards)?);
                    Answers {
                        texts: List {
                            list: texts,
                            values: texts.values().as_string_opt::<i32>()?,
                        },
                        rewards: List {
                            list: rewards,
                            values: rewards.values().as_primitive_opt::<Float64Type>()?,
                        },
                    }
                }
                AnswerColumns::Structs {
                    list: name,
                    text: words,
                    reward,
                } => {
                    let list = list(name)?;
                    let structs: &StructArray = list.values().as_struct_opt()?;
                    Answers {
                        texts: List {
                            list,
                            values: structs.column_by_name(words)?.as_string_opt::<i32>()?,
                        },
                        rewards: List {
                            list,
                            values: structs
                                .column_by_name(reward)?
                                .as_primitive_opt::<Float64Type>()?,
                        },
                    }
                }
            },
            named: match names.named {
                Some(name) => Some(text(name)?),
                None => None,
            },
        })
    }

    /// The exchange in a row; its answers are put into `answers`.
    pub(super) fn exchange<'b>(&self, row: usize, answers: &'b mut Vec<Answer<'a>>) -> Exchange<'b>
    where
        'a: 'b,
    {
        let text = |column: &'a StringArray| column.is_valid(row).then(|| column.value(row));
        self.answers(row, answers);
        Exchange {
            kind: match self.kind {
                Kinds::Fixed(kind) => kind,
                Kinds::ByName(names) => Kind::of(text(names).unwrap_or_default()),
            },
            at: match self.time {
                Times::Stamp(times) => times.is_valid(row).then(|| times.value(row)),
                Times::Seconds(times) => times
                    .is_valid(row)
                    .then(|| times.value(row))
                    .and_then(microseconds),
            },
            run: text(self.run).unwrap_or_default(),
            prompt: text(self.prompt).unwrap_or_default(),
            answers,
            named: self.named.and_then(text).filter(|named| !named.is_empty()),
        }
    }

    fn answers(&self, row: usize, answers: &mut Vec<Answer<'a>>) {
        answers.clear();
        let (texts, rewards) = (&self.answers.texts, &self.answers.rewards);
        let (mut its_texts, mut its_rewards) = (texts.range(row), rewards.range(row));
        // An event may have kept the rewards without the texts.
        for _ in 0..its_texts.len().max(its_rewards.len()) {
            let text = its_texts.next().filter(|at| texts.values.is_valid(*at));
            let reward = its_rewards.next().filter(|at| rewards.values.is_valid(*at));
            answers.push(Answer {
                text: text.map_or("", |at| texts.values.value(at)),
                reward: reward
                    .map(|at| rewards.values.value(at))
                    .filter(|reward| reward.is_finite()),
            });
        }
    }
}

/// Seconds since 1970 as microseconds; `None` outside the years that a time can be of.
pub(super) fn microseconds(seconds: f64) -> Option<i64> {
    const YEAR_9999: f64 = 253_402_300_799.0;
    #[expect(clippy::cast_possible_truncation, reason = "it is within the bounds")]
    (0.0..=YEAR_9999)
        .contains(&seconds)
        .then(|| (seconds * 1e6).round() as i64)
}
