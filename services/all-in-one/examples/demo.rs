//! The whole tour against a running suite: signs up, signs in, uploads something, and is signed out. `make demo`, or with another address
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
    uploads::v1::{
        CreateUploadRequest, FinishUploadRequest, ReadUploadRequest, Upload, WriteUploadRequest,
        uploads_service_client::UploadsServiceClient,
    },
};
use tonic::{
    Request, Response, Status,
    transport::{Channel, Endpoint},
};

const PASSWORD: &str = "a long walk along the quay";
const NEW_PASSWORD: &str = "a longer walk along the quay";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = env::args().nth(1).unwrap_or_else(|| "http://127.0.0.1:50051".to_owned());
    let channel = Endpoint::from_shared(url.clone())?.connect().await.map_err(|error| {
        format!("nothing answers at {url}: {error}; start the suite with `make run` in another terminal")
    })?;
    let mut accounts = AccountsServiceClient::new(channel.clone());
    let mut sessions = SessionsServiceClient::new(channel.clone());
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

    upload(UploadsServiceClient::new(channel), &tokens).await?;

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

/// Uploads a few bytes, and reads them.
async fn upload(mut uploads: UploadsServiceClient<Channel>, tokens: &Tokens) -> Result<(), Box<dyn Error>> {
    let data: &[u8] = b"a log of the harbour";
    let upload =
        Upload { file_name: "log.txt".to_owned(), size: i64::try_from(data.len())?, ..Default::default() };
    let request = CreateUploadRequest { upload: Some(upload), ..Default::default() };
    let created = show("CreateUpload", uploads.create_upload(bearer(tokens, request)?).await)?;
    let upload_id = created.upload.unwrap_or_default().upload_id;

    let piece = WriteUploadRequest { upload_id: upload_id.clone(), offset: 0, data: data.into() };
    let request = bearer(tokens, futures_util::stream::iter([piece]))?;
    show("WriteUpload", uploads.write_upload(request).await)?;

    let request = FinishUploadRequest { upload_id: upload_id.clone(), ..Default::default() };
    show("FinishUpload", uploads.finish_upload(bearer(tokens, request)?).await)?;

    let request = ReadUploadRequest { upload_id, ..Default::default() };
    let mut pieces = uploads.read_upload(bearer(tokens, request)?).await?.into_inner();
    let mut read = Vec::new();
    while let Some(piece) = pieces.message().await? {
        read.extend(piece.data);
    }
    println!("\nReadUpload\n  {}", String::from_utf8_lossy(&read));
    if read == data { Ok(()) } else { Err("what was read is not what was written".into()) }
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
