//! What is packed comes back, and garbage does no harm.

use std::{net::IpAddr, ops::Range, time::Duration};

use proptest::{collection::vec, option, prelude::*};
use uuid::Uuid;

use super::*;

const BEGIN: Moment = Moment::from_millis(1_800_000_000_123);
/// Milliseconds after the beginning that a record can hold.
const LATER: Range<u64> = 0..1 << 40;

fn exchanged() -> impl Strategy<Value = Exchanged> {
    (any::<[u8; 16]>(), option::of((any::<[u8; 16]>(), LATER))).prop_map(|(family, grace)| Exchanged {
        family: Family(family),
        grace: grace
            .map(|(nonce, end)| Grace { nonce: Nonce(nonce), end: BEGIN.plus(Duration::from_millis(end)) }),
    })
}

fn records() -> impl Strategy<Value = Record> {
    (
        (0..1_u64 << 48, any::<u128>(), any::<[u8; 32]>(), any::<[u8; 32]>(), option::of(exchanged())),
        [LATER, LATER, LATER, LATER],
        (vec("\\PC{0,32}", 0..4), "\\PC{0,256}", option::of(any::<IpAddr>())),
    )
        .prop_map(
            |((epoch, account, session, refresh, exchanged), times, (roles, user_agent, address))| {
                let times = times.map(|later| BEGIN.plus(Duration::from_millis(later)));
                let [used, token_end, idle_end, absolute_end] = times;
                Record {
                    epoch: Epoch(epoch),
                    account: AccountId(Uuid::from_u128(account)),
                    session: Digest(session),
                    refresh: Digest(refresh),
                    exchanged,
                    created: BEGIN,
                    used,
                    token_end,
                    idle_end,
                    absolute_end,
                    roles,
                    user_agent,
                    address,
                }
            },
        )
}

#[test]
fn the_session_of_a_browser_fits_into_224_bytes_of_redis() {
    let pair = crate::session::Pair::random();
    let record = Record {
        epoch: Epoch(1),
        account: AccountId(Uuid::now_v7()),
        session: pair.session.digest(),
        refresh: pair.refresh.digest(),
        exchanged: None,
        created: BEGIN,
        used: BEGIN,
        token_end: BEGIN,
        idle_end: BEGIN,
        absolute_end: BEGIN,
        roles: Vec::new(),
        user_agent: "a".repeat(100),
        address: Some(IpAddr::from([192, 0, 2, 1])),
    };

    // A string of up to 255 bytes has a header of three and ends with a zero.
    assert!(record.pack().len() + 4 <= 224, "{} bytes", record.pack().len());
}

proptest! {
    #[test]
    fn a_record_comes_back_as_it_was(record in records()) {
        prop_assert_eq!(Record::unpack(&record.pack()), Ok(record));
    }

    #[test]
    fn a_record_that_is_cut_is_none_or_lacks_some_of_its_user_agent(record in records(), cut in 0..400_usize) {
        let packed = record.pack();
        let cut = packed.len().saturating_sub(cut + 1);
        if let Ok(read) = Record::unpack(&packed[..cut]) {
            prop_assert!(record.user_agent.starts_with(&read.user_agent));
            prop_assert_eq!(Record { user_agent: record.user_agent.clone(), ..read }, record);
        }
    }

    #[test]
    fn no_bytes_make_reading_panic(bytes in vec(any::<u8>(), 0..400)) {
        let _ = Record::unpack(&bytes);
    }

    #[test]
    fn a_record_of_another_version_is_left_alone(record in records(), others in 1..=255_u8) {
        let mut packed = record.pack();
        packed[0] = packed[0].wrapping_add(others);
        prop_assert_eq!(Record::unpack(&packed), Err(Unreadable));
    }
}
