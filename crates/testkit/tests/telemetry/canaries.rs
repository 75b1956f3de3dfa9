//! Secrets and personal data are in no log line, no span and no metric.

use std::fs;

use common::credentials::Signer;
use http::{Request, header::CONTENT_TYPE};
use http_body_util::{BodyExt, Full};
use proto::{
    accounts::v1::{
        Account, ChangePasswordRequest, CreateAccountRequest, DeleteAccountRequest, GetAccountRequest,
        UpdateAccountRequest,
    },
    sessions::v1::{
        CreateSessionRequest, ListSessionsRequest, RefreshSessionRequest, Tokens, ValidateSessionRequest,
    },
};
use testkit::{Server, Signal};
use tonic::body::Body;
use tower::ServiceExt;

use crate::{
    TRACED,
    fields::requests,
    house::{House, sign_in},
    with,
};

/// In everything that is planted, whatever its case.
const MARK: &str = "canary";
const LOUD: [(&str, &str); 2] = [("FAIRLEAD__TELEMETRY__LOG", "debug"), ("OTEL_TRACES_SAMPLER", "always_on")];

#[tokio::test]
async fn what_people_send_and_get_is_told_nowhere() {
    let house = House::start(&LOUD).await;
    let (mut accounts, mut sessions) = (house.accounts(), house.sessions());
    let (email, password, next) =
        ("Canary.Ada@example.com", "canary in the first mine", "canary in the next");

    let account = Account { email: email.into(), display_name: "Canary Ada".into(), ..Account::default() };
    let create = CreateAccountRequest {
        account: Some(account),
        password: password.into(),
        ..CreateAccountRequest::default()
    };
    let account = accounts.create_account(create.clone()).await.unwrap().into_inner().account.unwrap();
    accounts.create_account(create).await.unwrap_err();
    sessions.create_session(sign_in(email, "canary in no mine at all")).await.unwrap_err();
    let request = CreateSessionRequest { user_agent: "canary browser".into(), ..sign_in(email, password) };
    let first = sessions.create_session(request).await.unwrap().into_inner().tokens.unwrap();
    let renew = RefreshSessionRequest { refresh_token: first.refresh_token.clone() };
    let second = sessions.refresh_session(renew).await.unwrap().into_inner().tokens.unwrap();
    let prove = ValidateSessionRequest { session_token: second.session_token.clone() };
    sessions.validate_session(prove).await.unwrap();

    let bearer = format!("Bearer {}", second.session_token);
    let signed_in = [("authorization", &*bearer), ("traceparent", TRACED)];
    let id = account.account_id.clone();
    let get = GetAccountRequest { account_id: id.clone() };
    accounts.get_account(with(get, &signed_in)).await.unwrap();
    let list = ListSessionsRequest { account_id: id.clone(), ..ListSessionsRequest::default() };
    sessions.list_sessions(with(list, &signed_in)).await.unwrap();
    let renamed = Account { account_id: id.clone(), display_name: "Canary Eve".into(), ..Account::default() };
    let update = UpdateAccountRequest { account: Some(renamed), ..UpdateAccountRequest::default() };
    accounts.update_account(with(update, &signed_in)).await.unwrap();
    let change = ChangePasswordRequest {
        account_id: id.clone(),
        current_password: password.into(),
        new_password: next.into(),
    };
    accounts.change_password(with(change, &signed_in)).await.unwrap();
    let third = sessions.create_session(sign_in(email, next)).await.unwrap().into_inner().tokens.unwrap();
    let bearer = format!("Bearer {}", third.session_token);
    let delete = DeleteAccountRequest { account_id: id, current_password: next.into(), ..Default::default() };
    accounts.delete_account(with(delete, &[("authorization", &*bearer)])).await.unwrap();

    let secrets = [&first, &second, &third].into_iter().flat_map(secrets);
    let keys = ["accounts", "sessions"].map(|name| key(&house, name));
    let told = everything_told(house).await;
    for planted in secrets.chain(keys).chain([MARK.to_owned()]) {
        assert_nowhere(&told, &planted);
    }
}

