//! What bittensor's dendrite would have written down of a call.

use super::{Answer, BadAnswer, NoAnswer, Outcome, OwnFault, SynapseRequest, Target};
use crate::synapse::PythonValue;
use std::time::Duration;

/// The status that the dendrite of bittensor 10.5 leaves in a synapse (`dendrite.status_code` and
/// `dendrite.status_message`), for logs and scores that are still kept in these numbers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RecordedStatus {
    /// As in HTTP. None for an answer that does not say how it went: the original leaves it empty too.
    pub code: Option<i64>,
    /// In words. Empty for an answer that says none.
    pub message: String,
}

impl Outcome<Answer> {
    /// The status that bittensor 10.5 would have recorded of this call. It is for records only: numbers of a status lump
    /// together what is our own fault and what is not, which [`Outcome::verdict`] tells apart.
    ///
    /// | outcome | status |
    /// |---|---|
    /// | answered | what the axon says of itself |
    /// | refused | its status and words |
    /// | no connection, nobody serving, no route | 503 `Service unavailable at …` |
    /// | out of time, or never had its turn | 408 `Request timeout after …` |
    /// | disconnected | 503 `Service disconnected: …` |
    /// | anything else | 422 `Failed to parse response: …` |
    ///
    /// It differs from the original in a few cases that it names otherwise: bytes that are no HTTP and bodies that end too
    /// early are 400 there, a redirect is followed there, and a refusal without a `message` is told without words there.
    #[must_use]
    pub fn recorded(&self, target: &Target, request: &SynapseRequest) -> RecordedStatus {
        let status = |code: i64, message: String| RecordedStatus {
            code: Some(code),
            message,
        };
        let unavailable = || {
            let (at, path) = (target.address, request.path());
            status(503, format!("Service unavailable at {at}{path}"))
        };
        let unparsed = |problem: String| status(422, format!("Failed to parse response: {problem}"));
        match self {
            Self::Answered(answer) => RecordedStatus {
                code: answer.axon.status_code,
                message: answer.axon.status_message.clone().unwrap_or_default(),
            },
            Self::Refused(refusal) => status(refusal.kind.status().as_u16().into(), refusal.message.clone()),
            Self::NoAnswer(why) => match why {
                NoAnswer::NotServing | NoAnswer::NotPublic { .. } | NoAnswer::Unreachable { .. } => {
                    unavailable()
                }
                NoAnswer::TimedOut { after } => status(408, out_of_time(*after)),
                NoAnswer::Disconnected => status(503, "Service disconnected: Server disconnected".to_owned()),
            },
            Self::BadAnswer(BadAnswer::NotJson { problem } | BadAnswer::Malformed { problem }) => {
                unparsed(problem.clone())
            }
            Self::BadAnswer(why) => unparsed(why.to_string()),
            Self::OwnFault(why) => match why {
                // The original's wait for a connection counts against the timeout.
                OwnFault::Crowded { .. } => status(408, out_of_time(request.timeout())),
                OwnFault::Machine { .. } | OwnFault::NoRoute { .. } => unavailable(),
                OwnFault::Memory { .. } | OwnFault::Scheme | OwnFault::Unsendable { .. } => {
                    unparsed(why.to_string())
                }
            },
        }
    }
}

/// The seconds are written as Python writes them.
fn out_of_time(after: Duration) -> String {
    let seconds = PythonValue::Float(after.as_secs_f64());
    format!("Request timeout after {} seconds", seconds.to_str())
}
