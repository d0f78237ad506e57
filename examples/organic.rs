//! A subnet whose miners are paid for what users really ask: they sort words.
//!
//! `cargo run --release -p assay --example organic` tries it out: a chain in this process, miners, a validator with an
//! axon for users, and a user. Where nobody asks, the validator asks something of its own.
#![expect(clippy::print_stdout, reason = "what the epochs paid is this program's data")]

use assay::{
    axon::{
        Dendrite, DendriteConfig, SynapseRequest, Target,
        server::{Axon, AxonConfig},
    },
    keys::{AccountId, Pair, Scheme},
    organic::{
        Entered, HookError, OrganicConfig, OrganicScorer, OrganicScoring, SampleId, Sampled, Whole,
        synth::{Datasets, SynthDataset},
    },
    prelude::*,
};
use futures::future::{BoxFuture, FutureExt};
use rand::{Rng, seq::SliceRandom};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, error::Error, net::SocketAddr, time::Duration};

/// Where users ask.
const DOOR: ([u8; 4], u16) = ([127, 0, 0, 1], 0);
const PATIENCE: Duration = Duration::from_secs(12);

/// What is asked, and the answer.
#[derive(Clone, Serialize, Deserialize)]
struct Sort {
    words: Vec<String>,
    sorted: Option<Vec<String>>,
}

impl Synapse for Sort {
    const NAME: &'static str = "Sort";
    const HASHED: &'static [&'static str] = &["words"];

    fn fields() -> Vec<Field> {
        let words = FieldType::list(FieldType::Str);
        vec![
            Field::required("words", words.clone()),
            Field::with_default("sorted", FieldType::optional(words), PythonValue::None),
        ]
    }
}

async fn good(asked: Asked<Sort>) -> Result<Sort, Failure> {
    let mut sort = asked.synapse;
    let mut sorted = sort.words.clone();
    sorted.sort();
    sort.sorted = Some(sorted);
    Ok(sort)
}

async fn careless(asked: Asked<Sort>) -> Result<Sort, Failure> {
    let mut sort = asked.synapse;
    let mut sorted = sort.words.clone();
    // Not by the whole word.
    sorted.sort_by_key(|word| word.len());
    sort.sorted = Some(sorted);
    Ok(sort)
}

/// What a miner sent back; nothing where it had no answer.
type Reply = (AccountId, Option<Vec<String>>);

/// Something to score: the words, and what miners answered the user, if one asked.
#[derive(Clone)]
struct Sample {
    words: Vec<String>,
    replies: Vec<Reply>,
}

/// How the validator scores.
struct Sorting {
    context: Context,
}

impl Sorting {
    async fn ask(&self, words: &[String]) -> Result<Vec<Reply>, Box<dyn Error + Send + Sync>> {
        let metagraph = self.context.metagraph().await?;
        let miners = self.context.choose(&metagraph, 3, &BTreeSet::new())?;
        let sort = Sort {
            words: words.to_vec(),
            sorted: None,
        };
        let answers = self.context.ask(&miners, &sort, PATIENCE).await?;
        let reply = |answer: assay::neuron::MinerReply<Sort>| match answer.outcome {
            // Our own fault must not cost a miner anything: it is as if it had not been asked.
            Outcome::OwnFault(_) => None,
            outcome => Some((
                answer.miner.target.hotkey,
                outcome.into_answer().and_then(|sort| sort.sorted),
            )),
        };
        Ok(answers.into_iter().filter_map(reply).collect())
    }
}

impl OrganicScoring for Sorting {
    type Entry = Sort;
    type Answer = Whole<Sort>;
    type Sample = Sample;
    type Responses = Vec<Reply>;
    type Reference = Vec<String>;
    type Rewards = Vec<(AccountId, f64)>;

    async fn on_organic_entry(
        &self,
        asked: Asked<Sort>,
        _: SampleId,
    ) -> Result<Entered<Whole<Sort>, Sample>, Failure> {
        let mut sort = asked.synapse;
        let replies = self.ask(&sort.words).await.unwrap_or_default();
        sort.sorted = replies.iter().find_map(|(_, sorted)| sorted.clone());
        let words = sort.words.clone();
        Ok(Entered::now(Whole(sort), Sample { words, replies }))
    }

