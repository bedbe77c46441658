//! Who may call the hooks.

use std::net::IpAddr;

use secrecy::{ExposeSecret as _, SecretString};

use super::signing::same;

/// What an engine must show: a secret in the address it calls, an address of its own, or both. With neither set nobody is
/// let in.
#[derive(Debug, Clone, Default)]
pub struct HookGate {
    /// The argument `secret` of the address.
    pub secret: Option<SecretString>,
    /// Addresses of engines; any when empty.
    pub addresses: Vec<IpAddr>,
}

impl HookGate {
    /// Whether a caller is let in. `address` is the caller's as text, as far as it is known.
    pub fn admits(&self, secret: Option<&str>, address: &str) -> bool {
        if self.secret.is_none() && self.addresses.is_empty() {
            return false;
        }
        let knows = self.secret.as_ref().is_none_or(|known| {
            let shown = secret.unwrap_or_default();
            same(known.expose_secret(), shown)
        });
        let address = address.parse::<IpAddr>().ok().map(|address| address.to_canonical());
        knows && (self.addresses.is_empty() || address.is_some_and(|address| self.addresses.contains(&address)))
    }
}
