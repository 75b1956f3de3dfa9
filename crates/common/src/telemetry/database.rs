//! What is told of everything asked of a database: how long it took, and a span where the call that asks is traced.

use std::{
    borrow::Cow,
    collections::HashMap,
    sync::{Arc, OnceLock, PoisonError, RwLock},
    time::Instant,
};

use opentelemetry::{
    KeyValue, StringValue,
    metrics::{BoundHistogram, Histogram, Meter},
};

use super::{
    semconv::{DB_SECONDS, ERROR_TYPE},
    trace::{self, Span},
};

const SYSTEM: &str = "db.system.name";
const NAMESPACE: &str = "db.namespace";
const OPERATION: &str = "db.operation.name";
const COLLECTION: &str = "db.collection.name";
const PROCEDURE: &str = "db.stored_procedure.name";
const SUMMARY: &str = "db.query.summary";
const TEXT: &str = "db.query.text";
const STATUS: &str = "db.response.status_code";
const ADDRESS: &str = "server.address";
const PORT: &str = "server.port";

/// Where a database is. Never its password.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The host, or the socket; none for a database that is a file.
    pub address: Option<String>,
    /// The port, where there is a host.
    pub port: Option<u16>,
    /// The name or the number of the database on its server.
    pub namespace: Option<String>,
}

/// One thing asked of a database. All of it comes from the program and nothing from its callers.
#[derive(Clone, Debug)]
pub struct Asked<'a> {
    /// A few words that tell it from others: `select accounts`.
    pub summary: Cow<'a, str>,
    /// The verb or the command.
    pub operation: &'a str,
    /// The table.
    pub collection: Option<&'a str>,
    /// The script.
    pub procedure: Option<&'static str>,
    /// The statement with placeholders for its values.
    pub text: Option<&'a str>,
}

/// A database, whose operations are told about. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Database(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// What the conventions call it: `postgresql`.
    system: &'static str,
    /// There once the database belongs to a process.
    seconds: OnceLock<Histogram<f64>>,
    now: RwLock<Arc<At>>,
}

/// A database at one place.
#[derive(Debug, Default)]
struct At {
    about: Vec<KeyValue>,
    /// The handles of operations that went well, by their summary.
    well: RwLock<HashMap<String, Arc<BoundHistogram<f64>>>>,
}

impl Database {
    /// A database of that kind at that place.
    #[must_use]
    pub fn new(system: &'static str, place: Place) -> Self {
        let now = RwLock::new(At::new(system, place));
        Self(Arc::new(Inner { system, seconds: OnceLock::new(), now }))
    }

    /// Counts its operations from now on.
    pub fn observe(&self, meter: &Meter) {
        let seconds = meter
            .f64_histogram("db.client.operation.duration")
            .with_unit("s")
            .with_description("How long databases took to answer")
            .with_boundaries(DB_SECONDS.to_vec());
        // A store belongs to one process.
        let _ = self.0.seconds.set(seconds.build());
    }

    /// It is somewhere else from now on.
    pub fn moved(&self, place: Place) {
        *self.0.now.write().unwrap_or_else(PoisonError::into_inner) = At::new(self.0.system, place);
    }

    /// Something is being asked; its span belongs to the call that is being worked on here.
    #[must_use]
    pub fn asked(&self, asked: Asked<'_>) -> Operation {
        let at = Arc::clone(&self.0.now.read().unwrap_or_else(PoisonError::into_inner));
        let span = trace::client(|| Cow::Owned(asked.span_name().to_owned())).map(|mut span| {
            let about = at.about.iter().cloned().chain(asked.attributes()).chain(asked.only_on_spans());
            about.for_each(|about| span.set_pair(about));
            span
        });
        let seconds = self.0.seconds.get().cloned();
        let told = seconds.map(|seconds| Told {
            attributes: at.about.iter().cloned().chain(asked.attributes()).collect(),
            summary: asked.summary.into_owned(),
            seconds,
            at,
        });
        Operation { span, told, began: Instant::now(), outcome: None }
    }
}

