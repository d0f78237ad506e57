//! Whether an answer was really made by the model that was asked for: some of its tokens are computed again with the
//! validator's own copy.
//!
//! Miners are asked for the likeliest answer, so that two things can be held against them at every place: the token that they
//! say, which must be the likeliest there, and the log-probabilities that they give for it. The first alone would pass a small
//! model wherever it says what the large one would; the second alone would pass whoever lets a small model write and a large
//! one only read. Which places are looked at is decided after the answers are in.

use super::JudgeError;
use crate::{
    profile::InferenceRule,
    scoring::verification::{checked_places, position_likeness},
};
use assay_minds::{Expected, LocalModel, MindError, Turn};
use rand::Rng;
use std::collections::{BTreeMap, btree_map::Entry};

/// The column of the verdicts' filter, as validators tell it.
pub const FILTER: &str = "inference_filter";

/// A log-probability that counts as one: rounding may lift one above 0 by so much.
const ROUNDING: f64 = 1e-3;

/// What a miner says that the model said.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// The text.
    pub text: &'a str,
    /// Its tokens, as the vocabulary has them.
    pub tokens: &'a [String],
    /// At each of them the likeliest tokens with their log-probabilities.
    pub likeliest: &'a [BTreeMap<String, f64>],
}

/// Why an answer is not taken for the model's.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Unverified {
    /// There is nothing to look at.
    #[error("it gives no tokens")]
    NoTokens,
    /// It has more than it was asked for.
    #[error("it gives {tokens} tokens, and was asked for {most} at most")]
    TooLong {
        /// How many.
        tokens: usize,
        /// How many were asked for.
        most: usize,
    },
    /// Tokens and log-probabilities do not belong together.
    #[error("it gives log-probabilities at {places} places for {tokens} tokens")]
    Uneven {
        /// How many tokens.
        tokens: usize,
        /// How many lists.
        places: usize,
    },
    /// A token that the model does not have.
    #[error("it gives tokens that are not in the model's vocabulary")]
    OtherVocabulary,
    /// Its tokens are another text than its answer.
    #[error("its tokens are not its text")]
    OtherText,
    /// Too few log-probabilities at a place, or what is none.
    #[error("at token {token} it gives {given} of {wanted} log-probabilities")]
    Missing {
        /// At which, counted from 1.
        token: usize,
        /// How many it gives that are some.
        given: usize,
        /// How many were asked for.
        wanted: usize,
    },
    /// A token that the model would not have said.
    #[error("token {token} is not the likeliest: {behind:.2} behind it, and {tolerance:.2} is allowed")]
    Unlikely {
        /// Which, counted from 1.
        token: usize,
        /// How far its log-probability is behind that of the likeliest.
        behind: f64,
        /// How far it may be.
        tolerance: f64,
    },
    /// It ends where the model goes on.
    #[error("it ends after {tokens} tokens, where the model goes on")]
    EndsEarly {
        /// After how many.
        tokens: usize,
    },
    /// Its log-probabilities are those of another model.
    #[error("its log-probabilities are like the model's to {likeness:.3}, and {least:.3} are needed")]
    Unlike {
        /// How like they are, from 0 to 1.
        likeness: f64,
        /// How like they must be.
        least: f64,
    },
}

/// What came of checking an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Verification {
    /// The mean likeness of the log-probabilities that were looked at, from 0 to 1; nothing where it did not come to that.
    pub likeness: Option<f64>,
    /// Whether it is taken for the model's.
    pub verdict: Result<(), Unverified>,
}

/// The validator's copy of the model, and how it checks.
#[derive(Clone, Debug)]
pub struct InferenceJudge {
    model: LocalModel,
    rule: InferenceRule,
}

/// The places of an answer that are looked at, and what the model expects there.
type Measured = Vec<(usize, Expected)>;

impl InferenceJudge {
    /// Checks with this model by this rule.
    #[must_use]
    pub fn new(model: LocalModel, rule: InferenceRule) -> Self {
        Self { model, rule }
    }

    /// Whether a question and its longest answer fit the model.
    ///
    /// # Errors
    /// [`JudgeError`], when the model fails.
    pub fn has_room(&self, turns: &[Turn]) -> Result<bool, JudgeError> {
        self.model.has_room(turns, self.rule.max_tokens).map_err(failed)
    }

