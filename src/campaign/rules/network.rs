//! Networks: what of an address is kept, so that many accounts behind one door are seen together.

use std::net::IpAddr;

/// The network an address belongs to: the first 24 bits of an IPv4 address, the first 64 of an IPv6 one. `None` for a
/// text that is no address.
pub(in crate::campaign) fn network_of(address: &str) -> Option<String> {
    match address.trim().parse::<IpAddr>().ok()?.to_canonical() {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            Some(format!("{a}.{b}.{c}.0/24"))
        }
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Some(format!("{a:x}:{b:x}:{c:x}:{d:x}::/64"))
        }
    }
}
