//! Reading accounts.

use proto::accounts::v1::{BatchGetAccountsRequest, GetAccountRequest, ListAccountsRequest};
use tonic::Code;

use crate::suite::{Suite, assert_invalid, assert_refused, by, by_admin};

#[tokio::test]
async fn people_read_their_own_account_and_no_other() {
    let mut suite = Suite::start().await;
    let ada = suite.sign_up("ada@example.com").await;
    let bob = suite.sign_up("bob@example.com").await;
    let get = GetAccountRequest { account_id: ada.account_id.clone() };
    let batch = BatchGetAccountsRequest { account_ids: vec![bob.account_id.clone(), ada.account_id.clone()] };

    let own = suite.accounts.get_account(by(&ada, get.clone())).await.unwrap().into_inner();
    let others = suite.accounts.get_account(by(&bob, get)).await;
    let mixed = suite.accounts.batch_get_accounts(by(&bob, batch)).await;

    assert_eq!(own.account, Some(ada));
    let others = assert_refused(others, Code::NotFound, "ACCOUNT_NOT_FOUND");
    assert_refused(mixed, Code::NotFound, "ACCOUNT_NOT_FOUND");
    let missing = GetAccountRequest { account_id: "0190f0a8-7b1e-7c3a-9d2f-3c5b1a2e4f61".into() };
    let missing = suite.accounts.get_account(by_admin(missing)).await.unwrap_err();
    assert_eq!((missing.code(), missing.message()), (others.code(), others.message()));
}

#[tokio::test]
async fn an_admin_reads_several_in_the_order_asked_or_none() {
    let mut suite = Suite::start().await;
    let ada = suite.sign_up("ada@example.com").await;
    let bob = suite.sign_up("bob@example.com").await;
    let ids =
        |ids: &[&str]| BatchGetAccountsRequest { account_ids: ids.iter().map(|id| (*id).into()).collect() };

    let both = ids(&[&bob.account_id, &ada.account_id, &bob.account_id]);
    let both = suite.accounts.batch_get_accounts(by_admin(both)).await.unwrap().into_inner().accounts;
    let one_missing = ids(&[&bob.account_id, "0190f0a8-7b1e-7c3a-9d2f-3c5b1a2e4f61"]);
    let one_missing = suite.accounts.batch_get_accounts(by_admin(one_missing)).await;

    assert_eq!(both, [bob.clone(), ada, bob]);
    assert_refused(one_missing, Code::NotFound, "ACCOUNT_NOT_FOUND");
}

#[tokio::test]
async fn pages_cover_every_account_once() {
    let mut suite = Suite::start().await;
    let mut created = Vec::new();
    for name in ["ada", "bob", "eve"] {
        created.push(suite.sign_up(&format!("{name}@example.com")).await);
    }

    let mut listed = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = ListAccountsRequest { page_size: 2, page_token };
        let page = suite.accounts.list_accounts(by_admin(request)).await.unwrap().into_inner();
        listed.extend(page.accounts);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }

    assert_eq!(listed, created);
}

#[tokio::test]
async fn a_full_last_page_has_no_token() {
    let mut suite = Suite::start().await;
    suite.sign_up("ada@example.com").await;

    let request = ListAccountsRequest { page_size: 1, page_token: String::new() };
    let page = suite.accounts.list_accounts(by_admin(request)).await.unwrap().into_inner();

    assert_eq!((page.accounts.len(), &*page.next_page_token), (1, ""));
    let negative = ListAccountsRequest { page_size: -1, page_token: "nonsense".into() };
    let refused = suite.accounts.list_accounts(by_admin(negative)).await;
    assert_invalid(refused, &["page_size", "page_token"]);
}
