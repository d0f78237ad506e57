//! The chain that the flags select, and its failures as this command line tells them.

use crate::{context::Context, hinted::hinted};
use assay_chain::{ChainClient, ChainError, ConnectOptions, Endpoints, Included, Receipt};
use std::borrow::Cow;

/// The nodes of the chosen network.
pub(crate) fn endpoints(context: &Context) -> miette::Result<Endpoints> {
    let parsed = context.network().parse();
    parsed.map_err(|error| chain_failure(ChainError::Endpoint(error)))
}

/// Connects to the chosen network.
pub(crate) async fn connect(context: &Context) -> miette::Result<ChainClient> {
    ChainClient::connect(endpoints(context)?, ConnectOptions::default())
        .await
        .map_err(chain_failure)
}

/// The first eight digits of the chain's genesis: they tell what is kept for one chain from what is kept for another.
pub(crate) fn mark(client: &ChainClient) -> String {
    let [first, second, third, fourth, ..] = client.genesis().0;
    hex::encode([first, second, third, fourth])
}

/// Follows a transaction until it cannot be undone any more, saying where it is.
pub(crate) async fn follow(context: &Context, receipt: &Receipt) -> miette::Result<Included> {
    let output = context.output();
    output.say(&format!("submitted {} as {}", receipt.call(), receipt.hash()));
    match receipt.in_block().await {
        Ok(included) => output.say(&format!("in {}", included.block)),
        // Only a final block decides.
        Err(error @ ChainError::Dispatch { .. }) => {
            output.say(&format!("{error}; waiting until that is final"))
        }
        Err(error) => return Err(chain_failure(error)),
    }
    let included = receipt.finalized().await.map_err(chain_failure)?;
    output.say(&format!("final; fee {}", included.fee));
    Ok(included)
}

/// A failure of the chain, with what to do about it.
pub(crate) fn chain_failure(error: ChainError) -> miette::Report {
    let hint = error.hint().map(Cow::into_owned);
    hinted(error, hint)
}
