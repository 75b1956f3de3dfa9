//! Addresses that flood, connection after connection: they are kept out for a while.
//!
//! A flood is noticed after a thousand frames, a frame that breaks the protocol at once, and either costs its connection.
//! Whoever comes again at once would pay with nothing but a handshake, and so would the process. What becomes of the connections that it makes is not decided here.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// Floods that are forgiven: others may share the address.
const FREE: u32 = 2;
/// For how long the next one keeps its address out; each further one doubles it.
const FIRST: Duration = Duration::from_secs(1);
/// No longer than this.
const LONGEST: Duration = Duration::from_secs(30);
/// After how long without another flood an address is as good as new.
const MEMORY: Duration = Duration::from_secs(60);
/// Addresses that are remembered.
const ADDRESSES: usize = 4096;

/// Who has flooded, and how often.
#[derive(Debug, Default)]
pub(crate) struct Offenders {
    forgiven: bool,
    by_address: Mutex<HashMap<IpAddr, Offences>>,
}

#[derive(Clone, Copy, Debug)]
struct Offences {
    count: u32,
    last: Instant,
    out_until: Instant,
}

impl Offenders {
    /// Keeps nobody out, whatever they do.
    pub(crate) fn forgiven() -> Self {
        Self { forgiven: true, ..Self::default() }
    }

    /// Whether this address is kept out now. Connections that it already has are none of this.
    pub(crate) fn bars(&self, address: IpAddr, now: Instant) -> bool {
        self.all().get(&network(address)).is_some_and(|offences| now < offences.out_until)
    }

    /// A connection from this address was closed because it flooded. Tells for how long the address is kept out.
    pub(crate) fn add(&self, address: IpAddr, now: Instant) -> Duration {
        if self.forgiven {
            return Duration::ZERO;
        }
        let mut all = self.all();
        if all.len() >= ADDRESSES {
            all.retain(|_, offences| now < offences.last + MEMORY);
        }
        let network = network(address);
        if all.len() >= ADDRESSES && !all.contains_key(&network) {
            // So many at once are an attack that no list of addresses wards off.
            return Duration::ZERO;
        }
        let offences = all.entry(network).or_insert(Offences { count: 0, last: now, out_until: now });
        if now >= offences.last + MEMORY {
            offences.count = 0;
        }
        offences.count += 1;
        offences.last = now;
        let out = penalty(offences.count);
        offences.out_until = offences.out_until.max(now + out);
        out
    }

    /// Nothing panics while it is held.
    fn all(&self) -> MutexGuard<'_, HashMap<IpAddr, Offences>> {
        self.by_address.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn penalty(count: u32) -> Duration {
    match count.checked_sub(FREE + 1) {
        None => Duration::ZERO,
        Some(doublings) => FIRST.saturating_mul(2u32.saturating_pow(doublings)).min(LONGEST),
    }
}

/// What one customer of a network gets: an IPv4 address, or 64 bits of IPv6.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    #[test]
    fn the_third_flood_keeps_an_address_out_and_each_further_one_for_longer() {
        let offenders = Offenders::default();
        let now = Instant::now();

        let spans: Vec<u64> = (0..9).map(|_| offenders.add(HERE, now).as_secs()).collect();

        assert_eq!(spans, [0, 0, 1, 2, 4, 8, 16, 30, 30]);
        assert!(offenders.bars(HERE, now + LONGEST - FIRST));
        assert!(!offenders.bars(HERE, now + LONGEST));
        assert!(!offenders.bars([192, 0, 2, 2].into(), now), "its neighbour has done nothing");
    }

    #[test]
    fn a_quiet_minute_makes_an_address_as_good_as_new() {
        let offenders = Offenders::default();
        let now = Instant::now();
        for _ in 0..5 {
            offenders.add(HERE, now);
        }

        assert_eq!(offenders.add(HERE, now + MEMORY), Duration::ZERO);
    }

    #[test]
    fn the_addresses_of_one_ipv6_network_are_one() {
        let offenders = Offenders::default();
        let now = Instant::now();
        let address = |last| IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 7, 0, 0, 0, last));

        for last in 0..3 {
            offenders.add(address(last), now);
        }

        assert!(offenders.bars(address(99), now));
    }

    #[test]
    fn the_list_does_not_grow_without_bound() {
        let offenders = Offenders::default();
        let now = Instant::now();

        for number in 0..2 * u32::try_from(ADDRESSES).unwrap() {
            offenders.add(IpAddr::V4(number.into()), now);
        }

        assert_eq!(offenders.all().len(), ADDRESSES);
    }

    #[test]
    fn where_many_share_an_address_nobody_is_kept_out() {
        let offenders = Offenders::forgiven();
        let now = Instant::now();
        for _ in 0..9 {
            offenders.add(HERE, now);
        }

        assert!(!offenders.bars(HERE, now));
    }
}
