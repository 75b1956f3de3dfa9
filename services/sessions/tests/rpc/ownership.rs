//! Whose sessions are seen and ended.

use proto::sessions::v1::{
    ListSessionsRequest, RevokeAccountSessionsRequest, RevokeSessionRequest, Session, Tokens,
};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::suite::{Suite, assert_named, assert_refused, bearer};

async fn list(suite: &Suite, by: &Tokens, account_id: &str) -> Result<Vec<Session>, Status> {
    let request = ListSessionsRequest { account_id: account_id.to_owned(), ..ListSessionsRequest::default() };
    Ok(suite.client().list_sessions(bearer(by, request)).await?.into_inner().sessions)
}

async fn revoke(suite: &Suite, by: &Tokens, session: &Session, account_id: &str) -> Result<(), Status> {
    let request = RevokeSessionRequest {
        session_id: session.session_id.clone(),
        account_id: account_id.to_owned(),
        ..Default::default()
    };
    suite.client().revoke_session(bearer(by, request)).await.map(drop)
}

#[tokio::test]
async fn a_person_ends_a_session_of_their_own() {
    let suite = Suite::start().await;
    let (_, here) = suite.sign_in().await;
    let (session, there) = suite.sign_in().await;

    revoke(&suite, &here, &session, "").await.unwrap();

    assert_refused(suite.validate(&there.session_token).await, Code::Unauthenticated, "SESSION_INVALID");
    suite.validate(&here.session_token).await.unwrap();
    assert_refused(revoke(&suite, &here, &session, "").await, Code::NotFound, "SESSION_NOT_FOUND");
}

#[tokio::test]
async fn what_belongs_to_another_is_not_found() {
    let suite = Suite::start().await;
    let (session, tokens) = suite.sign_in().await;
    let (_, other) = suite.sign_in_as_other(&[]).await;
    let all = RevokeAccountSessionsRequest { account_id: suite.account_id.clone(), ..Default::default() };

    assert_refused(list(&suite, &other, &suite.account_id).await, Code::NotFound, "SESSION_NOT_FOUND");
    assert_refused(revoke(&suite, &other, &session, "").await, Code::NotFound, "SESSION_NOT_FOUND");
    let named = revoke(&suite, &other, &session, &suite.account_id).await;
    assert_refused(named, Code::NotFound, "SESSION_NOT_FOUND");
    let all = suite.client().revoke_account_sessions(bearer(&other, all)).await;
    assert_refused(all, Code::NotFound, "SESSION_NOT_FOUND");

    suite.validate(&tokens.session_token).await.unwrap();
}

#[tokio::test]
async fn an_admin_sees_and_ends_anybodys() {
    let suite = Suite::start().await;
    let (session, tokens) = suite.sign_in().await;
    let (_, admin) = suite.sign_in_as_other(&["admin"]).await;

    assert_eq!(list(&suite, &admin, &suite.account_id).await.unwrap(), std::slice::from_ref(&session));
    revoke(&suite, &admin, &session, &suite.account_id).await.unwrap();

    assert_refused(suite.validate(&tokens.session_token).await, Code::Unauthenticated, "SESSION_INVALID");
}

#[tokio::test]
async fn a_person_ends_all_their_sessions_but_this_one() {
    let suite = Suite::start().await;
    let (here, tokens) = suite.sign_in().await;
    for _ in 0..3 {
        suite.sign_in().await;
    }
    let request = RevokeAccountSessionsRequest {
        account_id: suite.account_id.clone(),
        except_session_id: here.session_id.clone(),
        ..RevokeAccountSessionsRequest::default()
    };

    let revoked =
        suite.client().revoke_account_sessions(bearer(&tokens, request)).await.unwrap().into_inner();

    assert_eq!(revoked.revoked_count, 3);
    assert_eq!(list(&suite, &tokens, &suite.account_id).await.unwrap(), [here]);
}

