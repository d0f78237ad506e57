//! A running devnet, asked over HTTP.
//!
//! Not through the chain's client: that one asks again when a connection breaks, and twice a thousand blocks are two
//! thousand.

use crate::{chain::chain_failure, context::Context};
use assay_chain::{ChainError, Endpoint, Reach};
use miette::miette;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::time::Duration;

/// The longest a request takes: a hundred thousand blocks in a build without optimisation.
const PATIENCE: Duration = Duration::from_secs(3600);

/// The method that only a devnet has.
const METHOD_NOT_FOUND: i64 = -32601;

/// A devnet that runs somewhere.
pub(super) struct Node {
    url: String,
    http: reqwest::Client,
}

/// A block, as the devnet tells it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Head {
    pub(super) number: u32,
    pub(super) hash: String,
}

impl std::fmt::Display for Head {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "block {} ({})", self.number, self.hash)
    }
}

impl Node {
    /// The devnet that the flags select; nothing is asked yet.
    pub(super) fn of(context: &Context) -> miette::Result<Self> {
        let network = context.chosen_network().unwrap_or("local");
        let endpoint: Endpoint = network
            .parse()
            .map_err(|error| chain_failure(ChainError::Endpoint(error)))?;
        let url = endpoint.to_string().replacen("ws", "http", 1);
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut http = reqwest::Client::builder().timeout(PATIENCE);
        // A proxy of the environment is for the world outside; it does not reach this machine.
        if endpoint.reach() == Reach::Private {
            http = http.no_proxy();
        }
        let http = http.build().map_err(|error| miette!("no HTTP client: {error}"))?;
        Ok(Self { url, http })
    }

    /// Where it is.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Calls a method.
    pub(super) async fn ask<T: DeserializeOwned>(&self, method: &str, params: Value) -> miette::Result<T> {
        let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let sent = self.http.post(&self.url).json(&request).send().await;
        let answer = match sent {
            Ok(response) => response.json::<Value>().await,
            Err(error) => Err(error),
        }
        .map_err(|error| {
            miette!(
                help = "start one with: assay devnet; or name another with -n ws://host:port",
                "no devnet answers at {}: {}",
                self.url,
                innermost(&error)
            )
        })?;
        if let Some(error) = answer.get("error") {
            return Err(self.refusal(method, error));
        }
        serde_json::from_value(answer.get("result").cloned().unwrap_or_default())
            .map_err(|error| miette!("{} answers {method} in an unknown shape: {error}", self.url))
    }

    fn refusal(&self, method: &str, error: &Value) -> miette::Report {
        let text = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
        if error.get("code").and_then(Value::as_i64) == Some(METHOD_NOT_FOUND) {
            return miette!(
                help = "this command is for `assay devnet` alone; name one with -n ws://host:port",
                "{} is no devnet of Assay, or an older one: it does not know {method}",
                self.url
            );
        }
        match (text("message"), text("data")) {
            (message, "") => miette!("{message}"),
            (message, data) => miette!("{message}: {data}"),
        }
    }
}

/// The last cause of an error: what the system said.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    last.to_string()
}
