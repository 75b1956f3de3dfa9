//! How long a call may take: what the caller says, within what the policy row allows.

use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use tokio::time::Instant;
use tonic::{Code, Status};

use super::status::status;
use crate::policy::Deadline;

const HEADER: &str = "grpc-timeout";

tokio::task_local! {
    static CURRENT: Option<Instant>;
}

/// When the call whose handler runs now has to be over.
#[must_use]
pub fn current() -> Option<Instant> {
    CURRENT.try_with(|deadline| *deadline).ok().flatten()
}

/// Runs a handler so that [`current`] knows its deadline.
pub(crate) fn scope<F: Future>(deadline: Option<Instant>, handler: F) -> impl Future<Output = F::Output> {
    // Not an `async fn`, which would keep room for the handler twice: every call is moved through here.
    CURRENT.scope(deadline, handler)
}

/// When a call with these headers has to be over; `None` for an endless one.
///
/// # Errors
/// INVALID_ARGUMENT for a `grpc-timeout` that cannot be read.
pub(crate) fn of(rule: Deadline, headers: &HeaderMap) -> Result<Option<Instant>, Status> {
    let asked = headers.get(HEADER).map(|value| value.to_str().ok().and_then(parse).ok_or_else(unreadable));
    let asked = asked.transpose()?;
    Ok(match rule {
        Deadline::Endless => asked.map(|asked| Instant::now() + asked),
        Deadline::Within { default, max } => Some(Instant::now() + asked.unwrap_or(default).min(max)),
    })
}

/// What a call of this process asks for itself, if anything.
pub(crate) fn asked(headers: &HeaderMap) -> Option<Duration> {
    headers.get(HEADER)?.to_str().ok().and_then(parse)
}

/// A `grpc-timeout`: at most eight digits and a unit (gRPC over HTTP/2, "Timeout").
fn parse(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let amount = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(amount * 3600)),
        "M" => Some(Duration::from_secs(amount * 60)),
        "S" => Some(Duration::from_secs(amount)),
        "m" => Some(Duration::from_millis(amount)),
        "u" => Some(Duration::from_micros(amount)),
        "n" => Some(Duration::from_nanos(amount)),
        _ => None,
    }
}

/// Tells the callee how much time is left.
pub(crate) fn stamp(headers: &mut HeaderMap, until: Instant) {
    let left = until.saturating_duration_since(Instant::now());
    if let Ok(left) = HeaderValue::try_from(format(left)) {
        headers.insert(HEADER, left);
    }
}

/// Spells a timeout with the finest unit that eight digits hold.
fn format(timeout: Duration) -> String {
    let limit = 100_000_000;
    match (timeout.as_micros(), timeout.as_millis(), timeout.as_secs()) {
        (micros, _, _) if micros < limit => format!("{micros}u"),
        (_, millis, _) if millis < limit => format!("{millis}m"),
        (_, _, seconds) => format!("{}S", seconds.min(99_999_999)),
    }
}

fn unreadable() -> Status {
    status(
        Code::InvalidArgument,
        "INVALID_TIMEOUT",
        "grpc-timeout must be at most eight digits and one of H M S m u n",
    )
}

/// The answer to a call whose time is over.
pub(crate) fn exceeded() -> Status {
    status(Code::DeadlineExceeded, "DEADLINE_EXCEEDED", "the call took longer than it may")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_read_as_the_protocol_spells_them() {
        assert_eq!(parse("1S"), Some(Duration::from_secs(1)));
        assert_eq!(parse("99999999H"), Some(Duration::from_secs(99_999_999 * 3600)));
        assert_eq!(parse("250m"), Some(Duration::from_millis(250)));
        for wrong in ["", "S", "1", "1s", "-1S", "+1S", "123456789S", "1.5S", "1 S", "1é"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_spelt_can_be_read() {
        for timeout in [
            Duration::ZERO,
            Duration::from_micros(1500),
            Duration::from_secs(3),
            Duration::from_secs(1 << 20),
        ] {
            assert_eq!(parse(&format(timeout)), Some(timeout));
        }
    }

    #[tokio::test]
    async fn a_caller_may_ask_for_less_but_not_for_more_than_the_most() {
        let rule = Deadline::Within { default: Duration::from_secs(5), max: Duration::from_secs(30) };
        let within = |timeout: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            if let Some(timeout) = timeout {
                headers.insert(HEADER, timeout.parse().unwrap());
            }
            of(rule, &headers).unwrap().unwrap() - Instant::now()
        };

        assert!(within(Some("1S")) <= Duration::from_secs(1));
        assert!(within(None) <= Duration::from_secs(5));
        assert!(within(None) > Duration::from_secs(4));
        assert!(within(Some("1H")) <= Duration::from_secs(30));
    }
}
