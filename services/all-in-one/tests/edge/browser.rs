//! Browsers, which show cookies whoever asks them to.

use serde_json::json;

use crate::{
    house::{House, ORIGIN, PASSWORD, shared, text},
    http::Reply,
};

#[test]
#[ignore = "needs Envoy: make edge"]
fn a_browser_signs_in_acts_renews_and_signs_out_by_cookies() {
    shared(async |house| {
        let (path, signed_in) = sign_in(house, "dora@example.com").await;
        let [session, refresh] = cookies(&signed_in);
        let both = format!("theme=dark; {session}; {refresh}");

        let read = house.send("GET", &path, &[("cookie", &both)]).await;
        let headers = [("cookie", &*both), ("origin", ORIGIN)];
        let renewed = house.post("/v1/sessions:refresh", &headers, &json!({"cookie": true})).await;
        let [second, _] = cookies(&renewed);
        let id = text(&signed_in.json()["session"]["sessionId"]);
        let headers = [("cookie", &*second), ("origin", ORIGIN)];
        let out = house.post(&format!("/v1/sessions/{id}:revoke"), &headers, &json!({"cookie": true})).await;
        let after = house.send("GET", &path, &[("cookie", &second)]).await;

        assert_eq!((read.status, renewed.status, out.status, after.status), (200, 200, 200, 401));
        for answer in [&signed_in, &renewed] {
            let tokens = &answer.json()["tokens"];
            assert!(tokens.get("sessionToken").is_none() && tokens.get("refreshToken").is_none(), "{tokens}");
        }
        for cookie in signed_in.all("set-cookie").chain(out.all("set-cookie")) {
            assert!(cookie.starts_with("__Host-fairlead-"), "{cookie}");
            for attribute in ["; Path=/;", "; Secure;", "; HttpOnly;", "; SameSite="] {
                assert!(cookie.contains(attribute), "{cookie}");
            }
        }
        assert_eq!(cookies(&out), ["__Host-fairlead-session=", "__Host-fairlead-refresh="]);
    });
}

#[test]
#[ignore = "needs Envoy: make edge"]
fn a_page_from_elsewhere_changes_nothing_and_signs_nobody_in() {
    shared(async |house| {
        let (path, signed_in) = sign_in(house, "enid@example.com").await;
        let [session, refresh] = cookies(&signed_in);
        let id = text(&signed_in.json()["session"]["sessionId"]);
        let revoke = format!("/v1/sessions/{id}:revoke");

        for origin in [Some("https://evil.example"), Some("null"), None] {
            let origin = origin.map(|origin| ("origin", origin));
            let with = |cookie| [("cookie", cookie)].into_iter().chain(origin).collect::<Vec<_>>();
            let revoked = house.post(&revoke, &with(&session), &json!({})).await;
            let renewed = house.post("/v1/sessions:refresh", &with(&refresh), &json!({"cookie": true})).await;
            let own = json!({"email": "enid@example.com", "password": PASSWORD, "cookie": true});
            let planted = house.post("/v1/sessions", &origin.into_iter().collect::<Vec<_>>(), &own).await;

            for refused in [revoked, renewed, planted] {
                assert_eq!((refused.status, &*refused.reason()), (403, "ORIGIN_NOT_LISTED"), "{origin:?}");
                assert!(refused.header("set-cookie").is_none());
            }
        }
        let still = house.send("GET", &path, &[("cookie", &session)]).await;
        assert_eq!(still.status, 200, "{}", still.text());
    });
}

#[test]
#[ignore = "needs Envoy: make edge"]
fn a_page_from_elsewhere_may_read_by_cookie_and_do_nothing_else() {
    shared(async |house| {
        let (_, signed_in) = sign_in(house, "erna@example.com").await;
        let [session, _] = cookies(&signed_in);
        let elsewhere = [("cookie", &*session), ("origin", "https://evil.example")];
        let here = [("cookie", &*session), ("origin", ORIGIN)];

        for method in ["GET", "HEAD", "OPTIONS"] {
            assert_eq!(house.send(method, "/app/", &elsewhere).await.status, 200, "{method}");
        }
        for method in ["POST", "PUT", "PATCH", "DELETE"] {
            let refused = house.send(method, "/app/", &elsewhere).await;
            assert_eq!((refused.status, &*refused.reason()), (403, "ORIGIN_NOT_LISTED"), "{method}");
            assert_eq!(house.send(method, "/app/", &here).await.status, 200, "{method}");
        }
    });
}

