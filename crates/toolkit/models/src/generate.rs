//! Text generation.

use std::ops::ControlFlow;

use crate::{Adapter, BaseModel, ModelError, counter_rng::CounterRng, decoder::KeyValueCache, train::active};

/// How the next token is chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Sampling {
    /// Always the likeliest.
    Greedy,
    /// Drawn from the likeliest tokens that together hold `top_p` of the probability at the given temperature.
    TopP {
        /// Divides the logits; above 0.
        temperature: f64,
        /// Share of the probability that is kept; above 0, up to 1.
        top_p: f64,
        /// Seed of the draws.
        seed: u64,
    },
}

/// Why generation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum StopReason {
    /// A stop token came; it is not part of the output.
    StopToken,
    /// As many tokens as were asked for.
    Length,
    /// The model's context is full.
    Context,
    /// The caller's callback ended it.
    Caller,
}

/// What was generated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generated {
    /// The new tokens, without the prompt and the stop token.
    pub ids: Vec<u32>,
    /// Why it ended.
    pub reason: StopReason,
}

/// Continues a prompt of token ids by at most `max_tokens`, telling each new token to `on_token`.
///
/// # Errors
/// An empty or too long prompt, tokens outside the vocabulary, an adapter of another base, or a temperature or `top_p`
/// outside its range.
pub fn generate(
    base: &BaseModel,
    adapter: Option<&Adapter>,
    prompt: &[u32],
    max_tokens: usize,
    stop: &[u32],
    sampling: Sampling,
    on_token: &mut dyn FnMut(u32) -> ControlFlow<()>,
) -> Result<Generated, ModelError> {
    let on_token = &mut |token, _: &[f32]| on_token(token);
    generate_observed(base, adapter, prompt, max_tokens, stop, sampling, on_token)
}

/// The same, telling with each new token also the logits that it was chosen from, one for each token of the vocabulary.
///
/// # Errors
/// As [`generate`].
pub fn generate_observed(
    base: &BaseModel,
    adapter: Option<&Adapter>,
    prompt: &[u32],
    max_tokens: usize,
    stop: &[u32],
    sampling: Sampling,
    on_token: &mut dyn FnMut(u32, &[f32]) -> ControlFlow<()>,
) -> Result<Generated, ModelError> {
    base.check_tokens(prompt)?;
    sampling.check()?;
    if let Some(adapter) = adapter {
        adapter.check_fits(base.architecture())?;
    }
    let decoder = base.decoder(adapter.map(|adapter| active(adapter, None)));
    let mut cache = KeyValueCache::new(base.architecture().layers);
    let mut ids: Vec<u32> = Vec::new();
    let mut next = prompt.to_vec();
    let reason = loop {
        if ids.len() >= max_tokens {
            break StopReason::Length;
        }
        if cache.len() + next.len() > base.max_context() {
            break StopReason::Context;
        }
        let logits = decoder.extend(&next, &mut cache);
        let token = sampling.choose(&logits, ids.len() as u64);
        if stop.contains(&token) {
            break StopReason::StopToken;
        }
        ids.push(token);
        if on_token(token, &logits).is_break() {
            break StopReason::Caller;
        }
        next = vec![token];
    };
    Ok(Generated { ids, reason })
}

impl Sampling {
    fn check(self) -> Result<(), ModelError> {
        let Self::TopP {
            temperature, top_p, ..
        } = self
        else {
            return Ok(());
        };
        if !(temperature.is_finite() && temperature > 0.0) {
            return Err(ModelError::Recipe {
                field: "temperature",
                value: temperature.to_string(),
                requirement: "a finite number above 0",
            });
        }
        if !(top_p > 0.0 && top_p <= 1.0) {
            return Err(ModelError::Recipe {
                field: "top_p",
                value: top_p.to_string(),
                requirement: "above 0, up to 1",
            });
        }
        Ok(())
    }

    /// The token that follows these logits; `position` numbers the draws. Of equal logits the smaller id comes first.
    fn choose(self, logits: &[f32], position: u64) -> u32 {
        let mut order: Vec<u32> = (0_u32..).take(logits.len()).collect();
        let of = |id: &u32| logits[*id as usize];
        let Self::TopP {
            temperature,
            top_p,
            seed,
        } = self
        else {
            return order
                .into_iter()
                .reduce(|best, id| if of(&id) > of(&best) { id } else { best })
                .unwrap_or(0);
        };
        order.sort_by(|a, b| of(b).total_cmp(&of(a)).then(a.cmp(b)));
        let highest = order.first().map_or(0.0, |id| f64::from(of(id)));
        let odds: Vec<f64> = order
            .iter()
            .map(|id| ((f64::from(of(id)) - highest) / temperature).exp())
            .collect();
        let total: f64 = odds.iter().sum();
        let mut kept = 0.0;
        let mut count = 0;
        while count < odds.len() && kept < top_p * total {
            kept += odds[count];
            count += 1;
        }
        let mut left = kept * f64::from(CounterRng::new("sampling", seed, "").uniform(position));
        for (id, odds) in order.iter().zip(&odds[..count]) {
            if left < *odds {
                return *id;
            }
            left -= odds;
        }
        order[count.saturating_sub(1)]
    }
}
