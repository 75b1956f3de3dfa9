//! Commands beside serving: they ask for what they use, and for nothing else.

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
