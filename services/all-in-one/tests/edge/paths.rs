//! One path, however it is spelt.

use crate::house::shared;

#[test]
#[ignore = "needs Envoy: make edge"]
fn no_spelling_of_a_path_leads_past_the_question_who_calls() {
    shared(async |house| {
        let guest = house.guest("jo@example.com").await;
        let id = &guest.account_id;

        for (path, status) in [
            (format!("/v1/accounts/{id}"), 401),
            (format!("//v1/accounts/{id}"), 401),
            (format!("/v1//accounts/{id}"), 401),
            (format!("/open/../v1/accounts/{id}"), 401),
            (format!("/open/%2e%2e/v1/accounts/{id}"), 401),
            (format!("/open/%2E./v1/accounts/{id}"), 401),
            (format!("/v1/sessions/../accounts/{id}"), 401),
            (format!("/v1/sessions;/../accounts/{id}"), 401),
            (format!("/open/..;/v1/accounts/{id}"), 401),
            (format!("/v1/accounts;x/{id}"), 401),
            (format!("/v1/accounts/{id};x"), 401),
            ("/v1/sessions%3Arefresh".to_owned(), 401),
            ("/v1/sessions:refresh;x".to_owned(), 401),
            ("/v1/sessions:refresh/".to_owned(), 401),
            (format!("/open/..%2Fv1/accounts/{id}"), 400),
            (format!("/open/..%5cv1/accounts/{id}"), 400),
            (format!("/v1%2Faccounts/{id}"), 400),
            (format!("/v1/accounts/%00{id}"), 400),
        ] {
            for method in ["GET", "POST"] {
                let reply = house.send(method, &path, &[]).await;
                assert_eq!(reply.status, status, "{method} {path}: {reply:?}");
            }
        }
    });
}

#[test]
#[ignore = "needs Envoy: make edge"]
fn a_path_that_stays_within_its_route_is_what_its_backend_sees() {
    shared(async |house| {
        let reply = house.send("GET", "/open//a;b/%7e/./../c?d=%2F..", &[]).await;

        assert!(reply.text().starts_with("GET /open/a;b/c?d=%2F.. "), "{}", reply.text());
    });
}

#[test]
#[ignore = "needs Envoy: make edge"]
fn what_is_for_operators_is_not_there() {
    shared(async |house| {
        for path in
            ["/", "/stats", "/config_dump", "/quitquitquit", "/metrics", "/ready", "/healthz", "/log-level"]
        {
            for method in ["GET", "POST", "PUT"] {
                let reply = house.send(method, path, &[]).await;
                assert_eq!(reply.status, 404, "{method} {path}: {reply:?}");
            }
        }
    });
}
