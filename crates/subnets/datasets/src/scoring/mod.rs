//! How losses become weights, as pure functions of plain data.
//!
//! A round goes through four of them in this order: copies are dropped ([`duplicates`]), the rest meet in pairs
//! ([`win_rates`]), win rates become shares of the round ([`shares`]), and the shares are blended with what the
//! chain already agrees on ([`blend_with_consensus`], [`cap_by_validator_trust`]).
//!
//! All arithmetic is in `f64`. The original works in 32 bits, so figures agree with it to about seven digits.

mod duplicates;
mod round;
mod weights;
mod win_rates;

pub use duplicates::{Fingerprint, RowSet, Sighting, duplicates, shared_part};
pub use round::{Contender, Placing, RoundTable, score_round};
pub use weights::{blend_with_consensus, cap_by_validator_trust, outside_consensus, shares};
pub use win_rates::{Match, WinRates, win_rates};
