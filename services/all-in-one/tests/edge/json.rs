//! Callers that speak JSON over HTTP/1.1.

use serde_json::json;

use crate::house::{PASSWORD, shared};

#[test]
#[ignore = "needs Envoy: make edge"]
fn somebody_signs_up_and_in_is_let_in_and_after_a_revocation_is_not() {
    shared(async |house| {
        let guest = house.guest("ada@example.com").await;
        let bearer = guest.bearer();
        let headers = [("authorization", &*bearer)];

        let before = house.send("GET", &guest.path(), &headers).await;
        let listed = house.send("GET", &format!("{}/sessions?page_size=1", guest.path()), &headers).await;
        let revoke = format!("/v1/sessions/{}:revoke", guest.session_id);
        let revoked = house.post(&revoke, &headers, &json!({})).await;
        let after = house.send("GET", &guest.path(), &headers).await;

        assert_eq!((before.status, &before.json()["account"]["email"]), (200, &json!("ada@example.com")));
        assert_eq!(listed.json()["sessions"][0]["sessionId"], guest.session_id);
        assert_eq!(revoked.status, 200, "{}", revoked.text());
        assert_eq!((after.status, &*after.reason()), (401, "SESSION_INVALID"));
        assert_eq!(after.header("www-authenticate"), Some("Bearer error=\"invalid_token\""));
        assert_eq!(after.header("content-type"), Some("application/json"));
        assert_eq!(after.json()["code"], 16);
    });
}

#[test]
#[ignore = "needs Envoy: make edge"]
fn an_error_of_a_service_is_json_with_all_its_details() {
    shared(async |house| {
        let guest = house.guest("bea@example.com").await;
        let bearer = guest.bearer();

        let wrong = house.post("/v1/sessions", &[], &json!({"email": "bea"})).await;
        let unsigned =
            house.post("/v1/sessions", &[], &json!({"email": "bea@example.com", "password": "no"})).await;
        let revoke = format!("/v1/sessions/{}:revoke", guest.account_id);
        let absent = house.post(&revoke, &[("authorization", &bearer)], &json!({})).await;
        let taken = json!({"account": {"email": "bea@example.com"}, "password": PASSWORD});
        let taken = house.post("/v1/accounts", &[], &taken).await;

        let fields = wrong.json()["details"][1]["fieldViolations"].clone();
        assert_eq!((wrong.status, fields.as_array().map(Vec::len)), (400, Some(2)), "{}", wrong.text());
        assert_eq!((unsigned.status, &*unsigned.reason()), (401, "INVALID_CREDENTIALS"));
        assert_eq!((absent.status, &*absent.reason()), (404, "SESSION_NOT_FOUND"));
        assert_eq!(taken.status, 409, "{}", taken.text());
        for error in [wrong, unsigned, absent, taken] {
            let info = &error.json()["details"][0];
            assert_eq!(info["@type"], "type.googleapis.com/google.rpc.ErrorInfo", "{}", error.text());
            assert_eq!(info["domain"], "fairlead.dev");
        }
    });
}
