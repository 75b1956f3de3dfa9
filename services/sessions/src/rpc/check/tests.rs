//! Whatever Envoy may send, nobody passes as somebody without that somebody's token.

use std::{collections::HashMap, sync::Arc, time::Duration};

use guard::Near;
use proptest::{collection::vec, option, prelude::*, sample::select};
use proto::envoy::service::auth::v3::{AttributeContext, attribute_context, check_response::HttpResponse};
use tokio::runtime::{Builder, Runtime};
use uuid::Uuid;

use super::*;
use crate::{
    edge,
    id::AccountId,
    keeper::{Issued, Keeper},
    prover::Prover,
    record::Epoch,
    session::{Device, Grant},
    store::MemoryStore,
    token::{Kind, Token},
};

const LISTED: &str = "https://app.example.com";
/// What a page of any origin may do by cookie: methods that change nothing.
const SAFE: &[&str] = &["GET", "HEAD", "OPTIONS"];
/// What it may not do, `TRACE` and what is no method among it.
const UNSAFE: &[&str] =
    &["POST", "PUT", "PATCH", "DELETE", "CONNECT", "TRACE", "QUERY", "get", "Head", "GET ", ""];

/// An edge that knows one session.
struct House {
    runtime: Runtime,
    check: Check,
    issued: Issued,
}

impl House {
    fn open() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let near = Arc::new(Near::new(Duration::ZERO, || 0));
        let keeper = Keeper::new(
            Arc::new(MemoryStore::default()),
            crate::session::Config::default(),
            Arc::clone(&near),
        );
        let account = AccountId(Uuid::now_v7());
        let grant = Grant { account, roles: vec!["admin".to_owned()], epoch: Epoch::new(1).unwrap() };
        let issued = runtime.block_on(keeper.begin(grant, Device::default())).unwrap();
        let browsers = Arc::new(edge::Config { origins: vec![LISTED.to_owned()] });
        let check = Check(Edge { prover: Prover { keeper, near }, browsers });
        Self { runtime, check, issued }
    }

    fn ask(&self, question: CheckRequest) -> Result<CheckResponse, Status> {
        let answer = self.runtime.block_on(self.check.check(Request::new(question)));
        answer.map(Response::into_inner)
    }

    /// What becomes of a request with one header.
    fn code(&self, method: &str, name: &str, value: String) -> i32 {
        let headers = HashMap::from([(name.to_owned(), value)]);
        let http = HttpRequest { method: method.to_owned(), headers, ..HttpRequest::default() };
        let request =
            attribute_context::Request { http: Some(http), ..attribute_context::Request::default() };
        let attributes = AttributeContext { request: Some(request), ..AttributeContext::default() };
        self.ask(CheckRequest { attributes: Some(attributes) }).unwrap().status.unwrap().code
    }
}

/// A token that may be the right one, of a session whose tokens are written `S` and `R`.
fn tokens() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => Just("S".to_owned()),
        2 => (0..76_usize).prop_map(|at| format!("S@{at:02}")),
        2 => (0..32_usize).prop_map(|at| format!("S@{at:02}!")),
        1 => Just("R".to_owned()),
        1 => "[ -~]{0,12}",
    ]
}

fn authorization() -> impl Strategy<Value = String> {
    (prop_oneof!["Bearer ", "bEaReR {1,3}", "Basic ", "[ -~]{0,8}"], vec(tokens(), 0..3))
        .prop_map(|(scheme, tokens)| format!("{scheme}{}", tokens.join(",")))
}

fn cookie() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        3 => Just("__Host-fairlead-session"),
        1 => Just("__Host-fairlead-refresh"),
        1 => Just("__host-fairlead-session"),
        1 => Just("theme"),
    ];
    let separator = prop_oneof![Just("; "), Just(";"), Just(",")];
    let any = (vec((name, tokens()), 0..4), separator).prop_map(|(pairs, separator)| {
        let pairs: Vec<_> = pairs.into_iter().map(|(name, token)| format!("{name}={token}")).collect();
        pairs.join(separator)
    });
    // The right one alone often enough that every method has it.
    prop_oneof![any, Just("__Host-fairlead-session=S".to_owned())]
}

fn questions() -> impl Strategy<Value = CheckRequest> {
    let headers = (
        option::of(authorization()),
        option::of(cookie()),
        option::of(prop_oneof![Just(LISTED.to_owned()), Just("null".to_owned()), "\\PC{0,30}"]),
        option::of(prop_oneof!["application/(grpc|grpc-web|json)", "\\PC{0,10}"]),
    );
    let extension = (
        prop_oneof![3 => Just("session"), 1 => Just("refresh_cookie"), 1 => Just("other")],
        prop_oneof![Just("optional"), Just("required"), Just("passed_on"), Just("")],
    );
    let method = prop_oneof![3 => select(SAFE), 5 => select(UNSAFE)];
    (headers, vec(extension, 0..2), method, 0..20_u8).prop_map(|(headers, extensions, method, missing)| {
        let (authorization, cookie, origin, content_type) = headers;
        let headers = [
            ("authorization", authorization),
            ("cookie", cookie),
            ("origin", origin),
            ("content-type", content_type),
        ];
        let headers = headers.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        let http =
            HttpRequest { method: method.to_owned(), headers: headers.collect(), ..HttpRequest::default() };
        let http = (missing != 0).then_some(http);
        let request = attribute_context::Request { http, ..attribute_context::Request::default() };
        let extensions = extensions.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        let attributes = AttributeContext {
            request: (missing != 1).then_some(request),
            context_extensions: extensions.collect(),
            ..AttributeContext::default()
        };
        CheckRequest { attributes: (missing != 2).then_some(attributes) }
    })
}

