//! What is logged, changeable while the process runs.

use std::sync::{Arc, Mutex, PoisonError};

use tracing::{Metadata, level_filters::LevelFilter};
use tracing_subscriber::{
    Registry,
    filter::{FilterExt, Targets, filter_fn},
    layer::Filter,
    reload,
};

use super::audit;

/// The directives in force and the way to replace them.
#[derive(Clone, Debug)]
pub(super) struct Level {
    directives: Arc<Mutex<String>>,
    handle: reload::Handle<Targets, Registry>,
}

impl Level {
    /// The first directives, and the filter that follows this handle. It lets no spans in: those that a
    /// handler makes of its own cost nothing in calls that are not traced.
    pub(super) fn new(directives: &str) -> Result<(Self, impl Filter<Registry> + use<>), String> {
        let (filter, handle) = reload::Layer::new(parse(directives)?);
        let no_span = filter_fn(is_no_span).with_max_level_hint(LevelFilter::TRACE);
        Ok((Self { directives: Arc::new(Mutex::new(directives.to_owned())), handle }, filter.and(no_span)))
    }

    pub(super) fn get(&self) -> String {
        self.directives.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set(&self, directives: &str) -> Result<(), String> {
        let filter = parse(directives)?;
        // Held over the reload, so that what is told is what is in force.
        let mut told = self.directives.lock().unwrap_or_else(PoisonError::into_inner);
        self.handle.reload(filter).map_err(|gone| gone.to_string())?;
        directives.clone_into(&mut told);
        Ok(())
    }
}

/// An event, or the question whether one would be logged (`enabled!`).
fn is_no_span(metadata: &Metadata<'_>) -> bool {
    !metadata.is_span()
}

/// Reads directives. They stand between `info` for every target, which they may override, and the security events, which
/// they may not.
pub(super) fn parse(directives: &str) -> Result<Targets, String> {
    let whole = format!("info,{directives},{}=info", audit::TARGET);
    // What is no level by itself would be taken for a target of which everything is logged.
    let is_clear = |directive: &str| directive.contains('=') || is_level(directive);
    let parsed = directives.split(',').all(is_clear).then(|| whole.parse().ok()).flatten();
    parsed.ok_or_else(|| {
        format!(
            "found {directives:?}; a level (off, error, warn, info, debug, trace) or levels by target: \
             info,common::grpc=debug"
        )
    })
}

/// Whether a word is a level; nothing at all is one to its parser.
fn is_level(word: &str) -> bool {
    !word.is_empty() && word.parse::<LevelFilter>().is_ok()
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::{Layer, layer::SubscriberExt};

    use super::*;
    use crate::telemetry::{json::Json, sink::Sink};

    #[test]
    fn the_level_changes_while_the_process_runs_and_security_events_always_pass() {
        let sink = Sink::new();
        let (level, filter) = Level::new("info").unwrap();
        let json = Json::new("accounts", "1.2.3", sink.queue()).with_filter(filter);
        let log_all = || {
            tracing::debug!(target: "some::place", "1");
            tracing::debug!(target: "elsewhere", "2");
            tracing::info!(target: "elsewhere", "3");
            tracing::info!(target: audit::TARGET, "4");
        };
        let logged = || {
            let message = |line: String| line.split(r#""message":""#).nth(1).unwrap()[..1].to_owned();
            sink.lines().into_iter().map(message).collect::<String>()
        };

        tracing::subscriber::with_default(tracing_subscriber::registry().with(json), || {
            log_all();
            assert_eq!(logged(), "34");

            level.set("some::place=debug").unwrap();
            log_all();
            assert_eq!(logged(), "134");
            assert!(tracing::enabled!(target: "some::place", tracing::Level::DEBUG));
            assert!(!tracing::enabled!(target: "elsewhere", tracing::Level::DEBUG));
            assert!(tracing::info_span!(target: "some::place", "work").is_disabled());

            level.set("off,audit=off").unwrap();
            log_all();
            assert_eq!(logged(), "4");
        });

        assert_eq!(level.get(), "off,audit=off");
    }

    #[test]
    fn wrong_directives_change_nothing() {
        let (level, _filter) = Level::new("warn").unwrap();

        let refused = level.set("common=loud").unwrap_err();

        assert!(refused.contains("\"common=loud\""), "{refused}");
        assert_eq!(level.get(), "warn");
    }

    #[test]
    fn a_word_that_is_no_level_is_refused_with_those_that_are() {
        for wrong in ["wran", "", "info,", "common::grpc", "common=debug,inof"] {
            let refused = parse(wrong).unwrap_err();

            assert!(refused.contains("off, error, warn, info, debug, trace"), "{wrong:?}: {refused}");
        }
        for good in ["off", "WARN", "debug,common::grpc=trace", "common=debug"] {
            assert!(parse(good).is_ok(), "{good:?}");
        }
    }

    #[test]
    fn targets_that_nothing_is_said_about_stay_at_info() {
        let filter = parse("common=debug").unwrap();

        assert!(filter.to_string().split(',').any(|directive| directive == "info"));
    }
}