    async fn query_miners(&self, sample: &Sampled<Sample>) -> Result<Vec<Reply>, HookError> {
        if sample.may_reuse_responses {
            return Ok(sample.sample.replies.clone());
        }
        let replies = self.ask(&sample.sample.words).await;
        replies.map_err(|error| HookError::explained("the miners cannot be asked", error))
    }

    async fn generate_reference(&self, sample: &Sampled<Sample>) -> Result<Option<Vec<String>>, HookError> {
        let mut sorted = sample.sample.words.clone();
        sorted.sort();
        Ok(Some(sorted))
    }

    async fn generate_rewards(
        &self,
        _: &Sampled<Sample>,
        replies: &Vec<Reply>,
        reference: Option<&Vec<String>>,
    ) -> Result<Vec<(AccountId, f64)>, HookError> {
        let wanted = reference.map(Vec::as_slice).unwrap_or_default();
        let worth = |sorted: &Option<Vec<String>>| {
            let got = sorted.as_deref().unwrap_or_default();
            let right = wanted.iter().zip(got).filter(|(wanted, got)| wanted == got);
            right.count() as f64 / wanted.len().max(1) as f64
        };
        Ok(replies
            .iter()
            .map(|(hotkey, sorted)| (*hotkey, worth(sorted)))
            .collect())
    }

    async fn set_weights(
        &self,
        sample: &Sampled<Sample>,
        rewards: &Vec<(AccountId, f64)>,
    ) -> Result<(), HookError> {
        for (hotkey, reward) in rewards {
            self.context.reward(*hotkey, reward * sample.reward_scale)?;
        }
        Ok(())
    }
}

const WORDS: [&str; 8] = ["pear", "fig", "apple", "plum", "cherry", "quince", "lime", "date"];

fn some_words(rng: &mut impl Rng) -> Vec<String> {
    let mut words: Vec<String> = WORDS.map(str::to_owned).into();
    words.shuffle(rng);
    words.truncate(5);
    words
}

/// What the validator asks where no user does.
struct OwnWords;

impl SynthDataset<Sample> for OwnWords {
    fn sample(&self, mut rng: rand_chacha::ChaCha8Rng) -> BoxFuture<'_, Result<Option<Sample>, HookError>> {
        let words = some_words(&mut rng);
        std::future::ready(Ok(Some(Sample {
            words,
            replies: Vec::new(),
        })))
        .boxed()
    }
}

/// The validator's life: users ask at its door, and what they asked is scored in the background.
async fn live(context: Context) -> Result<(), ScorerError> {
    let config = OrganicConfig {
        trigger_frequency: 0.5,
        trigger_frequency_min: 0.1,
        ..OrganicConfig::default()
    };
    let scorer = OrganicScorer::build(Sorting {
        context: context.clone(),
    })
    .config(config)
    .synth(Datasets::one(OwnWords))
    .finish()?;
    let door = Pair::from_uri("//Door", Scheme::Sr25519)?;
    let hotkey = door.account();
    let axon = Axon::build(door, AxonConfig::default()).route(scorer.route());
    let axon = axon.listen(&[SocketAddr::from(DOOR)]).await?;
    scorer.start();
    let user = tokio::spawn(user(Target {
        hotkey,
        address: *axon.addresses().first().ok_or("the door does not listen")?,
    }));
    while !context.shutdown().has_begun() {
        context.alive();
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    user.abort();
    scorer.stop(Duration::from_secs(2)).await;
    let status = scorer.status();
    println!(
        "scored {} requests of users and {} of our own",
        status.organic, status.synthetic
    );
    axon.stop().await;
    Ok(())
}

/// A user who asks again and again.
async fn user(door: Target) -> Result<(), Box<dyn Error + Send + Sync>> {
    let dendrite = Dendrite::new(
        Pair::from_uri("//User", Scheme::Sr25519)?,
        DendriteConfig::default(),
    );
    loop {
        let sort = Sort {
            words: some_words(&mut rand::rng()),
            sorted: None,
        };
        let request = SynapseRequest::new(Sort::NAME, &sort, PATIENCE)?
            .requiring(&["words"])?
            .hashing(&Sort::fields()[..1])?;
        dendrite.call(&door, &request).await;
        tokio::time::sleep(Duration::from_millis(700)).await;
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "organic-subnet".to_owned());
    Rehearsal::new(folder)
        .miner("good", Route::new(good))
        .miner("careless", Route::new(careless))
        .scorer(live)
        .run(2, |epoch, miners| {
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
