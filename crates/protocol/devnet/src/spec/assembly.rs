//! The description of block 0 that a file stands for.

use super::{
    Spec, SpecError, SpecProblem,
    accounts::Accounts,
    amount,
    document::{Document, Neuron, Stake, Subnet},
    places::Places,
    settings, weights,
};
use crate::{BlockProduction, DevelopmentAccounts, Genesis, MAX_BLOCK_TIME, MIN_BLOCK_TIME};
use node_subtensor_runtime::{
    AccountId,
    genesis::{
        CHAIN_SETTINGS, CommitReveal, FIRST_NETUID, FoundedNeuron, FoundedStake, FoundedSubnet, Founding,
        Permit, SUBNET_SETTINGS, StakeAmount, SubnetPhase,
    },
};
use std::time::Duration;

/// Puts problems in their places.
struct Assembly<'a> {
    accounts: Accounts,
    places: &'a Places,
}

pub(super) fn spec(document: &Document, places: &Places) -> Result<Spec, SpecError> {
    let (accounts, wallets) = Accounts::of(document, places)?;
    let assembly = Assembly { accounts, places };
    let blocks = match &document.block_time {
        None => None,
        Some(text) => Some(assembly.at("block_time", block_time(text))?),
    };
    let mut genesis = Genesis {
        seed: document.seed,
        development_accounts: if document.development_accounts {
            DevelopmentAccounts::Funded
        } else {
            DevelopmentAccounts::Empty
        },
        balances: assembly.balances(document)?,
        founding: Founding {
            settings: assembly.settings("chain", &document.chain, CHAIN_SETTINGS)?,
            subnets: Vec::new(),
            stakes: Vec::new(),
        },
        ..Genesis::default()
    };
    if let Some(sudo) = &document.sudo {
        genesis.sudo = assembly.at("sudo", assembly.accounts.coldkey(sudo))?;
    }
    if let Some(text) = &document.commit_reveal {
        genesis.commit_reveal = assembly.at("commit_reveal", commit_reveal(text))?;
    }
    if let Some(BlockProduction::Every(interval)) = blocks {
        genesis.slot_duration_ms = u64::try_from(interval.as_millis()).unwrap_or(u64::MAX);
    }
    for (number, subnet) in document.subnets.iter().enumerate() {
        let founded = assembly.subnet(number, subnet)?;
        genesis.founding.subnets.push(founded);
    }
    for (number, stake) in document.stakes.iter().enumerate() {
        let founded = assembly.stake(number, stake)?;
        genesis.founding.stakes.push(founded);
    }
    Ok(Spec {
        genesis,
        blocks,
        wallets,
    })
}

