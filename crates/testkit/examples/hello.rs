//! Says hello: the smallest service on the frame.

use std::process::ExitCode;

use common::{Process, Program, config::NoSettings, grpc::Service, policy};
use testkit::hello::{self, SayHelloRequest, SayHelloResponse, hello_service_server as server};
use tonic::{Request, Response, Status, async_trait};

const PROGRAM: Program =
    Program { name: "hello", version: "0.1.0", suite: &["hello"], descriptors: hello::DESCRIPTORS };

static POLICY: &[policy::Row] = &[policy::Row::new("SayHello", policy::Who::PUBLIC)];

struct Greeter;

#[async_trait]
impl server::HelloService for Greeter {
    async fn say_hello(
        &self,
        request: Request<SayHelloRequest>,
    ) -> Result<Response<SayHelloResponse>, Status> {
        let greeting = format!("Hello, {}!", request.get_ref().name);
        Ok(Response::new(SayHelloResponse { greeting }))
    }
}

fn main() -> ExitCode {
    common::serve(PROGRAM, async |_: NoSettings, _: &Process| {
        Ok(vec![Service::new(server::HelloServiceServer::new(Greeter), POLICY)])
    })
}
