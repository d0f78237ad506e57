//! Packs computed side by side, and their gradients added in a fixed order.

use parking::Pool;
use rayon::prelude::*;

use crate::decoder::{Decoder, Gradients, Pack, Workspace};

/// Sums of gradients that are kept apart until the end of a window: the number that can be computed at once. It is
/// fixed, so that the order of additions, and with it every bit of the result, does not depend on the machine's
/// threads. More would cost memory for each copy of the gradient; fewer would leave cores idle.
const LANES: usize = 8;

/// A window's computation: lanes with their gradients, and workspaces for as many as run at once.
#[derive(Debug)]
pub(crate) struct Lanes {
    gradients: Vec<Gradients>,
    workspaces: Pool<Workspace>,
}

impl Lanes {
    /// Lanes whose gradients have the given lengths; what is `None` is not computed.
    pub(crate) fn new(adapter: Option<usize>, base: Option<usize>) -> Self {
        let zeros = |length: Option<usize>| length.map(|length| vec![0.0; length]);
        let gradients = (0..LANES)
            .map(|_| Gradients {
                adapter: zeros(adapter),
                base: zeros(base),
            })
            .collect();
        Self {
            gradients,
            workspaces: Pool::default(),
        }
    }

    /// Summed loss of every segment of every pack, in order. The gradient of `gradient_scale` times the sum of all is
    /// left in the first lane, to be read with [`Self::gradients`].
    pub(crate) fn run(&mut self, decoder: Decoder<'_>, packs: &[Pack], gradient_scale: f32) -> Vec<f64> {
        let used = LANES.min(packs.len());
        let workspaces = &self.workspaces;
        let by_lane: Vec<Vec<Vec<f64>>> = self.gradients[..used]
            .par_iter_mut()
            .enumerate()
            .map(|(lane, gradients)| {
                gradients.clear();
                let mut workspace = workspaces.take();
                let losses = packs
                    .iter()
                    .skip(lane)
                    .step_by(LANES)
                    .map(|pack| decoder.losses_and_gradients(pack, gradient_scale, gradients, &mut workspace))
                    .collect();
                workspaces.put(workspace);
                losses
            })
            .collect();
        let (first, others) = self.gradients.split_at_mut(1);
        for other in &others[..used - 1] {
            for (to, from) in [
                (&mut first[0].adapter, &other.adapter),
                (&mut first[0].base, &other.base),
            ] {
                if let (Some(to), Some(from)) = (to, from) {
                    crate::kernels::elementwise::add_assign(to, from);
                }
            }
        }
        (0..packs.len())
            .flat_map(|pack| by_lane[pack % LANES][pack / LANES].iter().copied())
            .collect()
    }

    /// The gradients of the last [`Self::run`].
    pub(crate) fn gradients(&mut self) -> &mut Gradients {
        &mut self.gradients[0]
    }
}

pub(crate) mod parking {
    //! Buffers that wait for their next user.

    use std::sync::{Mutex, PoisonError};

    /// A pool of buffers: one is made when none waits, so that there are never more than run at once.
    #[derive(Debug, Default)]
    pub(crate) struct Pool<T>(Mutex<Vec<T>>);

    impl<T: Default> Pool<T> {
        pub(crate) fn take(&self) -> T {
            self.0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .pop()
                .unwrap_or_default()
        }

        pub(crate) fn put(&self, value: T) {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(value);
        }
    }
}
