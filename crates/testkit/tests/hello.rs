//! The example of CONTRIBUTING is the program that is tested here, to the letter.

use std::fs;

use testkit::{
    Server, Signal,
    hello::{SayHelloRequest, hello_service_client::HelloServiceClient},
};

#[tokio::test]
async fn the_smallest_service_greets_and_drains_like_any_other() {
    let server = Server::start("examples/hello", &[("FAIRLEAD__LIFECYCLE__LAME_DUCK", "0s")]);
    server.ready().await;
    let mut hello = HelloServiceClient::new(server.channel());

    let answer = hello.say_hello(SayHelloRequest { name: "Ada".to_owned() }).await.unwrap();

    assert_eq!(answer.into_inner().greeting, "Hello, Ada!");
    drop(hello);
    server.binary.signal(Signal::TERM);
    assert_eq!(server.binary.exit().await.code, Some(0));
}

#[test]
fn contributing_shows_the_example_as_it_is() {
    let folder = env!("CARGO_MANIFEST_DIR");
    let example = fs::read_to_string(format!("{folder}/examples/hello.rs")).unwrap();
    let page = fs::read_to_string(format!("{folder}/../../CONTRIBUTING.md")).unwrap();

    assert!(
        page.contains(&format!("```rust\n{example}```\n")),
        "CONTRIBUTING.md does not show examples/hello.rs"
    );
}
