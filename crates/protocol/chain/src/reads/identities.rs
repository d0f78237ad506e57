//! What coldkeys and subnets say about themselves.

use crate::{
    AccountId, ChainError, Identity, NetUid, Snapshot, SubnetIdentity,
    runtime::{account_value, number_value},
    snapshot::Query,
};
use subxt::ext::scale_decode::{self, DecodeAsType};

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "scale_decode")]
pub(super) struct StoredIdentity {
    name: Vec<u8>,
    url: Vec<u8>,
    github_repo: Vec<u8>,
    image: Vec<u8>,
    discord: Vec<u8>,
    description: Vec<u8>,
    additional: Vec<u8>,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "scale_decode")]
struct StoredSubnetIdentity {
    subnet_name: Vec<u8>,
    github_repo: Vec<u8>,
    subnet_contact: Vec<u8>,
    subnet_url: Vec<u8>,
    discord: Vec<u8>,
    description: Vec<u8>,
    logo_url: Vec<u8>,
    additional: Vec<u8>,
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

impl From<StoredIdentity> for Identity {
    fn from(stored: StoredIdentity) -> Self {
        Self {
            name: text(&stored.name),
            url: text(&stored.url),
            github_repo: text(&stored.github_repo),
            image: text(&stored.image),
            discord: text(&stored.discord),
            description: text(&stored.description),
            additional: text(&stored.additional),
        }
    }
}

impl Snapshot {
    /// What a coldkey says about itself; nothing when it never did.
    ///
    /// # Errors
    ///
    /// When the node does not answer, or the chain stores identities in an unknown shape.
    pub async fn identity(&self, coldkey: &AccountId) -> Result<Option<Identity>, ChainError> {
        let mut query = Query::default();
        let stored = query.subtensor::<StoredIdentity>("IdentitiesV2", [account_value(coldkey)]);
        Ok(self.read(query).await?.get(stored)?.map(Identity::from))
    }

    /// All coldkeys that say something about themselves.
    ///
    /// # Errors
    ///
    /// As [`identity`](Self::identity).
    pub async fn identities(&self) -> Result<Vec<(AccountId, Identity)>, ChainError> {
        let coldkey = |key: &[u8]| {
            let coldkey = AccountId(*key.last_chunk()?);
            Some((coldkey, account_value(&coldkey)))
        };
        let stored: Vec<(AccountId, StoredIdentity)> = self
            .map("SubtensorModule", "IdentitiesV2", Vec::new(), coldkey)
            .await?;
        Ok(stored
            .into_iter()
            .map(|(coldkey, stored)| (coldkey, stored.into()))
            .collect())
    }

    /// What a subnet's owner says about it; nothing when nobody did.
    ///
    /// # Errors
    ///
    /// As [`identity`](Self::identity).
    pub async fn subnet_identity(&self, netuid: NetUid) -> Result<Option<SubnetIdentity>, ChainError> {
        let mut query = Query::default();
        let stored = query.subtensor::<StoredSubnetIdentity>("SubnetIdentitiesV3", [number_value(netuid.0)]);
        let stored = self.read(query).await?.get(stored)?;
        Ok(stored.map(|stored| SubnetIdentity {
            name: text(&stored.subnet_name),
            github_repo: text(&stored.github_repo),
            contact: text(&stored.subnet_contact),
            url: text(&stored.subnet_url),
            discord: text(&stored.discord),
            description: text(&stored.description),
            logo_url: text(&stored.logo_url),
            additional: text(&stored.additional),
        }))
    }
}
