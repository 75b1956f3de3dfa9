//! How often anyone may guess, and what is said while accounts is away.

use std::{sync::Arc, time::Duration};

use proto::sessions::v1::{AdmitPasswordAttemptRequest, ForgivePasswordAttemptsRequest, Tokens};
use sessions::Config;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::{
    accounts::{EMAIL, PASSWORD},
    suite::{Suite, assert_refused, bearer, credentials},
};

const WRONG: &str = "something else entirely";

fn wait(status: &Status) -> Duration {
    status.get_details_retry_info().unwrap().retry_delay.unwrap()
}

#[tokio::test]
async fn after_five_failures_the_next_try_is_told_when_to_come_back() {
    let suite = Suite::start().await;
    for _ in 0..5 {
        assert_refused(suite.try_sign_in(WRONG).await, Code::Unauthenticated, "INVALID_CREDENTIALS");
    }

    let refused = suite.try_sign_in(PASSWORD).await.unwrap_err();

    assert!(wait(&refused) <= Duration::from_secs(1), "{refused:?}");
    assert_refused(Err::<(), _>(refused), Code::ResourceExhausted, "TOO_MANY_ATTEMPTS");
    assert_eq!(suite.asked(), 5, "a refused try costs no hash");
}

#[tokio::test]
async fn an_account_that_does_not_exist_waits_alike() {
    let suite = Suite::start().await;
    let try_it = async || suite.client().create_session(credentials("nobody@example.com", WRONG)).await;
    for _ in 0..5 {
        assert_refused(try_it().await, Code::Unauthenticated, "INVALID_CREDENTIALS");
    }

    assert_refused(try_it().await, Code::ResourceExhausted, "TOO_MANY_ATTEMPTS");
}

#[tokio::test]
async fn whoever_signs_in_while_accounts_is_away_has_not_failed() {
    let suite = Suite::start().await;
    for failure in
        [Status::unavailable("away"), Status::resource_exhausted("busy"), Status::internal("broken")]
    {
        *suite.accounts.failure.lock().unwrap() = Some(failure);
        for _ in 0..7 {
            assert_ne!(suite.try_sign_in(PASSWORD).await.unwrap_err().code(), Code::Unauthenticated);
        }
    }
    assert_eq!(suite.asked(), 21, "nobody had to wait");

    *suite.accounts.failure.lock().unwrap() = None;

    suite.sign_in().await;
}

#[tokio::test]
async fn success_forgets_the_failures_before_it() {
    let suite = Suite::start().await;
    for _ in 0..3 {
        for _ in 0..4 {
            assert_refused(suite.try_sign_in(WRONG).await, Code::Unauthenticated, "INVALID_CREDENTIALS");
        }
        suite.sign_in().await;
    }
}

#[tokio::test]
async fn two_hundred_wrong_passwords_at_once_cost_five_hashes_and_lock_nobody_out() {
    let redis = testkit::redis().await;
    let suite = Arc::new(Suite::in_redis(&redis).await);
    let tries: Vec<_> = (0..200)
        .map(|_| {
            let suite = Arc::clone(&suite);
            tokio::spawn(async move { suite.try_sign_in(WRONG).await.unwrap_err().code() })
        })
        .collect();
    for one in tries {
        assert_ne!(one.await.unwrap(), Code::Ok);
    }
    assert!(suite.asked() <= 5, "{} slipped through", suite.asked());

    let elsewhere = proto::sessions::v1::CreateSessionRequest {
        client_address: "192.0.2.1".to_owned(),
        ..credentials(EMAIL, PASSWORD)
    };
    suite.client().create_session(suite.by("uploads", elsewhere)).await.unwrap();
}

#[tokio::test]
async fn accounts_asks_for_leave_and_shares_the_count_of_signing_in() {
    let suite = Suite::start().await;
    let client_address = "127.0.0.1".to_owned();
    let admit = async || {
        let request = AdmitPasswordAttemptRequest {
            email: EMAIL.to_uppercase(),
            client_address: client_address.clone(),
        };
        suite.client().admit_password_attempt(suite.by("accounts", request)).await
    };
    for _ in 0..3 {
        admit().await.unwrap();
    }
    for _ in 0..2 {
        assert_refused(suite.try_sign_in(WRONG).await, Code::Unauthenticated, "INVALID_CREDENTIALS");
    }

    assert_refused(admit().await, Code::ResourceExhausted, "TOO_MANY_ATTEMPTS");
    assert_refused(suite.try_sign_in(PASSWORD).await, Code::ResourceExhausted, "TOO_MANY_ATTEMPTS");

    let request =
        ForgivePasswordAttemptsRequest { email: EMAIL.to_owned(), client_address: client_address.clone() };
    suite.client().forgive_password_attempts(suite.by("accounts", request)).await.unwrap();
    suite.sign_in().await;
}

