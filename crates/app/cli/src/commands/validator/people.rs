//! Where people ask a validator: what can be said of the place before it starts.

use super::MISCONFIGURED;
use crate::{configuration::expand_home, context::Context, hinted::coded};
use assay_gateway::keys::KeyStore;
use miette::IntoDiagnostic;
use std::{net::SocketAddr, path::Path};

/// Tells at once what the validator would only find out after several tries, in its log: that the gateway cannot listen.
pub(super) fn check_place(gateway: SocketAddr) -> miette::Result<()> {
    #[derive(Debug, thiserror::Error)]
    #[error("the gateway cannot listen at {address}")]
    struct NoPlace {
        address: SocketAddr,
        source: std::io::Error,
    }
    match std::net::TcpListener::bind(gateway) {
        Ok(_) => Ok(()),
        Err(source) => Err(coded(
            NoPlace {
                address: gateway,
                source,
            },
            Some(
                "end what listens there, or choose an address of this machine and a free port with --gateway"
                    .to_owned(),
            ),
            MISCONFIGURED,
        )),
    }
}

/// Tells what keeps people from asking, or lets others listen.
pub(super) fn warn(gateway: SocketAddr, keys: &Path, context: &Context) -> miette::Result<()> {
    let listed = KeyStore::at(&expand_home(keys)).list().into_diagnostic()?;
    if listed.iter().all(|key| key.revoked.is_some()) {
        context.output().warn(&format!(
            "nobody has a key yet: `assay gateway key create NAME --folder {}` makes one, also while this runs",
            keys.display()
        ));
    }
    if !gateway.ip().is_loopback() {
        context.output().warn(
            "the gateway speaks plain HTTP, and keys and texts can be read on the way: put a server with TLS before it",
        );
    }
    Ok(())
}