#[tokio::test]
async fn what_is_planted_in_every_field_and_header_is_told_nowhere() {
    let house = House::start(&LOUD).await;
    let mut number = 0;
    let requests = requests(|field| {
        number += 1;
        if field.contains("email") {
            format!("{MARK}{number}@example.com")
        } else {
            format!("{MARK}-{number}")
        }
    });
    let bearer = format!("Bearer {MARK}");
    let headers = [
        ("authorization", &*bearer),
        ("cookie", "session=canary"),
        ("baggage", "tenant=canary"),
        ("tracestate", "vendor=canary"),
        ("user-agent", MARK),
        ("x-forwarded-for", MARK),
        ("x-request-id", MARK),
    ];
    let signers = ["accounts", "sessions"].map(|name| {
        let pem = fs::read_to_string(house.keys.private(name)).unwrap();
        Signer::from_pem(name, &pem).unwrap()
    });

    for (path, message) in &requests {
        let (server, audience, signer) = if path.contains(".accounts.") {
            (&house.accounts, "accounts", &signers[1])
        } else {
            (&house.sessions, "sessions", &signers[0])
        };
        call(server, path, message, &[]).await;
        call(server, path, message, &headers).await;
        call(server, path, message, &[("fairlead-service", MARK)]).await;
        call(server, path, message, &[("fairlead-service", &signer.credential(audience))]).await;
        call(server, path, &[0xff, b'c', b'a', b'n', b'a', b'r', b'y'], &headers).await;
    }
    call(&house.accounts, "/canary.Canary/Canary", &[], &headers).await;

    let told = everything_told(house).await;
    assert!(requests.len() >= 16, "{}", requests.len());
    assert_nowhere(&told, MARK);
}

fn secrets(tokens: &Tokens) -> [String; 2] {
    // The prefix is public, and so may be what follows it in part: the bucket and the id of the session.
    [&tokens.session_token, &tokens.refresh_token].map(|token| token[token.len() - 40..].to_owned())
}

/// The middle of a private key.
fn key(house: &House, name: &str) -> String {
    let pem = fs::read_to_string(house.keys.private(name)).unwrap();
    pem.lines().nth(1).unwrap()[..32].to_owned()
}

/// Every log line, span and metric of both processes, after they have ended.
async fn everything_told(house: House) -> Vec<String> {
    let mut told = Vec::new();
    for server in [house.sessions, house.accounts] {
        told.extend(server.get("/metrics").await.unwrap().body.lines().map(str::to_owned));
        told.push(server.get("/config").await.unwrap().body);
        server.binary.signal(Signal::TERM);
        let exit = server.binary.exit().await;
        assert!(exit.lines.iter().any(|line| line["message"] == "call ended"), "it was not logged at debug");
        told.extend(exit.lines.iter().map(ToString::to_string));
        told.push(exit.stderr);
    }
    let spans = house.collector.so_far();
    assert!(spans.iter().any(|span| span.kind == "client"), "nothing was traced");
    told.extend(spans.iter().map(|span| format!("{span:?}")));
    told
}

fn assert_nowhere(told: &[String], planted: &str) {
    let lower = planted.to_lowercase();
    let leaks: Vec<&String> =
        told.iter().filter(|text| text.contains(planted) || text.to_lowercase().contains(&lower)).collect();
    assert!(leaks.is_empty(), "{planted} is told: {leaks:#?}");
}

/// One call with a body of its own making; how it ends does not matter.
async fn call(server: &Server, path: &str, message: &[u8], headers: &[(&str, &str)]) {
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    let body = [&[0], length.as_slice(), message].concat();
    let mut request = Request::post(path).header(CONTENT_TYPE, "application/grpc").header("te", "trailers");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::new(Full::new(body.into()))).unwrap();
    let response = server.channel().oneshot(request).await.unwrap();
    response.into_body().collect().await.unwrap();
}
