//! A network between a client and a node that can be made as bad as real ones get.

use assay_devnet::Devnet;
use std::{net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, tcp::OwnedReadHalf, tcp::OwnedWriteHalf},
    sync::watch,
};

/// What the network does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Network {
    /// It passes everything on.
    Good,
    /// It takes bytes and passes none on. Those of old connections are lost when it is good again, as after a router's
    /// restart: only new connections work.
    Stalled,
    /// It resets every connection, old and new.
    Resetting,
    /// Old connections go on; new ones are accepted and never answered.
    HalfOpen,
    /// It passes one byte on at a time, with a pause after some.
    Slow,
}

/// Bytes between two pauses of a slow network, and the pause: some 30 kB a second.
const SLOW_BYTES: usize = 64;
const SLOW_PAUSE: Duration = Duration::from_millis(2);

pub(crate) struct Proxy {
    address: SocketAddr,
    network: watch::Sender<Network>,
}

impl Proxy {
    pub(crate) async fn before(devnet: &Devnet) -> Self {
        let target = devnet.url().trim_start_matches("ws://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let network = watch::Sender::new(Network::Good);
        let state = network.subscribe();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(connection(client, target.clone(), state.clone()));
            }
        });
        Self { address, network }
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://{}", self.address)
    }

    pub(crate) fn becomes(&self, network: Network) {
        self.network.send_replace(network);
    }
}

async fn connection(client: TcpStream, target: String, mut network: watch::Receiver<Network>) {
    if *network.borrow_and_update() == Network::HalfOpen {
        let _ = network.wait_for(|network| *network != Network::HalfOpen).await;
        return;
    }
    let Ok(server) = TcpStream::connect(&target).await else {
        return;
    };
    client.set_zero_linger().unwrap();
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    let reset = network.clone();
    tokio::select! {
        () = pass(from_client, to_server, network.clone()) => {}
        () = pass(from_server, to_client, network.clone()) => {}
        () = until(reset, Network::Resetting) => {}
    }
}

async fn until(mut network: watch::Receiver<Network>, wanted: Network) {
    if network.wait_for(|network| *network == wanted).await.is_err() {
        std::future::pending::<()>().await;
    }
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut network: watch::Receiver<Network>) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        let now = *network.borrow_and_update();
        let passed = match now {
            Network::Stalled => {
                // Until the end of the connection, whatever the network becomes.
                while let Ok(1..) = from.read(&mut buffer).await {}
                return;
            }
            Network::Slow => slowly(&mut to, &buffer[..read], &network).await,
            Network::Good | Network::HalfOpen | Network::Resetting => to.write_all(&buffer[..read]).await,
        };
        if passed.is_err() {
            return;
        }
    }
}

async fn slowly(
    to: &mut OwnedWriteHalf,
    bytes: &[u8],
    network: &watch::Receiver<Network>,
) -> std::io::Result<()> {
    for (at, byte) in bytes.iter().enumerate() {
        if *network.borrow() != Network::Slow {
            return to.write_all(&bytes[at..]).await;
        }
        to.write_all(std::slice::from_ref(byte)).await?;
        if at % SLOW_BYTES == SLOW_BYTES - 1 {
            tokio::time::sleep(SLOW_PAUSE).await;
        }
    }
    Ok(())
}
