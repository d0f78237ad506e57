//! Sending over one pool of connections, within bounds.

use super::{
    BadAnswer, DendriteConfig, Failure, NoAnswer, Outcome, OwnFault, Refusal, RefusalKind, Reply, Target,
    refusal::{MAX_REFUSAL, message},
};
use crate::announced::room_for_rest;
use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use std::{
    error::Error,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout, timeout_at},
};

const KIB: usize = 1024;

/// The pool and the places in it.
#[derive(Debug)]
pub(super) struct Transport {
    client: Client<HttpConnector, Full<Bytes>>,
    places: Arc<Semaphore>,
    /// For bodies, in kibibytes.
    room: Arc<Semaphore>,
    pub(super) config: DendriteConfig,
}

/// A place among the requests under way. It is given back when this is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    _place: OwnedSemaphorePermit,
    queued: Duration,
    began: Instant,
}

impl Turn {
    pub(super) fn reply<A>(&self, result: Result<A, Ended>) -> Reply<A> {
        Reply {
            outcome: result.map_or_else(Outcome::from, Outcome::Answered),
            queued: self.queued,
            took: self.began.elapsed(),
        }
    }

    /// The end of a time that began with this turn.
    pub(super) fn deadline(&self, after: Duration) -> Deadline {
        Deadline {
            // A time beyond what a clock can count to is none.
            at: self.began.checked_add(after),
            after,
        }
    }
}

/// When the time of one who was asked is over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline {
    at: Option<Instant>,
    after: Duration,
}

impl Deadline {
    pub(super) async fn within<T>(&self, work: impl Future<Output = T>) -> Result<T, NoAnswer> {
        match self.at {
            None => Ok(work.await),
            Some(at) => timeout_at(at, work)
                .await
                .map_err(|_| NoAnswer::TimedOut { after: self.after }),
        }
    }
}

/// A call that ended without an answer.
#[derive(Debug)]
pub(super) enum Ended {
    Refused(Refusal),
    Failed(Failure),
}

impl<F: Into<Failure>> From<F> for Ended {
    fn from(failure: F) -> Self {
        Self::Failed(failure.into())
    }
}

impl<A> From<Ended> for Outcome<A> {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::Refused(refusal) => Self::Refused(refusal),
            Ended::Failed(failure) => failure.into(),
        }
    }
}

impl Transport {
    pub(super) fn new(config: DendriteConfig) -> Self {
        /// The least that the HTTP library takes.
        const LEAST_HEAD: usize = 8_192;
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(config.connect));
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(config.idle)
            .pool_max_idle_per_host(config.idle_per_target)
            .http1_max_buf_size(config.head.max(LEAST_HEAD))
            .build(connector);
        let places = config.in_flight.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            client,
            places: Arc::new(Semaphore::new(places)),
            room: Arc::new(Semaphore::new(
                (config.answers / KIB).clamp(1, Semaphore::MAX_PERMITS),
            )),
            config,
        }
    }

    /// Waits for a place.
    ///
    /// # Errors
    /// The time that went by, when it was longer than allowed.
    pub(super) async fn turn(&self) -> Result<Turn, Duration> {
        let came = Instant::now();
        let place = timeout(self.config.queue, Arc::clone(&self.places).acquire_owned()).await;
        match place {
            Ok(Ok(place)) => Ok(Turn {
                _place: place,
                queued: came.elapsed(),
                began: Instant::now(),
            }),
            // The semaphore is never closed.
            Ok(Err(_)) | Err(_) => Err(came.elapsed()),
        }
    }

    /// Sends a request and gives what came, once its head is there and says yes.
    pub(super) async fn open(
        &self,
        target: &Target,
        request: Request<Full<Bytes>>,
        deadline: Deadline,
        is_answer: impl FnOnce(StatusCode) -> bool,
    ) -> Result<Response<Incoming>, Ended> {
        if !target.is_serving() {
            return Err(NoAnswer::NotServing.into());
        }
        let ip = target.address.ip();
        if !self.config.addresses.allow(ip) {
            return Err(NoAnswer::NotPublic { ip }.into());
        }
        let response = deadline
            .within(self.client.request(request))
            .await?
            .map_err(|error| send_failure(&error, ip))?;
        let status = response.status();
        if is_answer(status) {
            return Ok(response);
        }
        if status.is_redirection() {
            return Err(BadAnswer::Redirect {
                status: status.as_u16(),
            }
            .into());
        }
        let mut said = Vec::new();
        // It has refused, whatever becomes of its words: as many as came are kept.
        let _ = deadline
            .within(read_into(
                &mut said,
                response.into_body(),
                MAX_REFUSAL,
                |_| Ok(()),
            ))
            .await;
        Err(Ended::Refused(Refusal {
            kind: RefusalKind::of(status),
            message: message(&said),
        }))
    }

    /// The whole body of an answer.
    pub(super) async fn read(&self, body: Incoming, deadline: Deadline) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        let mut held: Option<OwnedSemaphorePermit> = None;
        let hold = |length: usize| {
            let holds = held.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
            let lacks = length.div_ceil(KIB).saturating_sub(holds);
            let lacks = u32::try_from(lacks).unwrap_or(u32::MAX);
            let Ok(more) = Arc::clone(&self.room).try_acquire_many_owned(lacks) else {
                let limit = self.config.answers;
                return Err(OwnFault::Memory { limit }.into());
            };
            match &mut held {
                Some(held) => held.merge(more),
                None => held = Some(more),
            }
            Ok(())
        };
        deadline
            .within(read_into(&mut bytes, body, self.config.body, hold))
            .await??;
        Ok(bytes)
    }
}

