//! What somebody learns who guesses, and what it costs everybody else.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::task::JoinSet;
use tonic::Code;

use crate::suite::{PASSWORD, Suite};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_wrong_passwords_at_once_lock_nobody_out() {
    let mut suite = Suite::start().await;
    suite.sign_up("ada@example.com").await;
    let suite = Arc::new(suite);
    let mut calls = JoinSet::new();
    for number in 0..200 {
        let suite = Arc::clone(&suite);
        calls
            .spawn(async move { suite.verify("ada@example.com", &format!("wrong password {number}")).await });
    }

    let answers = calls.join_all().await;

    for answer in &answers {
        match answer {
            Ok(account) => assert_eq!(*account, None),
            Err(status) => assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}"),
        }
    }
    assert!(answers.iter().any(Result::is_ok), "those with a permit were answered");
    assert!(suite.verify("ada@example.com", PASSWORD).await.unwrap().is_some());
}

#[tokio::test]
async fn an_unknown_address_looks_like_a_wrong_password_and_takes_as_long() {
    let mut suite = Suite::start().await;
    suite.sign_up("ada@example.com").await;
    let (mut wrong, mut unknown) = (Vec::new(), Vec::new());

    for _ in 0..15 {
        for (email, times) in [("ada@example.com", &mut wrong), ("nobody@example.com", &mut unknown)] {
            let begun = Instant::now();
            assert_eq!(suite.verify(email, "zebras eat grass at noon").await.unwrap(), None);
            times.push(begun.elapsed());
        }
    }

    let (wrong, unknown) = (median(wrong), median(unknown));
    assert!(wrong < unknown * 2 && unknown < wrong * 2, "{wrong:?} and {unknown:?}");
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
