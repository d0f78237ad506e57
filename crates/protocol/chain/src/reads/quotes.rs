//! What a trade with a subnet's pool would bring at one block.

use crate::{Alpha, ChainError, NetUid, Rao, Snapshot, runtime::number_value};
use serde::Serialize;
use subxt::ext::scale_decode::{self, DecodeAsType};

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "scale_decode")]
struct SimSwapResult {
    tao_amount: u64,
    alpha_amount: u64,
    tao_fee: u64,
    alpha_fee: u64,
}

/// What TAO would buy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct BuyQuote {
    /// TAO for one alpha, before the trade.
    pub price: Rao,
    /// What is paid, the fee included.
    pub paid: Rao,
    /// The pool's fee.
    pub fee: Rao,
    /// What comes out.
    pub received: Alpha,
}

/// What alpha would bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct SellQuote {
    /// TAO for one alpha, before the trade.
    pub price: Rao,
    /// What is given, the fee included.
    pub given: Alpha,
    /// The pool's fee.
    pub fee: Alpha,
    /// What comes out.
    pub received: Rao,
}

impl BuyQuote {
    /// By how much less comes out than the price promises, as a fraction of one: the trade moves the price.
    pub fn slippage(&self) -> f64 {
        let promised = self.paid.tokens() / self.price.tokens();
        lost(self.received.tokens(), promised)
    }
}

impl SellQuote {
    /// By how much less comes out than the price promises, as a fraction of one: the trade moves the price.
    pub fn slippage(&self) -> f64 {
        let promised = self.given.tokens() * self.price.tokens();
        lost(self.received.tokens(), promised)
    }
}

fn lost(received: f64, promised: f64) -> f64 {
    if promised > 0.0 && promised.is_finite() {
        (1.0 - received / promised).max(0.0)
    } else {
        0.0
    }
}

impl Snapshot {
    /// What TAO would buy of a subnet's alpha.
    ///
    /// # Errors
    ///
    /// When the node does not answer, or the chain does not tell.
    pub async fn quote_buy(&self, netuid: NetUid, amount: Rao) -> Result<BuyQuote, ChainError> {
        let (price, result) = tokio::try_join!(
            self.alpha_price(netuid),
            self.simulated(netuid, "sim_swap_tao_for_alpha", amount.0)
        )?;
        Ok(BuyQuote {
            price,
            paid: amount,
            fee: Rao(result.tao_fee),
            received: Alpha(result.alpha_amount),
        })
    }

    /// What a subnet's alpha would bring.
    ///
    /// # Errors
    ///
    /// As [`quote_buy`](Self::quote_buy).
    pub async fn quote_sell(&self, netuid: NetUid, amount: Alpha) -> Result<SellQuote, ChainError> {
        let (price, result) = tokio::try_join!(
            self.alpha_price(netuid),
            self.simulated(netuid, "sim_swap_alpha_for_tao", amount.0)
        )?;
        Ok(SellQuote {
            price,
            given: amount,
            fee: Alpha(result.alpha_fee),
            received: Rao(result.tao_amount),
        })
    }

    async fn simulated(
        &self,
        netuid: NetUid,
        method: &'static str,
        amount: u64,
    ) -> Result<SimSwapResult, ChainError> {
        let arguments = vec![number_value(netuid.0), number_value(amount)];
        self.api("SwapRuntimeApi", method, arguments).await
    }
}