/// Whether the head of an answer says where its body ends. Of one that does not, nobody can tell a whole one from one
/// that was cut off.
pub(super) fn has_end(response: &Response<Incoming>) -> bool {
    let headers = response.headers();
    headers.contains_key(header::CONTENT_LENGTH)
        || headers.contains_key(header::TRANSFER_ENCODING)
        || response.status() == StatusCode::NO_CONTENT
}

/// Reads a body. `hold` is asked whether there is room for so many bytes in all, before they are copied.
async fn read_into(
    bytes: &mut Vec<u8>,
    mut body: Incoming,
    limit: usize,
    mut hold: impl FnMut(usize) -> Result<(), Failure>,
) -> Result<(), Failure> {
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| body_failure(&error))?;
        if let Ok(data) = frame.into_data() {
            if data.len() > limit - bytes.len() {
                return Err(BadAnswer::TooLarge { limit }.into());
            }
            hold(bytes.len() + data.len())?;
            if bytes.is_empty() {
                bytes.reserve_exact((data.len() + room_for_rest(&body)).min(limit));
            }
            bytes.extend_from_slice(&data);
        }
    }
    Ok(())
}

/// What it means that the rest of a body could not be read.
pub(super) fn body_failure(error: &hyper::Error) -> Failure {
    let broken = [io::ErrorKind::InvalidData, io::ErrorKind::InvalidInput];
    match cause::<io::Error>(error) {
        Some(cause) if broken.contains(&cause.kind()) => malformed(error).into(),
        _ => NoAnswer::Disconnected.into(),
    }
}

fn malformed(error: &dyn Error) -> BadAnswer {
    BadAnswer::Malformed {
        problem: error.to_string(),
    }
}

/// What it means that a request could not be sent, or that no head came back.
fn send_failure(error: &hyper_util::client::legacy::Error, ip: IpAddr) -> Failure {
    if error.is_connect() {
        return match cause::<io::Error>(error) {
            Some(cause) => connect_failure(cause, ip),
            None => NoAnswer::Unreachable {
                reason: error.to_string(),
            }
            .into(),
        };
    }
    match cause::<hyper::Error>(error) {
        Some(cause) if cause.is_parse() => malformed(cause).into(),
        Some(cause) if cause.is_user() => OwnFault::Unsendable {
            problem: cause.to_string(),
        }
        .into(),
        _ => NoAnswer::Disconnected.into(),
    }
}

/// Whether a connection failed for what this machine lacks, or for what it met outside. Only what no peer can bring
/// about is our own fault: an address that leads nowhere would otherwise excuse its owner for ever.
pub(crate) fn connect_failure(error: &io::Error, ip: IpAddr) -> Failure {
    /// "Operation not permitted", "too many open files in system" and "too many open files", on every Unix: the first
    /// is what a firewall on this machine gives.
    const OWN: [i32; 3] = [1, 23, 24];
    /// "No buffer space available" on Linux and on macOS.
    const NO_BUFFERS: i32 = if cfg!(target_os = "linux") { 105 } else { 55 };
    let reason = error.to_string();
    let is_own = error
        .raw_os_error()
        .is_some_and(|code| OWN.contains(&code) || code == NO_BUFFERS);
    match error.kind() {
        _ if is_own => OwnFault::Machine { reason }.into(),
        io::ErrorKind::OutOfMemory => OwnFault::Machine { reason }.into(),
        io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkDown
        | io::ErrorKind::Unsupported
        | io::ErrorKind::AddrNotAvailable
            if !has_route(ip) =>
        {
            OwnFault::NoRoute { ip }.into()
        }
        // There is a way, so what is not available is a port of our own.
        io::ErrorKind::AddrNotAvailable | io::ErrorKind::NetworkDown => OwnFault::Machine { reason }.into(),
        _ => NoAnswer::Unreachable { reason }.into(),
    }
}

/// Whether this machine knows a way to an address. A datagram socket is given a peer, for which the system looks only
/// into its own table: nothing is sent.
fn has_route(ip: IpAddr) -> bool {
    let own = match ip {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    UdpSocket::bind(SocketAddr::new(own, 0))
        .and_then(|socket| socket.connect(SocketAddr::new(ip, 9)))
        .is_ok()
}

/// The first cause of a type.
fn cause<'e, E: Error + 'static>(error: &'e (dyn Error + 'static)) -> Option<&'e E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{connect_failure, has_route};
    use crate::dendrite::{Failure, NoAnswer, OwnFault};
    use std::{
        io,
        net::{IpAddr, Ipv4Addr},
    };

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn what_this_machine_lacks_is_our_own_fault() {
        for code in [1, 23, 24] {
            let failure = connect_failure(&io::Error::from_raw_os_error(code), HERE);
            assert!(
                matches!(failure, Failure::OwnFault(OwnFault::Machine { .. })),
                "{failure:?}"
            );
        }
    }

    #[test]
    fn what_it_meets_outside_is_not() {
        assert!(has_route(HERE));
        for kind in [
            io::ErrorKind::ConnectionRefused,
            io::ErrorKind::TimedOut,
            io::ErrorKind::HostUnreachable,
            io::ErrorKind::NetworkUnreachable,
        ] {
            let failure = connect_failure(&io::Error::from(kind), HERE);
            assert!(
                matches!(failure, Failure::NoAnswer(NoAnswer::Unreachable { .. })),
                "{failure:?}"
            );
        }
    }
}
