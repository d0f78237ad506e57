//! `assay subnet hyperparams set`

use crate::{
    commands::on_chain::{Action, account, carry_out, chain_failure},
    context::Context,
};
use assay_chain::{ChainClient, Included, NetUid, Setting, SettingAuthority, SettingValue};
use assay_keys::KeyRole;
use miette::miette;
use serde::Serialize;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Which: a name of `assay subnet hyperparams`
    #[arg(value_name = "NAME")]
    name: String,
    /// The new value
    #[arg(value_name = "VALUE", allow_hyphen_values = true)]
    value: String,
    /// Change it with root's rights: the wallet's coldkey is the chain's sudo key
    #[arg(long)]
    sudo: bool,
}

#[derive(Serialize)]
struct Changed {
    netuid: NetUid,
    name: &'static str,
    before: Option<SettingValue>,
    value: SettingValue,
}

pub(super) async fn run(
    args: Args,
    netuid: NetUid,
    client: &ChainClient,
    context: &Context,
) -> miette::Result<()> {
    let setting = Setting::find(&args.name).ok_or_else(|| {
        miette!(
            help = "`assay subnet hyperparams --netuid N` lists them",
            "there is no hyperparameter \"{}\"",
            args.name
        )
    })?;
    let value = setting
        .parse(&args.value)
        .map_err(|error| miette!("{error}{}", bounds(setting)))?;
    let by = if args.sudo {
        SettingAuthority::Root
    } else {
        SettingAuthority::Owner
    };
    let snapshot = client.pin().await.map_err(chain_failure)?;
    let settings = snapshot.settings(netuid).await.map_err(chain_failure)?;
    let now = |name: &str| {
        settings
            .iter()
            .find(|(known, _)| known.name == name)
            .map(|(_, value)| *value)
    };
    let part = |name: &str| {
        now(name)
            .and_then(|value| u16::try_from(value.raw).ok())
            .unwrap_or_default()
    };
    let before = now(setting.name);

    // Before any password is typed: who signs may do it.
    if !args.sudo {
        if setting.authority == SettingAuthority::Root {
            return Err(miette!(
                help = "add --sudo when the wallet's coldkey is the chain's sudo key (on a devnet //Alice)",
                "only root may change {}",
                setting.name
            ));
        }
        let owner = snapshot.subnet(netuid).await.map_err(chain_failure)?.owner;
        let coldkey = account(context, KeyRole::Coldkey)?;
        if owner != coldkey {
            return Err(miette!(
                help = "choose the owner's wallet with -w, or add --sudo when the coldkey is the chain's sudo key",
                "{coldkey} does not own subnet {netuid}; {owner} does"
            ));
        }
    }
    let call = setting.call(netuid, value, by, (part("alpha_low"), part("alpha_high")));
    let from = before.map_or_else(String::new, |before| format!(" from {before}"));
    let action = Action {
        purpose: format!(
            "set {} of subnet {netuid}{from} to {value}{}",
            setting.name,
            if args.sudo { ", with root's rights" } else { "" }
        ),
        call: if args.sudo { call.sudo() } else { call },
        signer: KeyRole::Coldkey,
    };
    let changed = |_: &Included| {
        Some(Changed {
            netuid,
            name: setting.name,
            before,
            value,
        })
    };
    carry_out(context, client, action, changed, |changed| {
        format!("{} of subnet {netuid} is {} now", changed.name, changed.value)
    })
    .await
}

fn bounds(setting: &Setting) -> String {
    if setting.bounds.is_empty() {
        String::new()
    } else {
        format!("; allowed is {}", setting.bounds)
    }
}
