//! How Envoy's questions are read, and answers spelt for it.

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use proto::envoy::{
    config::core::v3::{HeaderValue, HeaderValueOption, header_value_option::HeaderAppendAction},
    service::auth::v3::{
        CheckRequest, CheckResponse, DeniedHttpResponse, OkHttpResponse, attribute_context::HttpRequest,
        check_response::HttpResponse,
    },
    r#type::v3::HttpStatus,
};
use serde_json::json;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::edge::{Pass, Rest, Route};

/// What tells backends who is calling. Never believed when it comes from outside.
const IDENTITY: [&str; 3] = ["x-fairlead-account-id", "x-fairlead-session-id", "x-fairlead-roles"];

/// Reads a question. What a route asks for stands in its `context_extensions`; a session, where nothing does.
///
/// # Errors
/// What is wrong with how Envoy asks.
pub(crate) fn asked(request: CheckRequest) -> Result<(Route, HttpRequest), String> {
    let attributes = request.attributes.ok_or("no attributes")?;
    let http = attributes.request.and_then(|request| request.http).ok_or("no HTTP request")?;
    if http.header_map.is_some() {
        return Err("raw headers; leave encode_raw_headers off".to_owned());
    }
    let mut route = Route::default();
    for (name, value) in attributes.context_extensions {
        match (&*name, &*value) {
            ("session", "required") => route.optional = false,
            ("session", "optional") => route.optional = true,
            ("refresh_cookie", "passed_on") => route.renews = true,
            _ => return Err(format!("context extension {name:?} is {value:?}")),
        }
    }
    Ok((route, http))
}

/// Whether a content type is gRPC's own, whose errors are trailers.
pub(crate) fn is_grpc(content_type: &str) -> bool {
    let rest = content_type.strip_prefix("application/grpc");
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['+', ';']))
}

/// Lets a request pass.
pub(crate) fn passed(Pass { session, token, cookies }: Pass) -> CheckResponse {
    let (mut headers, mut headers_to_remove) = (Vec::new(), Vec::new());
    if let Some(session) = session {
        let values =
            [session.record.account.to_string(), session.id.to_string(), session.record.roles.join(",")];
        headers.extend(IDENTITY.into_iter().zip(values).map(|(name, value)| header(name, value)));
        headers.extend(token.map(|token| header("authorization", format!("Bearer {token}"))));
    } else {
        headers_to_remove.extend(IDENTITY.iter().chain(&["authorization"]).map(ToString::to_string));
    }
    match cookies {
        Rest::Same => {}
        Rest::Changed(left) => headers.push(header("cookie", left)),
        Rest::Nothing => headers_to_remove.push("cookie".to_owned()),
    }
    let ok = OkHttpResponse { headers, headers_to_remove, ..OkHttpResponse::default() };
    answer(Code::Ok, "", HttpResponse::OkResponse(ok))
}

/// Refuses a request for what is wrong with its credentials, in the words that its service would have used: as a message
/// and trailers where it is gRPC, as JSON where it is not.
///
/// # Errors
/// The status itself, when it is not the request's fault.
pub(crate) fn refused(status: Status, grpc: bool) -> Result<CheckResponse, Status> {
    let http = match status.code() {
        Code::Unauthenticated => 401,
        Code::PermissionDenied => 403,
        _ => return Err(status),
    };
    let reason = status.get_details_error_info().map(|info| info.reason).unwrap_or_default();
    let mut headers = vec![header("cache-control", "no-store".to_owned())];
    if http == 401 {
        // RFC 6750, section 3.1: no error where nothing was shown.
        let challenge =
            if reason == "CREDENTIALS_MISSING" { "Bearer" } else { "Bearer error=\"invalid_token\"" };
        headers.push(header("www-authenticate", challenge.to_owned()));
    }
    let body = if grpc {
        headers.push(header("grpc-status-details-bin", STANDARD_NO_PAD.encode(status.details())));
        status.message().to_owned()
    } else {
        headers.push(header("content-type", "application/json".to_owned()));
        json!({
            "code": i32::from(status.code()),
            "message": status.message(),
            "details": [{
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": reason,
                "domain": common::grpc::status::DOMAIN,
            }],
        })
        .to_string()
    };
    let denied = DeniedHttpResponse { status: Some(HttpStatus { code: http }), headers, body };
    Ok(answer(status.code(), status.message(), HttpResponse::DeniedResponse(denied)))
}

fn answer(code: Code, message: &str, http: HttpResponse) -> CheckResponse {
    let status = tonic_types::Status { code: code.into(), message: message.to_owned(), details: Vec::new() };
    CheckResponse { status: Some(status), http_response: Some(http), ..CheckResponse::default() }
}

/// A header that takes the place of any of its name.
fn header(name: &str, value: String) -> HeaderValueOption {
    HeaderValueOption {
        header: Some(HeaderValue { key: name.to_owned(), value, raw_value: Vec::new() }),
        append_action: HeaderAppendAction::OverwriteIfExistsOrAdd.into(),
        ..HeaderValueOption::default()
    }
}
