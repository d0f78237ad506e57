//! Stake: TAO turned into a subnet's alpha on a hotkey, and back.

mod add;
mod holding;
mod moving;
mod price;
mod remove;
mod show;

use crate::context::Context;

/// Add, remove, move and show stake
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    Add(add::Args),
    Remove(remove::Args),
    Move(moving::Move),
    Transfer(moving::Transfer),
    Swap(moving::Swap),
    /// Show a coldkey's stakes
    #[command(visible_alias = "list")]
    Show(show::Args),
}

pub(crate) fn run(command: Command, context: &Context) -> miette::Result<()> {
    context.block_on(async {
        match command {
            Command::Add(args) => add::run(args, context).await,
            Command::Remove(args) => remove::run(args, context).await,
            Command::Move(args) => moving::move_stake(args, context).await,
            Command::Transfer(args) => moving::transfer(args, context).await,
            Command::Swap(args) => moving::swap(args, context).await,
            Command::Show(args) => show::run(args, context).await,
        }
    })
}
