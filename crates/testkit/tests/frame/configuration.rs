//! What the process says of its settings.

use testkit::{Binary, Server, free_port};

use crate::serving;

#[tokio::test]
async fn bad_configuration_is_told_whole_and_exits_78() {
    let wrong = [
        ("FAIRLEAD__SERVER__LISTEN", "the quay"),
        ("FAIRLEAD__SERVER__PREFACE_TIMEOUT", "5"),
        ("FAIRLEAD__LIFECYCLE__DRIAN", "20s"),
        ("FAIRLEAD__TESTING__NUMBER", "13"),
    ];

    let exit = Binary::start("test-service", &[], &wrong).exit().await;

    assert_eq!(exit.code, Some(78), "{exit:#?}");
    for (variable, _) in wrong {
        assert!(exit.stderr.contains(variable), "{variable} is not in:\n{}", exit.stderr);
    }
    assert!(exit.stderr.contains("FAIRLEAD__LIFECYCLE__DRAIN"), "no suggestion in:\n{}", exit.stderr);
}

#[tokio::test]
async fn checking_the_configuration_tells_the_same_without_serving() {
    let wrong = [("FAIRLEAD__TESTING__NUMBER", "13")];

    let good = Binary::start("test-service", &["config", "check"], &[]).exit().await;
    let bad = Binary::start("test-service", &["config", "check"], &wrong).exit().await;

    assert_eq!(good.code, Some(0), "{good:#?}");
    assert_eq!(bad.code, Some(78), "{bad:#?}");
}

#[tokio::test]
async fn a_port_that_is_taken_is_named_with_its_variable() {
    let (first, _) = serving(&[]).await;

    let same_grpc = Server::start_on("test-service", [first.grpc.port(), free_port()], &[]);
    let same_admin = Server::start_on("test-service", [free_port(), first.admin.port()], &[]);

    for (server, variable) in
        [(same_grpc, "FAIRLEAD__SERVER__LISTEN"), (same_admin, "FAIRLEAD__ADMIN__LISTEN")]
    {
        let exit = server.binary.exit().await;
        assert_eq!(exit.code, Some(1), "{exit:#?}");
        assert!(exit.stderr.contains(variable), "{exit:#?}");
    }
}
