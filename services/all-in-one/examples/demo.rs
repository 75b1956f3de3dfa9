//! The whole tour against a running suite: signs up, signs in, and is signed out. `make demo`, or with another address
//! `make demo URL=http://127.0.0.1:50051`.

use std::{env, error::Error, fmt::Debug, time::SystemTime};

use proto::{
    accounts::v1::{
        Account, ChangePasswordRequest, CreateAccountRequest, DeleteAccountRequest, GetAccountRequest,
        accounts_service_client::AccountsServiceClient,
    },
    sessions::v1::{
        CreateSessionRequest, ListSessionsRequest, RefreshSessionRequest, RevokeSessionRequest, Tokens,
        ValidateSessionRequest, sessions_service_client::SessionsServiceClient,
    },
};
use tonic::{Request, Response, Status, transport::Endpoint};

const PASSWORD: &str = "a long walk along the quay";
const NEW_PASSWORD: &str = "a longer walk along the quay";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = env::args().nth(1).unwrap_or_else(|| "http://127.0.0.1:50051".to_owned());
    let channel = Endpoint::from_shared(url.clone())?.connect().await.map_err(|error| {
        format!("nothing answers at {url}: {error}; start the suite with `make run` in another terminal")
    })?;
    let mut accounts = AccountsServiceClient::new(channel.clone());
    let mut sessions = SessionsServiceClient::new(channel);
    let moment = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_micros();
    let email = format!("demo-{moment}@example.com");

    let account = Account { email: email.clone(), display_name: "Demo".to_owned(), ..Account::default() };
    let request = CreateAccountRequest {
        account: Some(account),
        password: PASSWORD.to_owned(),
        request_id: String::new(),
    };
    let created = show("CreateAccount", accounts.create_account(request).await)?;
    let account_id = created.account.unwrap_or_default().account_id;

    let sign_in = |password: &str| CreateSessionRequest {
        email: email.clone(),
        password: password.to_owned(),
        user_agent: "demo".to_owned(),
        ..CreateSessionRequest::default()
    };
    let created = show("CreateSession", sessions.create_session(sign_in(PASSWORD)).await)?;
    let tokens = created.tokens.unwrap_or_default();

    let request = ValidateSessionRequest { session_token: tokens.session_token.clone() };
    show("ValidateSession", sessions.validate_session(request).await)?;

    let request = GetAccountRequest { account_id: account_id.clone() };
    show("GetAccount", accounts.get_account(bearer(&tokens, request)?).await)?;

    let request = RefreshSessionRequest { refresh_token: tokens.refresh_token.clone(), ..Default::default() };
    let refreshed = show("RefreshSession", sessions.refresh_session(request).await)?;
    let tokens = refreshed.tokens.unwrap_or_default();

    let request = ListSessionsRequest { account_id: account_id.clone(), ..ListSessionsRequest::default() };
    show("ListSessions", sessions.list_sessions(bearer(&tokens, request)?).await)?;

    let request = ChangePasswordRequest {
        account_id: account_id.clone(),
        current_password: PASSWORD.to_owned(),
        new_password: NEW_PASSWORD.to_owned(),
    };
    show("ChangePassword", accounts.change_password(bearer(&tokens, request)?).await)?;

    let created = show("CreateSession", sessions.create_session(sign_in(NEW_PASSWORD)).await)?;
    let tokens = created.tokens.unwrap_or_default();
    let session_id = created.session.unwrap_or_default().session_id;
    let request = RevokeSessionRequest { session_id, ..RevokeSessionRequest::default() };
    show("RevokeSession", sessions.revoke_session(bearer(&tokens, request)?).await)?;

    let request = ValidateSessionRequest { session_token: tokens.session_token };
    let refused = sessions.validate_session(request).await.err();
    let refused = refused.ok_or("a revoked session must not be valid")?;
    println!("\nValidateSession\n  refused: {:?}: {}", refused.code(), refused.message());

    let created = show("CreateSession", sessions.create_session(sign_in(NEW_PASSWORD)).await)?;
    let request = DeleteAccountRequest {
        account_id,
        current_password: NEW_PASSWORD.to_owned(),
        ..DeleteAccountRequest::default()
    };
    let tokens = created.tokens.unwrap_or_default();
    show("DeleteAccount", accounts.delete_account(bearer(&tokens, request)?).await)?;
    println!("\nThe tour is over: everything answered as it should.");
    Ok(())
}

/// Prints an answer, and gives it on.
fn show<T: Debug>(method: &str, answer: Result<Response<T>, Status>) -> Result<T, Box<dyn Error>> {
    let answer = answer.map_err(|status| format!("{method}: {:?}: {}", status.code(), status.message()))?;
    let message = answer.into_inner();
    println!("\n{method}\n  {}", format!("{message:#?}").replace('\n', "\n  "));
    Ok(message)
}

fn bearer<T>(tokens: &Tokens, message: T) -> Result<Request<T>, Box<dyn Error>> {
    let mut request = Request::new(message);
    let value = format!("Bearer {}", tokens.session_token).parse()?;
    request.metadata_mut().insert("authorization", value);
    Ok(request)
}
