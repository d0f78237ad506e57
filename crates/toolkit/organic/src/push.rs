//! Requests that another program has answered already, and pushes here to be scored.
//!
//! An API that serves users asks the miners itself and posts each finished request, signed in Epistula, to `/scoring`.

use crate::{OrganicScorer, OrganicScoring, SampleId, attach::forbidden, scorer::Inner};
use assay_axon::{
    Caller, Dialect, Identity,
    server::{Asked, Blacklisted, Failure, Route, Synapse},
    synapse::Field,
};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{collections::BTreeMap, sync::Arc};

pub(crate) const NAME: &str = "scoring";

/// Bytes of a pushed request: the answers of several miners with their timings.
const BODY_BYTES: usize = 8 * 1024 * 1024;

/// A finished request, in the form in which subnets' APIs forward it. The answer to it holds only `sample_id`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pushed {
    /// What the user asked, as it came to the API.
    #[serde(skip_serializing)]
    pub body: Value,
    /// The miners that answered.
    #[serde(skip_serializing)]
    pub uids: Vec<u16>,
    /// Their answers, piece by piece.
    #[serde(skip_serializing, default)]
    pub chunks: BTreeMap<u16, Vec<String>>,
    /// When each piece came, in seconds from the start.
    #[serde(skip_serializing, default)]
    pub timings: BTreeMap<u16, Vec<f64>>,
    /// The pieces as the miners sent them.
    #[serde(skip_serializing, default)]
    pub chunk_dicts_raw: Option<Value>,
    /// The name of the sample that it became.
    #[serde(skip_deserializing)]
    pub sample_id: Option<SampleId>,
}

impl Synapse for Pushed {
    const NAME: &'static str = NAME;

    // Only synapse-v10 asks for them, which this route does not speak.
    fn fields() -> Vec<Field> {
        Vec::new()
    }
}

/// Hooks that take pushed requests too.
pub trait PushIntake: OrganicScoring {
    /// Makes a sample of a request that was answered elsewhere.
    ///
    /// # Errors
    /// [`Failure`], which is told to the one who pushed it.
    fn on_push(
        &self,
        pushed: Pushed,
        caller: &Caller,
    ) -> impl Future<Output = Result<Self::Sample, Failure>> + Send;
}

impl<H: PushIntake> OrganicScorer<H> {
    /// The route `/scoring`, for the signers that `push_signers` names. With the scorer's
    /// [rules](OrganicScorer::access) others are refused before their bodies are read.
    #[must_use]
    pub fn push_route(&self) -> Route {
        let scorer = self.0.clone();
        Route::new(move |asked: Asked<Pushed>| {
            let scorer = scorer.clone();
            async move { scorer.take_push(asked).await }
        })
        .only([Dialect::Epistula])
        .body_bytes(BODY_BYTES)
    }
}

impl<H: PushIntake> Inner<H> {
    async fn take_push(self: Arc<Self>, asked: Asked<Pushed>) -> Result<Pushed, Failure> {
        let Asked { synapse, caller, .. } = asked;
        self.admit_push(&caller).map_err(forbidden)?;
        self.count(&caller)?;
        let signer = caller.hotkey().ok_or_else(|| Failure {
            status: StatusCode::UNAUTHORIZED,
            message: "pushed requests are signed".to_owned(),
        })?;
        let mut answer = Pushed {
            body: Value::Null,
            uids: Vec::new(),
            chunks: BTreeMap::new(),
            timings: BTreeMap::new(),
            chunk_dicts_raw: None,
            sample_id: None,
        };
        let sample = self.hooks.on_push(synapse, &caller).await?;
        let id = self.new_id();
        self.enqueue(id, sample, Some(signer)).map_err(|error| {
            tracing::warn!(%error, "a pushed sample cannot be queued");
            Failure {
                status: StatusCode::INTERNAL_SERVER_ERROR,
                message: "the request cannot be queued".to_owned(),
            }
        })?;
        answer.sample_id = Some(id);
        Ok(answer)
    }
}

impl<H: OrganicScoring> Inner<H> {
    pub(crate) fn admit_push(&self, caller: &Caller) -> Result<(), Blacklisted> {
        match &caller.identity {
            Identity::Hotkey(hotkey) if self.push_signers.contains(hotkey) => Ok(()),
            _ => Err(Blacklisted {
                reason: "not a signer that may push requests to be scored".to_owned(),
            }),
        }
    }
}