impl Assembly<'_> {
    fn at<T>(&self, field: &str, result: Result<T, SpecProblem>) -> Result<T, SpecError> {
        result.map_err(|problem| SpecError {
            line: self.places.line(field),
            field: field.to_owned(),
            problem,
        })
    }

    /// As [`Self::at`], for a problem with one of the fields within.
    fn within<T>(&self, table: &str, result: Result<T, (String, SpecProblem)>) -> Result<T, SpecError> {
        result.map_err(|(name, problem)| {
            let field = format!("{table}.{name}");
            SpecError {
                line: self.places.line(&field),
                field,
                problem,
            }
        })
    }

    fn settings(
        &self,
        table: &str,
        written: &std::collections::BTreeMap<String, toml::Value>,
        known: &'static [node_subtensor_runtime::genesis::Setting],
    ) -> Result<Vec<(String, i64)>, SpecError> {
        self.within(table, settings::raw(written, known))
    }

    fn balances(&self, document: &Document) -> Result<Vec<(AccountId, u64)>, SpecError> {
        let mut balances = Vec::new();
        for (number, wallet) in document.wallets.iter().enumerate() {
            if let Some(tao) = &wallet.tao {
                let rao = self.at(&format!("wallets[{number}].tao"), amount::units(tao))?;
                let account = self.accounts.coldkey(&wallet.name);
                balances.push((self.at(&format!("wallets[{number}].name"), account)?, rao));
            }
        }
        for (number, account) in document.accounts.iter().enumerate() {
            let place = format!("accounts[{number}]");
            let rao = self.at(&format!("{place}.tao"), amount::units(&account.tao))?;
            let account = self.accounts.coldkey(&account.account);
            balances.push((self.at(&format!("{place}.account"), account)?, rao));
        }
        Ok(balances)
    }

    fn subnet(&self, number: usize, subnet: &Subnet) -> Result<FoundedSubnet, SpecError> {
        let place = format!("subnets[{number}]");
        let netuid = u16::try_from(number).map_or(u16::MAX, |number| number.saturating_add(FIRST_NETUID));
        if subnet.netuid.is_some_and(|said| said != netuid) {
            self.at(&format!("{place}.netuid"), Err(SpecProblem::Netuid(netuid)))?;
        }
        let owner = self.at(&format!("{place}.owner"), self.accounts.coldkey(&subnet.owner))?;
        let owner_hotkey = match &subnet.owner_hotkey {
            Some(text) => self.at(&format!("{place}.owner_hotkey"), self.accounts.hotkey(text))?,
            None => self.at(&format!("{place}.owner"), self.accounts.hotkey(&subnet.owner))?,
        }
        .hotkey;
        let mut hyperparameters = self.settings(
            &format!("{place}.hyperparameters"),
            &subnet.hyperparameters,
            SUBNET_SETTINGS,
        )?;
        let said = |name: &str| hyperparameters.iter().any(|(said, _)| said == name);
        let (tempo, commits) = (said("tempo"), said("commit_reveal_weights_enabled"));
        if let Some(value) = &subnet.tempo {
            let field = format!("{place}.tempo");
            if tempo {
                self.at(&field, Err(SpecProblem::SaidTwice("hyperparameters.tempo")))?;
            }
            let known = SUBNET_SETTINGS.iter().find(|setting| setting.name == "tempo");
            let raw = known.map_or(Ok(0), |setting| settings::number(setting, value));
            hyperparameters.push(("tempo".to_owned(), self.at(&field, raw)?));
        }
        match (subnet.commit_reveal, commits) {
            (Some(_), true) => {
                let twice = SpecProblem::SaidTwice("hyperparameters.commit_reveal_weights_enabled");
                self.at(&format!("{place}.commit_reveal"), Err(twice))?;
            }
            (Some(said), false) => {
                hyperparameters.push(("commit_reveal_weights_enabled".to_owned(), i64::from(said)));
            }
            // Where nothing is said it is as on the chain's other new subnets.
            (None, _) => {}
        }
        Ok(FoundedSubnet {
            name: subnet.name.clone(),
            owner,
            neurons: self.neurons(&place, subnet, &owner_hotkey)?,
            owner_hotkey,
            phase: if subnet.started {
                SubnetPhase::Started
            } else {
                SubnetPhase::Created
            },
            settings: hyperparameters,
        })
    }

    fn neurons(
        &self,
        place: &str,
        subnet: &Subnet,
        owner_hotkey: &AccountId,
    ) -> Result<Vec<FoundedNeuron>, SpecError> {
        let place = |number: usize, field: &str| format!("{place}.neurons[{number}].{field}");
        let mut neurons = Vec::new();
        let mut uids = vec![owner_hotkey.clone()];
        for (number, neuron) in subnet.neurons.iter().enumerate() {
            let founded = self.neuron(&|field| place(number, field), neuron)?;
            if founded.hotkey != *owner_hotkey {
                uids.push(founded.hotkey.clone());
            }
            neurons.push(founded);
        }
        for (number, (founded, written)) in neurons.iter_mut().zip(&subnet.neurons).enumerate() {
            let row = weights::row(&written.weights, &uids, &self.accounts);
            founded.weights = self.within(&place(number, "weights"), row)?;
            let own = uids.iter().position(|uid| *uid == founded.hotkey);
            let only_self =
                matches!(founded.weights.as_slice(), [(uid, _)] if Some(usize::from(*uid)) == own);
            let may = founded.permit == Permit::Given || founded.hotkey == *owner_hotkey || only_self;
            if !founded.weights.is_empty() && !may {
                self.at(&place(number, "weights"), Err(SpecProblem::NoPermit))?;
            }
        }
        Ok(neurons)
    }

    fn neuron(&self, place: &dyn Fn(&str) -> String, neuron: &Neuron) -> Result<FoundedNeuron, SpecError> {
        let named = self.at(&place("hotkey"), self.accounts.hotkey(&neuron.hotkey))?;
        let coldkey = match (&neuron.coldkey, named.owner) {
            (Some(text), _) => self.at(&place("coldkey"), self.accounts.coldkey(text))?,
            (None, Some(owner)) => owner,
            (None, None) => self.at(&place("hotkey"), Err(SpecProblem::NoColdkey))?,
        };
        let stake = match &neuron.stake {
            Some(value) => self.at(&place("stake"), amount::units(value))?,
            None => 0,
        };
        let axon = match &neuron.axon {
            Some(text) => {
                let address = text.parse().map_err(|_| SpecProblem::Axon(text.clone()));
                Some(self.at(&place("axon"), address)?)
            }
            None => None,
        };
        Ok(FoundedNeuron {
            hotkey: named.hotkey,
            coldkey,
            axon,
            stake,
            permit: if neuron.permit {
                Permit::Given
            } else {
                Permit::Earned
            },
            weights: Vec::new(),
        })
    }

    fn stake(&self, number: usize, stake: &Stake) -> Result<FoundedStake, SpecError> {
        let place = |field: &str| format!("stakes[{number}].{field}");
        let amount = match (&stake.tao, &stake.alpha) {
            (Some(tao), None) => StakeAmount::Tao(self.at(&place("tao"), amount::units(tao))?),
            (None, Some(alpha)) => StakeAmount::Alpha(self.at(&place("alpha"), amount::units(alpha))?),
            _ => self.at(&format!("stakes[{number}]"), Err(SpecProblem::StakeAmount))?,
        };
        Ok(FoundedStake {
            netuid: stake.netuid,
            hotkey: self
                .at(&place("hotkey"), self.accounts.hotkey(&stake.hotkey))?
                .hotkey,
            coldkey: self.at(&place("coldkey"), self.accounts.coldkey(&stake.coldkey))?,
            amount,
        })
    }
}

