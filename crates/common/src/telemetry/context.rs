//! Which trace a call belongs to, known without a tracing span.
//!
//! Calls that are not sampled get no span; this small context is all they carry. Log lines and outgoing calls read it.

use std::{cell::RefCell, fmt};

use ring::rand::{SecureRandom, SystemRandom};
use tracing::{Instrument, Span};

use super::carried::Carried;

/// Where a call's place in its trace is written.
pub const HEADER: &str = "traceparent";

/// The place of one call in its trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallContext {
    /// The trace, the same in every process it passes; never all zeros.
    pub trace_id: [u8; 16],
    /// This call within the trace; never all zeros.
    pub span_id: [u8; 8],
    /// Whether spans of this trace are recorded.
    pub sampled: bool,
}

tokio::task_local! {
    static CURRENT: Carried;
}

/// Runs a call's future with its context, and in its span. A task spawned inside does not inherit them.
pub fn scope<F: Future>(call: impl Into<Carried>, future: F) -> impl Future<Output = F::Output> {
    let call = call.into();
    let span = call.span().cloned().unwrap_or_else(Span::none);
    // Not an `async fn`, which would keep room for the future twice: every call is moved through here.
    CURRENT.scope(call, future).instrument(span)
}

/// Runs something short with a call's context, and in its span.
pub fn within<T>(call: impl Into<Carried>, work: impl FnOnce() -> T) -> T {
    let call = call.into();
    let span = call.span().cloned();
    let _inside = span.as_ref().map(Span::enter);
    CURRENT.sync_scope(call, work)
}

/// The context of the call that is being worked on here, if there is one.
#[must_use]
pub fn current() -> Option<CallContext> {
    CURRENT.try_with(Carried::context).ok()
}

/// Everything that the call that is being worked on here carries, to be handed to a task of its own with [`scope`].
#[must_use]
pub fn carried() -> Option<Carried> {
    CURRENT.try_get().ok()
}

/// Whether the call that is being worked on here has spans.
pub(super) fn is_traced() -> bool {
    CURRENT.try_with(|call| call.span().is_some()).unwrap_or_default()
}

/// A number from 0 to 1 that nobody can foresee.
pub(super) fn chance() -> f64 {
    f64::from(u32::from_be_bytes(random())) / f64::from(u32::MAX)
}

impl CallContext {
    /// The beginning of a trace that nobody records.
    #[must_use]
    pub fn fresh() -> Self {
        Self { trace_id: random(), span_id: random(), sampled: false }
    }

    /// Another call in the same trace.
    #[must_use]
    pub fn child(self) -> Self {
        Self { span_id: random(), ..self }
    }

    /// Reads a `traceparent` header (W3C Trace Context, level 1): the caller's place in the trace. `None` for what
    /// the specification tells to ignore.
    #[must_use]
    pub fn parse(traceparent: &str) -> Option<Self> {
        let bytes = traceparent.as_bytes();
        let (fields, rest) = bytes.split_at_checked(55)?;
        let [version] = hex(&fields[..2])?;
        let known_length = match version {
            0x00 => rest.is_empty(),
            // The specification: never valid.
            0xff => false,
            // A later version may append fields after another dash.
            _ => rest.first().is_none_or(|&byte| byte == b'-'),
        };
        if !known_length || [fields[2], fields[35], fields[52]] != *b"---" {
            return None;
        }
        let trace_id = hex(&fields[3..35])?;
        let span_id = hex(&fields[36..52])?;
        let [flags] = hex(&fields[53..])?;
        (trace_id != [0; 16] && span_id != [0; 8]).then_some(Self {
            trace_id,
            span_id,
            sampled: flags & 1 == 1,
        })
    }
}

/// The `traceparent` header that tells another process of this call.
impl fmt::Display for CallContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flags = u8::from(self.sampled);
        write!(f, "00-{}-{}-{flags:02x}", Hex(&self.trace_id), Hex(&self.span_id))
    }
}

/// Bytes in lower-case hexadecimal.
pub(super) struct Hex<'a>(pub(super) &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Exactly `N` bytes in lower-case hexadecimal; upper case is not valid in a `traceparent`.
fn hex<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

/// Random bytes, not all zero. They come from the system a page at a time: a call needs 24, and a system call for each
/// would cost more than the rest of the context.
fn random<const N: usize>() -> [u8; N] {
    const PAGE: usize = 1024;
    thread_local! {
        static UNUSED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    }
    UNUSED.with_borrow_mut(|unused| {
        loop {
            if unused.len() < N {
                unused.resize(PAGE, 0);
                SystemRandom::new().fill(unused).expect("the system has randomness once it has booted");
            }
            let mut bytes = [0; N];
            let rest = unused.len() - N;
            bytes.copy_from_slice(&unused[rest..]);
            unused.truncate(rest);
            if bytes != [0; N] {
                return bytes;
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALID: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_header_is_read_and_written_unchanged() {
        let context = CallContext::parse(VALID).unwrap();

        assert!(context.sampled);
        assert_eq!(context.trace_id[..2], [0x0a, 0xf7]);
        assert_eq!(context.span_id[6..], [0x33, 0x31]);
        assert_eq!(context.to_string(), VALID);
    }

    #[test]
    fn only_the_sampled_flag_is_understood_and_passed_on() {
        let context = CallContext::parse(&VALID.replace("-01", "-fe")).unwrap();

        assert!(!context.sampled);
        assert!(context.to_string().ends_with("-00"));
    }

    #[test]
    fn what_the_specification_forbids_is_ignored() {
        for invalid in [
            "",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "00-0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0g",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "0-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-001",
            "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.more",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333é-01",
        ] {
            assert_eq!(CallContext::parse(invalid), None, "{invalid}");
        }
    }

    #[test]
    fn a_later_version_may_say_more() {
        let later = VALID.replacen("00", "cc", 1);

        assert_eq!(CallContext::parse(&later), CallContext::parse(VALID));
        assert_eq!(CallContext::parse(&format!("{later}-more")), CallContext::parse(VALID));
    }

    #[test]
    fn fresh_ids_differ_and_a_child_stays_in_its_trace() {
        let first = CallContext::fresh();
        let many: std::collections::HashSet<_> = (0..1000).map(|_| CallContext::fresh().trace_id).collect();
        let child = first.child();

        assert_eq!(many.len(), 1000);
        assert_eq!(child.trace_id, first.trace_id);
        assert_ne!(child.span_id, first.span_id);
    }

    #[tokio::test]
    async fn a_context_is_seen_inside_its_scope_only() {
        let context = CallContext::fresh();

        let inside = scope(context, async { current() }).await;

        assert_eq!(inside, Some(context));
        assert_eq!(current(), None);
    }
}
