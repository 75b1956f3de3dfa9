//! Requests that cannot be accepted name every field that is wrong.

use proto::sessions::v1::{
    AdmitPasswordAttemptRequest, CreateSessionRequest, ForgivePasswordAttemptsRequest, ListSessionsRequest,
    RefreshSessionRequest, RevokeAccountSessionsRequest, RevokeSessionRequest,
};

use crate::{
    accounts::{EMAIL, PASSWORD},
    suite::{Suite, assert_named, bearer, credentials},
};

#[tokio::test]
async fn a_sign_in_names_every_field_that_is_wrong() {
    let suite = Suite::start().await;
    let wrong = CreateSessionRequest {
        email: "ada".to_owned(),
        password: String::new(),
        user_agent: "a".repeat(257),
        client_address: "192.0.2.1".to_owned(),
        ..Default::default()
    };
    let long = credentials(&format!("{}@example.com", "a".repeat(250)), &"a".repeat(1025));
    let longest = CreateSessionRequest { user_agent: "⚓".repeat(256), ..credentials(EMAIL, PASSWORD) };

    let all = ["email", "password", "user_agent", "client_address"];
    assert_named(suite.client().create_session(wrong).await, &all);
    assert_named(suite.client().create_session(long).await, &["email", "password"]);
    suite.client().create_session(longest).await.unwrap();
}

#[tokio::test]
async fn a_service_that_tells_no_address_is_refused() {
    let suite = Suite::start().await;
    let request =
        CreateSessionRequest { client_address: "quay 7".to_owned(), ..credentials(EMAIL, PASSWORD) };

    let answer = suite.client().create_session(suite.by("uploads", request)).await;

    assert_named(answer, &["client_address"]);
}

#[tokio::test]
async fn a_token_that_is_missing_or_far_too_long_names_its_field() {
    let suite = Suite::start().await;

    for token in [String::new(), "a".repeat(257)] {
        assert_named(suite.validate(&token).await, &["session_token"]);
        let answer = suite
            .client()
            .refresh_session(RefreshSessionRequest { refresh_token: token, ..Default::default() })
            .await;
        assert_named(answer, &["refresh_token"]);
    }
}

#[tokio::test]
async fn ids_and_page_tokens_that_are_none_name_their_fields() {
    let suite = Suite::start().await;
    let (_, tokens) = suite.sign_in().await;
    let (id, wrong) = (suite.account_id.clone(), "not-an-id".to_owned());

    let list = ListSessionsRequest { account_id: wrong.clone(), page_size: -1, page_token: "x".to_owned() };
    let answer = suite.client().list_sessions(bearer(&tokens, list)).await;
    assert_named(answer, &["account_id", "page_size", "page_token"]);

    let upper = ListSessionsRequest { account_id: id.to_uppercase(), ..ListSessionsRequest::default() };
    assert_named(suite.client().list_sessions(bearer(&tokens, upper)).await, &["account_id"]);

    let revoke = RevokeSessionRequest { account_id: wrong.clone(), ..Default::default() };
    let answer = suite.client().revoke_session(bearer(&tokens, revoke)).await;
    assert_named(answer, &["session_id", "account_id"]);

    let all = RevokeAccountSessionsRequest {
        account_id: String::new(),
        except_session_id: wrong,
        ..RevokeAccountSessionsRequest::default()
    };
    let answer = suite.client().revoke_account_sessions(bearer(&tokens, all)).await;
    assert_named(answer, &["account_id", "except_session_id"]);
}

#[tokio::test]
async fn an_attempt_names_what_is_wrong_with_it() {
    let suite = Suite::start().await;
    let (email, client_address) = ("ada".to_owned(), String::new());

    let admit = AdmitPasswordAttemptRequest { email: email.clone(), client_address: client_address.clone() };
    let answer = suite.client().admit_password_attempt(suite.by("accounts", admit)).await;
    assert_named(answer, &["email", "client_address"]);

    let forgive = ForgivePasswordAttemptsRequest { email, client_address };
    let answer = suite.client().forgive_password_attempts(suite.by("accounts", forgive)).await;
    assert_named(answer, &["email", "client_address"]);
}
