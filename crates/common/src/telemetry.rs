//! What the process says of itself: logs, traces and metrics.

pub mod audit;
pub mod baggage;
pub(crate) mod carried;
pub mod context;
pub mod database;
mod filter;
mod json;
mod line;
pub mod metrics;
mod panics;
mod pretty;
mod queue;
mod resource;
pub(crate) mod semconv;
#[cfg(test)]
mod sink;
pub(crate) mod standard;
pub mod trace;
pub(crate) mod trusted;

use std::{
    io::{self, IsTerminal},
    time::Duration,
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tracing_subscriber::{Layer, Registry, layer::SubscriberExt, util::SubscriberInitExt};

use crate::{Program, config::Problems};
use filter::Level;
use json::Json;
use pretty::Pretty;
use queue::Queue;
use trace::Traces;
use trusted::Network;

/// Logs, traces and metrics. Where spans go and which calls are traced is said by the standard variables `OTEL_*`.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// What is logged: a level (`off`, `error`, `warn`, `info`, `debug`, `trace`), or levels by target:
    /// `info,common::grpc=debug`. Targets that nothing is said about stay at `info`; security events are always logged.
    pub log: String,
    /// How a line looks: `json`, `pretty`, or `auto`, which is pretty on a terminal and JSON elsewhere.
    pub format: Format,
    /// Networks (`10.0.0.0/8`) whose callers may have their calls traced, and whose baggage is taken. Services of the
    /// suite may always.
    pub trusted_callers: Vec<String>,
    /// The entries of the baggage that are written on spans, as `baggage.<name>`.
    pub baggage: Vec<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            log: "info".to_owned(),
            format: Format::Auto,
            trusted_callers: Vec::new(),
            baggage: Vec::new(),
        }
    }
}

impl Config {
    /// Reports what cannot be used.
    pub fn validate(&self, problems: &mut Problems) {
        if let Err(wrong) = filter::parse(&self.log) {
            problems.add("telemetry.log", wrong);
        }
        for wrong in self.trusted_callers.iter().filter(|text| Network::parse(text).is_none()) {
            let found = format!("found {wrong:?}; networks such as 10.0.0.0/8, or single addresses");
            problems.add("telemetry.trusted_callers", found);
        }
    }

    /// Whose word about traces and baggage is taken.
    pub(crate) fn trusted(&self) -> Vec<Network> {
        self.trusted_callers.iter().filter_map(|text| Network::parse(text)).collect()
    }
}

/// How a log line looks.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Pretty on a terminal, JSON elsewhere.
    #[default]
    Auto,
    /// One JSON object a line.
    Json,
    /// For people.
    Pretty,
}

/// Logging could not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The directives cannot be used.
    #[error("telemetry.log: {0}")]
    Directives(String),
    /// Standard output cannot be written to.
    #[error("standard output cannot be used for logs: {0}")]
    Output(#[from] io::Error),
    /// Something else in this process already receives its log events.
    #[error("logging has already been started in this process")]
    Twice(#[from] tracing_subscriber::util::TryInitError),
}

/// A handle on the logs of the running process. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Telemetry {
    level: Level,
    queue: Queue,
}

/// Starts logging to standard output, for the whole process; panics are logged as well. Nothing is traced.
///
/// # Errors
/// When the directives are wrong, standard output is unusable, or logging was started before.
pub fn init(program: &Program, config: &Config) -> Result<Telemetry, Error> {
    start(program, config, None)
}

/// The same, and traces calls as the environment says.
pub(crate) fn init_with(program: &Program, config: &Config, traces: &Traces) -> Result<Telemetry, Error> {
    start(program, config, traces.layer(program).map(Layer::boxed))
}

/// What follows the spans of a process, if anything does.
type Spans = Option<Box<dyn Layer<Registry> + Send + Sync>>;

fn start(program: &Program, config: &Config, spans: Spans) -> Result<Telemetry, Error> {
    let stdout = io::stdout();
    let terminal = stdout.is_terminal();
    let queue = Queue::start(queue::unbuffered(&stdout)?, queue::CAPACITY)?;
    let (level, filter) = Level::new(&config.log).map_err(Error::Directives)?;
    let json = match config.format {
        Format::Auto => !terminal,
        Format::Json => true,
        Format::Pretty => false,
    };
    let lines = if json {
        Json::new(program.name, program.version, queue.clone()).boxed()
    } else {
        Pretty::new(terminal && std::env::var_os("NO_COLOR").is_none(), queue.clone()).boxed()
    };
    let lines = lines.with_filter(filter);
    tracing_subscriber::registry()
        .with(spans.into_iter().chain([lines.boxed()]).collect::<Vec<_>>())
        .try_init()?;
    panics::log(queue.clone());
    Ok(Telemetry { level, queue })
}

impl Telemetry {
    /// The directives that say now what is logged.
    #[must_use]
    pub fn level(&self) -> String {
        self.level.get()
    }

    /// Changes what is logged, at once and until the process ends.
    ///
    /// # Errors
    /// What is wrong with the directives; nothing changes then.
    pub fn set_level(&self, directives: &str) -> Result<(), String> {
        self.level.set(directives)
    }

    /// Lines that were dropped because standard output was slower than the logs, or gone.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.queue.dropped()
    }

    /// Waits until everything logged so far is written, for at most `timeout`; blocks the thread. Says whether it is.
    #[must_use]
    pub fn flush(&self, timeout: Duration) -> bool {
        self.queue.flush(timeout)
    }
}
