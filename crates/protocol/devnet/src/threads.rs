//! Threads for work that blocks: reads of the state, calls into the runtime, the making of blocks.
//!
//! They have stacks of their own size. The runtime decodes calls nested up to 256 deep, and an unoptimised build takes
//! much stack for each level; on a thread of the usual two megabytes a hostile request would overflow it, which no
//! handler can catch and which ends the process.

use crate::DevnetError;
use parking_lot::Mutex;
use std::{
    panic::{self, AssertUnwindSafe},
    sync::{Arc, mpsc},
    thread,
};
use tokio::sync::oneshot;

/// An unoptimised build overflows 48 MiB at 250 nested batches and not 64: over 200 KiB a level, and more with every
/// call that the runtime learns. This leaves a factor of four. It is address space, not memory: pages that are never
/// touched cost nothing.
const STACK_BYTES: usize = 256 * 1024 * 1024;

type Job = Box<dyn FnOnce() + Send>;

/// A fixed number of threads that take jobs in the order of their arrival. They end when the pool is dropped.
#[derive(Clone, Debug)]
pub(crate) struct Pool {
    jobs: mpsc::Sender<Job>,
}

impl Pool {
    pub(crate) fn start(threads: usize) -> Result<Self, DevnetError> {
        let (jobs, queue) = mpsc::channel::<Job>();
        let queue = Arc::new(Mutex::new(queue));
        for _ in 0..threads.max(1) {
            let queue = queue.clone();
            spawn(move || {
                loop {
                    // The guard is gone before the job begins, so that another thread can take the next.
                    let job = queue.lock().recv();
                    match job {
                        // A job that panics takes its own result with it, not the thread: with the last thread gone
                        // the node would answer nothing any more.
                        Ok(job) => drop(panic::catch_unwind(AssertUnwindSafe(job))),
                        Err(mpsc::RecvError) => return,
                    }
                }
            })?;
        }
        Ok(Self { jobs })
    }

    /// Runs `work` when its turn comes.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, DevnetError> {
        let (done, result) = oneshot::channel();
        let job: Job = Box::new(move || {
            // A caller who no longer waits (a closed connection) needs no result.
            if !done.is_closed() {
                let _ = done.send(work());
            }
        });
        self.jobs.send(job).map_err(|_| DevnetError::Stopping)?;
        result.await.map_err(|_| DevnetError::Interrupted)
    }
}

/// Runs `work` on a thread of its own: for what happens once in the life of a devnet.
pub(crate) async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, DevnetError> + Send + 'static,
) -> Result<T, DevnetError> {
    let (done, result) = oneshot::channel();
    spawn(move || {
        // Long work is done to its end even when nobody waits for it any more.
        let _ = done.send(work());
    })?;
    result.await.map_err(|_| DevnetError::Interrupted)?
}

fn spawn(work: impl FnOnce() + Send + 'static) -> Result<(), DevnetError> {
    thread::Builder::new()
        .name("devnet".to_owned())
        .stack_size(STACK_BYTES)
        .spawn(work)
        .map(drop)
        .map_err(|source| DevnetError::Thread { source })
}
