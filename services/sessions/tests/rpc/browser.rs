//! Browsers, which keep tokens where no script can read them.

use proto::sessions::v1::{CreateSessionRequest, RefreshSessionRequest, RevokeSessionRequest, Tokens};
use tonic::{Code, Request, Response};

use crate::{
    accounts::{EMAIL, PASSWORD},
    edge::browsers,
    suite::{assert_named, assert_refused, bearer, credentials},
};

const ORIGIN: &str = "https://app.example.com";

#[tokio::test]
async fn a_browser_signs_in_renews_and_signs_out_without_seeing_a_token() {
    let suite = browsers().await;

    let signed_in = suite.client().create_session(from(ORIGIN, sign_in())).await.unwrap();
    let [first_session, first_refresh] = cookies(&signed_in);
    let answer = signed_in.into_inner();
    let mut renew = from(ORIGIN, RefreshSessionRequest { cookie: true, ..Default::default() });
    let header = format!("theme=dark; {first_refresh}").parse().unwrap();
    renew.metadata_mut().insert("cookie", header);
    let renewed = suite.client().refresh_session(renew).await.unwrap();
    let [second_session, second_refresh] = cookies(&renewed);
    let token = second_session.strip_prefix("__Host-fairlead-session=").unwrap().to_owned();
    let session_id = answer.session.unwrap().session_id;
    let revoke = RevokeSessionRequest { session_id, cookie: true, ..Default::default() };
    let tokens = Tokens { session_token: token.clone(), ..Tokens::default() };
    let mut revoke = bearer(&tokens, revoke);
    revoke.metadata_mut().insert("origin", ORIGIN.parse().unwrap());
    let signed_out = suite.client().revoke_session(revoke).await.unwrap();

    for tokens in [answer.tokens.unwrap(), renewed.into_inner().tokens.unwrap()] {
        assert_eq!((tokens.session_token.as_str(), tokens.refresh_token.as_str()), ("", ""));
        assert!(tokens.session_token_expire_time.is_some() && tokens.refresh_token_expire_time.is_some());
    }
    assert_ne!((first_session, first_refresh), (second_session, second_refresh));
    assert_eq!(cookies(&signed_out), ["__Host-fairlead-session=", "__Host-fairlead-refresh="]);
    assert_refused(suite.validate(&token).await, Code::Unauthenticated, "SESSION_INVALID");
}

#[tokio::test]
async fn a_page_that_is_not_listed_gets_no_cookie_and_costs_no_password_hash() {
    let suite = browsers().await;

    let elsewhere = suite.client().create_session(from("https://evil.example", sign_in())).await;
    let unsaid = suite.client().create_session(sign_in()).await;
    let mut both = from(ORIGIN, sign_in());
    both.metadata_mut().append("origin", "https://evil.example".parse().unwrap());
    let both = suite.client().create_session(both).await;

    for refused in [elsewhere, unsaid, both] {
        assert_refused(refused, Code::PermissionDenied, "ORIGIN_NOT_LISTED");
    }
    assert_eq!(suite.asked(), 0);
}

#[tokio::test]
async fn a_renewal_by_cookie_needs_exactly_one() {
    let suite = browsers().await;
    let renew = async |cookie: &str, refresh_token: &str| {
        let message = RefreshSessionRequest { cookie: true, refresh_token: refresh_token.to_owned() };
        let mut request = from(ORIGIN, message);
        request.metadata_mut().insert("cookie", cookie.parse().unwrap());
        suite.client().refresh_session(request).await
    };

    assert_refused(renew("theme=dark", "").await, Code::Unauthenticated, "CREDENTIALS_MISSING");
    let twice = "__Host-fairlead-refresh=x; __Host-fairlead-refresh=y";
    assert_refused(renew(twice, "").await, Code::Unauthenticated, "CREDENTIALS_MALFORMED");
    assert_refused(renew("__Host-fairlead-refresh=x", "").await, Code::Unauthenticated, "REFRESH_INVALID");
    assert_named(renew("__Host-fairlead-refresh=x", "flr_x").await, &["refresh_token"]);
}

#[tokio::test]
async fn who_wants_no_cookies_gets_none() {
    let suite = browsers().await;

    let response = suite.client().create_session(credentials(EMAIL, PASSWORD)).await.unwrap();

    assert!(response.metadata().get("set-cookie").is_none());
}

fn sign_in() -> CreateSessionRequest {
    CreateSessionRequest { cookie: true, ..credentials(EMAIL, PASSWORD) }
}

fn from<T>(origin: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("origin", origin.parse().unwrap());
    request
}

/// The names and values of the cookies of an answer.
fn cookies<T>(response: &Response<T>) -> [String; 2] {
    let all = response.metadata().get_all("set-cookie").iter();
    let pairs = all.map(|cookie| cookie.to_str().unwrap().split(';').next().unwrap().to_owned());
    pairs.collect::<Vec<_>>().try_into().unwrap()
}
