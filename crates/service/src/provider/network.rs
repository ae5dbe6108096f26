//! From where a provider may be reached.

use std::net::IpAddr;

use ipnet::IpNet;

/// From where a provider may be reached: from everywhere, or from the networks of its private endpoints alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkRules {
    public: bool,
    private: Vec<IpNet>,
}

impl Default for NetworkRules {
    /// From everywhere.
    fn default() -> Self {
        Self::new(true, Vec::new())
    }
}

impl NetworkRules {
    /// From everywhere when `public`, else from these networks.
    pub fn new(public: bool, private: Vec<IpNet>) -> Self {
        Self { public, private }
    }

    /// Whether a request from this address is answered; `None`: the address is not known. An IPv4 address in IPv6
    /// clothes, as a listener for both shows it (RFC 4291, 2.5.5.2), is the IPv4 address.
    pub fn permit(&self, peer: Option<IpAddr>) -> bool {
        let private = |peer: IpAddr| {
            let peer = peer.to_canonical();
            self.private.iter().any(|network| network.contains(&peer))
        };
        self.public || peer.is_some_and(private)
    }
}

#[cfg(test)]
mod tests;