#[test]
#[ignore = "needs Envoy: make edge"]
fn another_host_keeps_nobody_out_by_a_cookie_that_looks_like_ours_within() {
    shared(async |house| {
        let (path, signed_in) = sign_in(house, "finn@example.com").await;
        let [session, _] = cookies(&signed_in);
        let token = session.strip_prefix("__Host-fairlead-session=").unwrap();
        let bearer = format!("Bearer {token}");

        for planted in ["x=__Host-fairlead-session=fls_planted", "x=y,__Host-fairlead-session=fls_planted"] {
            let both = format!("{planted}; {session}");
            let by_cookie = house.send("GET", &path, &[("cookie", &both)]).await;
            let by_bearer =
                house.send("GET", &path, &[("cookie", planted), ("authorization", &bearer)]).await;

            assert_eq!((by_cookie.status, by_bearer.status), (200, 200), "{}", by_cookie.text());
        }
    });
}

#[test]
#[ignore = "needs Envoy: make edge"]
fn two_cookies_of_one_name_are_refused_on_every_route_that_looks() {
    shared(async |house| {
        let (path, signed_in) = sign_in(house, "fay@example.com").await;
        let [session, _] = cookies(&signed_in);
        let twice = format!("{session}; {session}");
        let planted = format!("__Host-fairlead-session=fls_planted; {session}");

        for path in [&*path, "/app/", "/maybe/"] {
            for headers in [
                &[("cookie", &*twice)][..],
                &[("cookie", &planted)],
                &[("cookie", &session), ("cookie", &session)],
            ] {
                let reply = house.send("GET", path, headers).await;
                assert_eq!((reply.status, &*reply.reason()), (401, "CREDENTIALS_MALFORMED"), "{headers:?}");
            }
        }
    });
}

#[test]
#[ignore = "needs Envoy: make edge"]
fn a_session_behind_a_comma_is_nobodys_and_no_backend_sees_it() {
    shared(async |house| {
        let (_, signed_in) = sign_in(house, "fred@example.com").await;
        let [session, _] = cookies(&signed_in);
        let joined = format!("a=b,{session}");

        for headers in [&[("cookie", "a=b"), ("cookie", &*session)][..], &[("cookie", &joined)]] {
            let required = house.send("GET", "/app/", headers).await;
            let optional = house.send("GET", "/maybe/", headers).await;

            assert_eq!((required.status, &*required.reason()), (401, "CREDENTIALS_MISSING"), "{headers:?}");
            assert_eq!(optional.status, 200, "{headers:?}");
            let seen = optional.text();
            assert!(!seen.contains("__Host-") && !seen.contains("fls_"), "{seen}");
        }
    });
}

#[test]
#[ignore = "needs Envoy: make edge"]
fn a_backend_sees_neither_token_of_a_browser_as_a_cookie() {
    shared(async |house| {
        let (_, signed_in) = sign_in(house, "gwen@example.com").await;
        let [session, refresh] = cookies(&signed_in);
        let token = session.strip_prefix("__Host-fairlead-session=").unwrap();

        let both = format!("{refresh}; theme=dark; {session}");
        let reply = house.send("GET", "/app/page", &[("cookie", &both)]).await;

        let seen = reply.text();
        assert!(seen.contains("cookie: theme=dark\r\n"), "{seen}");
        assert!(seen.contains(&format!("authorization: Bearer {token}\r\n")), "{seen}");
        assert!(!seen.contains("__Host-") && !seen.contains("flr_"), "{seen}");
    });
}

/// Somebody new, signed in by cookie; where their account is, and the answer.
async fn sign_in(house: &House, email: &str) -> (String, Reply) {
    let path = house.guest(email).await.path();
    let message = json!({"email": email, "password": PASSWORD, "cookie": true});
    let reply = house.post("/v1/sessions", &[("origin", ORIGIN)], &message).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    (path, reply)
}

/// The cookies of an answer, as they are shown again.
fn cookies(reply: &Reply) -> [String; 2] {
    let all = reply.all("set-cookie").map(|cookie| cookie.split(';').next().unwrap().to_owned());
    all.collect::<Vec<_>>().try_into().unwrap_or_else(|found| panic!("{found:?} in {reply:?}"))
}