/// The token with one character changed; or one of its secret's bytes, and spelt as if it had been issued so.
fn changed(token: &str, at: usize, respelt: bool) -> String {
    if respelt {
        let mut parsed = Token::parse(Kind::Session, token).unwrap();
        parsed.secret.0[at % 32] ^= 1;
        return parsed.spell(Kind::Session);
    }
    let mut bytes = token.as_bytes().to_vec();
    let at = at.min(bytes.len() - 1);
    bytes[at] = if bytes[at] == b'x' { b'y' } else { b'x' };
    String::from_utf8(bytes).unwrap()
}

/// Puts the tokens of the session in.
fn known(question: &mut CheckRequest, issued: &Issued) {
    let headers = question.attributes.as_mut().and_then(|it| it.request.as_mut()?.http.as_mut());
    for value in headers.into_iter().flat_map(|http| http.headers.values_mut()) {
        *value = value.replace('R', &issued.refresh_token);
        while let Some(at) = value.find("S@") {
            let rest = value[at + 2..].to_owned();
            let digits = rest.chars().take_while(char::is_ascii_digit).take(2).count();
            let position = rest[..digits].parse().unwrap_or_default();
            let changed = changed(&issued.session_token, position, rest[digits..].starts_with('!'));
            *value = format!("{}{changed}{}", &value[..at], rest[digits..].trim_start_matches('!'));
        }
        // Only a token that stands alone: the letter is in other words, too.
        if value.ends_with('S') || value.contains("S;") || value.contains("S,") {
            *value = value.replacen('S', &issued.session_token, 1);
        }
    }
}

fn header<'a>(headers: &'a HashMap<String, String>, name: &str) -> &'a str {
    headers.get(name).map_or("", String::as_str)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn nobody_passes_as_somebody_without_the_token(mut question in questions()) {
        thread_local!(static HOUSE: House = House::open());
        HOUSE.with(|house| {
            known(&mut question, &house.issued);
            let token = &house.issued.session_token;
            let asked = question.clone().attributes.unwrap_or_default();
            let http = asked.request.and_then(|request| request.http).unwrap_or_default();
            let optional = asked.context_extensions.get("session").is_some_and(|it| it == "optional");

            let Ok(answer) = house.ask(question) else { return Ok(()) };

            let passes = answer.status.is_some_and(|status| status.code == 0);
            let Some(HttpResponse::OkResponse(ok)) = answer.http_response else {
                prop_assert!(!passes, "a refusal that passes");
                return Ok(());
            };
            let authorization = header(&http.headers, "authorization");
            let by_bearer = authorization.to_ascii_lowercase().starts_with("bearer ")
                && authorization.get(7..).is_some_and(|rest| rest.trim_start_matches(' ') == token);
            let cookie = header(&http.headers, "cookie");
            let by_cookie = authorization.is_empty()
                && cookie.matches("__Host-fairlead-session=").count() == 1
                && cookie.contains(&format!("__Host-fairlead-session={token}"));
            let mayed = SAFE.contains(&&*http.method) || header(&http.headers, "origin") == LISTED;
            let named = ok.headers.iter().any(|it| it.header.as_ref().unwrap().key == "x-fairlead-account-id");
            prop_assert!(passes);
            prop_assert!(!named || by_bearer || by_cookie && mayed, "{http:?} passes as somebody");
            prop_assert!(named || optional, "{http:?} passes as nobody");
            prop_assert!(named || ok.headers_to_remove.iter().any(|it| it == "authorization"), "{ok:?}");
            Ok(())
        })?;
    }
}

#[test]
fn the_right_token_passes() {
    let house = House::open();
    let token = &house.issued.session_token;

    let bearer = house.code("POST", "authorization", format!("Bearer {token}"));
    let cookie = house.code("GET", "cookie", format!("__Host-fairlead-session={token}"));
    let posted = house.code("POST", "cookie", format!("__Host-fairlead-session={token}"));

    assert_eq!([bearer, cookie, posted], [0, 0, Code::PermissionDenied as i32]);
}

#[test]
fn a_page_that_is_not_listed_may_do_by_cookie_what_changes_nothing() {
    let house = House::open();
    let cookie = format!("__Host-fairlead-session={}", house.issued.session_token);

    let code = |method: &&str| house.code(method, "cookie", cookie.clone());

    for method in SAFE {
        assert_eq!(code(method), 0, "{method}");
    }
    for method in UNSAFE {
        assert_eq!(code(method), Code::PermissionDenied as i32, "{method}");
    }
}
