//! What Envoy is told about a request.

use proto::{
    envoy::service::auth::v3::{
        AttributeContext, CheckRequest, DeniedHttpResponse, OkHttpResponse,
        attribute_context::{self, HttpRequest},
        authorization_client::AuthorizationClient,
        check_response::HttpResponse,
    },
    sessions::v1::ListSessionsRequest,
};
use sessions::Config;
use tonic::{Code, Request, Status, transport::Channel};

use crate::suite::{Suite, assert_refused};

const ORIGIN: &str = "https://app.example.com";

#[tokio::test]
async fn a_bearer_token_passes_as_its_account() {
    let suite = Suite::start().await;
    let (session, tokens) = suite.sign_in().await;
    let headers = [("authorization", format!("Bearer {}", tokens.session_token))];

    let ok = passes(&suite, asked("POST", &headers)).await;

    assert_eq!(
        set(&ok),
        [
            ("x-fairlead-account-id", session.account_id.as_str()),
            ("x-fairlead-session-id", session.session_id.as_str()),
            ("x-fairlead-roles", "helmsman"),
        ]
    );
    assert!(ok.headers_to_remove.is_empty(), "{ok:?}");
}

#[tokio::test]
async fn a_cookie_goes_on_as_a_bearer_token_and_not_as_a_cookie() {
    let suite = browsers().await;
    let (_, tokens) = suite.sign_in().await;
    let cookie = |token: &str, others: &str| [("cookie", format!("__Host-fairlead-session={token}{others}"))];

    let alone = passes(&suite, asked("GET", &cookie(&tokens.session_token, ""))).await;
    let among = passes(&suite, asked("GET", &cookie(&tokens.session_token, "; theme=dark"))).await;

    let bearer = format!("Bearer {}", tokens.session_token);
    assert!(set(&alone).contains(&("authorization", &bearer)), "{alone:?}");
    assert_eq!(alone.headers_to_remove, ["cookie"]);
    assert!(set(&among).contains(&("cookie", "theme=dark")), "{among:?}");
}

#[tokio::test]
async fn a_page_that_is_not_listed_changes_nothing_by_cookie() {
    let suite = browsers().await;
    let (_, tokens) = suite.sign_in().await;
    let cookie = format!("__Host-fairlead-session={}", tokens.session_token);
    let from = |origin: &str| [("cookie", cookie.clone()), ("origin", origin.to_owned())];

    passes(&suite, asked("POST", &from(ORIGIN))).await;
    for origin in ["https://evil.example", "null", "https://app.example.com.evil.example"] {
        let denied = denied(&suite, asked("POST", &from(origin))).await;
        assert_eq!(denied.status.unwrap().code, 403, "{origin}");
        assert!(denied.body.contains("ORIGIN_NOT_LISTED"), "{}", denied.body);
    }
    let silent = [("cookie", cookie.clone())];
    assert_eq!(denied(&suite, asked("DELETE", &silent)).await.status.unwrap().code, 403);
    let refresh = [("cookie", format!("__Host-fairlead-refresh={}", tokens.refresh_token))];
    assert_eq!(denied(&suite, on("optional", "POST", &refresh)).await.status.unwrap().code, 403);
}

#[tokio::test]
async fn a_request_without_a_good_token_is_told_why() {
    let suite = Suite::start().await;
    let (_, tokens) = suite.sign_in().await;
    let twice = format!("Bearer {0},Bearer {0}", tokens.session_token);

    for (headers, reason, challenge) in [
        (vec![], "CREDENTIALS_MISSING", "Bearer"),
        (vec![("authorization", "Bearer x".to_owned())], "SESSION_INVALID", "Bearer error=\"invalid_token\""),
        (vec![("authorization", twice)], "CREDENTIALS_MALFORMED", "Bearer error=\"invalid_token\""),
        (
            vec![("authorization", "Basic eDp5".to_owned())],
            "CREDENTIALS_MALFORMED",
            "Bearer error=\"invalid_token\"",
        ),
    ] {
        let denied = denied(&suite, asked("GET", &headers)).await;

        let body: serde_json::Value = serde_json::from_str(&denied.body).unwrap();
        assert_eq!(denied.status.as_ref().unwrap().code, 401, "{denied:?}");
        assert_eq!(body["details"][0]["reason"], reason);
        let challenges = denied.headers.iter().filter_map(|it| it.header.as_ref());
        let challenges: Vec<_> = challenges.filter(|it| it.key == "www-authenticate").collect();
        assert_eq!(challenges.iter().map(|it| it.value.as_str()).collect::<Vec<_>>(), [challenge]);
    }
}

#[tokio::test]
async fn the_edge_and_the_services_read_a_bearer_token_alike() {
    let suite = Suite::start().await;
    let (_, tokens) = suite.sign_in().await;
    let token = &tokens.session_token;

    for (authorization, refusal) in [
        (format!("Bearer {token}"), None),
        (format!("bEARER   {token}"), None),
        (format!("Bearer {token}x"), Some("SESSION_INVALID")),
        (format!("Bearer {token} {token}"), Some("CREDENTIALS_MALFORMED")),
        (format!("Bearer {token},{token}"), Some("CREDENTIALS_MALFORMED")),
        (format!("Bearer \t{token}"), Some("CREDENTIALS_MALFORMED")),
        (format!("Bearer\t{token}"), Some("CREDENTIALS_MALFORMED")),
        (format!("Basic {token}"), Some("CREDENTIALS_MALFORMED")),
        ("Bearer  ".to_owned(), Some("CREDENTIALS_MALFORMED")),
        ("Bearer".to_owned(), Some("CREDENTIALS_MALFORMED")),
    ] {
        let account_id = suite.account_id.clone();
        let mut list = Request::new(ListSessionsRequest { account_id, ..Default::default() });
        list.metadata_mut().insert("authorization", authorization.parse().unwrap());
        let listed = suite.client().list_sessions(list).await;
        let question = asked("GET", &[("authorization", authorization.clone())]);

        let Some(reason) = refusal else {
            listed.unwrap();
            passes(&suite, question).await;
            continue;
        };
        assert_refused(listed, Code::Unauthenticated, reason);
        let denied = denied(&suite, question).await;
        assert!(denied.body.contains(&format!("\"{reason}\"")), "{authorization:?}: {denied:?}");
    }
}

