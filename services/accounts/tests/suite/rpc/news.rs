//! What sessions hears.

use proto::accounts::v1::{Account, UpdateAccountRequest};

use crate::suite::{PASSWORD, Suite, by_admin};

#[tokio::test]
async fn disabling_and_new_roles_end_the_sessions_in_order() {
    let mut suite = Suite::start().await;
    let ada = suite.sign_up("ada@example.com").await;
    let id = ada.account_id.clone();
    let changes = [
        Account { account_id: id.clone(), roles: vec!["admin".into()], ..Account::default() },
        Account { account_id: id.clone(), display_name: "Ada".into(), ..Account::default() },
        Account { account_id: id.clone(), disabled: true, ..Account::default() },
    ];

    for change in changes {
        let request = UpdateAccountRequest { account: Some(change), update_mask: None };
        suite.accounts.update_account(by_admin(request)).await.unwrap();
    }

    suite.peer.heard(&id, 3).await;
    assert_eq!(suite.peer.revoked(), [(id.clone(), 2), (id, 3)]);
    assert!(suite.verify("ada@example.com", PASSWORD).await.unwrap().is_none(), "a disabled account");
}

#[tokio::test]
async fn what_could_not_be_told_is_told_later() {
    let mut suite = Suite::start().await;
    let ada = suite.sign_up("ada@example.com").await;
    suite.peer.set_deaf(true);
    let change = Account { account_id: ada.account_id.clone(), disabled: true, ..Account::default() };
    let request = UpdateAccountRequest { account: Some(change), update_mask: None };

    suite.accounts.update_account(by_admin(request)).await.unwrap();
    suite.peer.set_deaf(false);

    suite.peer.heard(&ada.account_id, 2).await;
}
