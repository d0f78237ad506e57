#![doc = include_str!("../README.md")]

mod beacon;
mod ciphertext;
mod keys;
mod payload;
mod schedule;

pub use beacon::{Beacon, Round};
pub use ciphertext::{DecryptError, EncryptError, MalformedCiphertext, decrypt, encrypt};
pub use keys::{InvalidPoint, PublicKey, SecretKey, Signature};
pub use payload::{MalformedPayload, OpenedWeights, WeightsPayload};
pub use rand_core::OsRng;
pub use schedule::{EpochSchedule, SAFETY_BLOCKS};
