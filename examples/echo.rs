//! A whole subnet in one file: miners send texts back reversed, and are paid for it.
//!
//! `cargo run --release -p assay --example echo` tries it out: a chain in this process, three miners, a validator.
#![expect(clippy::print_stdout, reason = "what the epochs paid is this program's data")]

use assay::prelude::*;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, time::Duration};

/// What is asked, and the answer.
#[derive(Serialize, Deserialize)]
struct Echo {
    text: String,
    reply: Option<String>,
}

impl Synapse for Echo {
    const NAME: &'static str = "Echo";
    // What the validator's signature covers.
    const HASHED: &'static [&'static str] = &["text"];

    fn fields() -> Vec<Field> {
        vec![
            Field::required("text", FieldType::Str),
            Field::with_default("reply", FieldType::optional(FieldType::Str), PythonValue::None),
        ]
    }
}

fn reversed(text: &str) -> String {
    text.chars().rev().collect()
}

/// A miner that does what it is paid for.
async fn good(asked: Asked<Echo>) -> Result<Echo, Failure> {
    let mut echo = asked.synapse;
    echo.reply = Some(reversed(&echo.text));
    Ok(echo)
}

/// One that does it for half of the text.
async fn lazy(asked: Asked<Echo>) -> Result<Echo, Failure> {
    let mut echo = asked.synapse;
    let half: String = echo.text.chars().take(echo.text.chars().count() / 2).collect();
    echo.reply = Some(reversed(&half));
    Ok(echo)
}

/// One that sends the text back as it came.
async fn parrot(asked: Asked<Echo>) -> Result<Echo, Failure> {
    let mut echo = asked.synapse;
    echo.reply = Some(echo.text.clone());
    Ok(echo)
}

/// What a reply is worth: the share of characters that are where they should be.
fn worth(text: &str, reply: Option<&str>) -> f64 {
    let wanted = reversed(text);
    let right = wanted.chars().zip(reply.unwrap_or_default().chars());
    right.filter(|(wanted, got)| wanted == got).count() as f64 / wanted.chars().count().max(1) as f64
}

/// One round of the validator: some miners are asked, and their scores move.
async fn score(context: Context) -> Result<(), ScorerError> {
    let metagraph = context.metagraph().await?;
    let Ok(miners) = context.choose(&metagraph, 16, &BTreeSet::new()) else {
        return Ok(());
    };
    let echo = Echo {
        text: format!("block {} of subnet {}", metagraph.block.number, context.netuid()),
        reply: None,
    };
    for answer in context.ask(&miners, &echo, Duration::from_secs(12)).await? {
        let reward = match answer.outcome {
            Outcome::Answered(answered) => worth(&echo.text, answered.reply.as_deref()),
            // Our own fault must not cost a miner anything.
            Outcome::OwnFault(_) => continue,
            _ => 0.0,
        };
        context.reward(answer.miner.target.hotkey, reward)?;
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "echo-subnet".to_owned());
    Rehearsal::new(folder)
        .miner("good", Route::new(good))
        .miner("lazy", Route::new(lazy))
        .miner("parrot", Route::new(parrot))
        .scorer(score)
        .run(3, |epoch, miners| {
            println!("epoch {epoch}");
            for Part {
                name,
                score,
                incentive,
                emission,
            } in miners
            {
                println!("  {name:<8} score {score:.3}  incentive {incentive:.3}  paid {emission}");
            }
        })
        .await?;
    Ok(())
}
