//! Named sets of constants and behaviours under which a subnet is validated.
//!
//! Three generations of the original are known: the seed's two stages, the stack of rewards and masks, and the tasks with
//! criteria. In each, the weaknesses of the original are repaired; under the name with `-exact` they are kept, for who has
//! to agree with validators that have them.

mod inference;
mod settings;
mod spec_version;

pub use inference::InferenceRule;
use serde::{Deserialize, Serialize};
pub use settings::{Flow, InvalidSettings, MaskRules, Settings, StepWeights};
pub use spec_version::{Release, UnknownRelease, spec_version};
use std::{fmt, str::FromStr};

/// Whether the original's weaknesses are repaired.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fidelity {
    /// They are.
    #[default]
    Fixed,
    /// They are not, where keeping them harms nobody else: figures agree with the original's.
    Exact,
}

/// A generation of the original.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Generation {
    /// 1.0.4: a question about a context, then its answer, by one reward model.
    #[default]
    Seed,
    /// 1.2.0: a summary and four rounds of question and answer, by a stack of rewards and masks.
    Stack,
    /// 2.1.6: three rounds of tasks with criteria, and penalties.
    Tasks,
}

/// A generation, repaired or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Profile {
    /// Which.
    pub generation: Generation,
    /// Whether repaired.
    pub fidelity: Fidelity,
}

/// A name that no profile has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no profile {name:?}; there are seed, stack and tasks, and each with -exact")]
pub struct UnknownProfile {
    /// The name, its first characters.
    pub name: String,
}

impl Profile {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::new(Generation::Seed, Fidelity::Fixed),
        Self::new(Generation::Seed, Fidelity::Exact),
        Self::new(Generation::Stack, Fidelity::Fixed),
        Self::new(Generation::Stack, Fidelity::Exact),
        Self::new(Generation::Tasks, Fidelity::Fixed),
        Self::new(Generation::Tasks, Fidelity::Exact),
    ];

    /// This generation, with this fidelity.
    #[must_use]
    pub const fn new(generation: Generation, fidelity: Fidelity) -> Self {
        Self { generation, fidelity }
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match (self.generation, self.fidelity) {
            (Generation::Seed, Fidelity::Fixed) => "seed",
            (Generation::Seed, Fidelity::Exact) => "seed-exact",
            (Generation::Stack, Fidelity::Fixed) => "stack",
            (Generation::Stack, Fidelity::Exact) => "stack-exact",
            (Generation::Tasks, Fidelity::Fixed) => "tasks",
            (Generation::Tasks, Fidelity::Exact) => "tasks-exact",
        }
    }

    /// The release of the original whose constants it has.
    #[must_use]
    pub fn release(self) -> Release {
        match self.generation {
            Generation::Seed => Release::new(1, 0, 4),
            Generation::Stack => Release::new(1, 2, 0),
            Generation::Tasks => Release::new(2, 1, 6),
        }
    }

    /// What its weights say of their version.
    #[must_use]
    pub fn spec_version(self) -> u64 {
        spec_version(self.release(), self.fidelity)
    }

    /// Its constants.
    #[must_use]
    pub fn settings(self) -> Settings {
        Settings::of(self)
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Profile {
    type Err = UnknownProfile;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let unknown = || UnknownProfile {
            name: name.chars().take(32).collect(),
        };
        Self::ALL
            .into_iter()
            .find(|profile| profile.name() == name)
            .ok_or_else(unknown)
    }
}

impl TryFrom<String> for Profile {
    type Error = UnknownProfile;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        name.parse()
    }
}

impl From<Profile> for String {
    fn from(profile: Profile) -> Self {
        profile.name().to_owned()
    }
}
