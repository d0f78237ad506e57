//! Acting for another account.

use crate::{
    AccountId, Call,
    runtime::{account_value, number_value},
};
use scale_value::Value;

const PROXY: &str = "Proxy";

fn address(account: &AccountId) -> Value {
    Value::unnamed_variant("Id", [account_value(account)])
}

fn delegation(delegate: &AccountId, kind: &str, delay: u32) -> [(&'static str, Value); 3] {
    [
        ("delegate", address(delegate)),
        ("proxy_type", Value::unnamed_variant(kind, [])),
        ("delay", number_value(delay)),
    ]
}

impl Call {
    /// The same call made for `real`, which must have made the signer its proxy. Its failure is the receipt's failure.
    #[must_use]
    pub fn for_account(&self, real: &AccountId) -> Self {
        let arguments = [
            ("real", address(real)),
            ("force_proxy_type", Value::unnamed_variant("None", [])),
            ("call", self.to_value()),
        ];
        Self::new(PROXY, "proxy", arguments)
    }

    /// Lets `delegate` make calls of a kind for the signer, each `delay` blocks after its announcement. The kinds are
    /// the runtime's: `Any`, `Staking`, `Transfer`, `NonTransfer` and more.
    pub fn add_proxy(delegate: &AccountId, kind: &str, delay: u32) -> Self {
        Self::new(PROXY, "add_proxy", delegation(delegate, kind, delay))
    }

    /// Takes back what [`add_proxy`](Self::add_proxy) gave.
    pub fn remove_proxy(delegate: &AccountId, kind: &str, delay: u32) -> Self {
        Self::new(PROXY, "remove_proxy", delegation(delegate, kind, delay))
    }

    /// Takes all proxies of the signer back.
    pub fn remove_proxies() -> Self {
        Self::new(PROXY, "remove_proxies", [])
    }
}
