//! Promises about what is removed.

use std::{collections::HashSet, sync::Arc, time::Duration};

use uploads::{
    Error,
    store::{Begin, Store},
    upload::{NewUpload, Time, UploadId},
};

use super::{QUOTA, account, all_strays, begin, commit, create, new, reserved, soon, written};

pub(crate) async fn deleted(store: Arc<dyn Store>) {
    let owner = account();
    let upload = store.create(new(owner, 1000), QUOTA).await.unwrap();
    let (begun, key) = begin(&store, upload.id, 0).await.unwrap();
    store.commit(commit(upload.id, begun.writer, 0, 1000, &key)).await.unwrap();

    store.delete(upload.id).await.unwrap();

    assert_eq!(store.find(upload.id).await.unwrap(), None);
    assert_eq!(store.parts(upload.id, 0, 10).await.unwrap(), []);
    assert_eq!(store.delete(upload.id).await, Err(Error::NotFound));
    assert!(store.create(new(owner, 1000), QUOTA).await.is_ok(), "the quota is free");
    let now = Time::now();
    assert_eq!(store.take_strays(now, soon(), 10).await.unwrap(), [key], "due at once");
}

pub(crate) async fn expired(store: Arc<dyn Store>) {
    let now = Time::now();
    let over = store.create(NewUpload { expire_time: now, ..new(account(), 1) }, QUOTA).await.unwrap();
    let kept = create(&store, 1).await;
    let (whole, _) = written(&store, 1).await;
    store.finish(whole.id, None).await.unwrap();
    let renewed = store.create(NewUpload { expire_time: now, ..new(account(), 1) }, QUOTA).await.unwrap();

    let mut found = store.expired(now, 10).await.unwrap();
    begin(&store, renewed.id, 0).await.unwrap();
    let removed = store.delete_expired(over.id, now).await.unwrap();
    let far = now.after(Duration::from_secs(1_000_000));

    found.sort();
    assert_eq!(found, [over.id, renewed.id]);
    assert!(removed);
    assert!(!store.delete_expired(renewed.id, now).await.unwrap(), "it was written meanwhile");
    assert!(!store.delete_expired(whole.id, far).await.unwrap(), "it is finished");
    assert!(!store.delete_expired(UploadId::new(), now).await.unwrap());
    assert!(store.find(kept.id).await.unwrap().is_some());
    assert_eq!(store.find(over.id).await.unwrap(), None);
}

pub(crate) async fn strays(store: Arc<dyn Store>) {
    let upload = create(&store, 100).await;
    let (_, key) = begin(&store, upload.id, 0).await.unwrap();
    let now = Time::now();
    let at = |seconds| now.after(Duration::from_secs(seconds));

    assert_eq!(store.take_strays(now, at(5), 10).await.unwrap(), [], "it is not due");
    store.give_up(vec![key.clone()]).await.unwrap();
    let due = Time::now();
    assert_eq!(store.take_strays(due, at(60), 10).await.unwrap().as_slice(), std::slice::from_ref(&key));
    assert_eq!(store.take_strays(due, at(60), 10).await.unwrap(), [], "somebody has it");
    assert_eq!(store.take_strays(at(61), at(120), 10).await.unwrap().as_slice(), std::slice::from_ref(&key));
    store.forget_stray(key).await.unwrap();

    assert_eq!(all_strays(&store).await, []);
}

pub(crate) async fn taken_once(store: Arc<dyn Store>) {
    let upload = create(&store, 100).await;
    let keys: Vec<_> = (0..40).map(|_| reserved()).collect();
    let begin = Begin { id: upload.id, offset: 0, reserved: keys, signed: Vec::new(), expire_time: soon() };
    store.begin_write(begin).await.unwrap();

    let janitors = (0..4).map(|_| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            let far = Time::now().after(Duration::from_secs(1_000_000));
            let mut taken = Vec::new();
            loop {
                let some = store.take_strays(far, far.after(Duration::from_secs(9)), 3).await.unwrap();
                if some.is_empty() {
                    return taken;
                }
                taken.extend(some);
            }
        })
    });
    let janitors: Vec<_> = janitors.collect();
    let (mut all, mut distinct) = (0, HashSet::new());
    for janitor in janitors {
        let taken = janitor.await.unwrap();
        all += taken.len();
        distinct.extend(taken);
    }

    assert_eq!((all, distinct.len()), (40, 40));
}
