//! Walks every method of the descriptors as everyone, and compares with the table of who may call.

use std::collections::BTreeSet;

use common::credentials::Signer;
use prost::Message;
use prost_types::FileDescriptorSet;
use proto::{
    accounts::v1::{
        Account, BatchGetAccountsRequest, ChangePasswordRequest, DeleteAccountRequest, GetAccountRequest,
        UpdateAccountRequest,
    },
    sessions::v1::{ListSessionsRequest, RevokeAccountSessionsRequest, RevokeSessionRequest},
};
use testkit::ServiceKeys;
use tonic::{Code, Request, Status, client::Grpc, transport::Channel};
use tonic_prost::ProstCodec;
use tonic_types::StatusExt;

use crate::people::{PASSWORD, Suite, bearer};

/// Everyone who can call: who is nobody in particular, people, and services.
const CALLERS: &[&str] = &["nobody", "user", "admin", "edge", "accounts", "sessions", "uploads"];

/// Who may call what: written out here, so that a slip in a policy table is noticed.
const TABLE: &[(&str, &[&str])] = &[
    ("fairlead.accounts.v1.AccountsService/CreateAccount", CALLERS),
    ("fairlead.accounts.v1.AccountsService/GetAccount", &["user", "admin"]),
    ("fairlead.accounts.v1.AccountsService/BatchGetAccounts", &["user", "admin"]),
    ("fairlead.accounts.v1.AccountsService/UpdateAccount", &["user", "admin"]),
    ("fairlead.accounts.v1.AccountsService/DeleteAccount", &["user", "admin"]),
    ("fairlead.accounts.v1.AccountsService/ListAccounts", &["admin"]),
    ("fairlead.accounts.v1.AccountsService/ChangePassword", &["user", "admin"]),
    ("fairlead.accounts.v1.AccountsService/VerifyPassword", &["sessions"]),
    ("envoy.service.auth.v3.Authorization/Check", &["edge"]),
    ("fairlead.sessions.v1.SessionsService/CreateSession", CALLERS),
    ("fairlead.sessions.v1.SessionsService/ValidateSession", CALLERS),
    ("fairlead.sessions.v1.SessionsService/RefreshSession", CALLERS),
    ("fairlead.sessions.v1.SessionsService/RevokeSession", &["user", "admin"]),
    ("fairlead.sessions.v1.SessionsService/RevokeAccountSessions", &["user", "admin", "accounts"]),
    ("fairlead.sessions.v1.SessionsService/ListSessions", &["user", "admin"]),
    ("fairlead.sessions.v1.SessionsService/AdmitPasswordAttempt", &["accounts"]),
    ("fairlead.sessions.v1.SessionsService/ForgivePasswordAttempts", &["accounts"]),
    ("fairlead.sessions.v1.SessionsService/WatchRevocations", &["accounts", "uploads"]),
    ("fairlead.uploads.v1.UploadsService/CreateUpload", &["user", "admin"]),
    ("fairlead.uploads.v1.UploadsService/WriteUpload", &["user", "admin"]),
    ("fairlead.uploads.v1.UploadsService/SignUpload", &["user", "admin"]),
    ("fairlead.uploads.v1.UploadsService/SignDownload", &["user", "admin"]),
    ("fairlead.uploads.v1.UploadsService/GetUpload", &["user", "admin"]),
    ("fairlead.uploads.v1.UploadsService/FinishUpload", &["user", "admin"]),
    ("fairlead.uploads.v1.UploadsService/ReadUpload", &["user", "admin"]),
    ("fairlead.uploads.v1.UploadsService/ListUploads", &["user", "admin"]),
    ("fairlead.uploads.v1.UploadsService/DeleteUpload", &["user", "admin"]),
    ("fairlead.uploads.v1.UploadsService/DeleteAccountUploads", &["accounts"]),
];

#[tokio::test]
async fn every_method_lets_in_whom_the_table_names_and_nobody_else() {
    let keys = ServiceKeys::make(&CALLERS[3..]);
    let peers = keys.peers().display().to_string();
    let suite = Suite::start(&[("FAIRLEAD__SERVER__CREDENTIALS__PEERS", &peers)]).await;
    let (user, admin) = (suite.person("user@example.com").await, suite.admin("admin@example.com").await);
    let channel = suite.server.channel();

    for &(method, allowed) in TABLE {
        // Envoy asks sessions.
        let audience =
            method.strip_prefix("fairlead.").map_or("sessions", |rest| rest.split('.').next().unwrap());
        let mut let_in = BTreeSet::new();
        for &caller in CALLERS {
            let request = match caller {
                "nobody" => Request::new(()),
                "user" => bearer(&user.tokens, ()),
                "admin" => bearer(&admin.tokens, ()),
                service => {
                    let signer = Signer::from_pem(service, &keys.pem(service)).unwrap();
                    let mut request = Request::new(());
                    let credential = signer.credential(audience).parse().unwrap();
                    request.metadata_mut().insert("fairlead-service", credential);
                    request
                }
            };
            let answer = call(&channel, method, request).await;
            if got_through(&answer) {
                let_in.insert(caller);
            }
        }
        assert_eq!(let_in, allowed.iter().copied().collect::<BTreeSet<_>>(), "{method}");
    }
}

