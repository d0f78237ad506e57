//! Links that carry their own permission, for the transfers that clients make without a token.
//!
//! Clients treat the address of a large file as a storage bucket's: they send no token there. So the hub signs what
//! the link allows and until when. Who has a link can use it until then, as with a bucket.

use super::reject::Reject;
use crate::{RepoId, RepoType};
use hmac::{Hmac, Mac as _};
use rand::RngCore as _;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::{
    fmt, io,
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// How long a link works. An hour covers the transfer of a large file over a slow line, counted from its start; much
/// longer and a leaked link would outlive the reason it was given out for.
pub(crate) const LINK_LIFETIME: Duration = Duration::from_secs(3600);

/// What a link allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Permit<'a> {
    pub(crate) action: Action,
    pub(crate) kind: RepoType,
    pub(crate) repo: &'a RepoId,
    /// SHA-256 of the content, in hexadecimal digits; empty where the action is not about one content.
    pub(crate) oid: &'a str,
    /// Bytes of the content.
    pub(crate) size: u64,
}

/// What may be done with the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Read,
    Write,
    /// Send blocks and file maps of the chunked transfer.
    Chunks,
}

impl Action {
    const fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Chunks => "chunks",
        }
    }
}

/// The signed part of a link.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Seal {
    pub(crate) size: u64,
    /// Seconds since 1970.
    pub(crate) expires: u64,
    pub(crate) signature: String,
}

/// The key that signs links. It survives restarts, so that a transfer does too.
pub(crate) struct LinkKey([u8; 64]);

impl fmt::Debug for LinkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkKey")
    }
}

impl LinkKey {
    /// Reads the key, or makes one that only this user can read.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        match fs_err::read(path) {
            Ok(bytes) => {
                let key = bytes.try_into().map_err(|_| {
                    io::Error::new(
                        io::ErrorKind::InvalidData,
                        format!("{} is not a key of 64 bytes", path.display()),
                    )
                })?;
                Ok(Self(key))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut key = [0; 64];
                rand::rng().fill_bytes(&mut key);
                // Temporary files are readable by this user only, and keep that when they are renamed.
                super::durable::write(path, &key)?;
                Ok(Self(key))
            }
            Err(error) => Err(error),
        }
    }

    fn mac(&self, permit: &Permit<'_>, expires: u64) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new((&self.0).into());
        let Permit {
            action,
            kind,
            repo,
            oid,
            size,
        } = permit;
        mac.update(format!("{}\n{kind}\n{repo}\n{oid}\n{size}\n{expires}", action.word()).as_bytes());
        mac
    }

    pub(crate) fn seal(&self, permit: &Permit<'_>, now: SystemTime) -> Seal {
        let expires = seconds(now + LINK_LIFETIME);
        let signature = hex::encode(self.mac(permit, expires).finalize().into_bytes());
        Seal {
            size: permit.size,
            expires,
            signature,
        }
    }

    /// Fails unless this key signed exactly this permit and its time has not passed.
    pub(crate) fn check(&self, permit: &Permit<'_>, seal: &Seal, now: SystemTime) -> Result<(), Reject> {
        let signature = hex::decode(&seal.signature).map_err(|_| Reject::BadLink)?;
        let mac = self.mac(permit, seal.expires);
        mac.verify_slice(&signature).map_err(|_| Reject::BadLink)?;
        if seconds(now) > seal.expires {
            Err(Reject::BadLink)
        } else {
            Ok(())
        }
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_allows_what_was_signed_and_nothing_else() {
        let key = LinkKey([7; 64]);
        let now = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let (mine, other): (RepoId, RepoId) = ("a/b".parse().unwrap(), "a/c".parse().unwrap());
        let permit = Permit {
            action: Action::Write,
            kind: RepoType::Dataset,
            repo: &mine,
            oid: "00ff",
            size: 5,
        };
        let seal = key.seal(&permit, now);
        assert!(key.check(&permit, &seal, now).is_ok());
        assert!(key.check(&permit, &seal, now + LINK_LIFETIME).is_ok());
        assert!(
            key.check(&permit, &seal, now + LINK_LIFETIME + Duration::from_secs(1))
                .is_err(),
            "expired"
        );

        for changed in [
            Permit {
                action: Action::Read,
                ..permit.clone()
            },
            Permit {
                kind: RepoType::Model,
                ..permit.clone()
            },
            Permit {
                repo: &other,
                ..permit.clone()
            },
            Permit {
                oid: "00fe",
                ..permit.clone()
            },
            Permit {
                size: 6,
                ..permit.clone()
            },
        ] {
            assert!(key.check(&changed, &seal, now).is_err(), "{changed:?}");
        }
        let later = Seal {
            expires: seal.expires + 1,
            ..seal.clone()
        };
        assert!(key.check(&permit, &later, now).is_err(), "prolonged");
        assert!(
            LinkKey([8; 64]).check(&permit, &seal, now).is_err(),
            "another hub's"
        );
    }
}
