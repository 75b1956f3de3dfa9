//! What the log says of a process's life.

use serde_json::Value;
use testkit::Exit;

/// Whether this line tells that the process has come to a state of its life.
pub(crate) fn says_state(line: &Value, state: &str) -> bool {
    line["message"] == "lifecycle state changed" && line["state"] == state
}

/// The closing report, in the log's line of its own.
pub(crate) fn report(exit: &Exit) -> Value {
    let line = exit.lines.iter().find(|line| line["message"] == "shutdown finished");
    let report = line.unwrap_or_else(|| panic!("there is no report in {exit:#?}"))["report"].as_str();
    serde_json::from_str(report.unwrap()).unwrap()
}
