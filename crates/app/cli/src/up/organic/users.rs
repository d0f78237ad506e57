//! People of the demonstration's own: they ask through the gateway, as any OpenAI client does.

use assay_minds::{Endpoint, Mind, Wishes};
use assay_organic::synth::{Conversation, SynthDataset, Templates};
use futures::StreamExt;
use miette::IntoDiagnostic;
use rand::{Rng, SeedableRng};
use secrecy::SecretString;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How long a person waits for an answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a person thinks between two questions, in milliseconds. Shorter, and no synthetic question is ever scored;
/// longer, and a newcomer sees nothing happen.
const THINKING: std::ops::Range<u64> = 2_500..6_500;

/// Everybody who asks.
#[derive(Debug)]
pub(super) struct Users(JoinSet<()>);

/// Sends so many people.
pub(super) fn start(
    count: u16,
    url: &str,
    model: &str,
    key: &SecretString,
    questions: Templates,
    stop: CancellationToken,
) -> miette::Result<Users> {
    let mut users = JoinSet::new();
    for _ in 0..count {
        let endpoint = Endpoint::new(url, model, Some(key.clone()), PATIENCE).into_diagnostic()?;
        let (questions, stop) = (questions.clone(), stop.clone());
        users.spawn(async move {
            stop.run_until_cancelled(ask_on(endpoint, questions)).await;
        });
    }
    Ok(Users(users))
}

impl Users {
    /// Ends them.
    pub(super) async fn abort_all_and_wait(mut self) {
        self.0.shutdown().await;
    }
}

async fn ask_on(endpoint: Endpoint, questions: Templates) {
    loop {
        let rng = rand_chacha::ChaCha8Rng::from_os_rng();
        let asked: Result<Option<Conversation>, _> = questions.sample(rng).await;
        if let Ok(Some(conversation)) = asked {
            let mut pieces = endpoint.answer(&conversation.turns, Wishes::default());
            while let Some(piece) = pieces.next().await {
                if let Err(error) = piece {
                    tracing::info!(%error, "a user of the demonstration got no answer");
                }
            }
        }
        let pause = rand::rng().random_range(THINKING);
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }
}
