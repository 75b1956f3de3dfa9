//! Requests that no honest client sends.

use common::grpc::paging;
use prost_types::FieldMask;
use proto::accounts::v1::{
    Account, BatchGetAccountsRequest, ChangePasswordRequest, CreateAccountRequest, DeleteAccountRequest,
    GetAccountRequest, ListAccountsRequest, UpdateAccountRequest,
};
use tonic::{Code, client::Grpc};
use tonic_prost::ProstCodec;

use crate::suite::{Suite, assert_invalid, assert_refused, by, by_admin, sign_up};

#[tokio::test]
async fn everything_wrong_with_a_sign_up_is_told_at_once() {
    let mut suite = Suite::start().await;
    let account = Account {
        account_id: "mine".into(),
        email: "no address".into(),
        display_name: "n".repeat(101),
        roles: vec!["admin".into()],
        disabled: true,
        etag: "\"1\"".into(),
        ..Account::default()
    };
    let request =
        CreateAccountRequest { account: Some(account), password: "short".into(), request_id: "again".into() };

    let refused = suite.accounts.create_account(request).await;

    let fields = [
        "account.account_id",
        "account.roles",
        "account.disabled",
        "account.etag",
        "account.email",
        "account.display_name",
        "password",
        "request_id",
    ];
    assert_invalid(refused, &fields);
    assert_invalid(
        suite.accounts.create_account(CreateAccountRequest::default()).await,
        &["account", "password"],
    );
}

#[tokio::test]
async fn bad_addresses_and_passwords_are_named() {
    let mut suite = Suite::start().await;
    let long = format!("{}@example.com", "a".repeat(250));

    for email in ["", "ada", "ada@", "a@b@example.com", "ada @example.com", "ада@example.com", &long] {
        assert_invalid(suite.accounts.create_account(sign_up(email)).await, &["account.email"]);
    }
    let too_long = "giraffes eat grass at noon, ".repeat(5);
    for password in
        ["", "fourteen chars", &too_long, "passwordpassword1", "qwertyuiopasdfgh", "ada.lovelace and me"]
    {
        let request =
            CreateAccountRequest { password: password.into(), ..sign_up("ada.lovelace@example.com") };
        assert_invalid(suite.accounts.create_account(request).await, &["password"]);
    }
}

#[tokio::test]
async fn malformed_ids_are_named_where_they_stand() {
    let mut suite = Suite::start().await;
    let ada = suite.sign_up("ada@example.com").await;
    let id = String::from("not-an-id");

    let get = suite.accounts.get_account(by(&ada, GetAccountRequest { account_id: id.clone() })).await;
    assert_invalid(get, &["account_id"]);
    let batch = BatchGetAccountsRequest { account_ids: vec![ada.account_id.clone(), id.clone()] };
    assert_invalid(suite.accounts.batch_get_accounts(by(&ada, batch)).await, &["account_ids[1]"]);
    for count in [0, 101] {
        let batch = BatchGetAccountsRequest { account_ids: vec![ada.account_id.clone(); count] };
        assert_invalid(suite.accounts.batch_get_accounts(by(&ada, batch)).await, &["account_ids"]);
    }
    let change = ChangePasswordRequest { account_id: id.clone(), ..ChangePasswordRequest::default() };
    let fields = ["account_id", "current_password", "new_password"];
    assert_invalid(suite.accounts.change_password(by(&ada, change)).await, &fields);
    let delete = DeleteAccountRequest { account_id: id, etag: "1".into(), ..DeleteAccountRequest::default() };
    assert_invalid(suite.accounts.delete_account(by(&ada, delete)).await, &["account_id", "etag"]);
}

#[tokio::test]
async fn a_bad_update_is_refused_field_by_field() {
    let mut suite = Suite::start().await;
    let ada = suite.sign_up("ada@example.com").await;
    let mask = |paths: &[&str]| Some(FieldMask { paths: paths.iter().map(ToString::to_string).collect() });
    let nobody = suite.accounts.update_account(by(&ada, UpdateAccountRequest::default())).await;
    assert_invalid(nobody, &["account", "account.account_id"]);

    for path in ["create_time", "password", "account.display_name", "*,roles", " display_name"] {
        let request = UpdateAccountRequest { account: Some(ada.clone()), update_mask: mask(&[path]) };
        assert_invalid(suite.accounts.update_account(by(&ada, request)).await, &["update_mask"]);
    }
    let account = Account {
        account_id: ada.account_id.clone(),
        email: "nowhere".into(),
        display_name: " ".into(),
        roles: vec!["Not A Role".into()],
        etag: "unquoted".into(),
        ..Account::default()
    };
    let request = UpdateAccountRequest { account: Some(account), update_mask: None };
    let fields = ["account.etag", "account.email", "account.display_name", "account.roles"];
    assert_invalid(suite.accounts.update_account(by_admin(request)).await, &fields);
}

#[tokio::test]
async fn page_tokens_of_other_lists_are_refused() {
    let mut suite = Suite::start().await;
    let other = paging::token("sessions", &[0; 16]);
    let short = paging::token("accounts", b"short");

    for page_token in ["x", "%%%", "AAAA", &other, &short] {
        let request = ListAccountsRequest { page_size: 0, page_token: page_token.into() };
        assert_invalid(suite.accounts.list_accounts(by_admin(request)).await, &["page_token"]);
    }
}

#[tokio::test]
async fn text_that_is_not_utf_8_is_named_by_its_path() {
    let suite = Suite::start().await;
    // As CreateAccountRequest.account.email, which is bytes on the wire.
    let account = BytesOnly { email: b"ada\xff@example.com".to_vec() };
    let request = Wrapper { account: Some(account) };

    let mut client = Grpc::new(suite.channel.clone());
    client.ready().await.unwrap();
    let path = "/fairlead.accounts.v1.AccountsService/CreateAccount".parse().unwrap();
    let answer = client.unary(tonic::Request::new(request), path, ProstCodec::<Wrapper, ()>::default()).await;

    assert_invalid(answer, &["account.email"]);
}

#[tokio::test]
async fn without_credentials_nothing_is_looked_at() {
    let mut suite = Suite::start().await;

    let get = suite.accounts.get_account(GetAccountRequest { account_id: "nonsense".into() }).await;
    let list =
        suite.accounts.list_accounts(ListAccountsRequest { page_size: -1, ..Default::default() }).await;

    assert_refused(get, Code::Unauthenticated, "CREDENTIALS_MISSING");
    assert_refused(list, Code::Unauthenticated, "CREDENTIALS_MISSING");
}

#[derive(Clone, PartialEq, prost::Message)]
struct Wrapper {
    #[prost(message, optional, tag = "1")]
    account: Option<BytesOnly>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct BytesOnly {
    #[prost(bytes = "vec", tag = "2")]
    email: Vec<u8>,
}
