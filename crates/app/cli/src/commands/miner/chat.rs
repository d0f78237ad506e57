//! `assay miner chat`: answers people's chats, on any chain.

use super::answering::{AnsweringArgs, Kind, run as answer};
use crate::context::Context;

/// Answer people's chats with a language model
///
/// Looks from outside whether its axon is reached, publishes the address on chain, and answers validators until it is asked
/// to stop. Ends with exit code 0 then, 69 when the chain is out of reach, 74 when files cannot be used, 77 when the hotkey
/// is not registered or no longer, 78 when the axon cannot listen or be published there, and 70 when it hangs.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    answering: AnsweringArgs,
}

pub(crate) async fn run(args: Args, context: &Context) -> miette::Result<()> {
    let kind = Kind {
        name: "chat",
        system: "organic",
        routes: Box::new(|mind| vec![assay_chat::route(mind)]),
    };
    answer(args.answering, kind, context).await
}
