use tonic::transport::Channel;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use super::*;
use crate::{Program, config::FrameConfig, readiness::Importance};

const PROGRAM: Program = Program { name: "frame", version: "0", suite: &["frame"], descriptors: &[] };

fn process() -> Process {
    let mut frame = FrameConfig::default();
    frame.server.listen = ([127, 0, 0, 1], 0).into();
    frame.lifecycle.lame_duck = crate::config::Duration::from_secs(0);
    Process::new(PROGRAM, frame, &[]).unwrap()
}

async fn connect(running: &Running) -> HealthClient<Channel> {
    let url = format!("http://{}", running.address());
    HealthClient::new(Channel::from_shared(url).unwrap().connect().await.unwrap())
}

#[tokio::test]
async fn a_watch_follows_readiness_and_is_ended_by_the_drain() {
    let (answer, asked) = tokio::sync::watch::channel(Err("not yet".to_owned()));
    let running = Running::start(process(), async |process: &Process| {
        process.check("store", Importance::Required, move || {
            let outcome = asked.borrow().clone();
            async move { outcome }
        });
        Ok(vec![])
    })
    .await
    .unwrap();
    let mut health = connect(&running).await;
    let mut watch = health.watch(HealthCheckRequest::default()).await.unwrap().into_inner();
    let first = watch.message().await.unwrap().unwrap().status();

    answer.send(Ok(())).unwrap();
    let second = watch.message().await.unwrap().unwrap().status();
    let report = running.stop(Cause::Sigterm, Signals::none(), async {}).await;
    let third = watch.message().await.unwrap().unwrap().status();
    let end = watch.message().await.unwrap_err();

    assert_eq!(
        [first, second, third],
        [ServingStatus::NotServing, ServingStatus::Serving, ServingStatus::NotServing]
    );
    assert_eq!(end.code(), tonic::Code::Unavailable);
    assert!(report.cut.is_empty(), "{report:?}");
    assert!(report.workers_abandoned.is_empty(), "{report:?}");
}

#[tokio::test]
async fn a_port_in_use_is_named_with_its_variable() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut frame = FrameConfig::default();
    frame.server.listen = taken.local_addr().unwrap();

    let process = Process::new(PROGRAM, frame, &[]).unwrap();
    let refused = Running::start(process, async |_: &Process| Ok(vec![])).await.err().unwrap();

    let text = refused.to_string();
    assert!(text.starts_with("FAIRLEAD__SERVER__LISTEN: 127.0.0.1:"), "{text}");
}
