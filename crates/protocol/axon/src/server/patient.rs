//! A connection whose other end must go on reading, and hears why it is closed.

use std::{
    future::Future as _,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep},
};

/// What is still taken of a request that was refused before its end, and how long. When a connection is closed while
/// bytes lie unread, the system resets it, and the answer is lost on its way: less cuts off more answers to callers who
/// send on, more lets those who were refused keep the axon reading.
const LINGER_BYTES: usize = 64 * 1024;
const LINGER: Duration = Duration::from_secs(1);

/// How slowly the other end may read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// How long nothing may be taken.
    pub(super) patience: Duration,
    /// Bytes that win back one second of it.
    pub(super) bytes_per_second: u32,
}

/// A stream that fails once writing has waited too long for the other end, and that reads on for a moment when it is
/// closed. TCP itself waits for ever for a peer that acknowledges and reads nothing, and with it an answer and a
/// connection; and one that takes a byte now and then is no better.
#[derive(Debug)]
pub struct Patient {
    stream: TcpStream,
    pace: Pace,
    /// What is left of the patience.
    left: Duration,
    /// Since when nothing can be written, and until when that may last.
    stalled: Option<(Instant, Pin<Box<Sleep>>)>,
    /// Set when a request is answered whose body was not read.
    unread: Arc<AtomicBool>,
    ended: bool,
    closing: Option<Closing>,
}

#[derive(Debug)]
struct Closing {
    left: usize,
    until: Pin<Box<Sleep>>,
}

impl Patient {
    /// A stream that may not be written to for `patience` at most, and whose other end reads a kilobyte a second.
    #[must_use]
    pub fn new(stream: TcpStream, patience: Duration) -> Self {
        let pace = Pace {
            patience,
            bytes_per_second: 1_024,
        };
        Self::paced(stream, pace, Arc::default())
    }

    pub(super) fn paced(stream: TcpStream, pace: Pace, unread: Arc<AtomicBool>) -> Self {
        Self {
            stream,
            pace,
            left: pace.patience,
            stalled: None,
            unread,
            ended: false,
            closing: None,
        }
    }

    /// What the stream said of a write, or an error when that has waited for too long.
    fn judged(
        &mut self,
        context: &mut Context<'_>,
        said: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match &said {
            Poll::Ready(written) => {
                if let Some((since, _)) = self.stalled.take() {
                    self.left = self.left.saturating_sub(since.elapsed());
                }
                let bytes = written.as_ref().map_or(0, |bytes| *bytes);
                self.left = (self.left + self.won(bytes)).min(self.pace.patience);
                said
            }
            Poll::Pending => {
                let left = self.left;
                let (_, sleep) = self
                    .stalled
                    .get_or_insert_with(|| (Instant::now(), Box::pin(tokio::time::sleep(left))));
                ready!(sleep.as_mut().poll(context));
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
        }
    }

    /// The patience that so many bytes win back.
    fn won(&self, bytes: usize) -> Duration {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        Duration::from_secs(bytes.into()) / self.pace.bytes_per_second.max(1)
    }

    /// Reads what still comes into nothing, within bounds, until the other end has closed too.
    fn linger(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.ended {
            return Poll::Ready(());
        }
        let mut bytes = [0; 4_096];
        loop {
            let mut buffer = ReadBuf::new(&mut bytes);
            match Pin::new(&mut self.stream).poll_read(context, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    let read = buffer.filled().len();
                    let closing = self.closing.get_or_insert_with(Closing::begin);
                    match closing.left.checked_sub(read) {
                        Some(left) => closing.left = left,
                        None => return Poll::Ready(()),
                    }
                }
                Poll::Ready(_) => {
                    self.ended = true;
                    return Poll::Ready(());
                }
                // Nothing lies unread, and nothing more is on its way.
                Poll::Pending if self.closing.is_none() && !self.unread.load(Ordering::Relaxed) => {
                    return Poll::Ready(());
                }
                Poll::Pending => {
                    let closing = self.closing.get_or_insert_with(Closing::begin);
                    return closing.until.as_mut().poll(context);
                }
            }
        }
    }
}

impl Closing {
    fn begin() -> Self {
        Self {
            left: LINGER_BYTES,
            until: Box::pin(tokio::time::sleep(LINGER)),
        }
    }
}

impl AsyncRead for Patient {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(context, buffer);
        let has_room = buffer.remaining() > 0;
        if matches!(read, Poll::Ready(Ok(()))) && has_room && buffer.filled().len() == before {
            this.ended = true;
        }
        read
    }
}

impl AsyncWrite for Patient {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let said = Pin::new(&mut this.stream).poll_write(context, bytes);
        this.judged(context, said)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let said = Pin::new(&mut this.stream).poll_write_vectored(context, parts);
        this.judged(context, said)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    /// Says that nothing more comes, and hears the other end out for a moment.
    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.closing.is_none() {
            ready!(Pin::new(&mut this.stream).poll_shutdown(context))?;
        }
        ready!(this.linger(context));
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Pace, Patient};
    use std::{io, sync::Arc, time::Duration};
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::{TcpListener, TcpStream},
    };

    async fn pair(pace: Pace) -> (Patient, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let other = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        (Patient::paced(stream, pace, Arc::default()), other)
    }

    /// Reads some bytes each second of a clock that only the test moves.
    async fn outcome(bytes_each_second: usize) -> io::Result<()> {
        const ANSWER: usize = 16 * 1024 * 1024;
        let pace = Pace {
            patience: Duration::from_secs(30),
            bytes_per_second: 64 * 1024,
        };
        let (mut patient, mut other) = pair(pace).await;
        tokio::time::pause();
        let reading = tokio::spawn(async move {
            let mut bytes = vec![0; bytes_each_second];
            let mut seen = 0;
            while seen < ANSWER {
                tokio::time::sleep(Duration::from_secs(1)).await;
                match other.read_exact(&mut bytes).await {
                    Ok(read) => seen += read,
                    Err(_) => return,
                }
            }
        });
        let written = patient.write_all(&vec![0; ANSWER]).await;
        reading.abort();
        written
    }

    #[tokio::test]
    async fn a_reader_that_takes_a_little_now_and_then_is_given_up() {
        let error = outcome(1).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_reader_behind_a_slow_line_is_not() {
        outcome(512 * 1024).await.unwrap();
    }
}
