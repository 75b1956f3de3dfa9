use std::time::Duration;

use uuid::Uuid;

use super::*;

const START: Moment = Moment::from_millis(1_000_000);
const SECOND: Duration = Duration::from_secs(1);

fn begun() -> (Record, Pair, Config) {
    let config = Config::default();
    let grant = Grant {
        account: AccountId(Uuid::now_v7()),
        roles: vec!["admin".into()],
        epoch: Epoch::new(1).unwrap(),
    };
    let pair = Pair::random();
    (Record::begin(grant, Device::default(), &pair, START, &config), pair, config)
}

/// The record and the pair after one exchange of the refresh token.
fn rotated(record: &Record, pair: &Pair, now: Moment, config: &Config) -> (Record, Pair) {
    match record.renew(&pair.refresh, Nonce::random(), now, config) {
        Renewal::Rotated(record, pair) => (*record, pair),
        Renewal::Refused | Renewal::Again(_) | Renewal::Reused => panic!("a good refresh token rotates"),
    }
}

#[test]
fn a_session_token_proves_its_session_until_it_ends() {
    let (record, pair, config) = begun();
    let end = START.plus(config.session_token_lifetime.0);

    assert_eq!(record.validate(&pair.session, START, &config), Validity::Good);
    assert_ne!(
        record.validate(&pair.session, Moment::from_millis(end.millis() - 1), &config),
        Validity::Refused
    );
    assert_eq!(record.validate(&pair.session, end, &config), Validity::Refused);
    assert_eq!(record.validate(&Secret::random(), START, &config), Validity::Refused);
    assert_eq!(record.validate(&pair.refresh, START, &config), Validity::Refused);
}

#[test]
fn use_is_noted_once_a_minute_and_extends_the_idle_end() {
    let (record, pair, config) = begun();

    let early = record.validate(&pair.session, START.plus(SECOND * 59), &config);
    let due = record.validate(&pair.session, START.plus(SECOND * 60), &config);

    assert_eq!(early, Validity::Good);
    let Validity::Touch(touched) = due else { panic!("a minute has passed") };
    assert_eq!(touched.used, START.plus(SECOND * 60));
    assert_eq!(touched.idle_end, record.idle_end.plus(SECOND * 60));
    assert_eq!(touched.absolute_end, record.absolute_end);
}

#[test]
fn a_proof_is_kept_until_the_next_use_is_to_be_noted_and_never_beyond_any_end() {
    let (record, _, config) = begun();
    let short = |moment: Moment| moment.plus(SECOND * 7);
    let ends = [
        Record { token_end: short(START), ..record.clone() },
        Record { idle_end: short(START), ..record.clone() },
        Record { absolute_end: short(START), ..record.clone() },
    ];

    assert_eq!(record.life(START, &config), SECOND * 60);
    assert_eq!(record.life(START.plus(SECOND * 59), &config), SECOND);
    assert_eq!(record.life(START.plus(SECOND * 60), &config), Duration::ZERO);
    for record in ends {
        assert_eq!(record.life(START.plus(SECOND * 2), &config), SECOND * 5);
    }
}

#[test]
fn a_session_ends_when_it_is_idle_and_in_any_case_at_its_absolute_end() {
    let (mut record, pair, config) = begun();
    record.token_end = Moment::from_millis(u64::MAX);
    let idle = record.idle_end;

    assert_eq!(record.validate(&pair.session, idle, &config), Validity::Refused);
    assert!(matches!(record.renew(&pair.refresh, Nonce::random(), idle, &config), Renewal::Refused));

    record.idle_end = Moment::from_millis(u64::MAX);
    let absolute = record.absolute_end;
    assert_ne!(record.validate(&pair.session, idle, &config), Validity::Refused);
    assert_eq!(record.validate(&pair.session, absolute, &config), Validity::Refused);
    assert!(matches!(record.renew(&pair.refresh, Nonce::random(), absolute, &config), Renewal::Refused));
}

#[test]
fn no_session_token_outlives_its_session() {
    let (record, pair, config) = begun();
    let late = Moment::from_millis(record.absolute_end.millis() - 1000);
    let record = Record { idle_end: record.absolute_end, ..record };

    let (rotated, _) = rotated(&record, &pair, late, &config);

    assert_eq!(rotated.token_end, record.absolute_end);
    assert_eq!(rotated.end(), record.absolute_end);
}

