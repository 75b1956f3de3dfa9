//! Every method is at the edge what its policy row says: open, closed, or not there.

use common::policy::Row;
use tonic::{Code, Request, Status, client::Grpc, transport::Channel};
use tonic_prost::ProstCodec;
use tonic_types::StatusExt;
use uuid::Uuid;

use crate::{
    grpc::channel,
    house::{House, shared},
    http::{Reply, send},
};

const PROTOS: [&str; 3] = [
    include_str!("../../../../proto/fairlead/accounts/v1/accounts.proto"),
    include_str!("../../../../proto/fairlead/sessions/v1/sessions.proto"),
    include_str!("../../../../proto/fairlead/uploads/v1/uploads.proto"),
];

/// What JSON cannot say: it comes and goes in pieces.
const STREAMS: [&str; 2] = ["WriteUpload", "ReadUpload"];

fn served() -> impl Iterator<Item = (&'static str, &'static Row)> {
    let accounts = accounts::POLICY.iter().map(|row| ("fairlead.accounts.v1.AccountsService", row));
    let sessions = sessions::POLICY.iter().map(|row| ("fairlead.sessions.v1.SessionsService", row));
    let uploads = uploads::POLICY.iter().map(|row| ("fairlead.uploads.v1.UploadsService", row));
    accounts.chain(sessions).chain(uploads)
}

#[test]
#[ignore = "needs Envoy: make edge"]
fn a_call_without_credentials_comes_as_far_as_its_policy_row_says() {
    shared(async |house| {
        let channel = channel(house).await;
        for (service, row) in served() {
            let answer = call(&channel, &format!("{service}/{}", row.method)).await;

            let reason = answer.get_details_error_info().map(|info| info.reason).unwrap_or_default();
            let (code, method) = (answer.code(), row.method);
            if row.who.public {
                assert_eq!(code, Code::InvalidArgument, "{method} is for anybody: {answer:?}");
            } else if row.who.knows_people() {
                assert_eq!((code, &*reason), (Code::Unauthenticated, "CREDENTIALS_MISSING"), "{method}");
                let by_the_edge = answer.metadata().contains_key("www-authenticate");
                assert!(by_the_edge, "{method} came as far as its service: {answer:?}");
            } else {
                assert_eq!(code, Code::Unimplemented, "{method} is for services: {answer:?}");
            }
        }
    });
}

#[test]
#[ignore = "needs Envoy: make edge"]
fn the_same_holds_for_json() {
    shared(async |house| {
        let mut seen = 0;
        for (row, verb, path) in by_json() {
            let reply = ask(house, &verb, &path, &[]).await;
            let method = row.method;

            let expected = if row.who.public { 400 } else { 401 };
            assert_eq!(reply.status, expected, "{method}, {verb} {path}: {}", reply.text());
            let by_the_edge = reply.header("www-authenticate").is_some();
            assert_eq!(by_the_edge, !row.who.public, "{method}, {verb} {path}: {reply:?}");
            seen += 1;
        }
        let for_people = served().filter(|(_, row)| row.who.public || row.who.knows_people());
        assert_eq!(seen, for_people.filter(|(_, row)| !STREAMS.contains(&row.method)).count());
    });
}

#[test]
#[ignore = "needs Envoy: make edge"]
fn a_call_in_json_with_credentials_is_answered_by_its_service() {
    shared(async |house| {
        let guest = house.guest("olga@example.com").await;
        let bearer = guest.bearer();
        let headers = [("authorization", &*bearer)];
        let ours = async |verb: &str, path: &str| {
            let reply = ask(house, verb, path, &headers).await;
            // Envoy's own refusals have no details.
            let told = reply.json()["details"][0]["domain"] == common::grpc::status::DOMAIN;
            (reply.status == 200 || told, reply)
        };

        for (row, verb, path) in by_json() {
            let (by_a_service, reply) = ours(&verb, &path).await;
            assert!(by_a_service, "{}, {verb} {path}: {reply:?}", row.method);
            assert_ne!(reply.status, 401, "{}, {verb} {path}: {reply:?}", row.method);
        }

        let (nobody, reply) = ours("POST", "/v1/accounts:nothing").await;
        assert!(!nobody, "no method is there, and somebody answers: {reply:?}");
    });
}

#[test]
#[ignore = "needs Envoy: make edge"]
fn what_the_services_serve_besides_is_not_there() {
    shared(async |house| {
        let channel = channel(house).await;
        for method in
            ["envoy.service.auth.v3.Authorization/Check", "grpc.health.v1.Health/Check", "fairlead.x.v1.X/Y"]
        {
            assert_eq!(call(&channel, method).await.code(), Code::Unimplemented, "{method}");
        }
    });
}

/// The rows of the methods that JSON can call, each with how it is called: about what is not there.
fn by_json() -> impl Iterator<Item = (&'static Row, String, String)> {
    PROTOS.into_iter().flat_map(rules).map(|(method, verb, path)| {
        let row = served().map(|(_, row)| row).find(|row| row.method == method).unwrap();
        let part = |part: &str| match part.split_once('}') {
            Some((_, verb)) => format!("{}{verb}", Uuid::nil()),
            None => part.to_owned(),
        };
        (row, verb.to_uppercase(), path.split('/').map(part).collect::<Vec<_>>().join("/"))
    })
}

/// Asks with an empty message.
async fn ask(house: &House, verb: &str, path: &str, headers: &[(&str, &str)]) -> Reply {
    match verb {
        "POST" | "PATCH" => {
            let headers = [&[("content-type", "application/json")], headers].concat();
            send(house.address(), verb, path, &headers, b"{}").await
        }
        _ => house.send(verb, path, headers).await,
    }
}

/// The methods of a contract with their HTTP rules.
fn rules(proto: &'static str) -> Vec<(&'static str, &'static str, &'static str)> {
    let mut found = Vec::new();
    for rpc in proto.split("\n  rpc ").skip(1) {
        let name = rpc.split('(').next().unwrap();
        for verb in ["get", "post", "patch", "put", "delete"] {
            let rule =
                rpc.split_once(&format!("{verb}: \"")).filter(|(before, _)| !before.contains("\n  //"));
            found.extend(rule.map(|(_, rule)| (name, verb, rule.split('"').next().unwrap())));
        }
    }
    found
}

/// Calls without credentials, and with an empty message, which no method accepts.
async fn call(channel: &Channel, method: &str) -> Status {
    let mut client = Grpc::new(channel.clone());
    client.ready().await.unwrap();
    let path = format!("/{method}").parse().unwrap();
    let answer = client.unary(Request::new(()), path, ProstCodec::<(), ()>::default()).await;
    answer.expect_err("an empty message is never enough")
}
