//! The keys as the running gateway looks them up.

use super::{KeyRecord, KeyStore, KeyStoreError, secret};
use std::{
    sync::{Arc, PoisonError, RwLock},
    time::SystemTime,
};
use subtle::ConstantTimeEq;

/// The keys of the file, as they were when it was last read.
#[derive(Debug)]
pub(crate) struct KeyRing {
    store: KeyStore,
    held: RwLock<Held>,
}

#[derive(Debug)]
struct Held {
    /// Those that are not revoked.
    keys: Vec<Arc<KeyRecord>>,
    stamp: Option<Stamp>,
}

/// By what a change of the file is seen. It is replaced at every change, so at least the inode differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    length: u64,
    inode: u64,
}

impl KeyRing {
    pub(crate) fn open(store: KeyStore) -> Result<Self, KeyStoreError> {
        let held = Held::read(&store)?;
        Ok(Self {
            store,
            held: RwLock::new(held),
        })
    }

    /// How many keys open something.
    pub(crate) fn len(&self) -> usize {
        self.held().keys.len()
    }

    /// Whose token it is. Every key is compared, to its end, so that the time tells nothing of which one was nearly
    /// right; with SHA-256 in between that would be of little use to anybody anyway.
    pub(crate) fn holder(&self, token: &str) -> Option<Arc<KeyRecord>> {
        let digest = secret::digest_of(token)?;
        let held = self.held();
        let mut found = None;
        for key in &held.keys {
            if bool::from(key.digest.ct_eq(&digest)) {
                found = Some(key.clone());
            }
        }
        found
    }

    /// Reads the file again if it has changed.
    ///
    /// # Errors
    /// [`KeyStoreError`]; then the keys stay as they were.
    pub(crate) fn refresh(&self) -> Result<(), KeyStoreError> {
        if self.held().stamp == stamp(&self.store) {
            return Ok(());
        }
        let held = Held::read(&self.store)?;
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = held;
        Ok(())
    }

    fn held(&self) -> std::sync::RwLockReadGuard<'_, Held> {
        self.held.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn read(store: &KeyStore) -> Result<Self, KeyStoreError> {
        // The stamp first: what changes between the two is read once more.
        let stamp = stamp(store);
        let mut keys = store.list()?;
        keys.retain(|key| key.revoked.is_none());
        Ok(Self {
            keys: keys.into_iter().map(Arc::new).collect(),
            stamp,
        })
    }
}

fn stamp(store: &KeyStore) -> Option<Stamp> {
    let data = fs_err::metadata(store.path()).ok()?;
    #[cfg(unix)]
    let inode = std::os::unix::fs::MetadataExt::ino(&data);
    #[cfg(not(unix))]
    let inode = 0;
    Some(Stamp {
        modified: data.modified().ok(),
        length: data.len(),
        inode,
    })
}
