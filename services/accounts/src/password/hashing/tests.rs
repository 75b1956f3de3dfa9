use std::{
    collections::BTreeSet,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use argon2::{CustomizedPasswordHasher, PasswordVerifier};
use tokio::task::JoinSet;

use super::*;

#[tokio::test]
async fn a_hash_recognises_its_password_and_no_other() {
    let hasher = hasher(1);

    let hash = hasher.hash(password("giraffes eat grass")).await.unwrap();

    assert!(hasher.verify(password("giraffes eat grass"), Some(hash.clone())).await.unwrap());
    assert!(!hasher.verify(password("giraffes eat gras"), Some(hash)).await.unwrap());
}

#[tokio::test]
async fn the_same_password_never_has_the_same_hash() {
    let hasher = hasher(1);

    let one = hasher.hash(password("giraffes eat grass")).await.unwrap();
    let other = hasher.hash(password("giraffes eat grass")).await.unwrap();

    assert!(one != other);
}

#[tokio::test]
async fn a_new_hash_and_that_of_nobody_have_the_current_parameters() {
    let new = hasher(1).hash(password("giraffes eat grass")).await.unwrap();

    assert!(!new.is_outdated());
    assert!(!PasswordHash(NOBODY.to_owned()).is_outdated());
    assert!(PasswordHash(NOBODY.replace("t=2", "t=1")).is_outdated());
}

#[tokio::test]
async fn hashes_are_what_others_make_of_the_same_password() {
    let hash = hasher(1).hash(password("giraffes eat grass")).await.unwrap();

    assert_eq!(ARGON2ID.verify_password(b"giraffes eat grass", hash.as_str()), Ok(()));
}

#[tokio::test]
async fn a_hash_with_other_parameters_recognises_its_password_and_no_other() {
    let hasher = hasher(1);
    let (salt, params) = (b"0123456789abcdef", Params::new(MEMORY_KIB * 2, 1, 2, None).unwrap());
    let old = ARGON2ID.hash_password_with_params(b"giraffes eat grass", salt, params).unwrap();
    let old = PasswordHash(old.to_string());

    assert!(old.is_outdated());
    assert!(hasher.verify(password("giraffes eat grass"), Some(old.clone())).await.unwrap());
    assert!(!hasher.verify(password("giraffes eat gras"), Some(old)).await.unwrap());
    assert!(hasher.hash(password("giraffes eat grass")).await.is_ok(), "the next one has memory again");
}

#[tokio::test]
async fn nobody_is_compared_as_long_as_somebody() {
    let hasher = hasher(1);
    let hash = hasher.hash(password("giraffes eat grass")).await.unwrap();
    let (mut somebody, mut nobody) = (Vec::new(), Vec::new());

    for _ in 0..11 {
        for (hash, times) in [(Some(hash.clone()), &mut somebody), (None, &mut nobody)] {
            let begun = Instant::now();
            assert!(!hasher.verify(password("zebras eat grass"), hash).await.unwrap());
            times.push(begun.elapsed());
        }
    }

    let (somebody, nobody) = (median(somebody), median(nobody));
    assert!(somebody < nobody * 2 && nobody < somebody * 2, "{somebody:?} and {nobody:?}");
}

#[tokio::test(start_paused = true)]
async fn a_password_waits_a_second_and_no_longer() {
    let permits = Arc::new(Permits::fixed(1));
    let _taken = permits.try_acquire(1).unwrap();
    let begun = tokio::time::Instant::now();

    let refused = Hasher::new(permits).hash(password("giraffes eat grass")).await;

    assert_eq!(refused.unwrap_err(), Error::HashingBusy);
    assert_eq!(begun.elapsed(), PATIENCE);
}

#[tokio::test]
async fn a_permit_is_held_until_the_hash_ends_even_when_the_caller_gives_up() {
    let permits = Arc::new(Permits::fixed(1));
    let (end, ended) = std::sync::mpsc::sync_channel::<()>(1);
    let (begin, begun) = oneshot::channel::<()>();
    let hasher = Hasher::new(Arc::clone(&permits));
    let call = tokio::spawn(async move {
        hasher
            .run(move |_| {
                begin.send(()).unwrap();
                ended.recv().unwrap();
                Ok(())
            })
            .await
    });
    begun.await.unwrap();

    call.abort();
    let _ = call.await;

    assert!(permits.try_acquire(1).is_err());
    end.send(()).unwrap();
    assert!(permits.acquire(1).await.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_passwords_at_once_never_exceed_the_permits() {
    const PERMITS: usize = 3;
    let hasher = hasher(PERMITS);
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let places = Arc::new(Mutex::new(BTreeSet::new()));
    let mut calls = JoinSet::new();
    for _ in 0..200 {
        let (hasher, running, most) = (hasher.clone(), Arc::clone(&running), Arc::clone(&most));
        let places = Arc::clone(&places);
        calls.spawn(async move {
            let work = move |memory: &mut Vec<Block>| {
                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                places.lock().unwrap().insert(memory.as_ptr().addr());
                let nobody = PasswordHash(NOBODY.to_owned());
                let compared = compare(&password("zebras eat grass"), &nobody, memory);
                running.fetch_sub(1, Ordering::SeqCst);
                compared
            };
            hasher.run(work).await
        });
    }

    let answers = calls.join_all().await;

    assert_eq!(most.load(Ordering::SeqCst), PERMITS, "the permits are used, and never exceeded");
    assert_eq!(places.lock().unwrap().len(), PERMITS, "one leaves its memory to the next");
    assert!(answers.into_iter().all(|answer| matches!(answer, Ok(false) | Err(Error::HashingBusy))));
    assert!(hasher.hash(password("giraffes eat grass")).await.is_ok(), "nothing is left taken");
}

fn hasher(permits: usize) -> Hasher {
    Hasher::new(Arc::new(Permits::fixed(permits)))
}

fn password(text: &str) -> Password {
    Password(text.to_owned())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
