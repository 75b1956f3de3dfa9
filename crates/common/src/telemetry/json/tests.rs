//! Exact lines for events of every kind.

use std::time::Duration;

use tracing_subscriber::layer::SubscriberExt;

use super::*;
use crate::telemetry::{
    context::{CallContext, scope},
    filter,
    sink::Sink,
};

/// What is written for the events of `log`, one line each, without the timestamps (which are checked).
fn lines(log: impl FnOnce()) -> Vec<String> {
    let sink = Sink::new();
    let (_level, filter) = filter::Level::new("trace").unwrap();
    let json = Json::new("accounts", "1.2.3", sink.queue()).with_filter(filter);
    tracing::subscriber::with_default(tracing_subscriber::registry().with(json), log);
    sink.lines().iter().map(|line| without_timestamp(line)).collect()
}

fn without_timestamp(line: &str) -> String {
    let object: serde_json::Value = serde_json::from_str(line).expect("each line is an object by itself");
    let timestamp = object["timestamp"].as_str().unwrap();
    let written = humantime::parse_rfc3339(timestamp).unwrap();
    assert!(written.elapsed().unwrap() < Duration::from_mins(1));
    assert_eq!(timestamp.len(), "2026-11-22T10:20:30.123456Z".len());
    line.replacen(&format!("\"timestamp\":\"{timestamp}\","), "", 1)
}

#[test]
fn every_kind_of_value_is_written_flat() {
    let error = std::io::Error::other(serde_json::from_str::<u8>("x").unwrap_err());

    let lines = lines(|| {
        tracing::warn!(
            target: "tests",
            yes = true,
            signed = -3_i64,
            unsigned = u64::MAX,
            wide = i128::MIN,
            wider = u128::MAX,
            float = 0.5,
            nothing = f64::NAN,
            text = "plain",
            debug = ?Some("x"),
            display = %"shown",
            error = &error as &(dyn Error + 'static),
            absent = None::<u64>,
            r#type = "raw",
            a.dotted.name = 1,
            "{} happened", "it"
        );
    });

    assert_eq!(
        lines,
        [concat!(
            r#"{"level":"WARN","target":"tests","message":"it happened","yes":true,"signed":-3,"#,
            r#""unsigned":18446744073709551615,"wide":-170141183460469231731687303715884105728,"#,
            r#""wider":340282366920938463463374607431768211455,"float":0.5,"nothing":"NaN","text":"plain","#,
            r#""debug":"Some(\"x\")","display":"shown","#,
            r#""error":"expected value at line 1 column 1","type":"raw","a.dotted.name":1,"#,
            r#""service":"accounts","version":"1.2.3"}"#,
        )]
    );
}

#[test]
fn an_error_tells_its_causes() {
    #[derive(Debug, thiserror::Error)]
    #[error("the store failed")]
    struct Outer(#[source] fmt::Error);
    let error = Outer(fmt::Error);

    let lines = lines(|| tracing::error!(error = &error as &(dyn Error + 'static), "lost"));

    assert!(
        lines[0].contains(r#""error":"the store failed: an error occurred when formatting an argument""#)
    );
}

#[test]
fn whatever_a_value_holds_it_stays_inside_its_quotes() {
    let wicked = "quote \" backslash \\ newline \n tab \t nul \0 escape \x1b ünïcödé \u{2028}";

    let lines = lines(|| tracing::info!(target: "tests", wicked, "{wicked}"));

    let object: serde_json::Value = serde_json::from_str(&lines[0]).unwrap();
    assert_eq!(lines.len(), 1);
    assert_eq!(object["wicked"], wicked);
    assert_eq!(object["message"], wicked);
    assert!(lines[0].contains(r#"quote \" backslash \\ newline \n tab \t nul \u0000 escape \u001b ünïcödé"#));
}

#[test]
fn a_field_cannot_replace_what_every_line_has() {
    let lines = lines(|| tracing::info!(target: "tests", service = "other", level = 7, "hello"));

    assert_eq!(
        lines,
        [concat!(
            r#"{"level":"INFO","target":"tests","message":"hello","field_service":"other","field_level":7,"#,
            r#""service":"accounts","version":"1.2.3"}"#,
        )]
    );
}

#[test]
fn a_field_that_logs_while_it_is_written_gets_its_own_line() {
    struct Noisy;
    impl fmt::Debug for Noisy {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            tracing::info!(target: "tests", "inner");
            f.write_str("noisy")
        }
    }

    let lines = lines(|| tracing::info!(target: "tests", field = ?Noisy, "outer"));

    // tracing does not deliver an event that is logged while another is; the outer one must be whole all the same.
    assert!(lines.last().unwrap().contains(r#""message":"outer","field":"noisy","service""#));
}

#[test]
fn inside_a_call_the_line_names_its_trace() {
    let call = CallContext::parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00").unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();

    let lines = lines(|| {
        runtime.block_on(scope(call, async { tracing::info!(target: "tests", "inside") }));
        tracing::info!(target: "tests", "outside");
    });

    assert_eq!(
        lines,
        [
            concat!(
                r#"{"level":"INFO","target":"tests","message":"inside","service":"accounts","version":"1.2.3","#,
                r#""trace_id":"0af7651916cd43dd8448eb211c80319c","span_id":"b7ad6b7169203331"}"#,
            ),
            r#"{"level":"INFO","target":"tests","message":"outside","service":"accounts","version":"1.2.3"}"#,
        ]
    );
}
