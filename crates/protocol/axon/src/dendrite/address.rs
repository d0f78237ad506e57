//! Which addresses are asked at all.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Which addresses of the metagraph are asked. Anybody writes its own there, and one of this machine's or its network's
/// would have us ask what only we can reach.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Addresses {
    /// All. On a devnet, neurons serve at addresses of this machine.
    #[default]
    Any,
    /// Only those that the whole internet reaches.
    PublicOnly,
}

impl Addresses {
    /// Whether this one is asked.
    #[must_use]
    pub fn allow(self, ip: IpAddr) -> bool {
        self == Self::Any || is_public(ip)
    }
}

fn is_public(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [first, second, third, _] = ip.octets();
    let is_shared = first == 100 && (64..128).contains(&second);
    let is_protocols = first == 192 && second == 0 && third == 0;
    let is_relay = first == 192 && second == 88 && third == 99;
    let is_benchmark = first == 198 && (18..20).contains(&second);
    !(ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_documentation()
        || ip.is_multicast()
        || is_shared
        || is_protocols
        || is_relay
        || is_benchmark
        || first == 0
        || first >= 240)
}

/// Only 2000::/3 is given out, and parts of it lead to an IPv4 address.
fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [first, second, third, fourth, ..] = ip.segments();
    let v4 = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match (first, second) {
        // 6to4: the next four bytes are the address behind it.
        (0x2002, high) => is_public_v4(v4(high, third)),
        // Addresses of protocols, Teredo's tunnels among them, and of documents.
        (0x2001, 0..0x200) | (0x2001, 0xdb8) | (0x3fff, 0..0x1000) => false,
        // Translated by the network: the last four bytes are the address behind it.
        (0x64, 0xff9b) if third == 0 && fourth == 0 => {
            let [.., high, low] = ip.segments();
            is_public_v4(v4(high, low))
        }
        _ => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::Addresses;

    #[test]
    fn what_only_this_network_reaches_is_not_public_however_it_is_written() {
        for own in [
            "127.0.0.1",
            "10.1.2.3",
            "172.31.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "192.0.0.8",
            "198.18.0.1",
            "203.0.113.7",
            "0.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "224.0.0.1",
            "::1",
            "::",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "fe80::1",
            "fd00::1",
            "fec0::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "2002:7f00:1::",
            "64:ff9b::10.0.0.1",
        ] {
            assert!(!Addresses::PublicOnly.allow(own.parse().unwrap()), "{own}");
            assert!(Addresses::Any.allow(own.parse().unwrap()));
        }
        for public in [
            "1.1.1.1",
            "100.128.0.1",
            "172.32.0.1",
            "2606:4700::1111",
            "2002:101:101::",
            "64:ff9b::1.1.1.1",
            "::ffff:8.8.8.8",
        ] {
            assert!(Addresses::PublicOnly.allow(public.parse().unwrap()), "{public}");
        }
    }
}
