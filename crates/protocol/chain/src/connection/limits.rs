//! What a node says when it is asked too often, and for how long it wants to be left alone.

use serde_json::Value as Json;
use std::time::Duration;
use subxt::ext::jsonrpsee::{client_transport::ws::WsHandshakeError, core::client::Error as RpcError};

/// The pause where the node names none. Shorter is refused again; longer leaves a validator blind for epochs on a fast
/// chain.
const PAUSE: Duration = Duration::from_secs(5);

/// The longest pause that is believed: what asks for more is a mistake of units.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// Codes by which gateways and nodes refuse for their policy rather than for the request: the limit of JSON-RPC
/// gateways, that of hosted nodes, and HTTP's own.
const CODES: [i32; 4] = [-32004, -32005, -32029, 429];

/// HTTP's answers to a handshake that comes too often: too many requests, and what firewalls say instead.
const STATUSES: [u16; 2] = [429, 403];

/// For how long the node wants to be left alone, when that is what an error says.
pub(super) fn pause_of(error: &RpcError) -> Option<Duration> {
    match error {
        RpcError::Call(error) => {
            let data = error
                .data()
                .and_then(|data| serde_json::from_str(data.get()).ok());
            pause_of_call(error.code(), error.message(), data.as_ref())
        }
        RpcError::Transport(error) => match error.downcast_ref::<WsHandshakeError>() {
            Some(WsHandshakeError::Rejected { status_code }) => {
                STATUSES.contains(status_code).then_some(PAUSE)
            }
            _ => None,
        },
        _ => None,
    }
}

fn pause_of_call(code: i32, message: &str, data: Option<&Json>) -> Option<Duration> {
    let message = message.to_lowercase();
    let is_limit =
        CODES.contains(&code) || message.contains("rate limit") || message.contains("too many requests");
    if !is_limit {
        return None;
    }
    let seconds = data.and_then(|data| match data {
        Json::Object(fields) => ["retry_after", "retryAfter", "retry-after"]
            .iter()
            .find_map(|name| fields.get(*name)?.as_f64()),
        data => data.as_f64(),
    });
    let pause = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    Some(pause.unwrap_or(PAUSE).min(LONGEST_PAUSE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn limits_are_told_from_other_refusals_and_their_pause_is_read() {
        let seconds = |code, message, data: Json| {
            pause_of_call(code, message, Some(&data)).map(|pause| pause.as_secs())
        };
        assert_eq!(
            seconds(-32005, "limit exceeded", json!({ "retry_after": 7 })),
            Some(7)
        );
        assert_eq!(seconds(-32004, "", json!({ "retryAfter": 2.9 })), Some(2));
        assert_eq!(seconds(429, "", json!(30)), Some(30));
        assert_eq!(seconds(-32000, "Too Many Requests", json!("later")), Some(5));
        assert_eq!(seconds(-32005, "", json!({ "retry_after": 1e12 })), Some(3600));
        assert_eq!(seconds(-32005, "", json!({ "retry_after": -1 })), Some(5));
        assert_eq!(
            seconds(1010, "Invalid Transaction", json!("Custom error: 6")),
            None
        );
    }
}
