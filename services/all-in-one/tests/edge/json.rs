//! Callers that speak JSON over HTTP/1.1.

use serde_json::{Value, json};

use crate::{
    house::{PASSWORD, shared, text},
    http::{Reply, send},
};

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

#[test]
#[ignore = "needs Envoy: make edge"]
fn an_account_is_changed_in_the_fields_that_are_named() {
    shared(async |house| {
        let guest = house.guest("rolf@example.com").await;
        let bearer = guest.bearer();
        let headers = [("authorization", &*bearer)];
        let update = async |query: &str, account: Value| {
            let headers = [&[("content-type", "application/json")], &headers[..]].concat();
            let path = format!("{}{query}", guest.path());
            send(house.address(), "PATCH", &path, &headers, account.to_string().as_bytes()).await
        };

        let both = json!({"displayName": "Rolf", "email": "other@example.com"});
        let named = update("?updateMask=displayName", both.clone()).await;
        let unnamed = update("", both).await;
        let path = format!("/v1/accounts:batchGet?account_ids={}", guest.account_id);
        let read = house.send("GET", &path, &headers).await;

        assert_eq!((named.status, &named.json()["account"]["displayName"]), (200, &json!("Rolf")));
        assert_eq!((unnamed.status, &*unnamed.reason()), (403, "ADMIN_FIELD"), "{}", unnamed.text());
        let account = &read.json()["accounts"][0];
        assert_eq!(
            (&account["displayName"], &account["email"]),
            (&json!("Rolf"), &json!("rolf@example.com")),
            "{}",
            read.text()
        );
    });
}

#[test]
#[ignore = "needs Envoy: make edge"]
fn somebody_changes_the_password_signs_out_everywhere_and_leaves() {
    shared(async |house| {
        let guest = house.guest("sven@example.com").await;
        let next = "a longer walk along the quay";
        let sign_in = async |password: &str| {
            house.post("/v1/sessions", &[], &json!({"email": "sven@example.com", "password": password})).await
        };
        let bearer =
            |signed_in: &Reply| format!("Bearer {}", text(&signed_in.json()["tokens"]["sessionToken"]));
        let call = async |bearer: &str, verb: &str, message: Value| {
            let path = format!("{}{verb}", guest.path());
            house.post(&path, &[("authorization", bearer)], &message).await
        };

        let passwords = json!({"currentPassword": PASSWORD, "newPassword": next});
        let changed = call(&guest.bearer(), ":changePassword", passwords).await;
        let before = sign_in(PASSWORD).await;
        let first = bearer(&sign_in(next).await);
        let signed_out = call(&first, "/sessions:revoke", json!({})).await;
        let after = house.send("GET", &guest.path(), &[("authorization", &first)]).await;
        let second = bearer(&sign_in(next).await);
        let deleted = call(&second, ":delete", json!({"currentPassword": next})).await;
        let gone = sign_in(next).await;

        assert_eq!(changed.json()["account"]["accountId"], guest.account_id, "{}", changed.text());
        assert_eq!((before.status, &*before.reason()), (401, "INVALID_CREDENTIALS"));
        let ended = signed_out.json()["revokedCount"].as_u64();
        assert!(ended.is_some_and(|ended| ended >= 1), "{}", signed_out.text());
        assert_eq!((after.status, &*after.reason()), (401, "SESSION_INVALID"));
        assert_eq!((deleted.status, deleted.json()), (200, json!({})));
        assert_eq!((gone.status, &*gone.reason()), (401, "INVALID_CREDENTIALS"));
    });
}
