//! Who calls is what the edge says, and never what the caller says.

use serde_json::json;

use crate::{
    house::{PASSWORD, shared},
    http2,
};

const FORGED: [(&str, &str); 5] = [
    ("x-fairlead-account-id", "forged"),
    ("X-Fairlead-Roles", "forged"),
    ("x-fairlead-anything", "forged"),
    ("fairlead-service", "forged"),
    ("Fairlead-Service", "forged"),
];

#[test]
#[ignore = "needs Envoy: make edge"]
fn a_backend_is_told_who_calls() {
    shared(async |house| {
        let guest = house.guest("hal@example.com").await;

        let bearer = guest.bearer();
        let forged = [&FORGED[..], &[("authorization", &bearer)]].concat();
        let reply = house.send("GET", "/app/page", &forged).await;

        let seen = reply.text();
        assert!(seen.contains(&format!("x-fairlead-account-id: {}\r\n", guest.account_id)), "{seen}");
        assert!(seen.contains(&format!("x-fairlead-session-id: {}\r\n", guest.session_id)), "{seen}");
        assert!(!seen.contains("forged"), "{seen}");
    });
}

#[test]
#[ignore = "needs Envoy: make edge"]
fn a_forged_identity_reaches_nobody_whether_sessions_is_asked_or_not() {
    shared(async |house| {
        let stale = [("authorization", "Bearer fls_stale")];

        let open = house.send("GET", "/open/page", &FORGED).await;
        let maybe = house.send("GET", "/maybe/page", &[&FORGED[..], &stale].concat()).await;
        let app = house.send("GET", "/app/page", &FORGED).await;

        for reply in [&open, &maybe] {
            let seen = reply.text();
            assert_eq!(reply.status, 200);
            assert!(!seen.contains("forged") && !seen.contains("x-fairlead-"), "{seen}");
        }
        assert!(!maybe.text().contains("fls_stale"), "what proves nothing goes no further: {}", maybe.text());
        assert_eq!((app.status, &*app.reason()), (401, "CREDENTIALS_MISSING"));
    });
}

#[test]
#[ignore = "needs Envoy: make edge"]
fn over_http_2_nothing_is_forged_before_a_message_or_behind_it() {
    shared(async |house| {
        let guest = house.guest("ines@example.com").await;
        let bearer = guest.bearer();
        let trailers = [&FORGED[..], &[("authorization", "forged"), ("checksum", "forged")]].concat();

        for (path, headers) in [
            ("/app-http2/page", &[("authorization", &*bearer)][..]),
            ("/open-http2/page", &[("authorization", "Bearer forged"), ("cookie", "theme=forged")][..]),
        ] {
            let headers = [&FORGED[..], headers].concat();
            let (status, seen) = http2::post(house.address(), path, &headers, "the message", &trailers).await;

            let named = seen.contains(&format!("x-fairlead-account-id: {}\r\n", guest.account_id));
            assert_eq!((status, named), (200, path.starts_with("/app")), "{path}: {seen}");
            assert!(seen.contains("\r\nthe message\r\n"), "{path}: {seen}");
            assert!(!seen.contains("forged"), "{path}: {seen}");
        }
    });
}

#[test]
#[ignore = "needs Envoy: make edge"]
fn where_nobody_is_asked_a_backend_sees_no_token() {
    shared(async |house| {
        let guest = house.guest("ingo@example.com").await;
        let bearer = guest.bearer();
        let cookie =
            format!("__Host-fairlead-refresh=flr_x; theme=dark; __Host-fairlead-session={}", guest.token);

        let reply = house.send("GET", "/open/page", &[("authorization", &bearer), ("cookie", &cookie)]).await;

        let seen = reply.text();
        assert_eq!(reply.status, 200, "{seen}");
        assert!(seen.starts_with("GET /open/page "), "{seen}");
        for shown in ["authorization", "cookie", "fls_", "flr_"] {
            assert!(!seen.contains(shown), "{seen}");
        }
    });
}

#[test]
#[ignore = "needs Envoy: make edge"]
fn two_credentials_are_refused_on_every_route_that_looks() {
    shared(async |house| {
        let guest = house.guest("iris@example.com").await;
        let bearer = guest.bearer();

        for path in [&*guest.path(), "/app/", "/maybe/"] {
            for second in [&*bearer, "Bearer fls_x", "Basic eDp5"] {
                for headers in [[&*bearer, second], [second, &bearer]] {
                    let headers = headers.map(|value| ("authorization", value));
                    let reply = house.send("GET", path, &headers).await;
                    let reason = reply.reason();
                    assert_eq!((reply.status, &*reason), (401, "CREDENTIALS_MALFORMED"), "{headers:?}");
                }
            }
        }
        let twice = [("authorization", &*bearer), ("authorization", &*bearer)];
        let (status, told) = http2::post(house.address(), "/app-http2/", &twice, "", &[]).await;
        assert_eq!((status, told.contains("CREDENTIALS_MALFORMED")), (401, true), "{told}");
    });
}

#[test]
#[ignore = "needs Envoy: make edge"]
fn a_service_does_not_see_a_forged_credential_of_a_service() {
    shared(async |house| {
        let guest = house.guest("ivy@example.com").await;
        let sign_in = json!({"email": "ivy@example.com", "password": PASSWORD});

        let signed_in = house.post("/v1/sessions", &FORGED, &sign_in).await;
        let bearer = guest.bearer();
        let forged = [&FORGED[..], &[("authorization", &bearer)]].concat();
        let read = house.send("GET", &guest.path(), &forged).await;

        // Whoever shows a credential of a service that is not good is refused by every method.
        assert_eq!((signed_in.status, read.status), (200, 200), "{} {}", signed_in.text(), read.text());
    });
}

#[test]
#[ignore = "needs Envoy: make edge"]
fn a_header_that_could_be_read_as_another_is_refused() {
    shared(async |house| {
        let reply = house.send("GET", "/open/page", &[("x_fairlead_account_id", "forged")]).await;

        assert_eq!(reply.status, 400);
    });
}
