//! A whole chain in a file: subnets with their rules, wallets with money, neurons with stake, axons and weights.
//!
//! The file is TOML; [`Spec::example`] is one with every field and its meaning. What is wrong with one is told with the
//! line, the field, and what to write instead; what only the chain can judge (bounds of hyperparameters, addresses that it
//! does not publish) is tried on the chain before anything starts.

mod accounts;
mod amount;
mod assembly;
mod document;
mod error;
mod places;
mod settings;
mod weights;

pub use error::{SpecError, SpecProblem};

use crate::{BlockProduction, Genesis};
use document::Document;
use places::Places;
use serde::Serialize;

/// What a file asks for.
#[derive(Debug, Clone)]
pub struct Spec {
    /// Block 0.
    pub genesis: Genesis,
    /// When blocks are made, where the file says so.
    pub blocks: Option<BlockProduction>,
    /// The wallets that the file names. Their keys derive from their names, so everybody knows them.
    pub wallets: Vec<SpecWallet>,
}

/// A wallet of a spec.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SpecWallet {
    /// Its name.
    pub name: String,
    /// The secret URI of its coldkey.
    pub coldkey_uri: String,
    /// Its hotkeys, the first being the one that the wallet's name alone stands for.
    pub hotkeys: Vec<SpecHotkey>,
}

/// A hotkey of a wallet of a spec.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SpecHotkey {
    /// Its name.
    pub name: String,
    /// Its secret URI.
    pub uri: String,
}

impl Spec {
    /// A spec with everything in it, commented.
    #[must_use]
    pub fn example() -> &'static str {
        include_str!("spec/example.toml")
    }

    /// Reads a spec and tries it on a chain.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong, with its line.
    pub fn parse(text: &str) -> Result<Self, SpecError> {
        let places = Places::of(text)?;
        let document: Document = toml::from_str(text).map_err(|error| SpecError::toml(text, &error))?;
        let spec = assembly::spec(&document, &places)?;
        match spec.genesis.storage() {
            Ok(_) => Ok(spec),
            Err(error) => Err(SpecError::genesis(error, &places)),
        }
    }
}
