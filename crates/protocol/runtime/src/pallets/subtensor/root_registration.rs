//! Seats on the root network, which stake decides.

use super::{
    AdjustmentInterval, Config, Error, Event, IsNetworkMember, Keys, LastAdjustmentBlock, MaxAllowedUids,
    MaxRegistrationsPerBlock, Pallet, ROOT, RegistrationsThisBlock, RegistrationsThisInterval, SubnetworkN,
    TargetRegistrationsPerInterval, TotalHotkeyAlpha, Uids,
};
use frame_support::{dispatch::DispatchResult, ensure};
use sp_runtime::AccountId32;

impl<T: Config> Pallet<T> {
    /// Seats a hotkey on root; when root is full it must have more root stake than the weakest seat.
    pub(crate) fn do_root_register(coldkey: &AccountId32, hotkey: &AccountId32) -> DispatchResult {
        ensure!(Self::subnet_exists(ROOT), Error::<T>::RootNetworkDoesNotExist);
        ensure!(
            RegistrationsThisBlock::<T>::get(ROOT) < MaxRegistrationsPerBlock::<T>::get(ROOT),
            Error::<T>::TooManyRegistrationsThisBlock
        );
        let most = TargetRegistrationsPerInterval::<T>::get(ROOT).saturating_mul(3);
        ensure!(
            RegistrationsThisInterval::<T>::get(ROOT) < most,
            Error::<T>::TooManyRegistrationsThisInterval
        );
        ensure!(
            !Uids::<T>::contains_key(ROOT, hotkey),
            Error::<T>::HotKeyAlreadyRegisteredInSubNet
        );
        let registered = IsNetworkMember::<T>::iter_prefix_values(hotkey).any(|member| member);
        ensure!(registered, Error::<T>::HotKeyNotRegisteredInNetwork);
        ensure!(Self::owns(coldkey, hotkey), Error::<T>::NonAssociatedColdKey);
        let seats = SubnetworkN::<T>::get(ROOT);
        let uid = if seats < MaxAllowedUids::<T>::get(ROOT) {
            Self::append_neuron(ROOT, hotkey)
        } else {
            let weakest = (0..seats)
                .map(|uid| (TotalHotkeyAlpha::<T>::get(Keys::<T>::get(ROOT, uid), ROOT), uid))
                .min()
                .ok_or(Error::<T>::NoNeuronIdAvailable)?;
            ensure!(
                TotalHotkeyAlpha::<T>::get(hotkey, ROOT) > weakest.0,
                Error::<T>::StakeTooLowForRoot
            );
            Self::replace_neuron(ROOT, weakest.1, hotkey);
            weakest.1
        };
        RegistrationsThisBlock::<T>::mutate(ROOT, |count| *count = count.saturating_add(1));
        RegistrationsThisInterval::<T>::mutate(ROOT, |count| *count = count.saturating_add(1));
        Self::deposit_event(Event::NeuronRegistered(ROOT, uid, hotkey.clone()));
        Ok(())
    }

    /// Begins a new interval of root registrations when the old one is over.
    pub(crate) fn turn_root_interval() {
        let length = u64::from(AdjustmentInterval::<T>::get(ROOT));
        if Self::now().saturating_sub(LastAdjustmentBlock::<T>::get(ROOT)) >= length {
            LastAdjustmentBlock::<T>::insert(ROOT, Self::now());
            RegistrationsThisInterval::<T>::insert(ROOT, 0);
        }
    }
}