fn commit_reveal(text: &str) -> Result<CommitReveal, SpecProblem> {
    match text {
        "off" => Ok(CommitReveal::Off),
        "own" => Ok(CommitReveal::OwnBeacon),
        "public" => Ok(CommitReveal::PublicBeacon),
        _ => Err(SpecProblem::CommitReveal(text.to_owned())),
    }
}

fn block_time(text: &str) -> Result<BlockProduction, SpecProblem> {
    let wrong = || SpecProblem::BlockTime(text.to_owned());
    let milliseconds = |digits: &str, unit: u64| {
        let number: u64 = digits.parse().map_err(|_| wrong())?;
        Ok(Duration::from_millis(number.saturating_mul(unit)))
    };
    let interval = match text {
        "manual" => return Ok(BlockProduction::Manual),
        "on-demand" => return Ok(BlockProduction::OnDemand),
        _ => match (text.strip_suffix("ms"), text.strip_suffix('s')) {
            (Some(digits), _) => milliseconds(digits, 1)?,
            (None, Some(digits)) => milliseconds(digits, 1000)?,
            (None, None) => return Err(wrong()),
        },
    };
    if !(MIN_BLOCK_TIME..=MAX_BLOCK_TIME).contains(&interval) {
        return Err(wrong());
    }
    Ok(BlockProduction::Every(interval))
}
