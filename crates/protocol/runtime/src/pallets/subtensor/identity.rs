//! What coldkeys and subnets say about themselves.

use super::{
    Config, Error, Event, IdentitiesV2, IsNetworkMember, NetUid, OwnedHotkeys, Pallet, SubnetIdentitiesV3,
};
use codec::{Decode, DecodeWithMemTracking, Encode};
use frame_support::{dispatch::DispatchResult, ensure};
use scale_info::TypeInfo;
use sp_runtime::AccountId32;

/// Self-description of a coldkey.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct ChainIdentityV2 {
    /// Its name, at most 256 bytes like the next two and `discord`.
    pub name: Vec<u8>,
    /// Its page.
    pub url: Vec<u8>,
    /// Its code.
    pub github_repo: Vec<u8>,
    /// Its picture, at most 1024 bytes like the rest.
    pub image: Vec<u8>,
    /// Where to talk to it.
    pub discord: Vec<u8>,
    /// What it does.
    pub description: Vec<u8>,
    /// Anything else.
    pub additional: Vec<u8>,
}

/// Self-description of a subnet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct SubnetIdentityV3 {
    /// Its name, at most 256 bytes like `discord`.
    pub subnet_name: Vec<u8>,
    /// Its code, at most 1024 bytes like the rest.
    pub github_repo: Vec<u8>,
    /// Whom to write to.
    pub subnet_contact: Vec<u8>,
    /// Its page.
    pub subnet_url: Vec<u8>,
    /// Where to talk about it.
    pub discord: Vec<u8>,
    /// What it does.
    pub description: Vec<u8>,
    /// Its logo.
    pub logo_url: Vec<u8>,
    /// Anything else.
    pub additional: Vec<u8>,
}

/// The longest name.
const SHORT: usize = 256;
/// The longest free text.
const LONG: usize = 1024;

impl ChainIdentityV2 {
    /// Every field is within its length.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        let short = [&self.name, &self.url, &self.github_repo, &self.discord];
        let long = [&self.image, &self.description, &self.additional];
        short.iter().all(|field| field.len() <= SHORT) && long.iter().all(|field| field.len() <= LONG)
    }
}

impl SubnetIdentityV3 {
    /// Every field is within its length.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        let short = [&self.subnet_name, &self.discord];
        let long = [
            &self.github_repo,
            &self.subnet_contact,
            &self.subnet_url,
            &self.description,
            &self.logo_url,
            &self.additional,
        ];
        short.iter().all(|field| field.len() <= SHORT) && long.iter().all(|field| field.len() <= LONG)
    }
}

impl<T: Config> Pallet<T> {
    /// Only a coldkey with a registered hotkey may describe itself.
    pub(crate) fn do_set_identity(coldkey: &AccountId32, identity: ChainIdentityV2) -> DispatchResult {
        let hotkeys = OwnedHotkeys::<T>::get(coldkey);
        let registered = hotkeys
            .iter()
            .any(|hotkey| IsNetworkMember::<T>::iter_prefix_values(hotkey).any(|member| member));
        ensure!(registered, Error::<T>::HotKeyNotRegisteredInNetwork);
        ensure!(identity.is_valid(), Error::<T>::InvalidIdentity);
        IdentitiesV2::<T>::insert(coldkey, identity);
        Self::deposit_event(Event::ChainIdentitySet(coldkey.clone()));
        Ok(())
    }

    /// The caller has checked that the owner is asking.
    pub(crate) fn do_set_subnet_identity(netuid: NetUid, identity: SubnetIdentityV3) -> DispatchResult {
        ensure!(identity.is_valid(), Error::<T>::InvalidIdentity);
        SubnetIdentitiesV3::<T>::insert(netuid, identity);
        Self::deposit_event(Event::SubnetIdentitySet(netuid));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{ChainIdentityV2, SubnetIdentityV3};

    #[test]
    fn lengths_are_limited_by_field() {
        let with_name = |length| ChainIdentityV2 {
            name: vec![b'x'; length],
            ..Default::default()
        };
        assert!(with_name(256).is_valid() && !with_name(257).is_valid());
        let with_text = |length| SubnetIdentityV3 {
            description: vec![b'x'; length],
            ..Default::default()
        };
        assert!(with_text(1024).is_valid() && !with_text(1025).is_valid());
    }
}
