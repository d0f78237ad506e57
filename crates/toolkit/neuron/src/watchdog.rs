//! A thread of its own that sees when tasks no longer let go of theirs.
//!
//! A task that computes without end, or waits in a way that blocks its thread, cannot be cut off: whoever would do so may
//! wait for that very thread. Such a process answers nothing and does nothing, and no restart comes to its help unless it
//! ends.

use futures::future::BoxFuture;
use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

/// How often the thread looks, as a part of the limit.
const LOOKS: u32 = 4;

/// What is watched, by name: since when a task has its thread, in milliseconds after the start; 0 while it waits.
type Watched = Mutex<Vec<(String, Weak<AtomicU64>)>>;

/// Sees tasks that hold a thread for too long.
#[derive(Debug)]
pub(crate) struct Watchdog {
    start: Instant,
    watched: Arc<Watched>,
}

impl Watchdog {
    /// One that calls `stuck` once, with the task's name, when a task has held a thread for `limit`. It ends when it is
    /// dropped.
    pub(crate) fn start(limit: Duration, stuck: impl FnOnce(&str) + Send + 'static) -> std::io::Result<Self> {
        let start = Instant::now();
        let watched = Arc::new(Watched::default());
        let seen = Arc::downgrade(&watched);
        let look = move || {
            while let Some(watched) = seen.upgrade() {
                if let Some(name) = longest_held(&watched, start, limit) {
                    return stuck(&name);
                }
                drop(watched);
                std::thread::sleep((limit / LOOKS).clamp(Duration::from_millis(5), Duration::from_secs(5)));
            }
        };
        std::thread::Builder::new()
            .name("watchdog".to_owned())
            .spawn(look)?;
        Ok(Self { start, watched })
    }

    /// The same work, watched.
    pub(crate) fn watch<T>(&self, name: &str, work: BoxFuture<'static, T>) -> Held<T> {
        let since = Arc::new(AtomicU64::new(0));
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        watched.retain(|(_, since)| since.strong_count() > 0);
        watched.push((name.to_owned(), Arc::downgrade(&since)));
        Held {
            start: self.start,
            since,
            work,
        }
    }
}

fn milliseconds(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX)
}

fn longest_held(watched: &Watched, start: Instant, limit: Duration) -> Option<String> {
    let limit = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
    let now = milliseconds(start);
    let watched = watched.lock().unwrap_or_else(PoisonError::into_inner);
    watched.iter().find_map(|(name, since)| {
        let since = since.upgrade()?.load(Ordering::Relaxed);
        (since != 0 && now.saturating_sub(since) >= limit).then(|| name.clone())
    })
}

/// Work that tells when it has a thread.
pub(crate) struct Held<T> {
    start: Instant,
    since: Arc<AtomicU64>,
    work: BoxFuture<'static, T>,
}

impl<T> Future for Held<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let since = Arc::clone(&self.since);
        since.store(milliseconds(self.start).max(1), Ordering::Relaxed);
        // Also when the work panics: what is over holds nothing.
        let _let_go = LetGo(since);
        self.work.as_mut().poll(context)
    }
}

struct LetGo(Arc<AtomicU64>);

impl Drop for LetGo {
    fn drop(&mut self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;
    use std::sync::mpsc;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_task_that_holds_its_thread_is_named_and_one_that_waits_is_not() {
        let (told, hears) = mpsc::channel();
        let tell = move |name: &str| told.send(name.to_owned()).unwrap();
        let watchdog = Watchdog::start(Duration::from_millis(200), tell).unwrap();
        let waiting = watchdog.watch("waiting", tokio::time::sleep(Duration::from_secs(60)).boxed());
        let (release, held) = mpsc::channel::<()>();
        let holding = watchdog.watch("holding", async move { held.recv().is_ok() }.boxed());
        let waiting = tokio::spawn(waiting);
        let holding = tokio::spawn(holding);
        let named = tokio::task::spawn_blocking(move || hears.recv_timeout(Duration::from_secs(60)));
        assert_eq!(named.await.unwrap().unwrap(), "holding");
        release.send(()).unwrap();
        assert!(holding.await.unwrap());
        waiting.abort();
    }

    #[tokio::test]
    async fn a_task_that_panics_holds_nothing() {
        let watchdog = Watchdog::start(Duration::from_secs(60), |_| {}).unwrap();
        let held = watchdog.watch("hasty", async { panic!("a bug") }.boxed());
        let since = Arc::clone(&held.since);
        let ended: Result<(), _> = tokio::spawn(held).await;
        assert!(ended.unwrap_err().is_panic());
        assert_eq!(since.load(Ordering::Relaxed), 0);
    }
}
