//! What became of mounted files that were replaced: certificates, keys, addresses with passwords.

use std::sync::Arc;

use opentelemetry::{KeyValue, metrics::Meter};

use crate::config::Watcher;

pub(crate) fn observe(meter: &Meter, watcher: &Arc<Watcher>) {
    let asked = Arc::clone(watcher);
    meter
        .u64_observable_counter("fairlead.mounted.changes")
        .with_description("New contents of mounted files, by whether they were taken or refused")
        .with_callback(move |counter| {
            for tally in asked.tallies() {
                for (outcome, count) in [("taken", tally.taken), ("refused", tally.refused)] {
                    let setting = KeyValue::new("setting", tally.setting.clone());
                    counter.observe(count, &[setting, KeyValue::new("outcome", outcome)]);
                }
            }
        })
        .build();
    let asked = Arc::clone(watcher);
    meter
        .u64_observable_gauge("fairlead.mounted.stale")
        .with_description("1 where what is mounted was refused and the old one is still in use")
        .with_callback(move |gauge| {
            for tally in asked.tallies() {
                gauge.observe(tally.stale.into(), &[KeyValue::new("setting", tally.setting)]);
            }
        })
        .build();
    let asked = Arc::clone(watcher);
    meter
        .i64_observable_gauge("fairlead.tls.certificate.not_after")
        .with_unit("s")
        .with_description("The last second at which the certificate in use is good, since 1970")
        .with_callback(move |gauge| {
            for tally in asked.tallies() {
                if let Some(not_after) = tally.not_after {
                    gauge.observe(not_after, &[KeyValue::new("setting", tally.setting)]);
                }
            }
        })
        .build();
}
