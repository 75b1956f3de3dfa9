//! Deleting an account.

use proto::accounts::v1::{Account, DeleteAccountRequest, GetAccountRequest};
use tonic::Code;

use crate::suite::{PASSWORD, Suite, assert_invalid, assert_refused, by, by_admin};

#[tokio::test]
async fn the_owner_deletes_with_the_password_and_not_without() {
    let mut suite = Suite::start().await;
    let ada = suite.sign_up("ada@example.com").await;

    let without = suite.accounts.delete_account(by(&ada, delete(&ada, "", ""))).await;
    let wrong = suite.accounts.delete_account(by(&ada, delete(&ada, "", "zebras eat grass"))).await;
    suite.accounts.delete_account(by(&ada, delete(&ada, &ada.etag, PASSWORD))).await.unwrap();

    assert_invalid(without, &["current_password"]);
    assert_refused(wrong, Code::PermissionDenied, "WRONG_PASSWORD");
    assert!(suite.verify("ada@example.com", PASSWORD).await.unwrap().is_none());
    suite.peer.heard(&ada.account_id, 2).await;
    let get = GetAccountRequest { account_id: ada.account_id.clone() };
    assert_refused(suite.accounts.get_account(by(&ada, get)).await, Code::NotFound, "ACCOUNT_NOT_FOUND");
}

#[tokio::test]
async fn an_admin_deletes_anothers_account_without_a_password() {
    let mut suite = Suite::start().await;
    let ada = suite.sign_up("ada@example.com").await;

    let stale = suite.accounts.delete_account(by_admin(delete(&ada, "\"99\"", ""))).await;
    suite.accounts.delete_account(by_admin(delete(&ada, &ada.etag, ""))).await.unwrap();

    assert_refused(stale, Code::Aborted, "ETAG_MISMATCH");
    suite.peer.heard(&ada.account_id, 2).await;
}

#[tokio::test]
async fn an_admin_deletes_the_own_account_like_everybody() {
    let mut suite = Suite::start().await;
    let ada = suite.sign_up("ada@example.com").await;
    let mut request = by(&ada, delete(&ada, "", ""));
    let token = format!("Bearer admin:{}", ada.account_id);
    request.metadata_mut().insert("authorization", token.parse().unwrap());

    let refused = suite.accounts.delete_account(request).await;

    assert_invalid(refused, &["current_password"]);
}

#[tokio::test]
async fn nobody_deletes_the_account_of_another() {
    let mut suite = Suite::start().await;
    let ada = suite.sign_up("ada@example.com").await;
    let bob = suite.sign_up("bob@example.com").await;

    for password in ["", PASSWORD] {
        let refused = suite.accounts.delete_account(by(&bob, delete(&ada, "", password))).await;
        assert_refused(refused, Code::NotFound, "ACCOUNT_NOT_FOUND");
    }
}

fn delete(account: &Account, etag: &str, password: &str) -> DeleteAccountRequest {
    DeleteAccountRequest {
        account_id: account.account_id.clone(),
        etag: etag.to_owned(),
        current_password: password.to_owned(),
    }
}
