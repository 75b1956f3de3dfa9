//! A password changes while somebody signs in with the old one.

use std::time::{Duration, Instant};

use tokio::task::JoinHandle;
use tonic::{Code, Status};

use crate::{
    change::{Change, NEW_PASSWORD},
    house::{House, PASSWORD, Person, sign_in},
};

/// How long another replica may believe in a session that has ended.
const BOUND: Duration = Duration::from_secs(1);

/// Somebody who is signed in, and is just signing in again at the first replica: accounts has found the password right,
/// and sessions has not heard so yet.
async fn between_password_and_session(house: &mut House) -> (Person, JoinHandle<Result<String, Status>>) {
    let person = house.people(1).await.remove(0);
    // A request is a header, a message and its end.
    house.sign_ins.count(|passed| passed.len() == 3);
    let (first, email) = (house.first.channel(), person.email.clone());
    let signing_in = tokio::spawn(async move { sign_in(first, &email, PASSWORD).await });
    house.sign_ins.until(|book| book.waiting > 0).await;
    assert_eq!(house.sign_ins.counted(), ["> headers", "> data", "> data"]);
    (person, signing_in)
}

#[tokio::test]
async fn a_sign_in_that_was_under_way_when_the_password_changed_gets_no_session() {
    let mut house = House::start(true).await;
    let (person, signing_in) = between_password_and_session(&mut house).await;

    Change::Password.make(&house.accounts, &person, &person).await.unwrap();
    house.delivered().await;
    house.sign_ins.resume();
    let refused = signing_in.await.unwrap();

    let status = refused.unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated, "{status:?}");
    assert_eq!(testkit::reason(&status), "INVALID_CREDENTIALS");
    assert!(!house.is_signed_in(&person.token).await);
    let token = sign_in(house.first.channel(), &person.email, NEW_PASSWORD).await.unwrap();
    assert!(house.is_signed_in(&token).await, "the new password is good");
}

#[tokio::test]
async fn a_new_password_ends_sessions_although_accounts_was_killed_before_it_could_tell() {
    let mut house = House::start(true).await;
    let (person, signing_in) = between_password_and_session(&mut house).await;

    // Up to the answer to the commit, and not to that of a look for events in between.
    house.wires.count(|passed| {
        let written = passed.iter().skip_while(|step| !step.contains("insert into outbox"));
        { written }.any(|step| step == "< Z commit")
    });
    let changing = Change::Password.make(&house.accounts, &person, &person);
    tokio::select! {
        answer = async { (changing.await, house.wires.still().await).0 } => drop(answer),
        () = house.wires.still() => {}
    }
    house.kill().await;
    drop(house.wires.counted());
    assert!(house.is_signed_in(&person.token).await, "nobody has been told yet");
    // The old password was right when it was looked at, and the answer arrives only now.
    house.sign_ins.resume();
    let late = signing_in.await.unwrap().unwrap();
    assert!(house.is_signed_in(&late).await);

    house.start_accounts().await;
    house.delivered().await;

    let told = Instant::now();
    for token in [&person.token, &late] {
        while house.is_signed_in(token).await {
            assert!(told.elapsed() < BOUND, "a session of the old password is good");
        }
    }
    let refused = house.sign_in(&person.email, PASSWORD).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated, "{refused:?}");
    let token = house.sign_in(&person.email, NEW_PASSWORD).await.unwrap();
    assert!(house.is_signed_in(&token).await, "the new password is good");
}
