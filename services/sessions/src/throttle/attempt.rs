//! Whose password is tried, and from where.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use sha2::{Digest, Sha256};

use crate::id::Bucket;

/// One try at a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Attempt {
    /// The account, whether or not it exists.
    pub mail: MailHash,
    /// Where it comes from.
    pub network: Network,
}

/// The first half of the SHA-256 of a normalised e-mail address: enough to tell addresses apart, and no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MailHash(pub [u8; 16]);

impl MailHash {
    /// The hash of an e-mail address that is lower-case already.
    #[must_use]
    pub fn of(normalised: &str) -> Self {
        let hash: [u8; 32] = Sha256::digest(normalised).into();
        Self(*hash.first_chunk().expect("32 bytes begin with 16"))
    }

    /// Where the attempts at this account are counted.
    #[must_use]
    pub fn bucket(self) -> Bucket {
        Bucket::of(&self.0)
    }
}

/// Where an attempt comes from, as far as it is told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Network {
    /// An IPv4 address.
    V4(Ipv4Addr),
    /// The first half of an IPv6 address: whoever has one address of a /64 has them all.
    V6([u8; 8]),
    /// Not known.
    Unknown,
}

impl Network {
    /// The network of an address. The unspecified address stands for one that is not known.
    #[must_use]
    pub fn of(address: Option<IpAddr>) -> Self {
        match address.map(|address| address.to_canonical()) {
            None => Self::Unknown,
            Some(address) if address.is_unspecified() => Self::Unknown,
            Some(IpAddr::V4(address)) => Self::V4(address),
            Some(IpAddr::V6(address)) => Self::V6(prefix(address)),
        }
    }

    /// What tells it from every other network.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        match self {
            Self::V4(address) => address.octets().to_vec(),
            Self::V6(prefix) => prefix.to_vec(),
            Self::Unknown => Vec::new(),
        }
    }
}

fn prefix(address: Ipv6Addr) -> [u8; 8] {
    *address.octets().first_chunk().expect("16 bytes begin with 8")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(address: &str) -> Network {
        Network::of(Some(address.parse().unwrap()))
    }

    #[test]
    fn an_ipv6_address_counts_as_its_64_and_a_mapped_one_as_ipv4() {
        assert_eq!(network("2001:db8:1:2::1"), network("2001:db8:1:2:ffff::9"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
    }

    #[test]
    fn no_address_and_the_unspecified_one_are_not_known() {
        assert_eq!(Network::of(None), Network::Unknown);
        assert_eq!(network("0.0.0.0"), Network::Unknown);
        assert_eq!(network("::"), Network::Unknown);
    }
}
