//! Secrets and personal data are in no log line, no span and no metric.

use std::fs;

use common::credentials::Signer;
use proto::{
    accounts::v1::{
        Account, ChangePasswordRequest, CreateAccountRequest, DeleteAccountRequest, GetAccountRequest,
        UpdateAccountRequest,
    },
    sessions::v1::{
        CreateSessionRequest, ListSessionsRequest, RefreshSessionRequest, Tokens, ValidateSessionRequest,
    },
};
use testkit::{Binary, Exit};

use crate::{
    TRACED,
    fields::requests,
    house::{House, sign_in},
    told::{asked_by_others, assert_nowhere, call, everything_told},
    with,
};

/// In everything that is planted, whatever its case.
const MARK: &str = "canary";
/// Every library says all that it can.
pub(crate) const LOUD: [(&str, &str); 2] =
    [("FAIRLEAD__TELEMETRY__LOG", "trace"), ("OTEL_TRACES_SAMPLER", "always_on")];

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
    let renew = RefreshSessionRequest { refresh_token: first.refresh_token.clone(), ..Default::default() };
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
    let others = asked_by_others(&house, &id).await;
    let third = sessions.create_session(sign_in(email, next)).await.unwrap().into_inner().tokens.unwrap();
    let bearer = format!("Bearer {}", third.session_token);
    let delete = DeleteAccountRequest { account_id: id, current_password: next.into(), ..Default::default() };
    accounts.delete_account(with(delete, &[("authorization", &*bearer)])).await.unwrap();

    let secrets = [&first, &second, &third].into_iter().flat_map(secrets);
    let keys = ["accounts", "sessions"].map(|name| key(&house, name));
    let told = [everything_told(house).await, others].concat();
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

    let mut refused = Vec::new();
    for (path, message) in &requests {
        let (server, audience, signer) = if path.contains(".accounts.") {
            (&house.accounts, "accounts", &signers[1])
        } else {
            (&house.sessions, "sessions", &signers[0])
        };
        let signed = signer.credential(audience);
        let broken = [0xff, b'c', b'a', b'n', b'a', b'r', b'y'];
        for (message, headers) in [
            (&**message, &[][..]),
            (message, &headers),
            (message, &[("fairlead-service", MARK)]),
            (message, &[("fairlead-service", &*signed)]),
            (&broken, &headers),
        ] {
            let answer = call(server, path, message, headers).await;
            if !answer.is_ok() {
                refused.push(answer.text());
            }
        }
    }
    call(&house.accounts, "/canary.Canary/Canary", &[], &headers).await;

    // Not even to those who sent it: an error is logged by the caller's side, too.
    assert!(refused.len() > requests.len(), "{}", refused.len());
    assert_nowhere(&refused, MARK);
    let told = everything_told(house).await;
    assert!(requests.len() >= 16, "{}", requests.len());
    assert_nowhere(&told, MARK);
}

#[tokio::test]
async fn no_secret_of_a_configuration_is_told_whatever_is_wrong_with_it() {
    for program in ["accounts", "sessions", "fairlead", "migrate", "test-service"] {
        let schema = text(&Binary::start(program, &["config", "schema"], &[]).exit().await);
        let secrets = schema.lines().filter_map(|line| line.split_once("  secret,"));
        let secrets: Vec<&str> = secrets.map(|(variable, _)| variable).collect();
        assert!(!secrets.is_empty(), "{schema}");

        for (planted, command) in [
            ("canary", &["config", "show"][..]),
            ("postgres://canary:canary@[canary/", &["config", "check"]),
            ("redis://canary:canary@canary:canary", &["config", "show", "--json"]),
            ("canary header=canary", &[]),
            ("-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----", &[]),
        ] {
            let secrets = secrets.iter().chain(&["OTEL_EXPORTER_OTLP_HEADERS"]);
            let mut given: Vec<(&str, &str)> = secrets.map(|name| (*name, planted)).collect();
            // Whatever is right with it, it cannot serve for long.
            given.push(("FAIRLEAD__SERVER__LISTEN", "256.0.0.1:1"));
            let exit = Binary::start(program, command, &given).exit().await;

            assert_nowhere(&[text(&exit), exit.stderr.clone()], MARK);
        }
    }
}

pub(crate) fn secrets(tokens: &Tokens) -> [String; 2] {
    // The prefix is public, and so may be what follows it in part: the bucket and the id of the session.
    [&tokens.session_token, &tokens.refresh_token].map(|token| token[token.len() - 40..].to_owned())
}

fn text(exit: &Exit) -> String {
    exit.lines
        .iter()
        .map(|line| line.as_str().map_or_else(|| line.to_string(), str::to_owned) + "\n")
        .collect()
}

/// The middle of a private key.
fn key(house: &House, name: &str) -> String {
    let pem = fs::read_to_string(house.keys.private(name)).unwrap();
    pem.lines().nth(1).unwrap()[..32].to_owned()
}
