//! Passes bytes between clients and the server, or does not.

use super::{Faults, Refused, Silence, Weather};
use std::{io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time::sleep_until,
};

const CHUNK_BYTES: usize = 64 * 1024;

/// Longest head of an HTTP request before it is passed on unread.
const MAX_HEAD_BYTES: usize = 8 * 1024;

/// Accepts connections until dropped, and serves them at `server`.
pub(crate) async fn serve(listener: TcpListener, server: SocketAddr, faults: Arc<Faults>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((client, _)) => {
                    connections.spawn(connection(client, server, faults.clone()));
                }
                Err(error) => {
                    // Out of file handles, most likely: closed connections free some.
                    tracing::debug!(%error, "a connection is not accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(mut client: TcpStream, server: SocketAddr, faults: Arc<Faults>) {
    let mut cuts = faults.cuts.subscribe();
    let served = tokio::select! {
        served = pass(&mut client, server, &faults) => served,
        _ = cuts.changed() => Err(io::ErrorKind::ConnectionReset.into()),
    };
    if served.is_err() {
        // Closing without sending what is left resets the connection, which is what a broken one looks like.
        let _ = client.set_zero_linger();
    }
}

async fn pass(client: &mut TcpStream, server: SocketAddr, faults: &Faults) -> io::Result<()> {
    let mut weather = faults.weather.subscribe();
    let half_open = weather.borrow().half_open.filter(Silence::is_now);
    if let Some(half_open) = half_open {
        sleep_until(half_open.until).await;
        return Err(io::ErrorKind::TimedOut.into());
    }
    calm(&mut weather).await;
    let head = head_of_request(client).await?;
    if is_handshake(&head)
        && let Err(refused) = faults.admit()
    {
        return client.write_all(&too_many_requests(refused)).await;
    }
    let mut upstream = TcpStream::connect(server).await?;
    upstream.set_nodelay(true)?;
    client.set_nodelay(true)?;
    upstream.write_all(&head).await?;
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = upstream.split();
    tokio::try_join!(
        forward(from_client, to_server, faults.weather.subscribe()),
        forward(from_server, to_client, weather),
    )?;
    Ok(())
}

async fn forward(
    mut from: impl tokio::io::AsyncRead + Unpin,
    mut to: impl tokio::io::AsyncWrite + Unpin,
    mut weather: watch::Receiver<Weather>,
) -> io::Result<()> {
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let length = from.read(&mut chunk).await?;
        calm(&mut weather).await;
        if length == 0 {
            return to.shutdown().await;
        }
        to.write_all(&chunk[..length]).await?;
    }
}

/// Resolves when bytes may pass.
async fn calm(weather: &mut watch::Receiver<Weather>) {
    loop {
        let stall = weather.borrow_and_update().stall.filter(Silence::is_now);
        let Some(Silence { until, .. }) = stall else {
            return;
        };
        tokio::select! {
            () = sleep_until(until) => {}
            changed = weather.changed() => if changed.is_err() { return },
        }
    }
}

/// What a client sends up to the end of the head of its first request.
async fn head_of_request(client: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    while head.len() < MAX_HEAD_BYTES && !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if client.read_buf(&mut head).await? == 0 {
            break;
        }
    }
    Ok(head)
}

fn is_handshake(head: &[u8]) -> bool {
    head.starts_with(b"GET ")
}

fn too_many_requests(refused: Refused) -> Vec<u8> {
    const BODY: &str = "Too Many Requests";
    let Refused {
        per_second,
        retry_after,
    } = refused;
    format!(
        "HTTP/1.1 429 Too Many Requests\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\
         X-RateLimit-Limit: {per_second}\r\nX-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: {retry_after}\r\n\
         Retry-After: {retry_after}\r\nConnection: close\r\n\r\n{BODY}",
        BODY.len()
    )
    .into_bytes()
}
