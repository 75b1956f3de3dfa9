//! Changing fields.

use prost_types::FieldMask;
use proto::accounts::v1::{Account, UpdateAccountRequest};
use tonic::Code;

use crate::suite::{Suite, assert_refused, by, by_admin};

#[tokio::test]
async fn people_change_their_own_name_and_nothing_else() {
    let mut suite = Suite::start().await;
    let ada = suite.sign_up("ada@example.com").await;
    let renamed = Account { display_name: "Ada".into(), ..ada.clone() };

    let after = suite.accounts.update_account(by(&ada, update(&renamed, &["*"]))).await.unwrap();

    let after = after.into_inner().account.unwrap();
    assert_eq!(after.display_name, "Ada");
    assert_ne!(after.etag, ada.etag);
    for field in ["email", "roles", "disabled"] {
        let wanted = Account { roles: vec!["admin".into()], etag: String::new(), ..renamed.clone() };
        let refused =
            suite.accounts.update_account(by(&ada, update(&wanted, &["display_name", field]))).await;
        let status = assert_refused(refused, Code::PermissionDenied, "ADMIN_FIELD");
        assert!(status.message().contains(field), "{status:?}");
    }
    let implied = UpdateAccountRequest {
        account: Some(Account {
            roles: vec!["admin".into()],
            account_id: ada.account_id.clone(),
            ..Account::default()
        }),
        update_mask: None,
    };
    let refused = suite.accounts.update_account(by(&ada, implied)).await;
    assert_refused(refused, Code::PermissionDenied, "ADMIN_FIELD");
}

#[tokio::test]
async fn anothers_account_is_not_found_whatever_is_to_be_changed() {
    let mut suite = Suite::start().await;
    let ada = suite.sign_up("ada@example.com").await;
    let bob = suite.sign_up("bob@example.com").await;

    for field in ["display_name", "roles"] {
        let refused = suite.accounts.update_account(by(&bob, update(&ada, &[field]))).await;
        assert_refused(refused, Code::NotFound, "ACCOUNT_NOT_FOUND");
    }
}

#[tokio::test]
async fn an_admin_changes_everything_but_not_to_anothers_address() {
    let mut suite = Suite::start().await;
    let ada = suite.sign_up("ada@example.com").await;
    suite.sign_up("bob@example.com").await;
    let wanted = Account {
        email: "lovelace@example.com".into(),
        roles: vec!["editor".into(), "admin".into(), "editor".into()],
        disabled: true,
        ..ada.clone()
    };

    let after = suite.accounts.update_account(by_admin(update(&wanted, &["*"]))).await.unwrap();

    let after = after.into_inner().account.unwrap();
    assert_eq!((&*after.email, after.disabled), ("lovelace@example.com", true));
    assert_eq!(after.roles, ["admin", "editor"]);
    let taken = Account { email: "BOB@example.com".into(), ..after };
    let refused = suite.accounts.update_account(by_admin(update(&taken, &["email"]))).await;
    assert_refused(refused, Code::AlreadyExists, "EMAIL_TAKEN");
}

#[tokio::test]
async fn a_stale_etag_is_aborted() {
    let mut suite = Suite::start().await;
    let ada = suite.sign_up("ada@example.com").await;
    let renamed = Account { display_name: "Ada".into(), ..ada.clone() };
    suite.accounts.update_account(by(&ada, update(&renamed, &["display_name"]))).await.unwrap();

    let stale = Account { display_name: "Augusta".into(), ..ada.clone() };
    let refused = suite.accounts.update_account(by(&ada, update(&stale, &["display_name"]))).await;

    assert_refused(refused, Code::Aborted, "ETAG_MISMATCH");
}

fn update(account: &Account, paths: &[&str]) -> UpdateAccountRequest {
    let update_mask = Some(FieldMask { paths: paths.iter().map(ToString::to_string).collect() });
    UpdateAccountRequest { account: Some(account.clone()), update_mask }
}
