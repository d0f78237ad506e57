//! Price limits, and what a trade would bring, for the commands that trade.

use crate::commands::on_chain::chain_failure;
use assay_chain::{Alpha, BuyQuote, Fill, NetUid, Rao, SellQuote, Snapshot, UNITS_PER_TOKEN};
use miette::miette;
use std::{fmt, str::FromStr};

/// How bad a price is accepted.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(super) struct PriceArgs {
    /// The worst price to accept, in TAO for one alpha
    #[arg(long, value_name = "TAO", conflicts_with = "tolerance")]
    limit: Option<Rao>,
    #[command(flatten)]
    leeway: Leeway,
}

/// How bad a rate between two subnets is accepted.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(super) struct RateArgs {
    /// The least alpha of the other subnet to accept for one of this
    #[arg(long, value_name = "RATIO", conflicts_with = "tolerance")]
    limit: Option<Alpha>,
    #[command(flatten)]
    leeway: Leeway,
}

/// What is accepted where no limit is named, and what happens at one.
#[derive(Clone, Copy, Debug, clap::Args)]
struct Leeway {
    /// The worst price to accept, in percent away from the present one; none accepts any
    #[arg(long, value_name = "PERCENT", default_value_t = Tolerance::USUAL)]
    tolerance: Tolerance,
    /// Trade as much as the limit allows instead of all or nothing
    #[arg(long)]
    partial: bool,
}

/// How far from the present price a trade may end.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Tolerance {
    Percent(f64),
    /// As far as it gets: for those who want the trade more than its price.
    Any,
}

impl Tolerance {
    /// An ordinary trade, and the blocks that come before it, move a price by less. Larger lets others trade ahead of it
    /// at its cost; smaller refuses what nobody meant to refuse.
    const USUAL: Self = Self::Percent(5.0);

    fn percent(self) -> Option<f64> {
        match self {
            Self::Percent(percent) => Some(percent),
            Self::Any => None,
        }
    }
}

impl FromStr for Tolerance {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "none" {
            return Ok(Self::Any);
        }
        text.trim_end_matches('%')
            .parse::<f64>()
            .ok()
            .filter(|percent| (0.0..100.0).contains(percent))
            .map(Self::Percent)
            .ok_or_else(|| format!("{text} is no percentage: write a number from 0 to 99, like 2.5, or none"))
    }
}

impl fmt::Display for Tolerance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Percent(percent) => write!(f, "{percent}"),
            Self::Any => f.write_str("none"),
        }
    }
}

/// A loss of more than this is pointed out: a twentieth is more than any ordinary trade costs.
const LARGE_SLIPPAGE: f64 = 0.05;

impl PriceArgs {
    /// The limit for a purchase at a price, when there is one.
    pub(super) fn for_buying(&self, price: Rao) -> Option<Rao> {
        self.limit
            .or_else(|| Some(scaled(price, 1.0 + self.leeway.tolerance.percent()? / 100.0)))
    }

    /// The limit for a sale at a price, when there is one.
    pub(super) fn for_selling(&self, price: Rao) -> Option<Rao> {
        self.limit
            .or_else(|| Some(scaled(price, 1.0 - self.leeway.tolerance.percent()? / 100.0)))
    }

    pub(super) fn fill(&self) -> Fill {
        self.leeway.fill()
    }

    /// Whether `--partial` has a limit to stop at.
    pub(super) fn check(&self) -> miette::Result<()> {
        self.leeway.check(self.limit.is_some(), "TAO")
    }

    /// What a purchase keeps to, as the end of a sentence.
    pub(super) fn buying_words(&self, limit: Option<Rao>) -> String {
        self.leeway
            .words(limit.map(|limit| format!("one alpha costs no more than {limit}")))
    }

    /// What a sale keeps to, as the end of a sentence.
    pub(super) fn selling_words(&self, limit: Option<Rao>) -> String {
        self.leeway
            .words(limit.map(|limit| format!("one alpha is worth no less than {limit}")))
    }
}

