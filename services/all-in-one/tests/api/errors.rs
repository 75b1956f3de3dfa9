//! The page of errors: every reason, and what a caller does about it.

use std::{collections::BTreeMap, path::Path};

use all_in_one::parts::PARTS;

use crate::{
    frame::FRAME,
    markdown::{cell, table},
    reasons::{Reason, in_sources, of_errors},
};

const INTRODUCTION: &str = r#"<!-- Written by make docs, from the enums of errors and from where the frame refuses. -->
# Errors

Every error carries exactly one `google.rpc.ErrorInfo` of the domain `fairlead.dev`. Its `reason` is stable: decide by it,
or by the code where any reason of a code means the same to you. Messages are for people, and change.

The last column says what comes along: names in the `metadata` of the ErrorInfo, or "when", a `google.rpc.RetryInfo` with how
long to wait. INVALID_FIELDS has a `google.rpc.BadRequest`, too, with every field that is wrong.

```json
{"code": 8, "message": "too many passwords were tried", "details": [
  {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "TOO_MANY_ATTEMPTS", "domain": "fairlead.dev"},
  {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "2s"}]}
```
"#;

/// Where the frame refuses, and those who ask sessions for it.
const SOURCES: [&str; 4] =
    ["crates/common/src", "crates/guard/src", "crates/proto/src", "services/sessions/src"];

pub(crate) fn page(root: &Path) -> String {
    let mut page = INTRODUCTION.to_owned();
    page.push_str("\n## Any service\n\n");
    page.push_str(&rows(&of_frame(root)));
    for service in PARTS.iter().map(|part| part.name) {
        let errors = of_errors(&root.join(format!("services/{service}/src/error.rs")));
        page.extend(["\n## ", service, "\n\n", &rows(&errors)]);
    }
    page
}

/// What the frame refuses with, by the name of the reason, each with its line of [`FRAME`].
fn of_frame(root: &Path) -> Vec<Reason> {
    let mut found = Vec::new();
    for folder in SOURCES {
        in_sources(&root.join(folder), &mut found);
    }
    let mut reasons: BTreeMap<String, Reason> = BTreeMap::new();
    for reason in found {
        let known = reasons
            .entry(reason.name.clone())
            .or_insert_with(|| Reason { code: reason.code.clone(), ..Reason::default() });
        assert_eq!(known.code, reason.code, "{} comes with two codes", reason.name);
        known.retry |= reason.retry;
        known.metadata.extend(reason.metadata);
    }
    let lines: BTreeMap<&str, &str> = FRAME.into_iter().collect();
    let unknown: Vec<&&str> = lines.keys().filter(|name| !reasons.contains_key(**name)).collect();
    assert!(unknown.is_empty(), "FRAME tells of reasons that nothing gives: {unknown:?}");
    for (name, reason) in &mut reasons {
        let text = lines.get(&**name).unwrap_or_else(|| panic!("FRAME does not tell what {name} means"));
        (reason.name, reason.text) = (name.clone(), (*text).to_owned());
    }
    reasons.into_values().collect()
}

fn rows(reasons: &[Reason]) -> String {
    let mut sorted: Vec<&Reason> = reasons.iter().collect();
    sorted.sort_by(|one, other| one.name.cmp(&other.name));
    table(&["reason", "code", "what it means", "what to do", "tells"], sorted.into_iter().map(row))
}

fn row(reason: &Reason) -> Vec<String> {
    let (means, todo) = reason.text.split_once("\n\n").unwrap_or_else(|| {
        panic!("the documentation of {} does not say, after an empty line, what a caller does", reason.name)
    });
    let mut keys: Vec<&String> = reason.metadata.iter().collect();
    keys.sort();
    keys.dedup();
    let mut told: Vec<String> = keys.into_iter().map(|key| format!("`{key}`")).collect();
    told.extend(reason.retry.then(|| "when".to_owned()));
    vec![format!("`{}`", reason.name), spelt(&reason.code), cell(means), cell(todo), told.join(", ")]
}

/// A code as the protocol spells it, with the HTTP status that the edge gives it.
fn spelt(code: &str) -> String {
    let (name, status) = match code {
        "InvalidArgument" => ("INVALID_ARGUMENT", 400),
        "FailedPrecondition" => ("FAILED_PRECONDITION", 400),
        "OutOfRange" => ("OUT_OF_RANGE", 400),
        "Unauthenticated" => ("UNAUTHENTICATED", 401),
        "PermissionDenied" => ("PERMISSION_DENIED", 403),
        "NotFound" => ("NOT_FOUND", 404),
        "Aborted" => ("ABORTED", 409),
        "AlreadyExists" => ("ALREADY_EXISTS", 409),
        "ResourceExhausted" => ("RESOURCE_EXHAUSTED", 429),
        "DataLoss" => ("DATA_LOSS", 500),
        "Internal" => ("INTERNAL", 500),
        "Unimplemented" => ("UNIMPLEMENTED", 501),
        "Unavailable" => ("UNAVAILABLE", 503),
        "DeadlineExceeded" => ("DEADLINE_EXCEEDED", 504),
        other => panic!("no spelling for the code {other}"),
    };
    format!("{name}, {status}")
}
