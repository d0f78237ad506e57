//! The chain that the flags select, and its failures as this command line tells them.

use crate::context::Context;
use assay_chain::{ChainClient, ChainError, ConnectOptions, Included, Receipt};
use std::{error::Error, fmt};

/// Connects to the chosen network.
pub(crate) async fn connect(context: &Context) -> miette::Result<ChainClient> {
    let endpoint = context
        .network()
        .parse()
        .map_err(|error| chain_failure(ChainError::Endpoint(error)))?;
    ChainClient::connect(endpoint, ConnectOptions::default())
        .await
        .map_err(chain_failure)
}

/// Follows a transaction until it cannot be undone any more, saying where it is.
pub(crate) async fn follow(context: &Context, receipt: &Receipt) -> miette::Result<Included> {
    let output = context.output();
    output.say(&format!("submitted {} as {}", receipt.call(), receipt.hash()));
    let included = receipt.in_block().await.map_err(chain_failure)?;
    output.say(&format!("in block {}", included.block));
    let included = receipt.finalized().await.map_err(chain_failure)?;
    output.say(&format!("final; fee {}", included.fee));
    Ok(included)
}

/// A failure of the chain, with what to do about it.
pub(crate) fn chain_failure(error: ChainError) -> miette::Report {
    ChainFailure(error).into()
}

#[derive(Debug)]
struct ChainFailure(ChainError);

impl fmt::Display for ChainFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for ChainFailure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

impl miette::Diagnostic for ChainFailure {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.0.hint().map(|hint| Box::new(hint) as _)
    }
}