impl At {
    fn new(system: &'static str, place: Place) -> Arc<Self> {
        let Place { address, port, namespace } = place;
        let text = |text: String| StringValue::from(Arc::<str>::from(text));
        let about = [
            Some(KeyValue::new(SYSTEM, system)),
            namespace.map(|name| KeyValue::new(NAMESPACE, text(name))),
            address.map(|address| KeyValue::new(ADDRESS, text(address))),
            port.map(|port| KeyValue::new(PORT, i64::from(port))),
        ];
        Arc::new(Self { about: about.into_iter().flatten().collect(), well: RwLock::default() })
    }
}

impl Asked<'_> {
    /// The summary, or for a script the command that runs it.
    fn span_name(&self) -> &str {
        if self.procedure.is_some() { self.operation } else { &self.summary }
    }

    fn attributes(&self) -> impl Iterator<Item = KeyValue> {
        let operation = KeyValue::new(OPERATION, self.operation.to_owned());
        let collection = self.collection.map(|name| KeyValue::new(COLLECTION, name.to_owned()));
        let procedure = self.procedure.map(|name| KeyValue::new(PROCEDURE, name));
        [Some(operation), collection, procedure].into_iter().flatten()
    }

    fn only_on_spans(&self) -> impl Iterator<Item = KeyValue> {
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let text = self.text.map(|text| KeyValue::new(TEXT, words(text)));
        let summary = self.text.map(|_| KeyValue::new(SUMMARY, self.summary.clone().into_owned()));
        [text, summary].into_iter().flatten()
    }
}

/// Something that was asked. Dropped before it is told how it ended, it was given up.
#[derive(Debug)]
pub struct Operation {
    span: Option<Span>,
    told: Option<Told>,
    began: Instant,
    /// None until somebody says how it ended.
    outcome: Option<Result<(), Failed>>,
}

#[derive(Debug)]
struct Told {
    seconds: Histogram<f64>,
    at: Arc<At>,
    summary: String,
    attributes: Vec<KeyValue>,
}

#[derive(Debug)]
struct Failed {
    kind: Cow<'static, str>,
    code: Option<String>,
}

impl Operation {
    /// It went well.
    pub fn done(&mut self) {
        self.outcome = Some(Ok(()));
    }

    /// It went wrong: the kind of failure, one of few words, and the database's own code for it, where it gave one.
    pub fn fail(&mut self, kind: impl Into<Cow<'static, str>>, code: Option<&str>) {
        self.outcome = Some(Err(Failed { kind: kind.into(), code: code.map(str::to_owned) }));
    }
}

impl Drop for Operation {
    fn drop(&mut self) {
        let given_up = || Err(Failed { kind: "given_up".into(), code: None });
        let outcome = self.outcome.take().unwrap_or_else(given_up);
        if let (Some(span), Err(Failed { kind, code })) = (&mut self.span, &outcome) {
            if let Some(code) = code {
                span.set(STATUS, code.clone());
            }
            span.fail(kind.clone());
        }
        if let Some(told) = self.told.take() {
            told.ended(self.began.elapsed().as_secs_f64(), outcome.err());
        }
    }
}

impl Told {
    fn ended(self, seconds: f64, failed: Option<Failed>) {
        let Self { seconds: histogram, at, summary, mut attributes } = self;
        if let Some(Failed { kind, code }) = failed {
            attributes.push(KeyValue::new(ERROR_TYPE, kind));
            attributes.extend(code.map(|code| KeyValue::new(STATUS, code)));
            return histogram.record(seconds, &attributes);
        }
        let known = at.well.read().unwrap_or_else(PoisonError::into_inner).get(&summary).cloned();
        let bound = known.unwrap_or_else(|| {
            let mut well = at.well.write().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(well.entry(summary).or_insert_with(|| Arc::new(histogram.bind(&attributes))))
        });
        bound.record(seconds);
    }
}
