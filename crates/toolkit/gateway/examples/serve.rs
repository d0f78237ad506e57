//! Three miners that repeat what they are told, and a gateway in front of them: something to try clients with.

#![expect(clippy::print_stdout, reason = "an example talks to the terminal")]

use assay_axon::{
    Dendrite, DendriteConfig, Target,
    server::{Asked, Axon, AxonConfig, Parts, Route},
};
use assay_gateway::{
    Exchange, ExchangeSink, Gateway, GatewayConfig, SinkError, Uid,
    backend::{ChatSynapse, ChatWire, ListedMiner, Miners, Order},
    keys::{KeyStore, NewKey, Quotas},
};
use assay_keys::{Pair, Scheme};
use bytes::Bytes;
use futures::{StreamExt, future::BoxFuture};
use std::{
    error::Error,
    sync::Arc,
    time::{Duration, SystemTime},
};

/// Shows what would be scored.
struct Shown;

impl ExchangeSink for Shown {
    fn take(&self, exchange: Exchange) -> BoxFuture<'_, Result<(), SinkError>> {
        println!("{}", serde_json::json!(exchange.record()));
        Box::pin(std::future::ready(Ok(())))
    }
}

/// Word by word, each miner at its own speed.
fn repeat(asked: &Asked<ChatSynapse>, pause: Duration) -> Parts {
    let said = asked.synapse.messages.last().cloned().unwrap_or_default();
    let words: Vec<String> = said.split_inclusive(' ').map(str::to_owned).collect();
    futures::stream::iter(words)
        .then(move |word| async move {
            tokio::time::sleep(pause).await;
            Ok(Bytes::from(word))
        })
        .boxed()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (mut axons, mut miners) = (Vec::new(), Vec::new());
    for uid in 0_u16..3 {
        let hotkey = Pair::from_uri(&format!("//Miner{uid}"), Scheme::Sr25519)?;
        let account = hotkey.account();
        let pause = Duration::from_millis(100 + 50 * u64::from(uid));
        let axon = Axon::build(hotkey, AxonConfig::default())
            .route(Route::streaming(move |asked: Asked<ChatSynapse>| {
                std::future::ready(Ok(repeat(&asked, pause)))
            }))
            .listen(&["127.0.0.1:0".parse()?])
            .await?;
        let address = *axon.addresses().first().ok_or("the axon has no address")?;
        miners.push(ListedMiner {
            uid: Uid(uid),
            target: Target {
                hotkey: account,
                address,
            },
            incentive: 0.0,
        });
        axons.push(axon);
    }
    let folder = tempfile::TempDir::new()?;
    let key = NewKey {
        name: "you".to_owned(),
        quotas: Quotas {
            requests_per_minute: Some(10),
            ..Quotas::default()
        },
        ..NewKey::default()
    };
    let (_, key) = KeyStore::at(folder.path()).create(key, SystemTime::now())?;
    let dendrite = Dendrite::new(
        Pair::from_uri("//Gateway", Scheme::Sr25519)?,
        DendriteConfig::default(),
    );
    let backend = Miners::new(
        Arc::new(dendrite),
        move || miners.clone(),
        ChatWire::default(),
        Order::Random,
        0,
    );
    let config = GatewayConfig::with_keys(folder.path(), "repeat");
    let gateway = Gateway::bind(config, Arc::new(backend), Arc::new(Shown)).await?;
    let address = gateway.local_addr();
    println!(
        "curl -N http://{address}/v1/chat/completions -H 'Authorization: Bearer {}' -H 'Content-Type: application/json' \\\n  \
         -d '{{\"model\": \"repeat\", \"stream\": true, \"messages\": [{{\"role\": \"user\", \"content\": \"one two three\"}}]}}'",
        key.reveal()
    );
    gateway
        .serve(async {
            // Without signals it is ended from outside.
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
        })
        .await;
    for axon in axons {
        axon.stop().await;
    }
    Ok(())
}
