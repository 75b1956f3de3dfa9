use std::{convert::Infallible, fs};

use super::*;
use crate::config::{Secret, volume::Volume};

/// Two files whose texts must be the same.
fn pair(volume: &Volume, watcher: &Watcher) -> Watched<String> {
    let (left, right) = (volume.path("left"), volume.path("right"));
    let mount = Mount::Files(vec![left.clone(), right.clone()]);
    let parse = move |content: &Content| {
        let (left, right) = (content.of(&left), content.of(&right));
        if left == right {
            Ok(String::from_utf8_lossy(left).into_owned())
        } else {
            Err("not a pair".to_owned())
        }
    };
    watcher.watch("test.pair", mount, parse).unwrap()
}

fn follow(secret: &Secret, watcher: &Watcher) -> Watched<Secret> {
    let kept = |secret: &Secret| Ok::<_, Infallible>(secret.clone());
    secret.follow("test.password", watcher, kept).unwrap()
}

fn tally(watcher: &Watcher) -> (u64, u64, bool) {
    let Tally { taken, refused, stale, .. } = watcher.tallies().remove(0);
    (taken, refused, stale)
}

#[tokio::test]
async fn a_volume_that_is_swapped_is_taken() {
    let watcher = Watcher::default();
    let mut volume = Volume::mount(&[("left", "one"), ("right", "one")]);
    let mut watched = pair(&volume, &watcher);

    volume.swap(&[("left", "two"), ("right", "two")]);
    watcher.look().await;

    assert_eq!(*watched.changed().await, "two");
    assert_eq!(*watched.current(), "two");
    assert_eq!(tally(&watcher), (1, 0, false));
}

#[tokio::test]
async fn bad_content_is_refused_once_and_the_old_one_stays() {
    let watcher = Watcher::default();
    let mut volume = Volume::mount(&[("left", "one"), ("right", "one")]);
    let watched = pair(&volume, &watcher);

    volume.swap(&[("left", "two"), ("right", "three")]);
    watcher.look().await;
    watcher.look().await;

    assert_eq!(*watched.current(), "one");
    assert_eq!(tally(&watcher), (0, 1, true));
}

#[tokio::test]
async fn what_is_put_back_is_in_use_again_and_disturbs_nobody() {
    let watcher = Watcher::default();
    let mut volume = Volume::mount(&[("left", "one"), ("right", "one")]);
    let watched = pair(&volume, &watcher);
    let before = watched.current();

    volume.swap(&[("left", "two")]);
    watcher.look().await;
    assert_eq!(tally(&watcher), (0, 1, true), "a file is missing");
    volume.swap(&[("left", "one"), ("right", "one")]);
    watcher.look().await;

    assert!(Arc::ptr_eq(&before, &watched.current()));
    assert_eq!(tally(&watcher), (0, 1, false));
}

#[tokio::test]
async fn files_of_one_mount_are_never_of_two_moments() {
    let watcher = Watcher::default();
    let mut volume = Volume::mount(&[("left", "0"), ("right", "0")]);
    let watched = pair(&volume, &watcher);
    let swapping = std::thread::spawn(move || {
        for version in 1..500 {
            let text = version.to_string();
            volume.swap(&[("left", &text), ("right", &text)]);
        }
        volume
    });

    while !swapping.is_finished() {
        watcher.look().await;
    }
    let _volume = swapping.join().unwrap();
    watcher.look().await;

    let (_, refused, stale) = tally(&watcher);
    assert_eq!(*watched.current(), "499");
    assert_eq!((refused, stale), (0, false));
}

#[tokio::test]
async fn a_directory_is_followed_file_by_file() {
    let watcher = Watcher::default();
    let folder = tempfile::tempdir().unwrap();
    let mount = Mount::Directory { path: folder.path().to_owned(), extensions: &["pem"] };
    let names = |content: &Content| {
        Ok(content
            .files()
            .filter_map(|(path, _)| path.file_name())
            .map(ToOwned::to_owned)
            .collect::<Vec<_>>())
    };
    let watched = watcher.watch("test.directory", mount, names).unwrap();

    fs::write(folder.path().join("a.pem"), "a").unwrap();
    fs::write(folder.path().join("README"), "not for us").unwrap();
    watcher.look().await;
    assert_eq!(*watched.current(), ["a.pem"]);
    fs::remove_file(folder.path().join("a.pem")).unwrap();
    watcher.look().await;

    assert!(watched.current().is_empty());
}

#[tokio::test]
async fn a_secret_follows_its_file_and_refuses_an_empty_one() {
    let watcher = Watcher::default();
    let mut volume = Volume::mount(&[("password", "old\n")]);
    let secret = Secret::read(&volume.path("password")).unwrap();
    let followed = follow(&secret, &watcher);

    volume.swap(&[("password", "new\n")]);
    watcher.look().await;
    assert_eq!(followed.current().expose(), "new");
    volume.swap(&[("password", "\n")]);
    watcher.look().await;

    assert_eq!(followed.current().expose(), "new");
    assert_eq!(secret.expose(), "old", "what was read stays what it was");
    assert_eq!(tally(&watcher), (1, 1, true));
}

#[tokio::test]
async fn a_secret_that_changed_after_it_was_read_is_followed_from_where_it_is() {
    let watcher = Watcher::default();
    let mut volume = Volume::mount(&[("password", "old")]);
    let secret = Secret::read(&volume.path("password")).unwrap();

    volume.swap(&[("password", "new")]);
    let followed = follow(&secret, &watcher);

    assert_eq!(followed.current().expose(), "new");
}

#[tokio::test]
async fn what_nobody_holds_any_more_is_not_looked_at() {
    let watcher = Watcher::default();
    let volume = Volume::mount(&[("left", "one"), ("right", "one")]);
    let watched = pair(&volume, &watcher);

    drop(watched);
    watcher.look().await;

    assert!(watcher.tallies().is_empty());
}

#[tokio::test]
async fn it_looks_until_it_is_told_to_stop() {
    let watcher = Arc::new(Watcher::default());
    let mut volume = Volume::mount(&[("left", "one"), ("right", "one")]);
    let mut watched = pair(&volume, &watcher);
    let stop = CancellationToken::new();
    let running = {
        let (watcher, stop) = (Arc::clone(&watcher), stop.clone());
        tokio::spawn(async move { watcher.run(Duration::from_millis(1), stop).await })
    };

    volume.swap(&[("left", "two"), ("right", "two")]);
    let taken = watched.changed().await;
    stop.cancel();

    assert_eq!(*taken, "two");
    running.await.unwrap();
}
