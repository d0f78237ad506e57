//! What is wrong with a spec.

use super::places::{Places, line_of};
use node_subtensor_runtime::genesis::{GenesisError, Unit};

/// What is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {field}: {problem}")]
pub struct SpecError {
    /// The line, counted from one.
    pub line: usize,
    /// The field, `subnets[0].neurons[2].axon` for one.
    pub field: String,
    /// What is wrong with it.
    pub problem: SpecProblem,
}

/// What is wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SpecProblem {
    /// The file is no TOML, or has a field that there is not.
    #[error("{0}")]
    Toml(String),
    /// The name of a wallet or hotkey cannot be a folder or part of a key's URI.
    #[error("\"{0}\" cannot be a name")]
    Name(String),
    /// Two wallets, or two hotkeys of one, have the same name.
    #[error("there are two called \"{0}\"")]
    SameName(String),
    /// Text that names no account.
    #[error("\"{0}\" names no account")]
    Account(String),
    /// A wallet has no such hotkey.
    #[error("wallet \"{wallet}\" has no hotkey \"{hotkey}\"")]
    Hotkey {
        /// The wallet.
        wallet: String,
        /// The hotkey.
        hotkey: String,
    },
    /// A wallet without hotkeys stands for no hotkey.
    #[error("wallet \"{0}\" has no hotkeys")]
    NoHotkeys(String),
    /// A hotkey of no wallet comes without its owner.
    #[error("who owns the hotkey is not said")]
    NoColdkey,
    /// Not an amount.
    #[error("{0} is no amount")]
    Amount(String),
    /// Not a block time.
    #[error("\"{0}\" is no block time")]
    BlockTime(String),
    /// Not a way of commit-reveal.
    #[error("\"{0}\" is no kind of commit-reveal")]
    CommitReveal(String),
    /// Not an address.
    #[error("\"{0}\" is no address")]
    Axon(String),
    /// No such setting.
    #[error("there is no such setting{}", alike(.0))]
    Setting(Option<&'static str>),
    /// A value of the wrong kind.
    #[error("{value} does not fit: {meaning}")]
    SettingValue {
        /// The value.
        value: String,
        /// What the setting means.
        meaning: &'static str,
        /// What it should be.
        unit: Unit,
    },
    /// The same thing is said in two fields.
    #[error("the same is said by {0}")]
    SaidTwice(&'static str),
    /// Subnets are numbered in the order of the list.
    #[error("this subnet becomes number {0}")]
    Netuid(u16),
    /// A stake says how much in no way, or in two.
    #[error("a stake is in tao or in alpha")]
    StakeAmount,
    /// A weight is for no neuron of the subnet.
    #[error("\"{0}\" is neither a uid nor a hotkey of this subnet")]
    WeightTarget(String),
    /// Not a weight.
    #[error("{0} is no weight")]
    Weight(String),
    /// A validator without permit sets weights.
    #[error("only a neuron with a permit can have weights")]
    NoPermit,
    /// The chain refuses; the error is by its name on chain.
    #[error("the chain refuses it: {0}")]
    Chain(&'static str),
    /// The description as a whole makes no sense.
    #[error("{0}")]
    Genesis(GenesisError),
}

fn alike(name: &Option<&'static str>) -> String {
    name.map_or_else(String::new, |name| format!("; did you mean {name}?"))
}

impl SpecProblem {
    /// What to write instead.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Toml(_) => "`assay devnet spec` prints an example with every field",
            Self::Name(_) => "use letters, digits, - and _, 64 at most",
            Self::SameName(_) => "give each a name of its own",
            Self::Account(_) => {
                "write the name of a wallet of this file, wallet/hotkey, a development key such as //Alice, an SS58 address, or 0x and 64 hexadecimal digits"
            }
            Self::Hotkey { .. } | Self::NoHotkeys(_) => {
                "add it to the wallet's list: hotkeys = [\"default\"]"
            }
            Self::NoColdkey => "add coldkey = \"…\", or use a hotkey of a wallet of this file",
            Self::Amount(_) => {
                "write a number like 1000 or 12.5, or \"0.000000001\" with up to nine decimals"
            }
            Self::CommitReveal(_) => "write \"off\", \"own\" or \"public\"",
            Self::BlockTime(_) => "write 50ms to 12s, \"manual\" or \"on-demand\"",
            Self::Axon(_) => "write address and port, \"10.0.0.1:8091\" or \"[2001:db8::1]:8091\"",
            Self::Setting(_) => "`assay devnet spec` lists all of them",
            Self::SettingValue { unit, .. } => match unit {
                Unit::Count => "write a whole number",
                Unit::Switch => "write true or false",
                Unit::Tao | Unit::Alpha => "write a number like 1000 or 12.5",
                Unit::Factor => "write a number like 1.26",
            },
            Self::SaidTwice(_) => "leave one of them out",
            Self::Netuid(_) => "leave netuid out or write that number; 0 and 1 are on every chain",
            Self::StakeAmount => "write tao = … to buy from the pool, or alpha = … to begin with so much",
            Self::WeightTarget(_) => {
                "write uids as they will be: 0 is the owner's, the others count from 1 in the order of the list"
            }
            Self::Weight(_) => "write a number, 0 or more, at least one of them above 0",
            Self::NoPermit => "add permit = true",
            Self::Chain(_) => "`assay explain` tells more about the error",
            Self::Genesis(_) => "see the message",
        }
    }
}

impl SpecError {
    pub(super) fn toml(text: &str, error: &toml::de::Error) -> Self {
        Self {
            line: error.span().map_or(1, |span| line_of(text, span.start)),
            field: "file".to_owned(),
            problem: SpecProblem::Toml(error.message().to_owned()),
        }
    }

    pub(super) fn genesis(error: GenesisError, places: &Places) -> Self {
        match error {
            GenesisError::Founding(refusal) => Self {
                line: places.line(&refusal.place),
                field: refusal.place,
                problem: SpecProblem::Chain(refusal.error),
            },
            error => Self {
                line: places.line("wallets"),
                field: "balances".to_owned(),
                problem: SpecProblem::Genesis(error),
            },
        }
    }
}
