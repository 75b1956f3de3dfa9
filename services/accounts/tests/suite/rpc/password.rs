//! Changing a password.

use proto::accounts::v1::{Account, ChangePasswordRequest};
use tonic::Code;
use tonic_types::StatusExt;

use crate::{
    peer::WAIT,
    suite::{PASSWORD, Suite, assert_invalid, assert_refused, by, by_admin},
};

const NEW: &str = "zebras eat grass at night";

#[tokio::test]
async fn a_new_password_replaces_the_old_one_and_ends_the_sessions() {
    let mut suite = Suite::start().await;
    let ada = suite.sign_up("ada@example.com").await;

    let answer = suite.accounts.change_password(by(&ada, change(&ada, PASSWORD, NEW))).await.unwrap();

    assert_ne!(answer.into_inner().account.unwrap().etag, ada.etag);
    assert!(suite.verify("ada@example.com", PASSWORD).await.unwrap().is_none());
    assert_eq!(suite.verify("ada@example.com", NEW).await.unwrap().unwrap().auth_epoch, 2);
    suite.peer.heard(&ada.account_id, 2).await;
    let one = vec!["ada@example.com".to_owned()];
    assert_eq!(suite.peer.attempts(), (one.clone(), one));
}

#[tokio::test]
async fn a_wrong_current_password_changes_nothing_and_is_not_forgiven() {
    let mut suite = Suite::start().await;
    let ada = suite.sign_up("Ada@example.com").await;

    let refused = suite.accounts.change_password(by(&ada, change(&ada, NEW, NEW))).await;

    assert_refused(refused, Code::PermissionDenied, "WRONG_PASSWORD");
    assert!(suite.verify("ada@example.com", PASSWORD).await.unwrap().is_some());
    assert_eq!(suite.peer.attempts(), (vec!["ada@example.com".to_owned()], vec![]));
}

#[tokio::test]
async fn whoever_has_to_wait_before_signing_in_has_to_wait_here() {
    let mut suite = Suite::start().await;
    let ada = suite.sign_up("ada@example.com").await;
    suite.peer.throttle("ada@example.com");

    let refused = suite.accounts.change_password(by(&ada, change(&ada, PASSWORD, NEW))).await;

    let status = assert_refused(refused, Code::ResourceExhausted, "TOO_MANY_ATTEMPTS");
    assert_eq!(status.get_details_retry_info().unwrap().retry_delay, Some(WAIT));
}

#[tokio::test]
async fn nobody_changes_the_password_of_another() {
    let mut suite = Suite::start().await;
    let ada = suite.sign_up("ada@example.com").await;
    let bob = suite.sign_up("bob@example.com").await;

    let by_bob = suite.accounts.change_password(by(&bob, change(&ada, PASSWORD, NEW))).await;
    let by_admin = suite.accounts.change_password(by_admin(change(&ada, PASSWORD, NEW))).await;

    assert_refused(by_bob, Code::NotFound, "ACCOUNT_NOT_FOUND");
    assert_refused(by_admin, Code::NotFound, "ACCOUNT_NOT_FOUND");
    assert_eq!(suite.peer.attempts().0.len(), 0);
}

#[tokio::test]
async fn a_password_made_of_the_address_is_refused() {
    let mut suite = Suite::start().await;
    let ada = suite.sign_up("lovelace@example.com").await;

    let refused =
        suite.accounts.change_password(by(&ada, change(&ada, PASSWORD, "Lovelace likes giraffes"))).await;

    assert_invalid(refused, &["new_password"]);
}

fn change(account: &Account, current: &str, new: &str) -> ChangePasswordRequest {
    ChangePasswordRequest {
        account_id: account.account_id.clone(),
        current_password: current.to_owned(),
        new_password: new.to_owned(),
    }
}