#[test]
fn rotation_ends_the_old_pair_and_begins_a_new_one() {
    let (record, old, config) = begun();

    let (record, new) = rotated(&record, &old, START, &config);

    assert_eq!(record.validate(&old.session, START, &config), Validity::Refused);
    assert_ne!(record.validate(&new.session, START, &config), Validity::Refused);
    assert!(matches!(record.renew(&new.refresh, Nonce::random(), START, &config), Renewal::Rotated(..)));
}

#[test]
fn within_grace_the_same_refresh_token_gets_the_same_successor() {
    let (record, old, config) = begun();
    let (record, new) = rotated(&record, &old, START, &config);
    let last = Moment::from_millis(START.plus(config.refresh_grace.0).millis() - 1);

    for now in [START, last] {
        let Renewal::Again(again) = record.renew(&old.refresh, Nonce::random(), now, &config) else {
            panic!("the grace lasts")
        };
        assert!(again == new);
    }
}

#[test]
fn after_grace_the_same_refresh_token_is_a_reuse() {
    let (record, old, config) = begun();
    let (record, _) = rotated(&record, &old, START, &config);
    let end = START.plus(config.refresh_grace.0);

    assert!(matches!(record.renew(&old.refresh, Nonce::random(), end, &config), Renewal::Reused));
}

#[test]
fn using_the_new_session_token_ends_the_grace_and_forgets_the_nonce() {
    let (record, old, config) = begun();
    let (record, new) = rotated(&record, &old, START, &config);

    let Validity::EndGrace(record) = record.validate(&new.session, START, &config) else {
        panic!("the successor was used")
    };

    assert_eq!(record.exchanged.as_ref().unwrap().grace, None);
    assert!(matches!(record.renew(&old.refresh, Nonce::random(), START, &config), Renewal::Reused));
    assert_eq!(record.validate(&new.session, START, &config), Validity::Good);
}

#[test]
fn a_grace_that_has_ended_demands_no_write() {
    let (record, old, config) = begun();
    let (record, new) = rotated(&record, &old, START, &config);
    let end = START.plus(config.refresh_grace.0);
    let (last, due) = (Moment::from_millis(end.millis() - 1), START.plus(config.touch_interval.0));

    let within = record.validate(&new.session, last, &config);
    let after = record.validate(&new.session, end, &config);
    let noted = record.validate(&new.session, due, &config);

    assert!(matches!(within, Validity::EndGrace(_)), "{within:?}");
    assert_eq!(after, Validity::Good);
    let Validity::Touch(noted) = noted else { panic!("a minute has passed: {noted:?}") };
    assert_eq!(noted.exchanged.as_ref().unwrap().grace, None, "the nonce goes with the next write");
    for record in [record, noted] {
        assert!(matches!(record.renew(&old.refresh, Nonce::random(), due, &config), Renewal::Reused));
    }
}

#[test]
fn using_the_new_refresh_token_gives_it_the_grace_and_makes_all_before_it_a_reuse() {
    let (record, first, config) = begun();
    let (record, second) = rotated(&record, &first, START, &config);

    let (record, third) = rotated(&record, &second, START, &config);

    assert!(matches!(record.renew(&first.refresh, Nonce::random(), START, &config), Renewal::Reused));
    let Renewal::Again(again) = record.renew(&second.refresh, Nonce::random(), START, &config) else {
        panic!("the grace of the second lasts")
    };
    assert!(again == third);

    let (record, _) = rotated(&record, &third, START, &config);
    let late = START.plus(config.refresh_grace.0);
    for old in [first, second, third] {
        assert!(matches!(record.renew(&old.refresh, Nonce::random(), late, &config), Renewal::Reused));
    }
}

#[test]
fn a_wrong_refresh_secret_is_refused_and_no_reuse() {
    let (begun, first, config) = begun();
    let (rotated, second) = rotated(&begun, &first, START, &config);

    for record in [begun, rotated] {
        for wrong in [&Secret::random(), &first.session, &second.session] {
            assert!(matches!(record.renew(wrong, Nonce::random(), START, &config), Renewal::Refused));
        }
    }
}
