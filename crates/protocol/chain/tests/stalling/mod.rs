//! A network that falls silent.

use assay_chain::Endpoint;
use assay_devnet::Devnet;
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// A TCP proxy that can fall silent without closing anything, as a half-dead network does.
pub(crate) struct StallingProxy {
    address: SocketAddr,
    pub(crate) stalled: Arc<AtomicBool>,
}

impl StallingProxy {
    pub(crate) async fn before(target: &Devnet) -> Self {
        let target = target.url().trim_start_matches("ws://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stalled = Arc::new(AtomicBool::new(false));
        let state = Arc::clone(&stalled);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&target).await.unwrap();
                let ((client_in, client_out), (server_in, server_out)) =
                    (client.into_split(), server.into_split());
                tokio::spawn(pass(client_in, server_out, Arc::clone(&state)));
                tokio::spawn(pass(server_in, client_out, Arc::clone(&state)));
            }
        });
        Self { address, stalled }
    }

    pub(crate) fn endpoint(&self) -> Endpoint {
        format!("ws://{}", self.address).parse().unwrap()
    }
}

async fn pass(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    stalled: Arc<AtomicBool>,
) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        if stalled.load(Ordering::SeqCst) {
            // Takes everything and passes nothing on, for as long as the connection lives.
            std::future::pending::<()>().await;
        }
        if to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}
