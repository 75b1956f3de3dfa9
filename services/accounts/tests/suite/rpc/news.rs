//! What sessions hears.

use std::time::Duration;

use proto::accounts::v1::{Account, UpdateAccountRequest};
use tokio::time::timeout;

use crate::suite::{PASSWORD, Suite, by_admin};

/// Much longer than the waits after a few failed deliveries.
const SOON: Duration = Duration::from_secs(20);

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
    suite.peer.refused(2).await;
    suite.peer.set_deaf(false);

    let heard = timeout(SOON, suite.peer.heard(&ada.account_id, 2)).await;
    heard.expect("a failed delivery is tried again after its own wait");
}

#[tokio::test]
async fn news_that_hangs_holds_up_no_other() {
    let mut suite = Suite::start().await;
    let (ada, bob) = (suite.sign_up("ada@example.com").await, suite.sign_up("bob@example.com").await);
    let disable = |account: &Account| {
        let account =
            Account { account_id: account.account_id.clone(), disabled: true, ..Account::default() };
        by_admin(UpdateAccountRequest { account: Some(account), update_mask: None })
    };
    suite.peer.be_silent_about(&ada.account_id);
    let mut unanswered = suite.peer.unanswered();

    suite.accounts.update_account(disable(&ada)).await.unwrap();
    unanswered.wait_for(|count| *count == 1).await.unwrap();
    suite.accounts.update_account(disable(&bob)).await.unwrap();
    suite.peer.heard(&bob.account_id, 2).await;

    assert_eq!(*unanswered.borrow(), 1, "the first is not given up yet");
}

#[tokio::test]
async fn news_that_hangs_is_told_by_nobody_else_meanwhile() {
    let mut suite = Suite::start().await;
    let ada = suite.sign_up("ada@example.com").await;
    suite.peer.be_silent_about(&ada.account_id);
    let mut unanswered = suite.peer.unanswered();
    let account = Account { account_id: ada.account_id, disabled: true, ..Account::default() };

    let request = UpdateAccountRequest { account: Some(account), update_mask: None };
    suite.accounts.update_account(by_admin(request)).await.unwrap();
    unanswered.wait_for(|count| *count == 1).await.unwrap();
    let next = *unanswered.wait_for(|count| *count != 1).await.unwrap();

    assert_eq!(next, 0, "it was told again before it was given up");
}