#[test]
fn the_table_has_every_method_of_the_descriptors() {
    let described: BTreeSet<String> = FileDescriptorSet::decode(proto::DESCRIPTORS)
        .unwrap()
        .file
        .iter()
        .flat_map(|file| file.service.iter().map(move |service| (file, service)))
        .flat_map(|(file, service)| {
            let service_name = format!("{}.{}", file.package(), service.name());
            service.method.iter().map(move |method| format!("{service_name}/{}", method.name()))
        })
        .collect();

    assert_eq!(described, TABLE.iter().map(|(method, _)| (*method).to_owned()).collect());
}

#[tokio::test]
async fn what_belongs_to_another_is_not_found() {
    let suite = Suite::start(&[]).await;
    let (owner, other) = (suite.person("owner@example.com").await, suite.person("other@example.com").await);
    let account_id = owner.account.account_id.clone();
    let session_id = owner.session.session_id.clone();
    let (mut accounts, mut sessions) = (suite.accounts(), suite.sessions());
    let by = &other.tokens;

    let get = GetAccountRequest { account_id: account_id.clone() };
    let batch = BatchGetAccountsRequest { account_ids: vec![account_id.clone()] };
    let account =
        Account { account_id: account_id.clone(), display_name: "Mine".to_owned(), ..Account::default() };
    let update = UpdateAccountRequest { account: Some(account), update_mask: None };
    let delete = DeleteAccountRequest {
        account_id: account_id.clone(),
        current_password: PASSWORD.to_owned(),
        ..DeleteAccountRequest::default()
    };
    let change = ChangePasswordRequest {
        account_id: account_id.clone(),
        current_password: PASSWORD.to_owned(),
        new_password: "another long walk along it".to_owned(),
    };
    let revoke = RevokeSessionRequest { session_id, account_id: account_id.clone(), ..Default::default() };
    let revoke_all = RevokeAccountSessionsRequest {
        account_id: account_id.clone(),
        ..RevokeAccountSessionsRequest::default()
    };
    let list = ListSessionsRequest { account_id, ..ListSessionsRequest::default() };
    let answers = [
        accounts.get_account(bearer(by, get.clone())).await.err(),
        accounts.batch_get_accounts(bearer(by, batch)).await.err(),
        accounts.update_account(bearer(by, update)).await.err(),
        accounts.delete_account(bearer(by, delete)).await.err(),
        accounts.change_password(bearer(by, change)).await.err(),
        sessions.revoke_session(bearer(by, revoke)).await.err(),
        sessions.revoke_account_sessions(bearer(by, revoke_all)).await.err(),
        sessions.list_sessions(bearer(by, list)).await.err(),
    ];

    for (position, answer) in answers.into_iter().enumerate() {
        let status = answer.unwrap_or_else(|| panic!("call {position} reached another's resource"));
        assert_eq!(status.code(), Code::NotFound, "call {position}: {status:?}");
    }
    // Nothing has happened to the owner.
    let got = accounts.get_account(bearer(&owner.tokens, get)).await.unwrap().into_inner();
    assert_eq!(got.account, Some(owner.account));
}

#[tokio::test]
async fn bad_credentials_are_refused_before_the_message_is_looked_at() {
    let suite = Suite::start(&[]).await;
    let channel = suite.server.channel();
    let method = "fairlead.accounts.v1.AccountsService/GetAccount";
    let with = |name: &'static str, value: &str| {
        let mut request = Request::new(());
        request.metadata_mut().insert(name, value.parse().unwrap());
        request
    };

    let refused = [
        (Request::new(()), "CREDENTIALS_MISSING"),
        (with("authorization", "Bearer"), "CREDENTIALS_MALFORMED"),
        (with("authorization", "Basic YTpi"), "CREDENTIALS_MALFORMED"),
        (with("authorization", "Bearer nonsense"), "SESSION_INVALID"),
        (with("fairlead-service", "accounts.accounts.1.x"), "SERVICE_CREDENTIAL_INVALID"),
    ];

    for (request, reason) in refused {
        let status = call(&channel, method, request).await.unwrap_err();
        assert_eq!(status.code(), Code::Unauthenticated, "{status:?}");
        assert_eq!(status.get_details_error_info().unwrap().reason, reason);
    }
}

/// Calls a method with an empty message, which every method but one refuses to work on.
async fn call(channel: &Channel, method: &str, request: Request<()>) -> Result<(), Status> {
    let mut client = Grpc::new(channel.clone());
    client.ready().await.unwrap();
    let path = format!("/{method}").parse().unwrap();
    client.unary(request, path, ProstCodec::<(), ()>::default()).await.map(|_| ())
}

/// Whether the call came as far as its handler.
fn got_through(answer: &Result<(), Status>) -> bool {
    let Err(status) = answer else {
        return true;
    };
    let reason = status.get_details_error_info().map(|info| info.reason).unwrap_or_default();
    let at_the_gate = matches!(status.code(), Code::Unauthenticated | Code::PermissionDenied)
        && (reason.starts_with("CREDENTIALS_") || reason == "PERMISSION_DENIED");
    assert!(at_the_gate || status.code() == Code::InvalidArgument, "an unexpected answer: {status:?}");
    !at_the_gate
}
