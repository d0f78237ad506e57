//! Announcing where a neuron serves.
//!
//! The checks are the chain's with their gaps: only 127.0.0.1, ::1 and the all-ones addresses are refused, so a
//! devnet on the loopback interface advertises 127.0.0.2 or a LAN address.

use super::{
    AxonInfo, Axons, Config, Error, Event, NetUid, NeuronCertificate, NeuronCertificates, Pallet, Prometheus,
    PrometheusInfo, ServingRateLimit, Uids,
};
use frame_support::{dispatch::DispatchResult, ensure};
use sp_runtime::AccountId32;
use std::net::Ipv6Addr;

/// 127.0.0.1.
const LOOPBACK_V4: u128 = 0x7f00_0001;
/// 255.255.255.255.
const BROADCAST_V4: u128 = 0xffff_ffff;

/// Whether the number is a reachable address of the kind; zero is left to the caller.
fn is_reachable(ip: u128, ip_type: u8) -> bool {
    match ip_type {
        4 => ip < BROADCAST_V4 && ip != LOOPBACK_V4,
        _ => ip != u128::MAX && ip != Ipv6Addr::LOCALHOST.to_bits(),
    }
}

/// IPv4 and IPv6.
fn is_ip_type(ip_type: u8) -> bool {
    matches!(ip_type, 4 | 6)
}

impl<T: Config> Pallet<T> {
    /// # Errors
    /// The first check an axon's announcement fails, in the chain's order.
    pub fn check_axon(
        hotkey: &AccountId32,
        netuid: NetUid,
        ip: u128,
        ip_type: u8,
        port: u16,
    ) -> Result<(), Error<T>> {
        ensure!(
            Uids::<T>::contains_key(netuid, hotkey),
            Error::<T>::HotKeyNotRegisteredInNetwork
        );
        ensure!(is_ip_type(ip_type), Error::<T>::InvalidIpType);
        ensure!(is_reachable(ip, ip_type), Error::<T>::InvalidIpAddress);
        let last = Axons::<T>::get(netuid, hotkey).map_or(0, |axon| axon.block);
        Self::ensure_may_serve(netuid, last)?;
        ensure!(port != 0, Error::<T>::InvalidPort);
        Ok(())
    }

    /// # Errors
    /// The first check a metrics endpoint's announcement fails, in the chain's order.
    pub fn check_prometheus(
        hotkey: &AccountId32,
        netuid: NetUid,
        ip: u128,
        ip_type: u8,
        port: u16,
    ) -> Result<(), Error<T>> {
        ensure!(is_ip_type(ip_type), Error::<T>::InvalidIpType);
        ensure!(ip != 0 && is_reachable(ip, ip_type), Error::<T>::InvalidIpAddress);
        ensure!(
            Uids::<T>::contains_key(netuid, hotkey),
            Error::<T>::HotKeyNotRegisteredInNetwork
        );
        let last = Prometheus::<T>::get(netuid, hotkey).map_or(0, |endpoint| endpoint.block);
        Self::ensure_may_serve(netuid, last)?;
        ensure!(port != 0, Error::<T>::InvalidPort);
        Ok(())
    }

    fn ensure_may_serve(netuid: NetUid, last: u64) -> Result<(), Error<T>> {
        let limit = ServingRateLimit::<T>::get(netuid);
        ensure!(
            super::rate_limits::passed(last, Self::now(), limit),
            Error::<T>::ServingRateLimitExceeded
        );
        Ok(())
    }

    /// Stores the axon; its block is set here. An unreadable certificate is dropped, and no certificate leaves an old
    /// one in place.
    pub(crate) fn do_serve_axon(
        hotkey: &AccountId32,
        netuid: NetUid,
        axon: AxonInfo,
        certificate: Option<&[u8]>,
    ) -> DispatchResult {
        Self::check_axon(hotkey, netuid, axon.ip, axon.ip_type, axon.port)?;
        if let Some(certificate) = certificate.and_then(NeuronCertificate::from_bytes) {
            NeuronCertificates::<T>::insert(netuid, hotkey, certificate);
        }
        Axons::<T>::insert(
            netuid,
            hotkey,
            AxonInfo {
                block: Self::now(),
                ..axon
            },
        );
        Self::deposit_event(Event::AxonServed(netuid, hotkey.clone()));
        Ok(())
    }

    /// Stores the metrics endpoint; its block is set here.
    pub(crate) fn do_serve_prometheus(
        hotkey: &AccountId32,
        netuid: NetUid,
        endpoint: PrometheusInfo,
    ) -> DispatchResult {
        Self::check_prometheus(hotkey, netuid, endpoint.ip, endpoint.ip_type, endpoint.port)?;
        Prometheus::<T>::insert(
            netuid,
            hotkey,
            PrometheusInfo {
                block: Self::now(),
                ..endpoint
            },
        );
        Self::deposit_event(Event::PrometheusServed(netuid, hotkey.clone()));
        Ok(())
    }
}
