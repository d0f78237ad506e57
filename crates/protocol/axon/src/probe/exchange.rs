//! One request over a connection of its own, step by step.

use super::{Finding, Probe, Unreachable};
use crate::{
    Target,
    dendrite::{Failure, connect_failure},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::{io, time::Duration};
use tokio::{
    net::TcpStream,
    time::{Instant, timeout, timeout_at},
};

/// Bytes of an answer's head, and of its body, that are looked at.
const MOST: usize = 64 * 1024;

/// What came.
pub(super) struct Came {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// As much as is looked at, and as came in time.
    pub(super) body: Vec<u8>,
    pub(super) connected_in: Duration,
    pub(super) answered_in: Duration,
}

/// Nothing came that is an answer.
pub(super) struct Missed {
    pub(super) finding: Finding,
    pub(super) connected_in: Option<Duration>,
}

pub(super) async fn exchange(
    target: &Target,
    message: Request<Full<Bytes>>,
    how: &Probe,
) -> Result<Came, Missed> {
    let began = Instant::now();
    let before = |finding| Missed {
        finding,
        connected_in: None,
    };
    let stream = match timeout(how.connect, TcpStream::connect(target.address)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return Err(before(unreachable(&error, target))),
        Err(_) => {
            let after = how.connect;
            return Err(before(Finding::Unreachable(Unreachable::TimedOut { after })));
        }
    };
    let connected_in = began.elapsed();
    let after = |finding| Missed {
        finding,
        connected_in: Some(connected_in),
    };
    let connected = Instant::now();
    let until = connected + how.answer;
    let answering = async {
        let (mut sender, connection) = http1::Builder::new()
            .max_buf_size(MOST)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| broken(&error))?;
        // It ends with the connection, which ends with the sender.
        let connection = tokio::spawn(connection);
        let answer = sender.send_request(relative(message, target)).await;
        let response = answer.map_err(|error| broken(&error));
        Ok::<_, Finding>((response?, sender, connection))
    };
    let (response, _sender, connection) = match timeout_at(until, answering).await {
        Ok(Ok(came)) => came,
        Ok(Err(finding)) => return Err(after(finding)),
        Err(_) => return Err(after(Finding::Silent { after: how.answer })),
    };
    let answered_in = connected.elapsed();
    let (head, mut rest) = response.into_parts();
    let mut body = Vec::new();
    let reading = async {
        while let Some(Ok(frame)) = rest.frame().await {
            if let Some(data) = frame.data_ref() {
                let left = MOST - body.len();
                body.extend_from_slice(&data[..data.len().min(left)]);
            }
            if body.len() >= MOST {
                return;
            }
        }
    };
    // The head has come: whatever becomes of the rest.
    let _ = timeout_at(until, reading).await;
    connection.abort();
    Ok(Came {
        status: head.status,
        headers: head.headers,
        body,
        connected_in,
        answered_in,
    })
}

/// The message as it is sent over a connection that is there: the host in a header, the path in the first line.
fn relative(mut message: Request<Full<Bytes>>, target: &Target) -> Request<Full<Bytes>> {
    if let Ok(host) = HeaderValue::try_from(target.address.to_string()) {
        message.headers_mut().insert(header::HOST, host);
    }
    if let Some(path) = message.uri().path_and_query().cloned() {
        *message.uri_mut() = Uri::from(path);
    }
    message
}

fn unreachable(error: &io::Error, target: &Target) -> Finding {
    if error.kind() == io::ErrorKind::ConnectionRefused {
        return Finding::Unreachable(Unreachable::Refused);
    }
    let reason = error.to_string();
    match connect_failure(error, target.address.ip()) {
        Failure::OwnFault(_) => Finding::OwnFault { reason },
        _ => Finding::Unreachable(Unreachable::NoWay { reason }),
    }
}

fn broken(error: &hyper::Error) -> Finding {
    if error.is_parse() {
        return Finding::NotHttp {
            problem: error.to_string(),
        };
    }
    Finding::Closes
}
