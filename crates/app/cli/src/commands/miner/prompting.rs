//! `assay miner prompting`: answers validators' prompts, on any chain.

use super::answering::{AnsweringArgs, Kind, run as answer};
use crate::context::Context;
use assay_prompting::prompts::tasks::TaskKind;
use std::{collections::BTreeSet, sync::Arc};

/// Answer validators' prompts with a language model
///
/// Answers the synapses of the prompting subnet, whole and streamed, and chats that a gateway relays. Looks from outside
/// whether its axon is reached, publishes the address on chain, and answers until it is asked to stop. Ends with exit code 0
/// then, 69 when the chain is out of reach, 74 when files cannot be used, 77 when the hotkey is not registered or no longer,
/// 78 when the axon cannot listen or be published there, and 70 when it hangs.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    answering: AnsweringArgs,
    /// The tasks that it does, of summarization, question-generation, question-answer and inference [default: all]. Validators
    /// that ask are told, and nobody is paid for what it does not do
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    tasks: Vec<TaskKind>,
}

pub(crate) async fn run(args: Args, context: &Context) -> miette::Result<()> {
    let tasks: BTreeSet<TaskKind> = if args.tasks.is_empty() {
        TaskKind::ALL.into()
    } else {
        args.tasks.into_iter().collect()
    };
    let kind = Kind {
        name: "prompting",
        system: "prompting",
        routes: Box::new(move |mind| {
            let mut routes = Vec::from(assay_prompting::routes_for(Arc::clone(&mind), &tasks));
            routes.push(assay_chat::route(mind));
            routes
        }),
    };
    answer(args.answering, kind, context).await
}
