//! How much a key's holder may ask, counted in minutes and days of UTC.

use serde::{Deserialize, Serialize};
use std::time::Duration;

const MINUTE: u64 = 60;
const DAY: u64 = 86_400;

/// How much a key's holder may ask. What is none has no bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Quotas {
    /// Chats in a minute of UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests_per_minute: Option<u64>,
    /// Chats in a day of UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests_per_day: Option<u64>,
    /// Tokens of questions and answers in a day of UTC. An answer is counted when it is over, so that the last ones may
    /// go beyond it, as many as run at the same time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens_per_day: Option<u64>,
    /// Chats at the same time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrent: Option<u64>,
}

/// Which quota is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExceededQuota {
    /// [`Quotas::requests_per_minute`]
    RequestsPerMinute,
    /// [`Quotas::requests_per_day`]
    RequestsPerDay,
    /// [`Quotas::tokens_per_day`]
    TokensPerDay,
    /// [`Quotas::concurrent`]
    Concurrent,
}

/// A request beyond a quota. It was not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .quota.sentence(*.limit, *.again_in))]
pub struct Exceeded {
    /// Which quota.
    pub quota: ExceededQuota,
    /// How much it allows.
    pub limit: u64,
    /// When it allows more again.
    pub again_in: Duration,
    /// What is left of the quotas.
    pub allowance: Allowance,
}

impl ExceededQuota {
    fn sentence(self, limit: u64, again_in: Duration) -> String {
        let seconds = again_in.as_secs();
        match self {
            Self::RequestsPerMinute => {
                format!("Your API key allows {limit} requests a minute. Try again in {seconds} s.")
            }
            Self::RequestsPerDay => format!(
                "Your API key allows {limit} requests a day (UTC). Try again in {seconds} s, or ask the operator for \
                 more."
            ),
            Self::TokensPerDay => format!(
                "Your API key allows {limit} tokens a day (UTC). Try again in {seconds} s, or ask the operator for more."
            ),
            Self::Concurrent => format!(
                "Your API key allows {limit} requests at the same time. Try again when one of them has ended."
            ),
        }
    }
}

/// What is left of a key's quotas, as headers tell it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allowance {
    /// Of requests, in the minute or the day, whichever leaves fewer.
    pub requests: Option<Left>,
    /// Of tokens, in the day.
    pub tokens: Option<Left>,
}

/// What is left of a quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// How much it allows.
    pub limit: u64,
    /// How much of it is left.
    pub remaining: u64,
    /// When it is whole again.
    pub reset: Duration,
}

/// What was used. Times are seconds since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Used {
    minute: u64,
    requests_in_minute: u64,
    day: u64,
    requests_in_day: u64,
    tokens_in_day: u64,
}

impl Used {
    /// Counts a request.
    ///
    /// # Errors
    /// [`Exceeded`] for one too many, which is not counted.
    pub(super) fn admit(&mut self, quotas: &Quotas, under_way: u64, now: u64) -> Result<Allowance, Exceeded> {
        self.turn(now);
        let (minute_left, day_left) = (MINUTE - now % MINUTE, DAY - now % DAY);
        let checks = [
            (
                ExceededQuota::TokensPerDay,
                quotas.tokens_per_day,
                self.tokens_in_day,
                day_left,
            ),
            (
                ExceededQuota::RequestsPerDay,
                quotas.requests_per_day,
                self.requests_in_day,
                day_left,
            ),
            (
                ExceededQuota::RequestsPerMinute,
                quotas.requests_per_minute,
                self.requests_in_minute,
                minute_left,
            ),
            (ExceededQuota::Concurrent, quotas.concurrent, under_way, 1),
        ];
        for (quota, limit, used, again_in) in checks {
            if let Some(limit) = limit
                && used >= limit
            {
                return Err(Exceeded {
                    quota,
                    limit,
                    again_in: Duration::from_secs(again_in),
                    allowance: self.allowance(quotas, now),
                });
            }
        }
        self.requests_in_minute += 1;
        self.requests_in_day += 1;
        Ok(self.allowance(quotas, now))
    }

    pub(super) fn charge(&mut self, tokens: u64, now: u64) {
        self.turn(now);
        self.tokens_in_day = self.tokens_in_day.saturating_add(tokens);
    }

    /// Whether the day is over for which something was counted.
    pub(super) fn is_past(&self, now: u64) -> bool {
        now / DAY > self.day
    }

    /// Begins a new minute or day. A clock that was set back begins none: what was used stays used until the clock is
    /// where it was.
    fn turn(&mut self, now: u64) {
        if now / MINUTE > self.minute {
            self.minute = now / MINUTE;
            self.requests_in_minute = 0;
        }
        if now / DAY > self.day {
            self.day = now / DAY;
            self.requests_in_day = 0;
            self.tokens_in_day = 0;
        }
    }

    fn allowance(&self, quotas: &Quotas, now: u64) -> Allowance {
        let left = |limit: Option<u64>, used: u64, reset: u64| {
            limit.map(|limit| Left {
                limit,
                remaining: limit.saturating_sub(used),
                reset: Duration::from_secs(reset),
            })
        };
        let (minute_left, day_left) = (MINUTE - now % MINUTE, DAY - now % DAY);
        let by_minute = left(quotas.requests_per_minute, self.requests_in_minute, minute_left);
        let by_day = left(quotas.requests_per_day, self.requests_in_day, day_left);
        Allowance {
            requests: [by_minute, by_day]
                .into_iter()
                .flatten()
                .min_by_key(|left| left.remaining),
            tokens: left(quotas.tokens_per_day, self.tokens_in_day, day_left),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ExceededQuota, Quotas, Used};

    const NOON: u64 = 20_000 * 86_400 + 43_200;

    #[test]
    fn each_quota_is_whole_again_when_its_time_is_over() {
        let quotas = Quotas {
            requests_per_minute: Some(2),
            requests_per_day: Some(3),
            tokens_per_day: Some(10),
            concurrent: None,
        };
        let mut used = Used::default();
        assert_eq!(
            used.admit(&quotas, 0, NOON).unwrap().requests.unwrap().remaining,
            1
        );
        used.admit(&quotas, 0, NOON + 30).unwrap();
        let refused = used.admit(&quotas, 0, NOON + 59).unwrap_err();
        assert_eq!(refused.quota, ExceededQuota::RequestsPerMinute);
        assert_eq!(refused.again_in.as_secs(), 1);
        used.admit(&quotas, 0, NOON + 60).unwrap();
        let refused = used.admit(&quotas, 0, NOON + 120).unwrap_err();
        assert_eq!(refused.quota, ExceededQuota::RequestsPerDay);
        assert_eq!(refused.again_in.as_secs(), 43_200 - 120);
        let midnight = NOON + 43_200;
        used.admit(&quotas, 0, midnight).unwrap();
        used.charge(10, midnight);
        let refused = used.admit(&quotas, 0, midnight + 60).unwrap_err();
        assert_eq!(refused.quota, ExceededQuota::TokensPerDay);
        assert_eq!(refused.allowance.tokens.unwrap().remaining, 0);
    }

    #[test]
    fn a_clock_that_is_set_back_gives_nothing_back() {
        let quotas = Quotas {
            requests_per_day: Some(1),
            ..Quotas::default()
        };
        let mut used = Used::default();
        used.admit(&quotas, 0, NOON).unwrap();
        used.admit(&quotas, 0, NOON - 86_400).unwrap_err();
    }
}
