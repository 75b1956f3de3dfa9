//! The binary, as a pod runs it.

use testkit::{Binary, Signal};

#[tokio::test]
async fn without_an_address_it_exits_as_badly_configured() {
    let Some(set) = migrate::Set::names().first().copied() else { panic!("no set is built in") };

    let exit = Binary::start("migrate", &[set, "up"], &[]).exit().await;

    assert_eq!(exit.code, Some(78), "{exit:?}");
    let missing = format!("FAIRLEAD__MIGRATE__{}__URL", set.to_uppercase());
    assert!(exit.stderr.contains(&missing), "{}", exit.stderr);
}

#[tokio::test]
async fn what_it_does_not_know_is_answered_with_what_it_knows() {
    let unknown_set = Binary::start("migrate", &["oceans", "up"], &[]).exit().await;
    let unknown_command = Binary::start("migrate", &["accounts", "down"], &[]).exit().await;

    assert_eq!((unknown_set.code, unknown_command.code), (Some(2), Some(2)));
    assert!(unknown_set.stderr.contains("there is no set \"oceans\""), "{}", unknown_set.stderr);
    assert!(unknown_command.stderr.contains("migrate <set> up"), "{}", unknown_command.stderr);
}

#[tokio::test]
async fn an_address_that_up_refuses_is_refused_by_config_check_and_what_serving_takes_is_nothing_to_it() {
    let Some(set) = migrate::Set::names().first().copied() else { panic!("no set is built in") };
    let variable = format!("FAIRLEAD__MIGRATE__{}__URL", set.to_uppercase());
    let wrong = [(&*variable, "mysql://root:hunter2@db")];
    let of_servers =
        [("FAIRLEAD__SERVER__CREDENTIALS__PEERS", "/nope"), ("FAIRLEAD__LIMITS__MEMORY", "16MiB")];

    let checked = Binary::start("migrate", &["config", "check"], &wrong).exit().await;
    let up = Binary::start("migrate", &[set, "up"], &wrong).exit().await;
    let others = Binary::start("migrate", &["config", "check"], &of_servers).exit().await;

    for exit in [checked, up] {
        assert_eq!(exit.code, Some(78), "{exit:?}");
        assert!(exit.stderr.starts_with(&variable), "{exit:?}");
        assert!(exit.stderr.contains("it begins with neither postgres:// nor sqlite://"), "{exit:?}");
        assert!(!exit.stderr.contains("hunter2"), "{exit:?}");
    }
    assert_eq!(others.code, Some(0), "{others:?}");
}

#[tokio::test]
async fn up_then_check_is_what_a_rollout_does() {
    let database = testkit::postgres().await;
    let environment = [("FAIRLEAD__MIGRATE__ACCOUNTS__URL", &*database.url)];

    let before = Binary::start("migrate", &["accounts", "check"], &environment).exit().await;
    let up = Binary::start("migrate", &["accounts", "up"], &environment).exit().await;
    let after = Binary::start("migrate", &["accounts", "check"], &environment).exit().await;
    let status = Binary::start("migrate", &["accounts", "status"], &environment).exit().await;

    assert_eq!(before.code, Some(1), "{before:?}");
    assert!(before.stderr.contains("the database is at version 0"), "{}", before.stderr);
    assert_eq!(up.code, Some(0), "{up:?}");
    assert_eq!(after.code, Some(0), "{after:?}");
    assert!(
        status.lines.iter().any(|line| line.as_str().is_some_and(|line| line.contains("0001_"))),
        "{status:?}"
    );
}

#[tokio::test]
async fn it_says_what_it_waits_for_and_goes_on_when_that_comes() {
    let server = testkit::postgres_server().await;
    server.stop().await;
    let environment = [("FAIRLEAD__MIGRATE__ACCOUNTS__URL", &*server.url)];

    let migrating = Binary::start("migrate", &["accounts", "up"], &environment);
    let waiting = migrating.line(|line| line["message"] == "waiting for the database").await;
    server.start().await;
    let exit = migrating.exit().await;

    assert!(waiting["place"].as_str().is_some_and(|place| place.ends_with("/postgres")), "{waiting}");
    assert_eq!(exit.code, Some(0), "{exit:?}");
    assert!(
        exit.lines.iter().any(|line| line["message"] == "schema is ready" && line["head"] == 1),
        "{exit:?}"
    );
}

#[tokio::test]
async fn sigterm_ends_the_wait() {
    let url = format!("postgres://user:hunter2@127.0.0.1:{}/boats", testkit::free_port());
    let environment = [("FAIRLEAD__MIGRATE__ACCOUNTS__URL", &*url)];

    let migrating = Binary::start("migrate", &["accounts", "up"], &environment);
    migrating.line(|line| line["message"] == "waiting for the database").await;
    migrating.signal(Signal::TERM);
    let exit = migrating.exit().await;

    assert_eq!(exit.code, Some(1), "{exit:?}");
    assert!(!format!("{exit:?}").contains("hunter2"), "{exit:?}");
}
