//! Every method that is served, by its path, with its rules.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use prost::Message;
use prost_types::FileDescriptorSet;

use super::{Service, service::Handlers};
use crate::{
    config::Size,
    lifecycle,
    policy::{People, Row},
    sizing::{MESSAGE_BYTES, Plan},
    telemetry::metrics::Durations,
};

/// One method that is served.
pub(crate) struct Method {
    /// The fully qualified name without a leading slash: `fairlead.accounts.v1.AccountsService/GetAccount`.
    pub(crate) name: String,
    pub(crate) row: &'static Row,
    /// Whether a call has any number of request messages, and not just one.
    pub(crate) streams: bool,
    pub(crate) people: Option<Arc<dyn People>>,
    pub(crate) handlers: Handlers,
    /// Calls of this method in flight.
    pub(crate) in_flight: Arc<AtomicU64>,
    /// How long its calls took.
    pub(crate) durations: Durations,
}

/// The methods by their request path.
#[derive(Default)]
pub(crate) struct Methods(HashMap<String, Arc<Method>>);

impl Methods {
    /// Pairs every method of the descriptors with its policy row.
    ///
    /// # Errors
    /// All misfits at once: a method without a row, a row without a method, a row that tells people apart in a service
    /// that cannot.
    pub(crate) fn new(services: &[Service], descriptors: &[&[u8]]) -> Result<Self, Vec<String>> {
        let described = described_methods(descriptors);
        let mut misfits = Vec::new();
        let mut methods = HashMap::new();
        for service in services {
            let name = service.name;
            let Some(expected) = described.get(name) else {
                misfits.push(format!("{name}: not among the descriptors"));
                continue;
            };
            for method in expected.keys().filter(|method| rows(service, method) != 1) {
                misfits.push(format!("{name}/{method}: {} policy rows, expected one", rows(service, method)));
            }
            for row in service.policy {
                let streams = expected.get(row.method);
                if streams.is_none() {
                    misfits.push(format!("{name}/{}: a policy row without a method", row.method));
                }
                if row.who.knows_people() && service.people.is_none() {
                    misfits.push(format!("{name}/{}: nothing tells people apart", row.method));
                }
                let method = Method {
                    name: format!("{name}/{}", row.method),
                    row,
                    streams: streams.copied().unwrap_or_default(),
                    people: service.people.clone(),
                    handlers: service.handlers.clone(),
                    in_flight: Arc::default(),
                    durations: Durations::default(),
                };
                methods.insert(format!("/{}", method.name), Arc::new(method));
            }
        }
        if misfits.is_empty() { Ok(Self(methods)) } else { Err(misfits) }
    }

    /// Checks that the plan has room for the longest message of every method: one that never fits is never served.
    ///
    /// # Errors
    /// The arithmetic, with every method whose longest message does not fit.
    pub(crate) fn fit(&self, plan: &Plan) -> Result<(), String> {
        let Some(room) = plan.numbers().into_iter().find(|number| number.name == MESSAGE_BYTES) else {
            return Ok(());
        };
        let rows = self.0.values().map(|method| (&*method.name, u64::from(method.row.request_limit)));
        let long: BTreeMap<&str, u64> = rows.filter(|(_, limit)| *limit > room.value).collect();
        if long.is_empty() {
            return Ok(());
        }
        let long = long.into_iter().map(|(name, limit)| format!("  {name} accepts {}\n", Size(limit)));
        Err(format!(
            "the longest request message does not fit into the memory for all of them\n  {MESSAGE_BYTES} is {} ({})\n{}\
             give the container more memory, or lower what is set under limits",
            Size(room.value),
            room.source,
            long.collect::<String>()
        ))
    }

    /// The method at a request path.
    pub(crate) fn find(&self, path: &str) -> Option<&Arc<Method>> {
        self.0.get(path)
    }

    /// Calls in flight, by method, those without any included.
    pub(crate) fn now(&self) -> impl Iterator<Item = (&str, u64)> {
        self.0.values().map(|method| (&*method.name, method.in_flight.load(Relaxed)))
    }

    /// Calls in flight, by method.
    pub(crate) fn in_flight(&self) -> BTreeMap<String, u64> {
        lifecycle::by_method(self.0.values().map(|method| (&*method.name, &method.in_flight)))
    }
}

fn rows(service: &Service, method: &str) -> usize {
    service.policy.iter().filter(|row| row.method == method).count()
}

/// The methods of each service, and whether their requests are streams.
fn described_methods(descriptors: &[&[u8]]) -> HashMap<String, BTreeMap<String, bool>> {
    let mut described = HashMap::new();
    for file in
        descriptors.iter().filter_map(|set| FileDescriptorSet::decode(*set).ok()).flat_map(|set| set.file)
    {
        for service in &file.service {
            let name = format!("{}.{}", file.package(), service.name());
            let methods = service.method.iter();
            let methods = methods.map(|method| (method.name().to_owned(), method.client_streaming()));
            described.insert(name, methods.collect());
        }
    }
    described
}

#[cfg(test)]
mod tests;
