//! The file as it is written.

use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Value;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    #[serde(default)]
    pub(super) seed: u64,
    pub(super) block_time: Option<String>,
    pub(super) sudo: Option<String>,
    pub(super) commit_reveal: Option<String>,
    #[serde(default = "yes")]
    pub(super) development_accounts: bool,
    #[serde(default)]
    pub(super) chain: BTreeMap<String, Value>,
    #[serde(default)]
    pub(super) wallets: Vec<Wallet>,
    #[serde(default)]
    pub(super) accounts: Vec<Account>,
    #[serde(default)]
    pub(super) subnets: Vec<Subnet>,
    #[serde(default)]
    pub(super) stakes: Vec<Stake>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wallet {
    pub(super) name: String,
    pub(super) tao: Option<Value>,
    #[serde(default = "one_hotkey")]
    pub(super) hotkeys: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Account {
    pub(super) account: String,
    pub(super) tao: Value,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Subnet {
    pub(super) netuid: Option<u16>,
    #[serde(default)]
    pub(super) name: String,
    pub(super) owner: String,
    pub(super) owner_hotkey: Option<String>,
    #[serde(default = "yes")]
    pub(super) started: bool,
    pub(super) tempo: Option<Value>,
    pub(super) commit_reveal: Option<bool>,
    #[serde(default)]
    pub(super) hyperparameters: BTreeMap<String, Value>,
    #[serde(default)]
    pub(super) neurons: Vec<Neuron>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Neuron {
    pub(super) hotkey: String,
    pub(super) coldkey: Option<String>,
    pub(super) stake: Option<Value>,
    #[serde(default)]
    pub(super) permit: bool,
    pub(super) axon: Option<String>,
    #[serde(default)]
    pub(super) weights: BTreeMap<String, Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Stake {
    pub(super) netuid: u16,
    pub(super) hotkey: String,
    pub(super) coldkey: String,
    pub(super) tao: Option<Value>,
    pub(super) alpha: Option<Value>,
}

fn yes() -> bool {
    true
}

fn one_hotkey() -> Vec<String> {
    vec!["default".to_owned()]
}
