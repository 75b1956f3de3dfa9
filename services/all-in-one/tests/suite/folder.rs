//! The suite in one process, and the folder that it keeps its data in.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use testkit::{Binary, Exit, Server, Signal};

fn start(folder: &Path) -> Server {
    Server::start("fairlead", &[("FAIRLEAD__DATA", folder.to_str().unwrap())])
}

/// How a start ends that is refused.
async fn refused(folder: &Path) -> Exit {
    let own = [
        ("FAIRLEAD__DATA", folder.to_str().unwrap()),
        ("FAIRLEAD__SERVER__LISTEN", "127.0.0.1:0"),
        ("FAIRLEAD__ADMIN__LISTEN", "127.0.0.1:0"),
    ];
    Binary::start("fairlead", &[], &own).exit().await
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn what_is_kept_is_for_nobody_but_its_owner() {
    let parent = tempfile::tempdir().unwrap();
    let made = parent.path().join("made");
    let given = parent.path().join("given");
    fs::create_dir(&given).unwrap();
    fs::set_permissions(&given, fs::Permissions::from_mode(0o755)).unwrap();
    // As an earlier version left it.
    fs::write(given.join("accounts.db"), "").unwrap();
    fs::set_permissions(given.join("accounts.db"), fs::Permissions::from_mode(0o644)).unwrap();

    let (first, second) = (start(&made), start(&given));
    tokio::join!(first.ready(), second.ready());

    assert_eq!(mode(&made), 0o700);
    assert_eq!(mode(&given), 0o755, "whoever made it has decided");
    for folder in [&made, &given] {
        let kept: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(kept.contains(&folder.join("uploads.db-wal")), "{kept:?}");
        for path in kept {
            assert_eq!(mode(&path) & 0o077, 0, "{}", path.display());
        }
    }
}

#[tokio::test]
async fn a_folder_is_of_one_process_at_a_time_also_when_that_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let first = start(folder.path());
    first.ready().await;

    let second = refused(folder.path()).await;
    first.binary.signal(Signal::KILL);
    first.binary.exit().await;
    let third = start(folder.path());
    third.ready().await;

    assert_eq!(second.code, Some(78), "{second:#?}");
    let expected = format!(
        "FAIRLEAD__DATA: {} is in use by another process; stop that, or set it to another folder",
        folder.path().display()
    );
    assert_eq!(second.stderr.trim(), expected);
}

#[tokio::test]
async fn a_start_and_a_stop_tell_nothing_but_where_everything_is() {
    let folder = tempfile::tempdir().unwrap();
    let suite = start(folder.path());

    suite.binary.line(|line| line.as_str().is_some_and(|line| line.starts_with("  admin "))).await;
    suite.binary.signal(Signal::INT);
    let exit = suite.binary.exit().await;

    assert_eq!(exit.code, Some(0), "{exit:#?}");
    assert!(exit.lines.iter().all(|line| !line.is_object()), "{exit:#?}");
}

#[tokio::test]
async fn a_database_that_cannot_be_used_is_told_with_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("accounts.db");
    fs::write(&file, "no database at all, and longer than the hundred bytes of a header".repeat(8)).unwrap();

    let start = refused(folder.path()).await;
    let data = [("FAIRLEAD__DATA", folder.path().to_str().unwrap())];
    let grant = Binary::start("fairlead", &["grant-admin", "ada@example.com"], &data).exit().await;

    assert_eq!((start.code, grant.code), (Some(78), Some(1)), "{start:#?} {grant:#?}");
    for exit in [start, grant] {
        assert!(exit.stderr.contains(&format!("{}: ", file.display())), "{exit:#?}");
        assert!(exit.stderr.contains("file is not a database"), "{exit:#?}");
    }
}
