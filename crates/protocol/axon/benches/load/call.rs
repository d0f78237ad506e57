//! Calls of our dendrite, each with a request of its own.

use crate::{Load, Measured, cost::Process};
use assay_axon::{
    Dendrite, DendriteConfig, SynapseRequest, Target,
    synapse::{Field, FieldType},
};
use assay_keys::{Pair, Scheme};
use futures::future::try_join_all;
use serde::Serialize;
use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant},
};

#[derive(Serialize)]
struct Echo<'a> {
    text: &'a str,
    n: usize,
    tags: [&'a str; 0],
    reply: Option<&'a str>,
}

struct Asking {
    dendrite: Dendrite,
    target: Target,
    hashed: [Field; 2],
    text: String,
    reply: String,
}

impl Asking {
    async fn ask(&self, n: usize) -> Duration {
        let began = Instant::now();
        let echo = Echo {
            text: &self.text,
            n,
            tags: [],
            reply: None,
        };
        let request = SynapseRequest::new("Echo", &echo, Duration::from_secs(60))
            .and_then(|request| request.requiring(&["text"]))
            .and_then(|request| request.hashing(&self.hashed))
            .unwrap();
        let reply = self.dendrite.call(&self.target, &request).await;
        let took = began.elapsed();
        let answer = reply.outcome.answer().unwrap_or_else(|| panic!("{reply:?}"));
        let back: Option<String> = answer.fields.get("reply").unwrap();
        assert!(back.as_ref() == Some(&self.reply), "another reply");
        took
    }

    async fn ask_one_after_the_other(self: Arc<Self>, numbers: std::ops::Range<usize>) -> Vec<Duration> {
        let mut latencies = Vec::with_capacity(numbers.len());
        for number in numbers {
            latencies.push(self.ask(number).await);
        }
        latencies
    }
}

pub(crate) async fn run(load: Load) -> Measured {
    let text = load.text();
    let asking = Arc::new(Asking {
        dendrite: Dendrite::new(
            Pair::from_uri("//Alice", Scheme::Sr25519).unwrap(),
            DendriteConfig {
                // The usual ones ask many axons, and keep a connection or two to each.
                idle_per_target: load.concurrency,
                ..DendriteConfig::default()
            },
        ),
        target: Target {
            hotkey: load.hotkey,
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, load.port)),
        },
        hashed: [
            Field::required("text", FieldType::Str),
            Field::with_default("n", FieldType::Int, 0_i64),
        ],
        reply: text.chars().rev().collect(),
        text,
    });
    let all_senders = |numbers: std::ops::Range<usize>| {
        let tasks = (0..load.concurrency)
            .map(|_| tokio::spawn(asking.clone().ask_one_after_the_other(numbers.clone())));
        try_join_all(tasks)
    };
    let warm = all_senders(0..1).await.unwrap();
    assert_eq!(warm.len(), load.concurrency);
    let process = Process::of(std::process::id());
    let (before, began) = (process.cpu(), Instant::now());
    let latencies = all_senders(1..load.each() + 1).await.unwrap();
    Measured {
        latencies: latencies.concat(),
        elapsed: began.elapsed(),
        cpu: process.cpu().saturating_sub(before),
        peak_kib: process.peak_kib(),
    }
}
