//! Commands beside serving: they ask for what they use, and for nothing else.

use std::{fs, os::unix::fs::symlink, path::Path};

use testkit::{Binary, free_port};

#[tokio::test]
async fn sizing_and_probing_take_no_settings_of_peers_and_stores() {
    let nobody = format!("127.0.0.1:{}", free_port());

    for service in ["accounts", "sessions", "fairlead"] {
        let sized = Binary::start(service, &["sizing"], &[]).exit().await;
        let probed = Binary::start(service, &["probe", "live"], &[("FAIRLEAD__ADMIN__LISTEN", &nobody)]);
        let probed = probed.exit().await;

        assert_eq!(sized.code, Some(0), "{sized:#?}");
        assert_eq!(probed.code, Some(1), "nobody answers, and nothing is missing: {probed:#?}");
        assert!(probed.stderr.contains(&nobody), "{probed:#?}");
    }
}

#[tokio::test]
async fn making_an_admin_takes_the_database_and_nothing_else() {
    let nowhere = format!("postgres://postgres@127.0.0.1:{}/postgres", free_port());
    let arguments = ["grant-admin", "ada@example.com"];

    let without = Binary::start("accounts", &arguments, &[]).exit().await;
    let url = [("FAIRLEAD__ACCOUNTS__POSTGRES__URL", &*nowhere)];
    let away = Binary::start("accounts", &arguments, &url).exit().await;

    assert_eq!(without.code, Some(78), "{without:#?}");
    let asked: Vec<_> = without.stderr.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(asked, ["FAIRLEAD__ACCOUNTS__POSTGRES__URL"], "{without:#?}");
    assert_eq!(away.code, Some(1), "{away:#?}");
    assert!(away.stderr.contains("the database cannot be used"), "{away:#?}");
}

#[tokio::test]
async fn the_readmes_commands_that_tell_of_settings_work_as_they_stand() {
    const TELLING: [&str; 4] =
        ["scripts/service-keys ", "export ", "target/debug/accounts config ", "target/debug/accounts sizing"];
    let (here, programs) = (Path::new(env!("CARGO_MANIFEST_DIR")), Path::new(env!("CARGO_BIN_EXE_fairlead")));
    let checkout = here.join("../..").canonicalize().unwrap();
    let readme = fs::read_to_string(checkout.join("README.md")).unwrap();
    let (_, separate) = readme.split_once("## As separate processes").unwrap();
    let (separate, _) = separate.split_once("\n## ").unwrap();
    let commands = separate.lines().filter_map(|line| line.strip_prefix("$ "));
    let commands: Vec<_> =
        commands.filter(|line| TELLING.iter().any(|telling| line.starts_with(telling))).collect();
    let folder = tempfile::tempdir().unwrap();
    symlink(checkout.join("scripts"), folder.path().join("scripts")).unwrap();
    fs::create_dir(folder.path().join("target")).unwrap();
    symlink(programs.parent().unwrap(), folder.path().join("target/debug")).unwrap();

    let pasted = format!("set -e\ncd {}\n{}", folder.path().display(), commands.join("\n"));
    let told = Binary::start_program(Path::new("/bin/sh"), &["-c", &pasted], &[]).exit().await;

    assert_eq!(commands.iter().filter(|line| line.starts_with("target/")).count(), 4, "{commands:#?}");
    assert_eq!(told.code, Some(0), "{told:#?}");
}

#[tokio::test]
async fn help_names_every_command() {
    for (service, more) in [("accounts", true), ("fairlead", true), ("sessions", false)] {
        let told = Binary::start(service, &["--help"], &[]).exit().await;

        let begins = |command| {
            told.lines.iter().any(|line| line.as_str().is_some_and(|line| line.starts_with(command)))
        };
        assert!(begins("  config check ") && begins("  sizing "), "{told:#?}");
        assert_eq!(begins("  grant-admin <email> "), more, "{told:#?}");
    }
}
