//! `assay subnet identity`: what a subnet says about itself, and saying it.

use crate::{
    commands::on_chain::{Action, account, carry_out, chain_failure, connect, nothing_more},
    context::Context,
};
use assay_chain::{BlockRef, Call, NetUid, SubnetIdentity};
use assay_keys::KeyRole;
use miette::miette;
use serde::Serialize;

/// Show what a subnet says about itself, or change it
///
/// Without any of the fields it shows what there is. With some it changes those and keeps the others; the subnet owner's
/// coldkey signs.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Number of the subnet
    #[arg(long, value_name = "N")]
    netuid: NetUid,
    /// Its name, 256 bytes at most
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// Its page
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Its code
    #[arg(long, value_name = "URL")]
    github: Option<String>,
    /// Whom to write to
    #[arg(long, value_name = "TEXT")]
    contact: Option<String>,
    /// Where to talk about it, 256 bytes at most
    #[arg(long, value_name = "TEXT")]
    discord: Option<String>,
    /// What it does, 1024 bytes at most
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Its picture's address
    #[arg(long, value_name = "URL")]
    logo: Option<String>,
    /// Anything else
    #[arg(long, value_name = "TEXT")]
    additional: Option<String>,
}

#[derive(Serialize)]
struct Answer {
    netuid: NetUid,
    block: BlockRef,
    /// Absent when nobody said anything.
    identity: Option<SubnetIdentity>,
}

pub(super) async fn run(args: Args, context: &Context) -> miette::Result<()> {
    let netuid = args.netuid;
    let client = connect(context).await?;
    let snapshot = client.pin().await.map_err(chain_failure)?;
    let subnet = snapshot.subnet(netuid).await.map_err(chain_failure)?;
    let now = snapshot.subnet_identity(netuid).await.map_err(chain_failure)?;
    let before = now.clone().unwrap_or_default();
    let wanted = SubnetIdentity {
        name: args.name.unwrap_or_else(|| before.name.clone()),
        github_repo: args.github.unwrap_or_else(|| before.github_repo.clone()),
        contact: args.contact.unwrap_or_else(|| before.contact.clone()),
        url: args.url.unwrap_or_else(|| before.url.clone()),
        discord: args.discord.unwrap_or_else(|| before.discord.clone()),
        description: args.description.unwrap_or_else(|| before.description.clone()),
        logo_url: args.logo.unwrap_or_else(|| before.logo_url.clone()),
        additional: args.additional.unwrap_or_else(|| before.additional.clone()),
    };
    if wanted == before {
        let answer = Answer {
            netuid,
            block: snapshot.block(),
            identity: now,
        };
        return context.output().data(&answer, text);
    }
    let coldkey = account(context, KeyRole::Coldkey)?;
    if coldkey != subnet.owner {
        return Err(miette!(
            help = "choose the owner's wallet with -w",
            "{coldkey} does not own subnet {netuid}; {} does",
            subnet.owner
        ));
    }
    let action = Action {
        purpose: format!(
            "change what subnet {netuid} says about itself: {}",
            changes(&before, &wanted).join(", ")
        ),
        call: Call::set_subnet_identity(netuid, &wanted),
        signer: KeyRole::Coldkey,
    };
    carry_out(context, &client, action, nothing_more, |()| String::new()).await
}

fn fields(identity: &SubnetIdentity) -> [(&'static str, &str); 8] {
    [
        ("name", &identity.name),
        ("url", &identity.url),
        ("github", &identity.github_repo),
        ("contact", &identity.contact),
        ("discord", &identity.discord),
        ("description", &identity.description),
        ("logo", &identity.logo_url),
        ("additional", &identity.additional),
    ]
}

/// The fields that differ, as they will be.
fn changes(before: &SubnetIdentity, after: &SubnetIdentity) -> Vec<String> {
    fields(before)
        .into_iter()
        .zip(fields(after))
        .filter(|((_, before), (_, after))| before != after)
        .map(|(_, (name, after))| format!("{name} \"{after}\""))
        .collect()
}

fn text(answer: &Answer) -> String {
    let Some(identity) = &answer.identity else {
        return format!("subnet {} says nothing about itself", answer.netuid);
    };
    let mut lines = vec![format!(
        "subnet {} at block {}",
        answer.netuid, answer.block.number
    )];
    for (name, value) in fields(identity) {
        if !value.is_empty() {
            lines.push(format!("  {name:<12} {value}"));
        }
    }
    lines.join("\n")
}
