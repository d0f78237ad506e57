//! Signatures of transactions, each checked once.
//!
//! A transaction is checked when it enters the pool and again in every block that is built with it. Checking costs more
//! than everything else about a transfer, and its outcome never changes, so the last ones that held are remembered.

use codec::{Decode, DecodeWithMemTracking, Encode};
use scale_info::{Type, TypeInfo};
use sp_runtime::{
    AccountId32, MultiSignature, MultiSigner,
    traits::{Lazy, Verify},
};
use std::{
    collections::HashSet,
    mem,
    sync::{LazyLock, Mutex, PoisonError},
};

/// Signatures remembered before older ones are forgotten. Fewer than the pool holds and a full block checks them again;
/// each takes some fifty bytes.
const REMEMBERED: usize = 16_384;

/// The signature of a transaction, which remembers that it was checked. To the world it is a [`MultiSignature`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking)]
pub struct Signature(pub MultiSignature);

impl TypeInfo for Signature {
    type Identity = MultiSignature;

    fn type_info() -> Type {
        MultiSignature::type_info()
    }
}

impl Verify for Signature {
    type Signer = MultiSigner;

    fn verify<L: Lazy<[u8]>>(&self, mut message: L, signer: &AccountId32) -> bool {
        let what = (signer, &self.0, message.get()).using_encoded(sp_io::hashing::blake2_256);
        if Checked::holds(&what) {
            return true;
        }
        let holds = self.0.verify(message, signer);
        if holds {
            Checked::remember(what);
        }
        holds
    }
}

/// Digests of signer, signature and message that were found to belong together, in two generations.
#[derive(Default)]
struct Checked {
    young: HashSet<[u8; 32]>,
    old: HashSet<[u8; 32]>,
}

static CHECKED: LazyLock<Mutex<Checked>> = LazyLock::new(Mutex::default);

impl Checked {
    fn holds(what: &[u8; 32]) -> bool {
        let checked = CHECKED.lock().unwrap_or_else(PoisonError::into_inner);
        checked.young.contains(what) || checked.old.contains(what)
    }

    fn remember(what: [u8; 32]) {
        let mut checked = CHECKED.lock().unwrap_or_else(PoisonError::into_inner);
        if checked.young.len() >= REMEMBERED {
            checked.old = mem::take(&mut checked.young);
        }
        checked.young.insert(what);
    }
}
