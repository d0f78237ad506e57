//! Who is served first, and how many wait: so many at work at one time, a bounded queue before them.

use std::{
    cmp::Ordering,
    collections::BTreeMap,
    num::NonZeroUsize,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{sync::oneshot, time::Instant};

/// Who goes first: the higher one, and of two alike who came first. Usually the caller's stake.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Priority(pub f64);

/// How many are served and how many wait.
#[derive(Clone, Copy, Debug)]
pub struct QueueLimits {
    /// Requests at work at one time.
    pub workers: NonZeroUsize,
    /// Requests that wait at one time. More only wait to be too late.
    pub waiting: usize,
}

/// Why a request got no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// As many wait as may, all at least as important. `503`.
    #[error("the axon is busy: {waiting} requests wait already")]
    Full {
        /// How many.
        waiting: usize,
    },
    /// Its time ended while it waited. `408`.
    #[error("the request waited {} ms without its turn", .waited.as_millis())]
    TimedOut {
        /// How long.
        waited: Duration,
    },
}

/// The order in which requests get to work.
///
/// Cheap to clone; clones are the same queue.
#[derive(Clone, Debug)]
pub struct WorkQueue(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    limits: QueueLimits,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    working: usize,
    arrivals: u64,
    /// The first is the next.
    waiting: BTreeMap<Rank, oneshot::Sender<Turn>>,
}

/// What a waiter is told.
#[derive(Debug)]
enum Turn {
    Work(Place),
    Displaced { waiting: usize },
}

#[derive(Clone, Copy, Debug)]
struct Rank {
    priority: f64,
    arrival: u64,
}

impl Ord for Rank {
    fn cmp(&self, other: &Self) -> Ordering {
        let higher_first = other.priority.total_cmp(&self.priority);
        higher_first.then(self.arrival.cmp(&other.arrival))
    }
}

impl PartialOrd for Rank {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Rank {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Rank {}

/// A place at work, given to the next when it is dropped.
#[derive(Debug)]
pub struct Place {
    /// Taken out when the place is handed on.
    queue: Option<WorkQueue>,
}

impl WorkQueue {
    /// An empty queue.
    #[must_use]
    pub fn new(limits: QueueLimits) -> Self {
        Self(Arc::new(Shared {
            limits,
            state: Mutex::default(),
        }))
    }

    /// Waits for a place, at most until `deadline`.
    ///
    /// When the queue is full, a request goes in the place of the least important one that waits, if that is less
    /// important than it. Dropping the future gives the wait up.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn place(&self, priority: Priority, deadline: Instant) -> Result<Place, Refused> {
        let began = Instant::now();
        let mut wait = match self.enter(priority)? {
            Entered::Working(place) => return Ok(place),
            Entered::Waiting(wait) => wait,
        };
        match tokio::time::timeout_at(deadline, &mut wait.turn).await {
            Ok(Ok(Turn::Work(place))) => Ok(place),
            Ok(Ok(Turn::Displaced { waiting })) => Err(Refused::Full { waiting }),
            // The sender is in the queue until one of the two is sent, so without it the time is up.
            Ok(Err(_)) | Err(_) => Err(Refused::TimedOut {
                waited: began.elapsed(),
            }),
        }
    }

    /// Requests at work, and requests that wait.
    #[must_use]
    pub fn load(&self) -> (usize, usize) {
        let state = self.state();
        (state.working, state.waiting.len())
    }

    fn enter(&self, priority: Priority) -> Result<Entered, Refused> {
        let limits = self.0.limits;
        let mut state = self.state();
        if state.working < limits.workers.get() {
            state.working += 1;
            return Ok(Entered::Working(self.new_place()));
        }
        state.arrivals += 1;
        let rank = Rank {
            // What is no number is no priority.
            priority: if priority.0.is_nan() {
                f64::NEG_INFINITY
            } else {
                priority.0
            },
            arrival: state.arrivals,
        };
        let waiting = state.waiting.len();
        let mut displaced = None;
        if waiting >= limits.waiting {
            match state.waiting.last_key_value() {
                Some((last, _)) if rank < *last => displaced = state.waiting.pop_last(),
                _ => return Err(Refused::Full { waiting }),
            }
        }
        let (sender, turn) = oneshot::channel();
        state.waiting.insert(rank, sender);
        drop(state);
        if let Some((_, sender)) = displaced {
            // Who has given up hears nothing.
            let _ = sender.send(Turn::Displaced { waiting });
        }
        Ok(Entered::Waiting(Wait {
            queue: self.clone(),
            rank,
            turn,
        }))
    }

    /// Gives a place that has become free to the next who still waits.
    fn hand_on(&self) {
        let mut state = self.state();
        let next = loop {
            let Some((_, sender)) = state.waiting.pop_first() else {
                state.working -= 1;
                return;
            };
            if !sender.is_closed() {
                break sender;
            }
        };
        drop(state);
        // If nobody takes it after all, the place comes back with the message, and is handed on as it is dropped.
        drop(next.send(Turn::Work(self.new_place())));
    }

