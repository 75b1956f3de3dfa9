//! Signing up.

use proto::accounts::v1::{Account, CreateAccountRequest};
use tokio::task::JoinSet;
use tonic::Code;

use crate::suite::{Suite, assert_refused, sign_up};

const REQUEST: &str = "6f1c1a4e-6df4-4b3f-9a52-0d3c3b6a2f10";

#[tokio::test]
async fn a_new_account_has_nothing_that_was_not_asked_for() {
    let mut suite = Suite::start().await;
    let account =
        Account { email: "Ada@Example.com".into(), display_name: "Ada".into(), ..Account::default() };
    let request = CreateAccountRequest { account: Some(account), ..sign_up("") };

    let created = suite.accounts.create_account(request).await.unwrap().into_inner().account.unwrap();

    assert_eq!((&*created.email, &*created.display_name), ("Ada@Example.com", "Ada"));
    assert_eq!((created.roles.len(), created.disabled), (0, false));
    assert!(created.etag.starts_with('"') && created.etag.ends_with('"'));
    assert_eq!(created.create_time, created.update_time);
    assert!(created.create_time.is_some());
}

#[tokio::test]
async fn an_address_is_taken_in_any_case() {
    let mut suite = Suite::start().await;
    suite.sign_up("ada@example.com").await;

    let again = suite.accounts.create_account(sign_up("ADA@example.com")).await;

    assert_refused(again, Code::AlreadyExists, "EMAIL_TAKEN");
}

#[tokio::test]
async fn a_repeated_request_answers_the_same_account() {
    let mut suite = Suite::start().await;
    let request = CreateAccountRequest { request_id: REQUEST.into(), ..sign_up("ada@example.com") };

    let first = suite.accounts.create_account(request.clone()).await.unwrap().into_inner();
    let again = suite.accounts.create_account(request).await.unwrap().into_inner();

    assert_eq!(first, again);
}

#[tokio::test]
async fn a_request_repeated_at_once_creates_one_account() {
    let suite = Suite::start().await;
    let request = CreateAccountRequest { request_id: REQUEST.into(), ..sign_up("ada@example.com") };
    let mut calls = JoinSet::new();
    for _ in 0..4 {
        let (mut accounts, request) = (suite.accounts.clone(), request.clone());
        calls.spawn(async move { accounts.create_account(request).await.unwrap().into_inner() });
    }

    let answers = calls.join_all().await;

    assert!(answers.iter().all(|answer| *answer == answers[0]));
}

#[tokio::test]
async fn a_request_id_with_another_address_or_password_is_refused() {
    let mut suite = Suite::start().await;
    let request = CreateAccountRequest { request_id: REQUEST.into(), ..sign_up("ada@example.com") };
    suite.accounts.create_account(request.clone()).await.unwrap();

    let address = CreateAccountRequest { request_id: REQUEST.into(), ..sign_up("bob@example.com") };
    let password = CreateAccountRequest { password: "zebras eat grass at noon".into(), ..request };

    for request in [address, password] {
        let answer = suite.accounts.create_account(request).await;
        assert_refused(answer, Code::AlreadyExists, "REQUEST_ID_REUSED");
    }
}
