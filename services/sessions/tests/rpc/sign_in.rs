//! Signing in, and the tokens that come of it.

use proto::sessions::v1::{CreateSessionRequest, RefreshSessionRequest};
use tonic::Code;

use crate::{
    accounts::{EMAIL, PASSWORD},
    near::refresh,
    suite::{Suite, assert_refused, bearer, credentials},
};

#[tokio::test]
async fn a_sign_in_gives_a_session_that_its_token_proves() {
    let suite = Suite::start().await;

    let (session, tokens) = suite.sign_in().await;

    assert_eq!(session.account_id, suite.account_id);
    assert_eq!(session.roles, ["helmsman"]);
    assert_eq!(session.user_agent, "tests");
    assert_eq!(session.client_address, "127.0.0.1");
    assert_eq!(suite.validate(&tokens.session_token).await.unwrap(), session);
    assert_eq!(
        tokens.session_token_expire_time.unwrap().seconds - session.create_time.unwrap().seconds,
        15 * 60
    );
    assert_eq!(tokens.refresh_token_expire_time, session.expire_time);
}

#[tokio::test]
async fn control_characters_of_a_user_agent_are_shown_as_spaces() {
    let suite = Suite::start().await;
    let strange = "\u{1b}[31mМаяк/1.0\r\n\0(⚓;\tquay)\u{7f}\u{85}";
    let request = CreateSessionRequest { user_agent: strange.to_owned(), ..credentials(EMAIL, PASSWORD) };

    let session = suite.client().create_session(request).await.unwrap().into_inner().session.unwrap();

    assert_eq!(session.user_agent, " [31mМаяк/1.0   (⚓; quay)  ");
}

#[tokio::test]
async fn a_wrong_address_and_a_wrong_password_are_answered_alike() {
    let suite = Suite::start().await;

    let password = suite.try_sign_in("something else entirely").await.unwrap_err();
    let email = credentials("eve@example.com", PASSWORD);
    let address = suite.client().create_session(email).await.unwrap_err();

    assert_eq!(password.message(), address.message());
    assert_eq!(password.details(), address.details());
    assert_refused(Err::<(), _>(password), Code::Unauthenticated, "INVALID_CREDENTIALS");
}

#[tokio::test]
async fn a_refresh_rotates_and_a_reuse_ends_the_session() {
    let suite = Suite::start().await;
    let (_, first) = suite.sign_in().await;

    let second = refresh(&suite, &first).await.unwrap();
    let again = refresh(&suite, &first).await.unwrap();
    suite.validate(&second.session_token).await.unwrap();
    let reuse = refresh(&suite, &first).await;

    assert_eq!(again, second);
    assert_refused(reuse, Code::Unauthenticated, "REFRESH_REUSED");
    assert_refused(suite.validate(&second.session_token).await, Code::Unauthenticated, "SESSION_INVALID");
    assert_refused(refresh(&suite, &second).await, Code::Unauthenticated, "REFRESH_INVALID");
}

#[tokio::test]
async fn whoever_refreshes_a_copy_often_is_noticed_when_its_owner_refreshes() {
    let suite = Suite::start().await;
    let (_, owner) = suite.sign_in().await;
    let mut thief = owner.clone();
    for _ in 0..3 {
        thief = refresh(&suite, &thief).await.unwrap();
    }

    let noticed = refresh(&suite, &owner).await;

    assert_refused(noticed, Code::Unauthenticated, "REFRESH_REUSED");
    assert_refused(suite.validate(&thief.session_token).await, Code::Unauthenticated, "SESSION_INVALID");
    assert_refused(refresh(&suite, &thief).await, Code::Unauthenticated, "REFRESH_INVALID");
}

#[tokio::test]
async fn what_can_be_no_token_proves_nothing() {
    let suite = Suite::start().await;
    let (_, tokens) = suite.sign_in().await;
    let cut = &tokens.session_token[..75];

    for token in [cut, "fls_", "x", &tokens.refresh_token, "⚓"] {
        assert_refused(suite.validate(token).await, Code::Unauthenticated, "SESSION_INVALID");
        let request = RefreshSessionRequest { refresh_token: cut.to_owned(), ..Default::default() };
        let refreshed = suite.client().refresh_session(request).await;
        assert_refused(refreshed, Code::Unauthenticated, "REFRESH_INVALID");
    }
}

#[tokio::test]
async fn a_service_tells_from_where_it_speaks() {
    let suite = Suite::start().await;
    let request =
        CreateSessionRequest { client_address: "2001:db8::7".to_owned(), ..credentials(EMAIL, PASSWORD) };

    let response = suite.client().create_session(suite.by("uploads", request)).await.unwrap();

    assert_eq!(response.into_inner().session.unwrap().client_address, "2001:db8::7");
}

#[tokio::test]
async fn roles_are_those_of_the_sign_in() {
    let suite = Suite::start().await;
    let (_, before) = suite.sign_in().await;
    suite.accounts.account.lock().unwrap().roles = vec!["admin".to_owned()];

    let (after, _) = suite.sign_in().await;

    assert_eq!(after.roles, ["admin"]);
    assert_eq!(suite.validate(&before.session_token).await.unwrap().roles, ["helmsman"]);
}

#[tokio::test]
async fn a_session_token_lets_its_holder_in() {
    let suite = Suite::start().await;
    let (session, tokens) = suite.sign_in().await;
    let request = || proto::sessions::v1::ListSessionsRequest {
        account_id: suite.account_id.clone(),
        ..Default::default()
    };

    let listed = suite.client().list_sessions(bearer(&tokens, request())).await.unwrap().into_inner();
    let nobody = suite.client().list_sessions(request()).await;

    assert_eq!(listed.sessions, [session]);
    assert_refused(nobody, Code::Unauthenticated, "CREDENTIALS_MISSING");
}
