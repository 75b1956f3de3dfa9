//! What is written down for those who look for thieves.

use proto::sessions::v1::{RefreshSessionRequest, RefreshSessionResponse, Tokens, ValidateSessionRequest};
use serde_json::json;
use tonic::{Code, Status};

use crate::{
    canaries::{LOUD, secrets},
    house::{House, sign_in},
    told::{assert_nowhere, everything_told},
};

async fn refresh(house: &House, tokens: &Tokens) -> Result<RefreshSessionResponse, Status> {
    let request = RefreshSessionRequest { refresh_token: tokens.refresh_token.clone(), ..Default::default() };
    Ok(house.sessions().refresh_session(request).await?.into_inner())
}

#[tokio::test]
async fn a_refresh_token_that_is_used_again_is_an_event_of_its_own_and_no_token_is_told() {
    let house = House::start(&LOUD).await;
    let (email, password) = ("ada@example.com", "a long walk along the quay");
    let account = house.person(email, password).await;
    let first = house.sessions().create_session(sign_in(email, password)).await.unwrap().into_inner();
    let (session, first) = (first.session.unwrap(), first.tokens.unwrap());
    let second = refresh(&house, &first).await.unwrap().tokens.unwrap();
    let prove = ValidateSessionRequest { session_token: second.session_token.clone() };
    house.sessions().validate_session(prove.clone()).await.unwrap();

    let reused = refresh(&house, &first).await.unwrap_err();

    assert_eq!((reused.code(), &*testkit::reason(&reused)), (Code::Unauthenticated, "REFRESH_REUSED"));
    assert_eq!(house.sessions().validate_session(prove).await.unwrap_err().code(), Code::Unauthenticated);
    for (event, level, cause) in
        [("refresh_reuse", "WARN", json!(null)), ("session_ended", "INFO", json!("reuse"))]
    {
        let line = house.sessions.binary.line(|line| line["event"] == event).await;
        let told = ["target", "level", "cause", "account_id", "session_id"].map(|field| line[field].clone());
        let expected =
            [json!("audit"), json!(level), cause, json!(account.account_id), json!(session.session_id)];
        assert_eq!(told, expected, "{line}");
    }
    let told = everything_told(house).await;
    for secret in [&first, &second].into_iter().flat_map(secrets) {
        assert_nowhere(&told, &secret);
    }
}
