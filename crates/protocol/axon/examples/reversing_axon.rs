//! An axon that sends every text back reversed, and says where it listens: `cargo run --release --example reversing_axon`.
//!
//! It takes as many requests as come, so that its speed can be measured.
#![expect(clippy::print_stdout, reason = "where it listens is this program's data")]

use assay_axon::{
    server::{Asked, Axon, AxonConfig, BucketSize, Failure, Route, Synapse},
    synapse::{Field, FieldType, PythonValue},
};
use assay_keys::{Pair, Scheme};
use serde::{Deserialize, Serialize};
use std::error::Error;

/// The allocator of our programs.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Serialize, Deserialize)]
struct Echo {
    text: String,
    #[serde(default)]
    n: i64,
    #[serde(default)]
    tags: Vec<String>,
    reply: Option<String>,
}

impl Synapse for Echo {
    const NAME: &'static str = "Echo";
    const HASHED: &'static [&'static str] = &["text", "n"];

    fn fields() -> Vec<Field> {
        vec![
            Field::required("text", FieldType::Str),
            Field::with_default("n", FieldType::Int, 0_i64),
            Field::with_default(
                "tags",
                FieldType::list(FieldType::Str),
                PythonValue::List(Vec::new()),
            ),
            Field::with_default("reply", FieldType::optional(FieldType::Str), PythonValue::None),
        ]
    }
}

async fn echo(asked: Asked<Echo>) -> Result<Echo, Failure> {
    let mut echo = asked.synapse;
    echo.reply = Some(reversed(&echo.text));
    Ok(echo)
}

/// ASCII is turned round without a look at where its characters begin, since this work is measured too.
fn reversed(text: &str) -> String {
    let backwards = text.is_ascii().then(|| text.bytes().rev().collect());
    match backwards.map(String::from_utf8) {
        Some(Ok(backwards)) => backwards,
        _ => text.chars().rev().collect(),
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let hotkey = Pair::from_uri("//Bob", Scheme::Sr25519)?;
    let account = hotkey.account();
    let mut config = AxonConfig::default();
    let unlimited = BucketSize {
        burst: u32::MAX,
        per_second: 1e9,
    };
    (config.rates.address, config.rates.caller) = (unlimited, unlimited);
    let axon = Axon::build(hotkey, config)
        .route(Route::new(echo))
        .listen(&["127.0.0.1:0".parse()?])
        .await?;
    let port = axon.addresses().first().map(std::net::SocketAddr::port);
    println!("{}", serde_json::json!({ "port": port, "hotkey": account }));
    tokio::signal::ctrl_c().await?;
    axon.stop().await;
    Ok(())
}