#[tokio::test]
async fn nobody_passes_as_nobody_where_that_is_allowed() {
    let suite = browsers().await;
    let stale = [
        ("authorization", "Bearer fls_stale".to_owned()),
        ("cookie", "__Host-fairlead-refresh=flr_x; theme=dark".to_owned()),
    ];

    let ok = passes(&suite, on("optional", "POST", &stale)).await;

    assert_eq!(set(&ok), [("cookie", "theme=dark")], "beside a bearer token cookies do not count");
    for name in ["authorization", "x-fairlead-account-id", "x-fairlead-session-id", "x-fairlead-roles"] {
        assert!(ok.headers_to_remove.iter().any(|removed| removed == name), "{ok:?}");
    }
}

#[tokio::test]
async fn only_the_route_that_renews_sees_a_refresh_token() {
    let suite = browsers().await;
    let cookie = "__Host-fairlead-session=fls_stale; __Host-fairlead-refresh=flr_x";
    let headers = [("cookie", cookie.to_owned()), ("origin", ORIGIN.to_owned())];
    let mut renewing = on("optional", "POST", &headers);
    let extensions = &mut renewing.attributes.as_mut().unwrap().context_extensions;
    extensions.insert("refresh_cookie".to_owned(), "passed_on".to_owned());

    let elsewhere = passes(&suite, on("optional", "POST", &headers)).await;
    let there = passes(&suite, renewing).await;

    assert!(elsewhere.headers_to_remove.iter().any(|removed| removed == "cookie"), "{elsewhere:?}");
    assert_eq!(set(&there), [("cookie", "__Host-fairlead-refresh=flr_x")]);
}

#[tokio::test]
async fn an_edge_that_asks_wrongly_lets_nobody_pass() {
    let suite = Suite::start().await;
    let (_, tokens) = suite.sign_in().await;
    let headers = [("authorization", format!("Bearer {}", tokens.session_token))];

    let unknown = check(&suite, on("perhaps", "GET", &headers)).await;
    let empty = check(&suite, CheckRequest::default()).await;

    for answer in [unknown, empty] {
        assert_refused(answer, Code::InvalidArgument, "EDGE_MISCONFIGURED");
    }
}

#[tokio::test]
async fn nobody_but_the_edge_may_ask() {
    let suite = Suite::start().await;
    let mut client = AuthorizationClient::new(channel(&suite).await);

    let nobody = client.check(CheckRequest::default()).await;
    let accounts = client.check(suite.by("accounts", CheckRequest::default())).await;

    assert_refused(nobody, Code::Unauthenticated, "CREDENTIALS_MISSING");
    assert_refused(accounts, Code::PermissionDenied, "PERMISSION_DENIED");
}

/// Sessions that listen to one page.
pub(crate) async fn browsers() -> Suite {
    let mut config = Config::default();
    config.rules.browsers.origins = vec![ORIGIN.to_owned()];
    Suite::configured(config).await
}

/// A question about a request with these headers.
fn asked(method: &str, headers: &[(&str, String)]) -> CheckRequest {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    let http = HttpRequest { method: method.to_owned(), headers, ..HttpRequest::default() };
    let request = attribute_context::Request { http: Some(http), ..attribute_context::Request::default() };
    let attributes = AttributeContext { request: Some(request), ..AttributeContext::default() };
    CheckRequest { attributes: Some(attributes) }
}

/// The same, on a route that says whether it wants a session.
pub(crate) fn on(session: &str, method: &str, headers: &[(&str, String)]) -> CheckRequest {
    let mut question = asked(method, headers);
    let extensions = &mut question.attributes.as_mut().unwrap().context_extensions;
    extensions.insert("session".to_owned(), session.to_owned());
    question
}

/// Asks as the edge.
pub(crate) async fn check(suite: &Suite, question: CheckRequest) -> Result<HttpResponse, Status> {
    let mut client = AuthorizationClient::new(channel(suite).await);
    let answer = client.check(suite.by("edge", question)).await?.into_inner();
    let http = answer.http_response.unwrap();
    let passes = answer.status.unwrap().code == 0;
    assert_eq!(passes, matches!(http, HttpResponse::OkResponse(_)), "{http:?}");
    Ok(http)
}

async fn passes(suite: &Suite, question: CheckRequest) -> OkHttpResponse {
    match check(suite, question).await {
        Ok(HttpResponse::OkResponse(ok)) => ok,
        other => panic!("does not pass: {other:?}"),
    }
}

async fn denied(suite: &Suite, question: CheckRequest) -> DeniedHttpResponse {
    match check(suite, question).await {
        Ok(HttpResponse::DeniedResponse(denied)) => denied,
        other => panic!("is not refused: {other:?}"),
    }
}

/// The headers that are set.
fn set(ok: &OkHttpResponse) -> Vec<(&str, &str)> {
    let headers = ok.headers.iter().filter_map(|it| it.header.as_ref());
    headers.map(|header| (header.key.as_str(), header.value.as_str())).collect()
}

async fn channel(suite: &Suite) -> Channel {
    Channel::from_shared(suite.url()).unwrap().connect().await.unwrap()
}
