//! Callers that speak gRPC, and gRPC-Web.

use base64::{Engine, engine::general_purpose::STANDARD};
use prost::Message;
use proto::{
    accounts::v1::{GetAccountRequest, GetAccountResponse, accounts_service_client::AccountsServiceClient},
    sessions::v1::{RevokeSessionRequest, sessions_service_client::SessionsServiceClient},
};
use tonic::{Code, Request, transport::Channel};
use tonic_types::StatusExt;

use crate::{
    house::{Guest, House, ORIGIN, shared},
    http::{Reply, send},
};

const GET_ACCOUNT: &str = "/fairlead.accounts.v1.AccountsService/GetAccount";

#[test]
#[ignore = "needs Envoy: make edge"]
fn a_grpc_caller_is_let_in_by_its_token_and_told_why_when_not() {
    shared(async |house| {
        let guest = house.guest("kim@example.com").await;
        let channel = channel(house).await;
        let mut accounts = AccountsServiceClient::new(channel.clone());
        let get = || says(&guest, GetAccountRequest { account_id: guest.account_id.clone() });

        let account = accounts.get_account(get()).await.unwrap().into_inner().account.unwrap();
        let session_id = guest.session_id.clone();
        let revoke = RevokeSessionRequest { session_id, ..Default::default() };
        SessionsServiceClient::new(channel).revoke_session(says(&guest, revoke)).await.unwrap();
        let after = accounts.get_account(get()).await.unwrap_err();

        assert_eq!(account.email, "kim@example.com");
        assert_eq!(after.code(), Code::Unauthenticated, "{after:?}");
        assert_eq!(after.message(), "the session token proves no session");
        assert_eq!(after.get_details_error_info().unwrap().reason, "SESSION_INVALID");
    });
}

#[test]
#[ignore = "needs Envoy: make edge"]
fn a_browser_calls_by_grpc_web() {
    shared(async |house| {
        let guest = house.guest("lou@example.com").await;
        let get = GetAccountRequest { account_id: guest.account_id.clone() };

        let answered = web(house, &get, &[("authorization", &guest.bearer())]).await;
        let refused = web(house, &get, &[]).await;

        assert_eq!(answered.header("content-type"), Some("application/grpc-web+proto"));
        assert_eq!(email(&answered.body), "lou@example.com");
        assert_eq!(refused.header("grpc-status"), Some("16"), "{refused:?}");
    });
}

#[test]
#[ignore = "needs Envoy: make edge"]
fn a_browser_calls_by_grpc_web_in_text() {
    shared(async |house| {
        let guest = house.guest("lea@example.com").await;
        let get = GetAccountRequest { account_id: guest.account_id.clone() };
        let bearer = guest.bearer();
        let kind = "application/grpc-web-text";
        let mode = [("content-type", kind), ("accept", kind), ("x-grpc-web", "1")];
        let body = STANDARD.encode(frame(&get));

        let headers = [&mode[..], &[("authorization", &*bearer)]].concat();
        let answered = send(house.address(), "POST", GET_ACCOUNT, &headers, body.as_bytes()).await;
        let refused = send(house.address(), "POST", GET_ACCOUNT, &mode, body.as_bytes()).await;

        // Each piece is encoded, and filled up, by itself.
        let groups = answered.body.chunks(4).map(|group| STANDARD.decode(group).unwrap());
        assert!(answered.header("content-type").unwrap().starts_with(kind), "{answered:?}");
        assert_eq!(email(&groups.collect::<Vec<_>>().concat()), "lea@example.com");
        assert_eq!(refused.header("grpc-status"), Some("16"), "{refused:?}");
    });
}

#[test]
#[ignore = "needs Envoy: make edge"]
fn a_browser_calls_by_grpc_web_with_its_cookie_from_a_listed_page_only() {
    shared(async |house| {
        let guest = house.guest("liv@example.com").await;
        let get = GetAccountRequest { account_id: guest.account_id.clone() };
        let cookie = format!("theme=dark; __Host-fairlead-session={}", guest.token);
        let from = async |origin| web(house, &get, &[("cookie", &cookie), ("origin", origin)]).await;

        let here = from(ORIGIN).await;
        let elsewhere = from("https://evil.example").await;
        let unsaid = web(house, &get, &[("cookie", &cookie)]).await;

        assert_eq!(email(&here.body), "liv@example.com");
        for refused in [elsewhere, unsaid] {
            assert_eq!(refused.header("grpc-status"), Some("7"), "{refused:?}");
        }
    });
}

#[test]
#[ignore = "needs Envoy: make edge"]
fn cookies_in_fields_of_their_own_are_one_header_over_http_2() {
    shared(async |house| {
        let guest = house.guest("mia@example.com").await;
        let mut accounts = AccountsServiceClient::new(channel(house).await);
        let own = format!("__Host-fairlead-session={}", guest.token);
        let mut get = async |cookies: &[&str]| {
            let mut request = Request::new(GetAccountRequest { account_id: guest.account_id.clone() });
            request.metadata_mut().insert("origin", ORIGIN.parse().unwrap());
            for cookie in cookies {
                request.metadata_mut().append("cookie", cookie.parse().unwrap());
            }
            accounts.get_account(request).await.map(drop)
        };

        get(&["theme=dark", &own, "a=b"]).await.unwrap();
        let twice = get(&[&own, "a=b", &own]).await.unwrap_err();

        assert_eq!(twice.get_details_error_info().unwrap().reason, "CREDENTIALS_MALFORMED", "{twice:?}");
    });
}

/// A connection of its own.
pub(crate) async fn channel(house: &House) -> Channel {
    Channel::from_shared(format!("http://{}", house.address())).unwrap().connect().await.unwrap()
}

/// Says who asks.
pub(crate) fn says<T>(guest: &Guest, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", guest.bearer().parse().unwrap());
    request
}

async fn web(house: &House, message: &GetAccountRequest, headers: &[(&str, &str)]) -> Reply {
    let headers = [&[("content-type", "application/grpc-web+proto"), ("x-grpc-web", "1")], headers].concat();
    send(house.address(), "POST", GET_ACCOUNT, &headers, &frame(message)).await
}

/// A message as it is sent, its length before it.
fn frame(message: &GetAccountRequest) -> Vec<u8> {
    let message = message.encode_to_vec();
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&[0], &length[..], &message].concat()
}

/// The address of the account in an answer over gRPC-Web, which ends well.
fn email(body: &[u8]) -> String {
    let length = u32::from_be_bytes(body[1..5].try_into().unwrap()) as usize;
    let (message, trailers) = body[5..].split_at(length);
    let trailers = str::from_utf8(&trailers[5..]).unwrap();
    assert!(trailers.contains("grpc-status:0"), "{trailers:?}");
    GetAccountResponse::decode(message).unwrap().account.unwrap().email
}
