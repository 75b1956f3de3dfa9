//! The rules of the cache, at times that are given.

use super::*;
use crate::LEASE;

const ROOM: usize = 1024 * 1024;
const NOON: BootTime = BootTime::from_nanos(43_200_000_000_000);

#[derive(Debug, PartialEq, Eq)]
struct Seen {
    account: Uuid,
    session: Uuid,
}

impl Proof for Seen {
    fn account(&self) -> Uuid {
        self.account
    }

    fn session(&self) -> Uuid {
        self.session
    }

    fn bytes(&self) -> usize {
        0
    }
}

fn seen() -> Arc<Seen> {
    Arc::new(Seen { account: Uuid::new_v4(), session: Uuid::new_v4() })
}

fn of(proof: &Seen) -> Revocation {
    Revocation::Session { account: proof.account, session: proof.session }
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A cache that has just begun to hear, and holds a lease that outlasts the test.
fn hearing(settle: Duration, room: usize) -> (Near<Seen>, BootTime) {
    let near = Near::new(settle, move || room);
    near.begins_at(NOON);
    near.lease.renew(BootTime::NEVER);
    (near, NOON.plus(millis(1)))
}

fn found(near: &Near<Seen>, token: &str, now: BootTime) -> Option<Arc<Seen>> {
    near.find_at(Key::of(token), now).ok().map(|hit| hit.proof)
}

fn asked(near: &Near<Seen>, token: &str, now: BootTime) -> Miss {
    near.find_at(Key::of(token), now).err().expect("a miss")
}

fn keep(near: &Near<Seen>, token: &str, proof: &Arc<Seen>, now: BootTime) {
    near.keep_at(asked(near, token, now), Arc::clone(proof), LONGEST, now);
}

#[test]
fn what_was_kept_is_found_by_its_own_token_only() {
    let (near, now) = hearing(Duration::ZERO, ROOM);
    let proof = seen();

    keep(&near, "token", &proof, now);

    assert_eq!(found(&near, "token", now), Some(proof));
    assert_eq!(found(&near, "tokem", now), None);
}

#[test]
fn an_entry_lives_as_long_as_its_session_and_a_minute_at_the_most() {
    let (near, now) = hearing(Duration::ZERO, ROOM);
    for (token, life, end) in [("short", millis(500), 500), ("long", LONGEST * 2, 60_000)] {
        let proof = seen();
        let miss = asked(&near, token, now);
        near.keep_at(miss, Arc::clone(&proof), life, now.plus(millis(100)));

        let hit = near.find_at(Key::of(token), now.plus(millis(100))).ok().unwrap();
        assert_eq!(hit.left, millis(end - 100), "it is counted from when it was asked");
        assert_eq!(found(&near, token, now.plus(millis(end - 1))), Some(proof));
        assert_eq!(found(&near, token, now.plus(millis(end))), None);
    }
}

#[test]
fn nothing_is_used_without_a_lease() {
    let (near, now) = hearing(Duration::ZERO, ROOM);
    let proof = seen();
    keep(&near, "token", &proof, now);

    near.lease.renew(now.plus(LEASE));

    assert!(found(&near, "token", now.plus(millis(999))).is_some());
    assert!(found(&near, "token", now.plus(LEASE)).is_none());
    near.lease.renew(now.plus(LEASE * 2));
    assert!(found(&near, "token", now.plus(LEASE)).is_some(), "nothing was missed meanwhile");
}

#[test]
fn a_revoked_session_is_gone_and_others_stay() {
    let (near, now) = hearing(Duration::ZERO, ROOM);
    let (revoked, other) = (seen(), seen());
    keep(&near, "revoked", &revoked, now);
    keep(&near, "other", &other, now);

    near.revoke_at(&of(&revoked), now);

    assert_eq!(found(&near, "revoked", now), None);
    assert_eq!(found(&near, "other", now), Some(other));
}

#[test]
fn an_account_that_was_revoked_keeps_its_exception_only() {
    let (near, now) = hearing(Duration::ZERO, ROOM);
    let (one, stranger) = (seen(), seen());
    let kept = Arc::new(Seen { account: one.account, session: Uuid::new_v4() });
    for (token, proof) in [("one", &one), ("kept", &kept), ("stranger", &stranger)] {
        keep(&near, token, proof, now);
    }

    near.revoke_at(&Revocation::Account { account: one.account, except: Some(kept.session) }, now);

    assert_eq!(found(&near, "one", now), None);
    assert_eq!(found(&near, "kept", now), Some(kept));
    assert_eq!(found(&near, "stranger", now), Some(stranger));
}

#[test]
fn an_answer_from_before_a_revocation_is_not_kept_after_it() {
    let revocations: [fn(&Seen) -> Revocation; 2] =
        [of, |proof| Revocation::Account { account: proof.account, except: Some(Uuid::nil()) }];
    for revocation in revocations {
        let (near, now) = hearing(Duration::ZERO, ROOM);
        let proof = seen();
        let miss = asked(&near, "token", now);

        near.revoke_at(&revocation(&proof), now.plus(millis(1)));
        near.keep_at(miss, Arc::clone(&proof), LONGEST, now.plus(FRESH));

        assert_eq!(found(&near, "token", now.plus(FRESH)), None);
    }
}

#[test]
fn a_revocation_is_remembered_for_five_seconds() {
    let (near, now) = hearing(Duration::ZERO, ROOM);
    let proof = seen();
    near.revoke_at(&of(&proof), now);

    keep(&near, "token", &proof, now.plus(millis(4999)));
    assert_eq!(found(&near, "token", now.plus(millis(4999))), None);

    keep(&near, "token", &proof, now.plus(millis(5000)));
    assert_eq!(found(&near, "token", now.plus(millis(5000))), Some(proof));
}

#[test]
fn two_exceptions_of_one_account_are_none() {
    let (near, now) = hearing(Duration::ZERO, ROOM);
    let proof = seen();
    for except in [proof.session, Uuid::new_v4()] {
        near.revoke_at(&Revocation::Account { account: proof.account, except: Some(except) }, now);
    }

    keep(&near, "token", &proof, now);

    assert_eq!(found(&near, "token", now), None);
}

#[test]
fn more_revocations_than_can_be_remembered_keep_everything_out() {
    let (near, now) = hearing(Duration::ZERO, ROOM);
    let first = seen();
    near.revoke_at(&of(&first), now);
    for _ in 0..64 * 1024 {
        near.revoke_at(&of(&seen()), now);
    }

    keep(&near, "first", &first, now.plus(millis(1)));
    keep(&near, "other", &seen(), now.plus(millis(1)));
    let later = now.plus(millis(5000));
    keep(&near, "later", &seen(), later);

    assert_eq!(found(&near, "first", later), None);
    assert_eq!(found(&near, "other", later), None);
    assert!(found(&near, "later", later).is_some());
}

#[test]
fn an_answer_that_was_long_under_way_is_not_kept() {
    let (near, now) = hearing(Duration::ZERO, ROOM);

    for (token, took, kept) in [("quick", FRESH, true), ("slow", FRESH + millis(1), false)] {
        let miss = asked(&near, token, now);
        near.keep_at(miss, seen(), LONGEST, now.plus(took));
        assert_eq!(found(&near, token, now.plus(took)).is_some(), kept, "{token}");
    }
}

#[test]
fn whoever_begins_to_hear_anew_has_nothing_and_keeps_no_older_answer() {
    let (near, now) = hearing(Duration::ZERO, ROOM);
    keep(&near, "kept", &seen(), now);
    let miss = asked(&near, "asked", now);

    near.loses();
    near.begins_at(now.plus(millis(1)));
    near.lease.renew(BootTime::NEVER);
    let now = now.plus(millis(2));
    near.keep_at(miss, seen(), LONGEST, now);

    assert_eq!(found(&near, "kept", now), None);
    assert_eq!(found(&near, "asked", now), None);
}

#[test]
fn whoever_asks_a_replica_keeps_nothing_until_that_must_have_heard_as_much() {
    let (near, now) = hearing(LEASE, ROOM);

    keep(&near, "early", &seen(), now);
    let late = now.plus(LEASE);
    keep(&near, "late", &seen(), late);

    assert_eq!(found(&near, "early", late), None);
    assert!(found(&near, "late", late).is_some());
}

#[test]
fn no_more_is_kept_than_there_is_room_for_and_the_oldest_goes() {
    let (near, now) = hearing(Duration::ZERO, ROOM);
    keep(&near, "0", &seen(), now);
    for number in 1..10_000 {
        keep(&near, &number.to_string(), &seen(), now);
    }

    let full = near.contents();
    assert!(full.bytes <= ROOM && full.bytes > ROOM / 2, "{full:?}");
    assert!(found(&near, "0", now).is_none());
    assert!(found(&near, "9999", now).is_some());

    near.shrink(ROOM / 2);
    let shrunk = near.contents();
    assert!(full.bytes - shrunk.bytes >= full.bytes.min(ROOM / 2), "{shrunk:?}");
    near.shrink(usize::MAX);
    assert_eq!((near.contents().entries, near.contents().bytes), (0, 0));
}

#[test]
fn what_is_remembered_of_revocations_has_a_quarter_of_the_room_and_entries_have_the_rest() {
    let (near, now) = hearing(Duration::ZERO, ROOM);
    for number in 0..10_000 {
        keep(&near, &number.to_string(), &seen(), now);
    }
    for _ in 0..ROOM / 4 / revoked::EACH {
        near.revoke_at(&of(&seen()), now);
    }

    keep(&near, "others", &seen(), now);
    near.revoke_at(&of(&seen()), now);
    keep(&near, "late", &seen(), now);

    assert!(near.contents().bytes <= ROOM / 4 * 3, "{:?}", near.contents());
    assert!(found(&near, "others", now).is_some(), "there is room for these revocations");
    assert!(found(&near, "late", now).is_none(), "and for no more");
}

#[test]
fn a_smaller_plan_takes_room_away_and_time_clears_up() {
    let room = Arc::new(AtomicU64::new(ROOM as u64));
    let follows = Arc::clone(&room);
    let near = Near::new(Duration::ZERO, move || usize::try_from(follows.load(Relaxed)).unwrap());
    near.begins_at(NOON);
    near.lease.renew(BootTime::NEVER);
    let now = NOON.plus(millis(1));
    for number in 0..1000 {
        keep(&near, &number.to_string(), &seen(), now);
    }

    room.store(ROOM as u64 / 8, Relaxed);
    near.sweep(now);
    assert!(near.contents().bytes <= ROOM / 8, "{:?}", near.contents());

    near.sweep(now.plus(LONGEST));
    assert_eq!(near.contents().entries, 0);
}
