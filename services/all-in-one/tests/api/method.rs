//! The section of one method: who, how long, how often, with what.

use common::policy::{Deadline, Row};
use protox::prost_reflect::{DynamicMessage, MethodDescriptor, Value};

use crate::{
    contract::{comment, option},
    markdown::{prose, table},
    service::fields,
};

pub(crate) fn section(method: &MethodDescriptor, row: &Row) -> String {
    let file = method.parent_file();
    let facts = [
        ("who may call", who(row)),
        ("HTTP, at the edge", or_none(&routes(method).join("<br>"))),
        ("sent again", again(method)),
        ("time", time(row)),
        ("a message", format!("up to {}", size(row.request_limit))),
    ];
    let facts = facts.map(|(fact, value)| vec![fact.to_owned(), value]);
    format!(
        "\n## {}\n\n{}\n\n{}\n**{}** `{}`\n\n{}\n**{}** `{}`\n\n{}",
        method.name(),
        prose(&comment(&file, method.path())),
        table(&["", ""], facts),
        if method.is_client_streaming() { "Request, a stream of" } else { "Request" },
        method.input().name(),
        fields(&method.input()),
        if method.is_server_streaming() { "Response, a stream of" } else { "Response" },
        method.output().name(),
        fields(&method.output()),
    )
}

/// Who may call, as the policy says.
pub(crate) fn who(row: &Row) -> String {
    let who = row.who;
    if who.public {
        return "anyone".to_owned();
    }
    let mut words: Vec<String> = Vec::new();
    match (who.person, who.admin) {
        (true, true) => {
            words.push("people, for what is their own; the role `admin`, for anybody's".to_owned());
        }
        (true, false) => words.push("people, for what is their own".to_owned()),
        (false, true) => words.push("the role `admin`".to_owned()),
        (false, false) => {}
    }
    if !who.services.is_empty() {
        words.push(format!("of the suite: {}", who.services.join(", ")));
    }
    words.join("; ")
}

/// What google.api.http says: each route with what its body is.
pub(crate) fn routes(method: &MethodDescriptor) -> Vec<String> {
    let Some(Value::Message(rule)) = option(&method.options(), method.parent_pool(), "google.api.http")
    else {
        return Vec::new();
    };
    let mut routes = vec![route(&rule)];
    if let Some(Value::List(more)) = rule.get_field_by_name("additional_bindings").as_deref() {
        routes.extend(more.iter().filter_map(Value::as_message).map(route));
    }
    routes
}

fn route(rule: &DynamicMessage) -> String {
    let verbs = ["get", "put", "post", "delete", "patch"];
    let said = |field: &str| match rule.get_field_by_name(field).as_deref() {
        Some(Value::String(text)) if !text.is_empty() => Some(text.clone()),
        _ => None,
    };
    let (verb, path) = verbs.iter().find_map(|verb| Some((verb, said(verb)?))).expect("a route has a path");
    let body = match said("body").as_deref() {
        None => String::new(),
        Some("*") => ", the request as its body".to_owned(),
        Some(field) => format!(", `{field}` as its body"),
    };
    format!("`{} {path}`{body}", verb.to_uppercase())
}

/// Whether a caller that has heard nothing may ask again.
fn again(method: &MethodDescriptor) -> String {
    // As google.protobuf.MethodOptions.IdempotencyLevel numbers them.
    let level = match method.options().get_field_by_name("idempotency_level").as_deref() {
        Some(Value::EnumNumber(level)) => *level,
        _ => 0,
    };
    match level {
        1 => "as often as wanted: it changes nothing",
        2 => "as often as wanted: it has the effect of one",
        _ if method.input().get_field_by_name("request_id").is_some() => {
            "with the same `request_id`: it has the effect of one"
        }
        _ if method.is_client_streaming() => "not as it was: look first how far it came",
        _ => "not unseen: look first what came of it",
    }
    .to_owned()
}

fn time(row: &Row) -> String {
    match row.deadline {
        Deadline::Within { default, max } => {
            format!(
                "{} s unless `grpc-timeout` says otherwise, {} s at most",
                default.as_secs(),
                max.as_secs()
            )
        }
        Deadline::Endless => "as long as both sides like".to_owned(),
    }
}

fn size(bytes: u32) -> String {
    match bytes {
        1024.. => format!("{} KiB", bytes / 1024),
        _ => format!("{bytes} bytes"),
    }
}

fn or_none(text: &str) -> String {
    if text.is_empty() { "gRPC only".to_owned() } else { text.to_owned() }
}
