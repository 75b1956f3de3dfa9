//! Log lines for people.

use std::{
    error::Error,
    fmt::{self, Write as _},
    io::Write,
};

use time::{OffsetDateTime, format_description::FormatItem, macros::format_description};
use tracing::{Event, Level, Subscriber, field::Field, field::Visit};
use tracing_subscriber::layer::{Context, Layer};

use super::{
    context::{self, Hex},
    json::Causes,
    line,
    queue::Queue,
};

const TIMESTAMP: &[FormatItem<'_>] = format_description!("[hour]:[minute]:[second].[subsecond digits:3]");
const DIM: &str = "\x1b[2m";
const PLAIN: &str = "\x1b[0m";

/// Writes every event as a line.
pub(super) struct Pretty {
    colours: bool,
    queue: Queue,
}

impl Pretty {
    pub(super) fn new(colours: bool, queue: Queue) -> Self {
        Self { colours, queue }
    }

    fn write(&self, event: &Event<'_>, now: OffsetDateTime, line: &mut Vec<u8>) {
        let metadata = event.metadata();
        let (dim, plain) = if self.colours { (DIM, PLAIN) } else { ("", "") };
        let colour = match *metadata.level() {
            _ if !self.colours => "",
            Level::ERROR => "\x1b[31m",
            Level::WARN => "\x1b[33m",
            Level::INFO => "\x1b[32m",
            Level::DEBUG => "\x1b[34m",
            Level::TRACE => "\x1b[35m",
        };
        line.extend_from_slice(dim.as_bytes());
        // Writing into memory cannot fail, and neither can the formatting of a time that the system clock can give.
        let _ = now.format_into(line, TIMESTAMP);
        let _ =
            write!(line, "{plain} {colour}{:>5}{plain} {dim}{}{plain}", metadata.level(), metadata.target());
        event.record(&mut Fields { line, dim, plain });
        if let Some(call) = context::current() {
            let _ = write!(line, " {dim}trace_id={}{plain}", Hex(&call.trace_id));
        }
        line.push(b'\n');
    }
}

impl<S: Subscriber> Layer<S> for Pretty {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        line::with_buffer(|line| {
            self.write(event, OffsetDateTime::now_utc(), line);
            self.queue.push(line);
        });
    }
}

/// Writes the message and the fields of an event.
struct Fields<'a> {
    line: &'a mut Vec<u8>,
    dim: &'static str,
    plain: &'static str,
}

impl Fields<'_> {
    fn write(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        let name = field.name().trim_start_matches("r#");
        if name == "message" {
            self.line.push(b' ');
        } else {
            let _ = write!(self.line, " {}{name}={}", self.dim, self.plain);
        }
        let _ = write!(Visible(self.line), "{value}");
    }
}

impl Visit for Fields<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            self.write(field, format_args!("{value}"));
        } else {
            self.write(field, format_args!("{value:?}"));
        }
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.write(field, format_args!("{}", Causes(value)));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.write(field, format_args!("{value:?}"));
    }
}

/// Shows control characters instead of sending them to the terminal: a value must not be able to forge a line.
struct Visible<'a>(&'a mut Vec<u8>);

impl fmt::Write for Visible<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for part in text.split_inclusive(char::is_control) {
            let plain = part.trim_end_matches(char::is_control);
            self.0.extend_from_slice(plain.as_bytes());
            for control in part[plain.len()..].chars().flat_map(char::escape_default) {
                self.0.push(u8::try_from(control).unwrap_or(b'?'));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;
    use crate::telemetry::sink::Sink;

    #[test]
    fn a_value_cannot_forge_a_line() {
        let sink = Sink::new();
        let subscriber = tracing_subscriber::registry().with(Pretty::new(false, sink.queue()));

        tracing::subscriber::with_default(subscriber, || {
            let wicked = "a\n12:00:00.000 ERROR forged\x1b[31m";
            tracing::info!(target: "tests", display = %wicked, text = wicked, count = 3, "hello");
        });

        let lines = sink.lines();
        let (_time, rest) = lines[0].split_once(' ').unwrap();
        assert_eq!(
            rest,
            " INFO tests hello display=a\\n12:00:00.000 ERROR forged\\u{1b}[31m \
             text=\"a\\n12:00:00.000 ERROR forged\\u{1b}[31m\" count=3"
        );
        assert_eq!(lines.len(), 1);
    }
}
