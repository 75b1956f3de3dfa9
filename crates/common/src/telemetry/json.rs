//! Log lines for machines: one flat JSON object each.

use std::{error::Error, fmt, io::Write};

use serde_json::json;
use time::{OffsetDateTime, format_description::FormatItem, macros::format_description};
use tracing::{Event, Subscriber, field::Field, field::Visit};
use tracing_subscriber::layer::{Context, Layer};

use super::{
    context::{self, Hex},
    line,
    queue::Queue,
};

/// RFC 3339 in UTC with microseconds, always of the same width.
const TIMESTAMP: &[FormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z");
/// Names that every line may have; a field of such a name is written with `field_` before it.
const RESERVED: [&str; 7] = ["timestamp", "level", "target", "service", "version", "trace_id", "span_id"];

/// Writes every event as a line.
pub(super) struct Json {
    /// The end of what is the same in all lines.
    origin: String,
    queue: Queue,
}

impl Json {
    pub(super) fn new(service: &str, version: &str, queue: Queue) -> Self {
        Self { origin: format!(",\"service\":{},\"version\":{}", json!(service), json!(version)), queue }
    }

    fn write(&self, event: &Event<'_>, now: OffsetDateTime, line: &mut Vec<u8>) {
        let metadata = event.metadata();
        line.extend_from_slice(b"{\"timestamp\":\"");
        // Writing into memory cannot fail, and neither can the formatting of a date that the system clock can give.
        let _ = now.format_into(line, TIMESTAMP);
        let _ = write!(line, "\",\"level\":\"{}\",\"target\":", metadata.level());
        let _ = serde_json::to_writer(&mut *line, metadata.target());
        event.record(&mut Fields(line));
        line.extend_from_slice(self.origin.as_bytes());
        if let Some(call) = context::current() {
            let (trace, span) = (Hex(&call.trace_id), Hex(&call.span_id));
            let _ = write!(line, ",\"trace_id\":\"{trace}\",\"span_id\":\"{span}\"");
        }
        line.extend_from_slice(b"}\n");
    }
}

impl<S: Subscriber> Layer<S> for Json {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        line::with_buffer(|line| {
            self.write(event, OffsetDateTime::now_utc(), line);
            self.queue.push(line);
        });
    }
}

/// Writes the message and the fields of an event.
struct Fields<'a>(&'a mut Vec<u8>);

impl Fields<'_> {
    fn write<T: serde::Serialize>(&mut self, field: &Field, value: T) {
        let name = field.name().trim_start_matches("r#");
        let prefix = if RESERVED.contains(&name) { "field_" } else { "" };
        self.0.push(b',');
        let _ = serde_json::to_writer(&mut *self.0, &format_args!("{prefix}{name}"));
        self.0.push(b':');
        // A value serialised into memory cannot fail: texts and numbers are all there is.
        let _ = serde_json::to_writer(&mut *self.0, &value);
    }
}

impl Visit for Fields<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        if value.is_finite() {
            self.write(field, value);
        } else {
            // JSON has no such numbers.
            self.write(field, format_args!("{value}"));
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.write(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.write(field, value);
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        self.write(field, value);
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        self.write(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.write(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.write(field, value);
    }

    fn record_bytes(&mut self, field: &Field, value: &[u8]) {
        self.write(field, format_args!("{}", Hex(value)));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.write(field, format_args!("{}", Causes(value)));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.write(field, format_args!("{value:?}"));
    }
}

/// An error with everything that led to it.
pub(super) struct Causes<'a>(pub(super) &'a (dyn Error + 'static));

impl fmt::Display for Causes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