    /// Checks answers to this. Equal ones, which honest miners give, cost one pass of the model together.
    ///
    /// # Errors
    /// [`JudgeError`], when the model fails: nobody is to blame then.
    pub fn verify(
        &self,
        turns: &[Turn],
        claims: &[Claim<'_>],
        rng: &mut impl Rng,
    ) -> Result<Vec<Verification>, JudgeError> {
        let mut known: BTreeMap<Vec<u32>, Measured> = BTreeMap::new();
        let mut verifications = Vec::with_capacity(claims.len());
        for claim in claims {
            let verification = match self.tokens(claim)? {
                Err(unverified) => Verification {
                    likeness: None,
                    verdict: Err(unverified),
                },
                Ok(ids) => {
                    let count = ids.len();
                    let measured = match known.entry(ids) {
                        Entry::Occupied(known) => known.into_mut(),
                        Entry::Vacant(new) => {
                            let measured = self.measure(turns, new.key(), rng)?;
                            new.insert(measured)
                        }
                    };
                    self.compare(claim, count, measured)
                }
            };
            verifications.push(verification);
        }
        Ok(verifications)
    }

    /// The tokens of a claim whose form is right.
    fn tokens(&self, claim: &Claim<'_>) -> Result<Result<Vec<u32>, Unverified>, JudgeError> {
        let most = self.rule.max_tokens;
        // One more ends the answer, for those that tell it.
        if claim.tokens.len() > most + 1 {
            let tokens = claim.tokens.len();
            return Ok(Err(Unverified::TooLong { tokens, most }));
        }
        if claim.likeliest.len() != claim.tokens.len() {
            return Ok(Err(Unverified::Uneven {
                tokens: claim.tokens.len(),
                places: claim.likeliest.len(),
            }));
        }
        let Some(mut ids) = self.model.token_ids(claim.tokens) else {
            return Ok(Err(Unverified::OtherVocabulary));
        };
        if ids.last().is_some_and(|last| self.model.is_end(*last)) {
            ids.pop();
        }
        if ids.is_empty() {
            return Ok(Err(Unverified::NoTokens));
        }
        if ids.len() > most {
            return Ok(Err(Unverified::TooLong {
                tokens: ids.len(),
                most,
            }));
        }
        let text = self.model.text(&ids).map_err(failed)?;
        // Whether blanks at the ends belong to an answer is seen in many ways.
        if text.trim() != claim.text.trim() {
            return Ok(Err(Unverified::OtherText));
        }
        Ok(Ok(ids))
    }

    fn measure(&self, turns: &[Turn], ids: &[u32], rng: &mut impl Rng) -> Result<Measured, JudgeError> {
        let mut places = checked_places(ids.len(), self.rule.verification.checked, rng);
        if ids.len() < self.rule.max_tokens {
            places.push(ids.len());
        }
        let expected = self
            .model
            .expected(turns, ids, &places, self.rule.top)
            .map_err(failed)?;
        Ok(places.into_iter().zip(expected).collect())
    }

    fn compare(&self, claim: &Claim<'_>, tokens: usize, measured: &Measured) -> Verification {
        let rule = self.rule.verification;
        let mut likenesses = Vec::new();
        let mut fault = None;
        for (place, expected) in measured {
            let behind = expected.best - expected.said;
            let is_unlikely = behind > rule.tolerance;
            let Some(claimed) = claim.likeliest.get(*place).filter(|_| *place < tokens) else {
                if is_unlikely {
                    fault.get_or_insert(Unverified::EndsEarly { tokens });
                }
                continue;
            };
            let token = place + 1;
            if is_unlikely {
                let tolerance = rule.tolerance;
                fault.get_or_insert(Unverified::Unlikely {
                    token,
                    behind,
                    tolerance,
                });
            }
            let given = claimed.values().filter(|value| **value <= ROUNDING).count();
            // Some APIs give a place fewer, where two of them are written alike.
            if given < claimed.len() || given < self.rule.top.div_ceil(2) {
                let wanted = self.rule.top;
                fault.get_or_insert(Unverified::Missing { token, given, wanted });
                continue;
            }
            likenesses.push(position_likeness(claimed, &expected.likeliest));
        }
        let likeness =
            (!likenesses.is_empty()).then(|| likenesses.iter().sum::<f64>() / likenesses.len() as f64);
        let least = rule.least_likeness;
        let unlike = likeness
            .filter(|likeness| *likeness <= least)
            .map(|likeness| Unverified::Unlike { likeness, least });
        Verification {
            likeness,
            verdict: fault.or(unlike).map_or(Ok(()), Err),
        }
    }
}

/// The model fails, which is our own fault.
fn failed(error: MindError) -> JudgeError {
    match error {
        MindError::Model(source) => JudgeError::Model {
            column: FILTER,
            source,
        },
        error => JudgeError::Unfit {
            column: FILTER,
            problem: error.to_string(),
        },
    }
}
