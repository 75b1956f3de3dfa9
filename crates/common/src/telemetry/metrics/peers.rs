//! How the ways to peers are: their addresses, and what had to be done about failures.

use opentelemetry::{KeyValue, metrics::Meter};

use crate::grpc::client::{Addresses, Standing};

/// What is told of a peer, and where it is found.
type Told = (&'static str, &'static str, fn(&Standing) -> u64);

const TOLD: [Told; 4] = [
    ("fairlead.peer.retries", "Attempts made after a first one failed", |peer| peer.retries),
    ("fairlead.peer.retries.refused", "Retries not made because there had been too many", |peer| {
        peer.retries_refused
    }),
    ("fairlead.peer.ejections", "Times that an address was left alone because it answered badly", |peer| {
        peer.ejections
    }),
    ("fairlead.peer.connections.failed", "Connections that could not be made", |peer| {
        peer.connections_failed
    }),
];

/// Tells of every peer that `standings` lists, whenever somebody asks.
pub(crate) fn observe<F>(meter: &Meter, standings: F)
where
    F: Fn() -> Vec<(&'static str, Standing)> + Clone + Send + Sync + 'static,
{
    for (name, description, of) in TOLD {
        let standings = standings.clone();
        meter
            .u64_observable_counter(name)
            .with_description(description)
            .with_callback(move |counter| {
                for (peer, standing) in standings() {
                    counter.observe(of(&standing), &[KeyValue::new("peer", peer)]);
                }
            })
            .build();
    }
    meter
        .u64_observable_gauge("fairlead.peer.addresses")
        .with_description("Addresses of a peer, by their state")
        .with_callback(move |gauge| {
            for (peer, Standing { addresses, .. }) in standings() {
                let Addresses { connected, ejected, connecting } = addresses;
                let states = [("connected", connected), ("ejected", ejected), ("connecting", connecting)];
                for (state, count) in states {
                    let attributes = [KeyValue::new("peer", peer), KeyValue::new("state", state)];
                    gauge.observe(count as u64, &attributes);
                }
            }
        })
        .build();
}
