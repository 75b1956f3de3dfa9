//! Histories written by hand.

use super::*;

const MILLI: u64 = 1_000_000;
const REPLICA: At = At::Sessions(0);

fn pair(number: u64) -> Shown {
    Shown { session: "s".to_owned(), pair: number }
}

/// A call of a tenth of a second, that begins after so many milliseconds.
fn call(at: At, began: u64, shown: Option<u64>, asked: Asked, outcome: Outcome) -> Call {
    let (began, ended) = (began * MILLI, (began + 100) * MILLI);
    Call { began, ended, at, account: "a".to_owned(), shown: shown.map(pair), asked, outcome }
}

fn sign_in(began: u64) -> Call {
    call(REPLICA, began, None, Asked::SignIn, Outcome::Granted(pair(1)))
}

fn used(at: At, began: u64, number: u64) -> Call {
    call(at, began, Some(number), Asked::Use, Outcome::Done)
}

fn refused(began: u64, number: u64) -> Call {
    let reason = Outcome::Refused("SESSION_INVALID".to_owned());
    call(REPLICA, began, Some(number), Asked::Use, reason)
}

fn unknown(code: &str) -> Outcome {
    Outcome::Unknown(code.to_owned())
}

fn revoke(began: u64, outcome: Outcome) -> Call {
    call(REPLICA, began, Some(1), Asked::Revoke("s".to_owned()), outcome)
}

/// The same call, of somebody with another session of the account.
fn stranger(call: Call) -> Call {
    Call { shown: Some(Shown { session: "t".to_owned(), pair: 9 }), ..call }
}

fn refresh(began: u64, number: u64, outcome: Outcome) -> Call {
    call(REPLICA, began, Some(number), Asked::Refresh, outcome)
}

fn reused() -> Outcome {
    Outcome::Refused("REFRESH_REUSED".to_owned())
}

#[track_caller]
fn good(history: &[Call]) {
    assert_eq!(judge(history, &Leave::default()), [""; 0]);
}

#[track_caller]
fn bad(history: &[Call], fault: &str) {
    let found = judge(history, &Leave::default());
    assert!(matches!(found.as_slice(), [one] if one.starts_with(fault)), "{found:#?}");
}

#[test]
fn a_use_may_succeed_until_the_bound_after_the_acknowledgement_and_no_longer() {
    let ended = [sign_in(0), revoke(1000, Outcome::Done)];
    let with = |call| [&ended[..], &[call]].concat();

    good(&with(used(REPLICA, 2100, 1)));
    good(&with(used(At::Guard, 3100, 1)));

    bad(&with(used(REPLICA, 2101, 1)), "used later");
    bad(&with(used(At::Guard, 3101, 1)), "used later");
}

#[test]
fn an_end_that_nobody_knows_of_forbids_nothing_and_explains_everything() {
    let with = |call| [sign_in(0), revoke(1000, unknown("Unavailable")), call];

    good(&with(used(REPLICA, 9000, 1)));
    good(&with(refused(1050, 1)));

    bad(&with(refused(800, 1)), "a session was lost");
}

#[test]
fn that_there_is_no_such_session_acknowledges_its_end_too() {
    let ended = [sign_in(0), revoke(1000, unknown("Unavailable")), revoke(1200, Outcome::NotFound)];

    good(&ended);
    bad(&[&ended[..], &[used(REPLICA, 2400, 1)]].concat(), "used later");
}

#[test]
fn a_session_that_nobody_ended_is_found() {
    bad(&[sign_in(0), stranger(revoke(1000, Outcome::NotFound))], "a session was lost");
    good(&[stranger(revoke(1000, Outcome::NotFound))]);
    let refused =
        judge(&[sign_in(0), stranger(revoke(1000, Outcome::NotFound)), refused(2000, 1)], &Leave::default());
    assert_eq!(refused.len(), 2, "what was not found explains no refusal: {refused:#?}");
}

#[test]
fn the_end_of_all_sessions_is_that_of_those_which_had_begun() {
    let all = |except: Option<&str>, outcome| {
        call(REPLICA, 1000, Some(7), Asked::RevokeAll(except.map(str::to_owned)), outcome)
    };

    bad(&[sign_in(0), all(None, Outcome::Done), used(REPLICA, 2200, 1)], "used later");
    good(&[sign_in(0), all(Some("s"), Outcome::Done), used(REPLICA, 2200, 1)]);
    good(&[sign_in(950), all(None, Outcome::Done), used(REPLICA, 2200, 1)]);
    good(&[sign_in(0), all(Some("gone"), Outcome::NotFound), used(REPLICA, 2200, 1)]);
    bad(&[sign_in(0), all(Some("s"), Outcome::NotFound)], "a session was lost");
    good(&[sign_in(950), all(None, Outcome::Done), refused(2200, 1)]);
    bad(&[sign_in(1200), all(None, Outcome::Done), refused(2200, 1)], "a session was lost");
    good(&[sign_in(1200), all(None, unknown("Unavailable")), refused(2200, 1)]);
}

#[test]
fn whoever_was_refused_has_ended_nothing() {
    let revoke = revoke(1000, Outcome::Refused("SESSION_INVALID".to_owned()));

    let found = judge(&[sign_in(0), revoke, refused(2000, 1)], &Leave::default());

    assert_eq!(found.len(), 2, "neither refusal is explained: {found:#?}");
}