impl RateArgs {
    /// The limit for an exchange at prices here and there, when there is one: the least alpha there for one of here.
    pub(super) fn limit(&self, here: Rao, there: Rao) -> Option<Alpha> {
        self.limit.or_else(|| {
            let tolerance = self.leeway.tolerance.percent()?;
            let ratio = u128::from(here.0) * u128::from(UNITS_PER_TOKEN) / u128::from(there.0.max(1));
            let ratio = Rao(u64::try_from(ratio).unwrap_or(u64::MAX));
            Some(Alpha(scaled(ratio, 1.0 - tolerance / 100.0).0))
        })
    }

    pub(super) fn fill(&self) -> Fill {
        self.leeway.fill()
    }

    /// Whether `--partial` has a limit to stop at.
    pub(super) fn check(&self) -> miette::Result<()> {
        self.leeway.check(self.limit.is_some(), "RATIO")
    }

    /// What an exchange keeps to, as the end of a sentence.
    pub(super) fn words(&self, limit: Option<Alpha>, from: NetUid, to: NetUid) -> String {
        self.leeway.words(
            limit.map(|limit| {
                format!("one alpha of subnet {from} is worth no less than {limit} of subnet {to}")
            }),
        )
    }
}

impl Leeway {
    fn fill(self) -> Fill {
        if self.partial { Fill::Partial } else { Fill::Whole }
    }

    fn check(self, has_limit: bool, unit: &str) -> miette::Result<()> {
        if self.partial && !has_limit && self.tolerance == Tolerance::Any {
            return Err(miette!(
                help = format!("add --limit {unit} or --tolerance PERCENT"),
                "--partial says what to do at a limit, and there is none"
            ));
        }
        Ok(())
    }

    /// Without a condition there is no limit.
    fn words(self, condition: Option<String>) -> String {
        match condition {
            None => ", whatever the price is by then".to_owned(),
            Some(condition) if self.partial => format!(", or as much of it as goes while {condition}"),
            Some(condition) => format!(", if {condition} afterwards"),
        }
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

    fn leeway(tolerance: &str, partial: bool) -> Leeway {
        Leeway {
            tolerance: tolerance.parse().unwrap(),
            partial,
        }
    }

    #[test]
    fn limits_lie_on_the_right_side_of_the_price() {
        let args = |limit, tolerance| PriceArgs {
            limit,
            leeway: leeway(tolerance, false),
        };
        let price = Rao(2_000_000_000);
        assert_eq!(args(None, "5").for_buying(price), Some(Rao(2_100_000_000)));
        assert_eq!(args(None, "5").for_selling(price), Some(Rao(1_900_000_000)));
        assert_eq!(args(Some(Rao(7)), "5").for_selling(price), Some(Rao(7)));
        assert_eq!(args(None, "none").for_buying(price), None);
        assert_eq!("2.5%".parse(), Ok(Tolerance::Percent(2.5)));
        for wrong in ["100", "-1", "x", "NaN", "None"] {
            assert!(wrong.parse::<Tolerance>().is_err(), "{wrong}");
        }
        assert_eq!(Tolerance::USUAL.to_string(), "5");
    }

    #[test]
    fn a_rate_is_alpha_there_for_one_here() {
        let args = |limit, tolerance| RateArgs {
            limit,
            leeway: leeway(tolerance, false),
        };
        let (here, there) = (Rao(3_000_000_000), Rao(2_000_000_000));
        assert_eq!(args(None, "0").limit(here, there), Some(Alpha(1_500_000_000)));
        assert_eq!(args(None, "10").limit(here, there), Some(Alpha(1_350_000_000)));
        assert_eq!(args(Some(Alpha(9)), "5").limit(here, there), Some(Alpha(9)));
        assert_eq!(args(None, "none").limit(here, there), None);
    }

    #[test]
    fn a_part_needs_a_limit() {
        assert!(leeway("none", true).check(false, "TAO").is_err());
        for fine in [(leeway("none", true), true), (leeway("5", true), false)] {
            assert!(fine.0.check(fine.1, "TAO").is_ok());
        }
        assert!(leeway("none", false).check(false, "TAO").is_ok());
    }
}
