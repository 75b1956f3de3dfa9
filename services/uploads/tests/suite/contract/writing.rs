//! Promises about writers, parts and finishing.

use std::sync::Arc;

use uploads::{
    Error,
    store::{Begin, Commit, Store},
    upload::{Epoch, Key, Part, UploadId},
};

use super::{all_strays, begin, commit, create, reserved, soon, written};

pub(crate) async fn in_order(store: Arc<dyn Store>) {
    let created = create(&store, 100).await;
    let (begun, first) = begin(&store, created.id, 0).await.unwrap();
    let next = reserved();

    let commit_first = commit(created.id, begun.writer, 0, 60, &first);
    let kind = Some("text/plain".to_owned());
    let half = store.commit(Commit { next: Some(next.clone()), content_type: kind, ..commit_first });
    let half = half.await.unwrap();
    let whole = store.commit(commit(created.id, begun.writer, 60, 40, &next.key)).await.unwrap();

    assert_eq!((half.committed, whole.committed), (60, 100));
    assert_eq!(whole.content_type.as_deref(), Some("text/plain"));
    assert_ne!(whole.crc32c, half.crc32c);
    assert_eq!(store.find(created.id).await.unwrap(), Some(whole));
    assert_eq!(all_strays(&store).await, [], "both keys are parts");
}

pub(crate) async fn offsets(store: Arc<dyn Store>) {
    let created = create(&store, 100).await;
    let (begun, key) = begin(&store, created.id, 0).await.unwrap();
    store.commit(commit(created.id, begun.writer, 0, 60, &key)).await.unwrap();

    let overlap = begin(&store, created.id, 0).await;
    let gap = begin(&store, created.id, 61).await;
    let nowhere = begin(&store, UploadId::new(), 0).await;
    let repeated = store.commit(commit(created.id, begun.writer, 0, 60, &Key::new())).await;

    assert_eq!(overlap.unwrap_err(), Error::Offset { expected: 60 });
    assert_eq!(gap.unwrap_err(), Error::Offset { expected: 60 });
    assert_eq!(nowhere.unwrap_err(), Error::NotFound);
    assert_eq!(repeated, Err(Error::Offset { expected: 60 }));
    // The refused ones have ended no writer.
    let after = store.find(created.id).await.unwrap().unwrap();
    assert_eq!(after.writer, begun.writer);
}

pub(crate) async fn later_wins(store: Arc<dyn Store>) {
    let created = create(&store, 100).await;
    let (early, early_key) = begin(&store, created.id, 0).await.unwrap();
    let (late, late_key) = begin(&store, created.id, 0).await.unwrap();

    let told = store.commit(commit(created.id, early.writer, 0, 100, &early_key)).await;
    let won = store.commit(commit(created.id, late.writer, 0, 100, &late_key)).await.unwrap();

    assert_eq!(told, Err(Error::Superseded));
    assert_eq!(won.committed, 100);
    assert_eq!(all_strays(&store).await, [early_key]);
}

pub(crate) async fn one_of_many(store: Arc<dyn Store>) {
    let created = create(&store, 100).await;

    let writers = (0..8).map(|_| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            let (begun, key) = begin(&store, created.id, 0).await?;
            store.commit(commit(created.id, begun.writer, 0, 100, &key)).await
        })
    });
    let writers: Vec<_> = writers.collect();
    let mut committed = 0;
    for writer in writers {
        match writer.await.unwrap() {
            Ok(_) => committed += 1,
            Err(Error::Superseded | Error::Offset { expected: 100 }) => {}
            Err(other) => panic!("{other:?}"),
        }
    }

    assert_eq!(committed, 1);
    assert_eq!(store.parts(created.id, 0, 10).await.unwrap().len(), 1);
}

pub(crate) async fn parts_from(store: Arc<dyn Store>) {
    let created = create(&store, 90).await;
    for start in [0, 30, 60] {
        let (begun, key) = begin(&store, created.id, start).await.unwrap();
        store.commit(commit(created.id, begun.writer, start, 30, &key)).await.unwrap();
    }

    let from = async |offset, limit| {
        let parts = store.parts(created.id, offset, limit).await.unwrap();
        parts.into_iter().map(|part| part.start).collect::<Vec<_>>()
    };

    assert_eq!(from(0, 10).await, [0, 30, 60]);
    assert_eq!(from(29, 2).await, [0, 30]);
    assert_eq!(from(30, 10).await, [30, 60]);
    assert_eq!(from(90, 10).await, Vec::<u64>::new());
}

pub(crate) async fn given_up(store: Arc<dyn Store>) {
    let created = create(&store, 100).await;
    let (begun, key) = begin(&store, created.id, 0).await.unwrap();

    assert_eq!(all_strays(&store).await.as_slice(), std::slice::from_ref(&key), "a janitor has it");
    let late = store.commit(commit(created.id, begun.writer, 0, 100, &key)).await;
    let unknown = store.commit(commit(created.id, begun.writer, 0, 100, &Key::new())).await;

    assert_eq!(late, Err(Error::GivenUp));
    assert_eq!(unknown, Err(Error::GivenUp));
    assert_eq!(store.find(created.id).await.unwrap().unwrap().committed, 0);
}

pub(crate) async fn signed(store: Arc<dyn Store>) {
    let created = create(&store, 100).await;
    let part = |start| Part { start, size: 50, crc32c: 7, key: Key::new() };
    let sign = |offset, parts: Vec<Part>| Begin {
        id: created.id,
        offset,
        reserved: parts
            .iter()
            .map(|part| uploads::store::Reserved { key: part.key.clone(), due: soon() })
            .collect(),
        signed: parts,
        expire_time: soon(),
    };
    let (first, second) = (part(0), part(50));

    let begun = store.begin_write(sign(0, vec![first.clone(), second.clone()])).await.unwrap();
    assert_eq!(store.signed_parts(created.id).await.unwrap(), [first.clone(), second.clone()]);
    let arrived = Commit { part: first.clone(), ..commit(created.id, begun.writer, 0, 50, &first.key) };
    store.commit(arrived).await.unwrap();
    assert_eq!(store.signed_parts(created.id).await.unwrap(), [second]);
    let again = part(50);
    store.begin_write(sign(50, vec![again.clone()])).await.unwrap();

    assert_eq!(store.signed_parts(created.id).await.unwrap(), [again]);
    begin(&store, created.id, 50).await.unwrap();
    assert_eq!(store.signed_parts(created.id).await.unwrap(), [], "another writer has come");
}

pub(crate) async fn finished(store: Arc<dyn Store>) {
    let (upload, _) = written(&store, 100).await;
    let part = create(&store, 100).await;

    let early = store.finish(part.id, None).await;
    let other = store.finish(upload.id, Some(upload.crc32c + 1)).await;
    let done = store.finish(upload.id, Some(upload.crc32c)).await.unwrap();
    let again = store.finish(upload.id, None).await.unwrap();

    assert_eq!(early, Err(Error::Incomplete { committed: 0 }));
    assert_eq!(other, Err(Error::Checksum { found: upload.crc32c }));
    assert!(done.is_finished());
    assert_eq!(again, done);
    assert_eq!(store.find(upload.id).await.unwrap(), Some(done));
    assert_eq!(begin(&store, upload.id, 100).await.unwrap_err(), Error::Finished);
    let late = store.commit(commit(upload.id, Epoch(1), 100, 1, &Key::new())).await;
    assert_eq!(late, Err(Error::Finished));
    // Nothing at all is whole from the start.
    let empty = create(&store, 0).await;
    assert!(store.finish(empty.id, Some(0)).await.unwrap().is_finished());
}
