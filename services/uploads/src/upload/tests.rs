use crc32c::crc32c;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;

const GIB: u64 = 1024 * 1024 * 1024;

#[test]
fn parts_are_few_and_none_is_small() {
    assert_eq!(part_size(0), LEAST_PART);
    assert_eq!(part_size(70 * GIB), LEAST_PART);
    for size in [71 * GIB, 5 * 1024 * GIB + 1] {
        assert!(size.div_ceil(part_size(size)) <= MOST_PARTS, "{size}");
        assert!(part_size(size) > LEAST_PART, "{size}");
    }
}

#[test]
fn only_the_latest_writer_commits_and_only_what_follows() {
    let upload = upload(100);
    let part = Part { start: 0, size: 60, crc32c: 1, key: Key::new() };

    let late = upload.clone().with(Epoch(0), &part, None);
    let gap = upload.clone().with(Epoch(1), &Part { start: 1, ..part.clone() }, None);
    let after = upload.with(Epoch(1), &part, Some("text/plain")).unwrap();
    let overlap = after.clone().with(Epoch(1), &part, None);

    assert_eq!(late, Err(Error::Superseded));
    assert_eq!(gap, Err(Error::Offset { expected: 0 }));
    assert_eq!(overlap, Err(Error::Offset { expected: 60 }));
    assert_eq!((after.committed, after.content_type.as_deref()), (60, Some("text/plain")));
}

#[test]
fn what_is_not_whole_or_not_meant_is_not_finished() {
    let whole = Upload { committed: 100, crc32c: 7, ..upload(100) };

    assert_eq!(upload(100).may_finish(None), Err(Error::Incomplete { committed: 0 }));
    assert_eq!(whole.may_finish(Some(8)), Err(Error::Checksum { found: 7 }));
    assert_eq!(whole.may_finish(Some(7)), Ok(()));
}

proptest! {
    #[test]
    fn the_checksum_of_all_parts_is_that_of_the_bytes(pieces: Vec<Vec<u8>>) {
        let bytes = pieces.concat();
        let mut upload = upload(bytes.len() as u64);

        for piece in &pieces {
            let part = Part {
                start: upload.committed,
                size: piece.len() as u64,
                crc32c: crc32c(piece),
                key: Key::new(),
            };
            upload = upload.with(Epoch(1), &part, None).unwrap();
        }

        prop_assert_eq!(upload.crc32c, crc32c(&bytes));
    }
}

fn upload(size: u64) -> Upload {
    Upload {
        id: UploadId::new(),
        account_id: AccountId(Uuid::nil()),
        file_name: None,
        size,
        part_size: part_size(size),
        committed: 0,
        crc32c: 0,
        content_type: None,
        finish_time: None,
        writer: Epoch(1),
        create_time: Time::now(),
        expire_time: Time::now(),
    }
}