#[test]
fn an_exchange_ends_the_old_pair_and_nothing_else() {
    let exchanged = [sign_in(0), refresh(1000, 1, Outcome::Granted(pair(2)))];
    let with = |call| [&exchanged[..], &[call]].concat();

    good(&with(used(REPLICA, 9000, 2)));
    good(&with(refused(1050, 1)));
    bad(&with(used(REPLICA, 2101, 1)), "used later");
    bad(&with(refused(9000, 2)), "a session was lost");
}

#[test]
fn an_exchange_that_is_repeated_has_the_same_successor() {
    let first = refresh(1000, 1, Outcome::Granted(pair(2)));

    good(&[sign_in(0), first.clone(), refresh(1500, 1, Outcome::Granted(pair(2)))]);
    bad(&[sign_in(0), first, refresh(1500, 1, Outcome::Granted(pair(3)))], "two successors");
}

#[test]
fn an_exchange_is_not_repeated_once_the_successor_was_used() {
    let used = [sign_in(0), refresh(1000, 1, Outcome::Granted(pair(2))), used(REPLICA, 1200, 2)];
    let with = |call| [&used[..], &[call]].concat();

    good(&with(refresh(1290, 1, Outcome::Granted(pair(2)))));
    good(&with(refresh(1400, 1, reused())));
    bad(&with(refresh(1400, 1, Outcome::Granted(pair(2)))), "exchanged again");
}

#[test]
fn a_lost_answer_is_no_theft() {
    let lost = [sign_in(0), refresh(1000, 1, unknown("DeadlineExceeded"))];
    let with = |call| [&lost[..], &[call]].concat();

    good(&with(refresh(3000, 1, Outcome::Granted(pair(2)))));
    good(&with(refresh(11_500, 1, reused())));
    bad(&with(refresh(3000, 1, reused())), "a lost answer");
}

#[test]
fn a_pair_whose_exchange_was_lost_is_known() {
    let invalid = || Outcome::Refused("REFRESH_INVALID".to_owned());
    let lost = [sign_in(0), refresh(1000, 1, unknown("DeadlineExceeded"))];
    let with = |calls: &[Call]| [&lost[..], calls].concat();

    bad(&with(&[refresh(3000, 1, invalid())]), "a session was lost");
    bad(
        &with(&[refresh(3000, 1, Outcome::Granted(pair(2))), refresh(4000, 1, invalid())]),
        "a session was lost",
    );
    // Also when another was given for the next.
    let next = refresh(4000, 2, Outcome::Granted(pair(3)));
    let exchanged = [refresh(3000, 1, Outcome::Granted(pair(2))), next];
    bad(&with(&[&exchanged[..], &[refresh(5000, 1, invalid())]].concat()), "a session was lost");
    good(&with(&[&exchanged[..], &[refresh(5000, 1, reused())]].concat()));
    // Unless this was tried for so long that it was taken for a theft.
    good(&with(&[refresh(11_500, 1, unknown("Unavailable")), refresh(12_000, 1, invalid())]));
}

#[test]
fn a_session_that_has_ended_is_not_renewed() {
    let history = [sign_in(0), revoke(1000, Outcome::Done), refresh(1101, 1, Outcome::Granted(pair(2)))];

    bad(&history, "renewed after its end");
}

#[test]
fn a_failover_excuses_what_was_written_just_before_it_and_no_use_after_an_acknowledged_end() {
    let at = |storm: Range<u64>| {
        let mut leave = Leave::FAILOVER;
        // It is back in the last tenth.
        let back = (storm.end - (storm.end - storm.start) / 10) * MILLI;
        leave.storms.push(Storm { time: storm.start * MILLI..storm.end * MILLI, back });
        leave
    };
    let lost = [sign_in(0), refused(2000, 1)];
    let missing = [sign_in(0), stranger(revoke(2000, Outcome::NotFound))];
    let stale = [sign_in(0), refresh(1000, 1, Outcome::Granted(pair(2))), used(REPLICA, 9000, 1)];
    let late = |began| [sign_in(0), revoke(1000, Outcome::Done), used(REPLICA, began, 1)];

    assert_eq!(judge(&lost, &at(50..1000)).len(), 0);
    assert_eq!(judge(&lost, &at(20_000..30_000)).len(), 1);
    assert_eq!(judge(&missing, &at(50..1000)).len(), 0);
    assert_eq!(judge(&missing, &at(20_000..30_000)).len(), 1);
    assert_eq!(judge(&stale, &at(1050..2000)).len(), 0);
    assert_eq!(judge(&stale, &at(5000..6000)).len(), 1);
    assert_eq!(judge(&late(4100), &at(50..1000)).len(), 0);
    assert_eq!(judge(&late(4101), &at(50..1000)).len(), 1);
    // The one that was replaced acknowledged it, when it was back.
    assert_eq!(judge(&late(4101), &at(0..1150)).len(), 0);
    assert_eq!(judge(&late(4101), &at(0..2000)).len(), 1);
}

#[test]
fn an_outage_is_told_as_one() {
    good(&[call(REPLICA, 0, Some(1), Asked::Use, unknown("Unavailable"))]);
    bad(&[call(REPLICA, 0, Some(1), Asked::Use, unknown("Internal"))], "neither an answer");
}