#[tokio::test]
async fn only_accounts_asks_for_leave() {
    let suite = Suite::start().await;
    let request =
        AdmitPasswordAttemptRequest { email: EMAIL.to_owned(), client_address: "192.0.2.1".to_owned() };

    let other = suite.client().admit_password_attempt(suite.by("uploads", request.clone())).await;
    let (_, tokens) = suite.sign_in().await;
    let person = suite.client().admit_password_attempt(bearer(&tokens, request.clone())).await;
    let unread = Tokens { session_token: "nonsense".to_owned(), ..Tokens::default() };
    let anybody = suite.client().admit_password_attempt(bearer(&unread, request.clone())).await;
    let nobody = suite.client().admit_password_attempt(request).await;

    for refused in [other, person, anybody] {
        assert_refused(refused, Code::PermissionDenied, "PERMISSION_DENIED");
    }
    assert_refused(nobody, Code::Unauthenticated, "CREDENTIALS_MISSING");
}

#[tokio::test]
async fn an_address_that_nobody_knows_is_counted_for_the_account_only() {
    let mut config = Config::default();
    config.rules.throttle.address_per_minute = 1;
    let suite = Suite::configured(config).await;

    for email in ["a@example.com", "b@example.com", "c@example.com"] {
        let request =
            AdmitPasswordAttemptRequest { email: email.to_owned(), client_address: "0.0.0.0".to_owned() };
        suite.client().admit_password_attempt(suite.by("accounts", request)).await.unwrap();
    }
}

#[tokio::test]
async fn a_busy_accounts_service_is_passed_on_with_its_time_and_without_its_words() {
    let suite = Suite::start().await;
    let mut busy = tonic_types::ErrorDetails::with_retry_info(Some(Duration::from_secs(7)));
    busy.set_error_info("HASHES_BUSY", "fairlead.dev", std::collections::HashMap::new());
    let busy = Status::with_error_details(Code::ResourceExhausted, "host 10.0.0.7 is busy", busy);
    *suite.accounts.failure.lock().unwrap() = Some(busy);

    let refused = suite.try_sign_in(PASSWORD).await.unwrap_err();

    assert_eq!(wait(&refused), Duration::from_secs(7));
    assert!(!refused.message().contains("10.0.0.7"), "{refused:?}");
    assert_refused(Err::<(), _>(refused), Code::ResourceExhausted, "ACCOUNTS_BUSY");
}

#[tokio::test]
async fn a_question_that_accounts_does_not_take_is_wrong_credentials_only_where_somebody_typed_it() {
    let suite = Suite::start().await;
    let refused = async |field: &str| {
        let mut details = tonic_types::ErrorDetails::with_bad_request_violation(field, "must be another");
        details.set_error_info("INVALID_FIELDS", "fairlead.dev", std::collections::HashMap::new());
        let refused = Status::with_error_details(Code::InvalidArgument, "secret words", details);
        *suite.accounts.failure.lock().unwrap() = Some(refused);
        suite.try_sign_in(PASSWORD).await
    };

    for typed in ["email", "password"] {
        assert_refused(refused(typed).await, Code::Unauthenticated, "INVALID_CREDENTIALS");
    }
    assert_refused(refused("something_new").await, Code::Unavailable, "ACCOUNTS_UNAVAILABLE");
    *suite.accounts.failure.lock().unwrap() = Some(Status::invalid_argument("no details at all"));
    assert_refused(suite.try_sign_in(PASSWORD).await, Code::Unavailable, "ACCOUNTS_UNAVAILABLE");
}

#[tokio::test]
async fn while_accounts_is_away_nobody_new_signs_in_and_the_rest_goes_on() {
    let suite = Suite::start().await;
    let (_, tokens) = suite.sign_in().await;

    for code in [Code::Unavailable, Code::DeadlineExceeded, Code::Internal, Code::Unauthenticated] {
        *suite.accounts.failure.lock().unwrap() = Some(Status::new(code, "secret words"));
        let refused = suite.try_sign_in(PASSWORD).await.unwrap_err();
        assert!(wait(&refused) > Duration::ZERO);
        assert!(!refused.message().contains("secret"), "{refused:?}");
        assert_refused(Err::<(), _>(refused), Code::Unavailable, "ACCOUNTS_UNAVAILABLE");
    }

    suite.validate(&tokens.session_token).await.unwrap();
}