#[tokio::test]
async fn who_names_a_session_to_keep_that_is_none_of_theirs_ends_nothing() {
    let suite = Suite::start().await;
    let (here, tokens) = suite.sign_in().await;
    let (other, _) = suite.sign_in_as_other(&[]).await;

    for except_session_id in [other.session_id, Uuid::now_v7().to_string()] {
        let request = RevokeAccountSessionsRequest {
            account_id: suite.account_id.clone(),
            except_session_id,
            ..RevokeAccountSessionsRequest::default()
        };
        let refused = suite.client().revoke_account_sessions(bearer(&tokens, request)).await;
        assert_refused(refused, Code::NotFound, "SESSION_NOT_FOUND");
    }

    assert_eq!(list(&suite, &tokens, &suite.account_id).await.unwrap(), [here]);
}

#[tokio::test]
async fn accounts_raises_the_epoch_and_an_older_sign_in_is_refused() {
    let suite = Suite::start().await;
    let (_, tokens) = suite.sign_in().await;
    let raise = RevokeAccountSessionsRequest {
        account_id: suite.account_id.clone(),
        auth_epoch: 2,
        ..RevokeAccountSessionsRequest::default()
    };

    let revoked =
        suite.client().revoke_account_sessions(suite.by("accounts", raise)).await.unwrap().into_inner();

    assert_eq!(revoked.revoked_count, 1);
    assert_refused(suite.validate(&tokens.session_token).await, Code::Unauthenticated, "SESSION_INVALID");
    let late = suite.try_sign_in(crate::accounts::PASSWORD).await;
    assert_refused(late, Code::Unauthenticated, "INVALID_CREDENTIALS");
    suite.accounts.account.lock().unwrap().auth_epoch = 2;
    suite.sign_in().await;
}

#[tokio::test]
async fn only_accounts_sends_an_epoch() {
    let suite = Suite::start().await;
    let (_, tokens) = suite.sign_in().await;
    let (_, admin) = suite.sign_in_as_other(&["admin"]).await;

    for (by, auth_epoch) in [(&tokens, 9), (&admin, 9), (&tokens, -1)] {
        let request = RevokeAccountSessionsRequest {
            account_id: suite.account_id.clone(),
            auth_epoch,
            ..RevokeAccountSessionsRequest::default()
        };
        let answer = suite.client().revoke_account_sessions(bearer(by, request)).await;
        assert_named(answer, &["auth_epoch"]);
    }
    let negative = RevokeAccountSessionsRequest {
        account_id: suite.account_id.clone(),
        auth_epoch: -1,
        ..RevokeAccountSessionsRequest::default()
    };
    let answer = suite.client().revoke_account_sessions(suite.by("accounts", negative)).await;
    assert_named(answer, &["auth_epoch"]);

    suite.validate(&tokens.session_token).await.unwrap();
}

#[tokio::test]
async fn pages_follow_each_other_though_sessions_end_in_between() {
    let suite = Suite::start().await;
    for _ in 0..4 {
        suite.sign_in().await;
    }
    let (own, tokens) = suite.sign_in().await;
    let all = list(&suite, &tokens, &suite.account_id).await.unwrap();
    // Those of one millisecond are in any order.
    let other = all[..2].iter().find(|it| it.session_id != own.session_id).unwrap();
    let mut request =
        ListSessionsRequest { account_id: suite.account_id.clone(), page_size: 2, page_token: String::new() };

    let first = suite.client().list_sessions(bearer(&tokens, request.clone())).await.unwrap().into_inner();
    revoke(&suite, &tokens, other, "").await.unwrap();
    request.page_token = first.next_page_token;
    let second = suite.client().list_sessions(bearer(&tokens, request.clone())).await.unwrap().into_inner();
    request.page_token = second.next_page_token;
    let third = suite.client().list_sessions(bearer(&tokens, request)).await.unwrap().into_inner();

    assert_eq!([first.sessions, second.sessions, third.sessions].concat(), all);
    assert_eq!(third.next_page_token, "");
}
