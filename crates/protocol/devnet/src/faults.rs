//! Faults on request, for tests of clients: silence, cut sockets, half-open ones, a limit on the rate of requests.
//!
//! A devnet that is started with faults listens through a relay: it accepts connections and passes bytes on to the real
//! server, or does not. So whatever goes wrong goes wrong below the protocol, as on a real network. The limit on the rate
//! is kept in two places: at the handshake, where the relay answers with HTTP's status 429, and in an open connection,
//! where each call above it is answered with an error.

mod relay;

pub(crate) use relay::serve as relay;

use parking_lot::Mutex;
use std::{collections::HashMap, time::Duration};
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

/// Longest silence. Whoever asks for more by mistake would take the node for dead.
pub(crate) const MAX_SILENCE: Duration = Duration::from_secs(600);

/// Between the answer to a request over the network and the fault that it asked for, so that the answer gets out.
pub(crate) const NOTICE: Duration = Duration::from_millis(100);

/// A time span of silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Silence {
    from: Instant,
    until: Instant,
}

impl Silence {
    fn beginning_in(notice: Duration, lasting: Duration) -> Self {
        let from = Instant::now() + notice;
        Self {
            from,
            until: from + lasting.min(MAX_SILENCE),
        }
    }

    fn is_now(&self) -> bool {
        let now = Instant::now();
        self.from <= now && now < self.until
    }
}

#[derive(Clone, Debug, Default)]
struct Weather {
    /// No byte passes in either direction.
    stall: Option<Silence>,
    /// New connections are accepted and never answered.
    half_open: Option<Silence>,
}

/// How many requests are answered.
#[derive(Clone, Copy, Debug)]
struct Rate {
    per_second: u32,
    /// Requests that may still come now. Fills up to `per_second`.
    left: f64,
    filled: Instant,
}

/// What goes wrong now.
#[derive(Debug)]
pub(crate) struct Faults {
    weather: watch::Sender<Weather>,
    /// Counts the times that all connections were cut.
    cuts: watch::Sender<u64>,
    rate: Mutex<Option<Rate>>,
    /// Methods whose calls wait.
    methods: Mutex<HashMap<String, Silence>>,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            weather: watch::Sender::new(Weather::default()),
            cuts: watch::Sender::new(0),
            rate: Mutex::new(None),
            methods: Mutex::default(),
        }
    }
}

impl Faults {
    /// Lets no byte through for a time.
    pub(crate) fn stall(&self, notice: Duration, lasting: Duration) {
        let stall = Silence::beginning_in(notice, lasting);
        self.weather.send_modify(|weather| weather.stall = Some(stall));
    }

    /// Lets calls of one method wait for a time.
    pub(crate) fn stall_method(&self, method: String, lasting: Duration) {
        let stall = Silence::beginning_in(Duration::ZERO, lasting);
        self.methods.lock().insert(method, stall);
    }

    /// Answers no new connection for a time.
    pub(crate) fn half_open(&self, notice: Duration, lasting: Duration) {
        let half_open = Silence::beginning_in(notice, lasting);
        self.weather
            .send_modify(|weather| weather.half_open = Some(half_open));
    }

    /// Resets all connections.
    pub(crate) fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Answers only so many requests a second from now on, or all again.
    pub(crate) fn limit(&self, per_second: Option<u32>) {
        *self.rate.lock() = per_second.map(|per_second| Rate {
            per_second,
            left: f64::from(per_second),
            filled: Instant::now(),
        });
    }

    /// Takes one request of the allowance, or says after which time and at what limit the next one is free.
    pub(crate) fn admit(&self) -> Result<(), Refused> {
        let mut rate = self.rate.lock();
        let Some(rate) = &mut *rate else { return Ok(()) };
        let full = f64::from(rate.per_second);
        let passed = rate.filled.elapsed().as_secs_f64();
        rate.left = (rate.left + passed * full).min(full);
        rate.filled = Instant::now();
        if rate.left >= 1.0 {
            rate.left -= 1.0;
            return Ok(());
        }
        Err(Refused {
            per_second: rate.per_second,
            // Whole seconds, as in the header of the answer.
            retry_after: if rate.per_second == 0 { 60 } else { 1 },
        })
    }

    /// Resolves when a call of this method may be answered.
    pub(crate) async fn method_answers(&self, method: &str) {
        let stall = self.methods.lock().get(method).copied();
        if let Some(stall) = stall {
            sleep_until(stall.until).await;
        }
    }
}

/// The rate of requests is above the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) per_second: u32,
    /// Seconds until another try makes sense.
    pub(crate) retry_after: u64,
}