    fn new_place(&self) -> Place {
        Place {
            queue: Some(self.clone()),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Entered {
    Working(Place),
    Waiting(Wait),
}

/// A wait, which leaves the queue when it is given up.
struct Wait {
    queue: WorkQueue,
    rank: Rank,
    turn: oneshot::Receiver<Turn>,
}

impl Drop for Wait {
    fn drop(&mut self) {
        self.queue.state().waiting.remove(&self.rank);
        // A place that was given in this very moment is in the channel, and handed on with it.
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(queue) = self.queue.take() {
            queue.hand_on();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Place, Priority, QueueLimits, Refused, WorkQueue};
    use std::{num::NonZeroUsize, time::Duration};
    use tokio::{sync::mpsc, task::JoinHandle, time::Instant};

    fn queue(workers: usize, waiting: usize) -> WorkQueue {
        WorkQueue::new(QueueLimits {
            workers: NonZeroUsize::new(workers).unwrap(),
            waiting,
        })
    }

    fn in_a_minute() -> Instant {
        Instant::now() + Duration::from_secs(60)
    }

    async fn wait(queue: &WorkQueue, priority: f64) -> JoinHandle<Result<Place, Refused>> {
        let before = queue.state().arrivals;
        let asking = queue.clone();
        let task = tokio::spawn(async move { asking.place(Priority(priority), in_a_minute()).await });
        while queue.state().arrivals == before {
            tokio::task::yield_now().await;
        }
        task
    }

    #[tokio::test(start_paused = true)]
    async fn the_important_go_first_and_the_early_among_equals() {
        let queue = queue(1, 10);
        let busy = queue.place(Priority(0.0), in_a_minute()).await.unwrap();
        let (order, mut served) = mpsc::unbounded_channel();
        for (name, priority) in [
            ("low", 1.0),
            ("high", 10.0),
            ("low too", 1.0),
            ("none", f64::NAN),
            ("mid", 5.0),
        ] {
            let (asking, order) = (queue.clone(), order.clone());
            let before = queue.state().arrivals;
            tokio::spawn(async move {
                let _place = asking.place(Priority(priority), in_a_minute()).await.unwrap();
                order.send(name).unwrap();
            });
            while queue.state().arrivals == before {
                tokio::task::yield_now().await;
            }
        }
        drop((order, busy));
        let mut names = Vec::new();
        while let Some(name) = served.recv().await {
            names.push(name);
        }
        assert_eq!(names, ["high", "mid", "low", "low too", "none"]);
        assert_eq!(queue.load(), (0, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_queue_refuses_the_least_important() {
        let queue = queue(1, 2);
        let busy = queue.place(Priority(0.0), in_a_minute()).await.unwrap();
        let weak = wait(&queue, 1.0).await;
        let strong = wait(&queue, 3.0).await;
        let equal = queue.place(Priority(1.0), in_a_minute()).await;
        assert_eq!(equal.unwrap_err(), Refused::Full { waiting: 2 });
        let middle = wait(&queue, 2.0).await;
        assert_eq!(weak.await.unwrap().unwrap_err(), Refused::Full { waiting: 2 });
        drop(busy);
        drop(strong.await.unwrap().unwrap());
        drop(middle.await.unwrap().unwrap());
        assert_eq!(queue.load(), (0, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_too_long_or_gives_up_leaves_the_queue() {
        let queue = queue(1, 10);
        let busy = queue.place(Priority(0.0), in_a_minute()).await.unwrap();
        let deadline = Instant::now() + Duration::from_millis(250);
        let late = queue.place(Priority(1.0), deadline).await;
        let waited = Duration::from_millis(250);
        assert_eq!(late.unwrap_err(), Refused::TimedOut { waited });
        let impatient = wait(&queue, 1.0).await;
        impatient.abort();
        assert!(impatient.await.unwrap_err().is_cancelled());
        assert_eq!(queue.load(), (1, 0));
        drop(busy);
        assert_eq!(queue.load(), (0, 0));
    }

    #[tokio::test]
    async fn no_place_is_lost_or_given_twice() {
        let queue = queue(3, 1_000);
        let mut tasks = Vec::new();
        for number in 0..500u32 {
            let queue = queue.clone();
            tasks.push(tokio::spawn(async move {
                let patience = Duration::from_micros(u64::from(number % 7) * 300);
                let place = queue
                    .place(Priority(f64::from(number % 5)), Instant::now() + patience)
                    .await;
                let (working, _) = queue.load();
                assert!(working <= 3);
                if place.is_ok() {
                    tokio::task::yield_now().await;
                }
            }));
        }
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(queue.load(), (0, 0));
    }
}
