//! Guessing at passwords: it is slowed down, and locks nobody out.

use proto::sessions::v1::{CreateSessionRequest, CreateSessionResponse};
use tokio::task::JoinSet;
use tonic::{Code, Request, Response, Status};
use tonic_types::StatusExt;

use crate::people::{PASSWORD, Suite};

const EMAIL: &str = "ada@example.com";

#[tokio::test]
async fn two_hundred_wrong_passwords_at_once_lock_nobody_out() {
    let suite = Suite::start(&[("FAIRLEAD__SERVER__TRUSTED_HOPS", "1")]).await;
    suite.sign_up(EMAIL).await;

    let mut guesses = JoinSet::new();
    for guess in 0..200 {
        let request = sign_in(EMAIL, &format!("a guess that is long enough {guess}"), "192.0.2.1");
        let mut sessions = suite.sessions();
        guesses.spawn(async move { sessions.create_session(request).await });
    }
    let refused: Vec<Status> = guesses.join_all().await.into_iter().filter_map(Result::err).collect();
    let owner = suite.sessions().create_session(sign_in(EMAIL, PASSWORD, "198.51.100.7")).await;

    assert_eq!(refused.len(), 200);
    let throttled = |status: &&Status| status.code() == Code::ResourceExhausted;
    assert!(refused.iter().filter(throttled).all(|status| status.get_details_retry_info().is_some()));
    let hashed = refused.iter().filter(|status| status.code() == Code::Unauthenticated).count();
    // Of the five free attempts, those that found a hash permit in time; not one more is hashed.
    assert!((1..=5).contains(&hashed), "{hashed} were hashed");
    assert_eq!(refused.iter().filter(throttled).count(), 200 - hashed);
    let owner: CreateSessionResponse = owner.map(Response::into_inner).unwrap();
    assert!(owner.session.is_some(), "the owner gets in at once from elsewhere");
}

#[tokio::test]
async fn an_unknown_address_and_a_wrong_password_are_answered_alike() {
    let suite = Suite::start(&[("FAIRLEAD__SERVER__TRUSTED_HOPS", "1")]).await;
    suite.sign_up(EMAIL).await;

    let mut answers = Vec::new();
    for email in [EMAIL, "nobody@example.com"] {
        for guess in 0..7 {
            let request = sign_in(email, &format!("a guess that is long enough {guess}"), "192.0.2.1");
            let status = suite.sessions().create_session(request).await.unwrap_err();
            let reason = status.get_details_error_info().unwrap().reason;
            answers.push((status.code(), reason, status.message().to_owned()));
        }
    }

    let (known, unknown) = answers.split_at(7);
    assert_eq!(known[..6], unknown[..6]);
    assert_eq!(known[6].0, unknown[6].0);
}

fn sign_in(email: &str, password: &str, from: &str) -> Request<CreateSessionRequest> {
    let mut request = Request::new(CreateSessionRequest {
        email: email.to_owned(),
        password: password.to_owned(),
        ..CreateSessionRequest::default()
    });
    request.metadata_mut().insert("x-forwarded-for", from.parse().unwrap());
    request
}
