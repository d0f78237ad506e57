//! Who may ask: the check of the Host header.
//!
//! A page on the internet can let its own name resolve to this machine and then read the dashboard as if it were
//! its own (DNS rebinding). Such a request carries that name in its Host header. An address written in numbers
//! cannot be rebound, and `localhost` never leaves the machine; every other name must be allowed by the operator.
//!
//! It does not keep anybody out who can reach the port with a program of their own: the dashboard shows nothing
//! secret, and listens on this machine only unless told otherwise.

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

/// The names under which the page may be opened.
#[derive(Debug, Clone)]
pub(crate) struct AllowedHosts(Arc<[String]>);

impl AllowedHosts {
    pub(crate) fn new(names: &[String]) -> AllowedHosts {
        AllowedHosts(names.iter().map(|name| name.to_ascii_lowercase()).collect())
    }

    /// Whether a Host header names this machine or an allowed name, on any port.
    fn allow(&self, host: &str) -> bool {
        let Some(name) = without_port(host) else {
            return false;
        };
        if let Some(address) = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            return address.parse::<Ipv6Addr>().is_ok();
        }
        let name = name.to_ascii_lowercase();
        name == "localhost"
            || name.ends_with(".localhost")
            || name.parse::<Ipv4Addr>().is_ok()
            || self.0.contains(&name)
    }
}

/// The host without its port; nothing when what follows the colon is no port.
fn without_port(host: &str) -> Option<&str> {
    let end = match host.rfind(']') {
        Some(bracket) => bracket + 1,
        None => host.find(':').unwrap_or(host.len()),
    };
    let (name, port) = host.split_at(end);
    let valid = port.is_empty()
        || port
            .strip_prefix(':')
            .is_some_and(|port| port.parse::<u16>().is_ok());
    valid.then_some(name)
}

/// Answers 421 to a request that was made for another name, and 400 to one that names nobody.
pub(crate) async fn check(State(allowed): State<AllowedHosts>, request: Request, next: Next) -> Response {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return (
            StatusCode::BAD_REQUEST,
            "a request needs exactly one Host header\n",
        )
            .into_response();
    };
    if host.to_str().is_ok_and(|host| allowed.allow(host)) {
        next.run(request).await
    } else {
        tracing::warn!("refused a request for another host name");
        let text = "This is a private dashboard. Open it by its address (http://127.0.0.1:8420/) or as localhost; \
                    other names have to be allowed when it is started.\n";
        (StatusCode::MISDIRECTED_REQUEST, text).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_localhost_are_this_machine() {
        let allowed = AllowedHosts::new(&["Assay.lan".to_owned()]);
        for host in [
            "127.0.0.1:8420",
            "127.0.0.1",
            "localhost",
            "LOCALHOST:80",
            "run.localhost:1",
            "[::1]:8420",
            "[::1]",
            "192.168.1.7:8420",
            "assay.lan:8420",
            "ASSAY.LAN",
        ] {
            assert!(allowed.allow(host), "{host}");
        }
    }

    #[test]
    fn any_other_name_may_be_somebody_elses() {
        let allowed = AllowedHosts::new(&[]);
        for host in [
            "evil.example",
            "evil.example:8420",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "evillocalhost",
            "",
            ":8420",
            "[::1",
            "[evil.example]",
            "127.0.0.1:port",
            "127.0.0.1:8420:1",
            "127.0.0.1@evil.example",
            "0x7f.1",
        ] {
            assert!(!allowed.allow(host), "{host}");
        }
    }
}
