//! Price limits, and what a trade would bring, for the commands that trade.

use crate::commands::on_chain::chain_failure;
use assay_chain::{Alpha, BuyQuote, Fill, NetUid, Rao, SellQuote, Snapshot};
use miette::miette;

/// How bad a price is accepted.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct PriceArgs {
    /// The worst price to accept, in TAO for one alpha
    #[arg(long, value_name = "TAO", conflicts_with = "tolerance")]
    limit: Option<Rao>,
    /// The worst price to accept, in percent away from the present one
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    tolerance: Option<f64>,
    /// Trade as much as the limit allows instead of all or nothing
    #[arg(long)]
    partial: bool,
}

fn percent(text: &str) -> Result<f64, String> {
    text.trim_end_matches('%')
        .parse()
        .ok()
        .filter(|percent| (0.0..100.0).contains(percent))
        .ok_or_else(|| format!("{text} is no percentage: write a number from 0 to 99, like 2.5"))
}

/// A loss of more than this is pointed out: a twentieth is more than any ordinary trade costs.
const LARGE_SLIPPAGE: f64 = 0.05;

impl PriceArgs {
    /// The limit for a purchase at a price, when there is one.
    pub(super) fn for_buying(&self, price: Rao) -> Option<Rao> {
        self.limit
            .or_else(|| Some(scaled(price, 1.0 + self.tolerance? / 100.0)))
    }

    /// The limit for a sale at a price, when there is one.
    pub(super) fn for_selling(&self, price: Rao) -> Option<Rao> {
        self.limit
            .or_else(|| Some(scaled(price, 1.0 - self.tolerance? / 100.0)))
    }

    pub(super) fn fill(&self) -> Fill {
        if self.partial { Fill::Partial } else { Fill::Whole }
    }

    /// Whether any limit was given; without one `--partial` means nothing.
    pub(super) fn check(&self) -> miette::Result<()> {
        if self.partial && self.limit.is_none() && self.tolerance.is_none() {
            return Err(miette!(
                help = "add --limit TAO or --tolerance PERCENT",
                "--partial says what to do at a limit, and there is none"
            ));
        }
        Ok(())
    }
}

fn scaled(price: Rao, factor: f64) -> Rao {
    // Prices are far below 2^53 rao; the last digit of a limit does not matter.
    Rao((price.0 as f64 * factor).round() as u64)
}

/// What TAO buys, as the end of a sentence; nothing where the pool cannot tell.
pub(super) async fn buying(
    snapshot: &Snapshot,
    netuid: NetUid,
    amount: Rao,
) -> miette::Result<(BuyQuote, String)> {
    let quote = snapshot.quote_buy(netuid, amount).await.map_err(chain_failure)?;
    let told = told(
        &format!("about {}", quote.received),
        quote.price,
        quote.slippage(),
    );
    Ok((quote, told))
}

/// What alpha brings, as the end of a sentence.
pub(super) async fn selling(
    snapshot: &Snapshot,
    netuid: NetUid,
    amount: Alpha,
) -> miette::Result<(SellQuote, String)> {
    let quote = snapshot.quote_sell(netuid, amount).await.map_err(chain_failure)?;
    let told = told(
        &format!("about {}", quote.received),
        quote.price,
        quote.slippage(),
    );
    Ok((quote, told))
}

fn told(received: &str, price: Rao, slippage: f64) -> String {
    let warning = if slippage > LARGE_SLIPPAGE {
        ", which is much: the amount is large for the pool"
    } else {
        ""
    };
    format!(
        "{received} ({:.2} % less than the price of {price} promises{warning})",
        slippage * 100.0
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_lie_on_the_right_side_of_the_price() {
        let args = |limit, tolerance| PriceArgs {
            limit,
            tolerance,
            partial: false,
        };
        let price = Rao(2_000_000_000);
        assert_eq!(args(None, Some(5.0)).for_buying(price), Some(Rao(2_100_000_000)));
        assert_eq!(args(None, Some(5.0)).for_selling(price), Some(Rao(1_900_000_000)));
        assert_eq!(args(Some(Rao(7)), None).for_selling(price), Some(Rao(7)));
        assert_eq!(args(None, None).for_buying(price), None);
        assert_eq!(percent("2.5%"), Ok(2.5));
        assert!(percent("100").is_err() && percent("-1").is_err() && percent("x").is_err());
    }
}
