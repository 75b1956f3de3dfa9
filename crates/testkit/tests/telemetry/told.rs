//! All that two processes tell anybody, gathered to be searched.

use std::fs;

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use http::{HeaderMap, Request, header::CONTENT_TYPE};
use http_body_util::{BodyExt, Full};
use testkit::{Server, Signal};
use tonic::body::Body;
use tower::ServiceExt;

use crate::{
    fields::requests,
    house::{House, sign_in},
};

/// What the admin port answers on.
const PAGES: [&str; 7] = ["/", "/metrics", "/config", "/ready", "/healthz", "/startupz", "/sizing"];

/// Every log line, page, span and last word of both processes, after they have ended.
pub(crate) async fn everything_told(house: House) -> Vec<String> {
    let mut told = Vec::new();
    for server in [house.sessions, house.accounts] {
        for page in PAGES {
            let answer = server.get(page).await.unwrap();
            told.extend(answer.body.lines().map(|line| format!("{page}: {line}")));
        }
        let metrics = server.metrics().await;
        assert_eq!(
            metrics.sum("fairlead_log_lines_dropped_total", &[]),
            Some(0.0),
            "not every line was read"
        );
        server.binary.signal(Signal::TERM);
        let exit = server.binary.exit().await;
        assert!(exit.lines.iter().any(|line| line["level"] == "TRACE"), "it did not say all it can");
        told.extend(exit.lines.iter().map(ToString::to_string));
        told.push(exit.stderr);
    }
    for words in ["accounts", "sessions"] {
        let words = fs::read_to_string(house.last_words.path().join(words)).unwrap();
        assert!(words.contains("phases"), "{words}");
        told.push(words);
    }
    let spans = house.collector.so_far();
    assert!(spans.iter().any(|span| span.kind == "client"), "nothing was traced");
    // The password for the collector itself is where it belongs.
    told.push(house.collector.received().replace(&format!("{}-3", crate::house::SECRET), ""));
    told
}

/// What those are answered who have no business with an account and know no more than its id: nobody, and somebody who
/// is signed in.
pub(crate) async fn asked_by_others(house: &House, id: &str) -> Vec<String> {
    let (email, password) = ("eve@example.com", "a quiet evening on deck");
    house.person(email, password).await;
    let signed_in = house.sessions().create_session(sign_in(email, password)).await.unwrap().into_inner();
    let bearer = format!("Bearer {}", signed_in.tokens.unwrap().session_token);
    let mut answers = Vec::new();
    for (path, message) in requests(|_| id.to_owned()) {
        let server = if path.contains(".accounts.") { &house.accounts } else { &house.sessions };
        for headers in [&[][..], &[("authorization", &*bearer)]] {
            for message in [&*message, &[]] {
                answers.push(call(server, &path, message, headers).await.text());
            }
        }
    }
    answers
}

pub(crate) fn assert_nowhere(told: &[String], planted: &str) {
    let lower = planted.to_lowercase();
    let leaks: Vec<&String> = told.iter().filter(|text| text.to_lowercase().contains(&lower)).collect();
    assert!(leaks.is_empty(), "{planted} is told: {leaks:#?}");
}

/// What a call was answered: all headers, the message, all trailers.
pub(crate) struct Answered {
    heads: [HeaderMap; 2],
    message: Vec<u8>,
}

impl Answered {
    pub(crate) fn is_ok(&self) -> bool {
        self.heads.iter().any(|head| head.get("grpc-status").is_some_and(|code| code == "0"))
    }

    /// As text in which whatever is text can be found.
    pub(crate) fn text(&self) -> String {
        let details = self.heads.iter().filter_map(|head| head.get("grpc-status-details-bin"));
        let details = details.filter_map(|details| STANDARD_NO_PAD.decode(details).ok()).flatten();
        let bytes: Vec<u8> = details.chain(self.message.iter().copied()).collect();
        format!("{:?}{}", self.heads, String::from_utf8_lossy(&bytes))
    }
}

/// One call with a body of its own making.
pub(crate) async fn call(server: &Server, path: &str, message: &[u8], headers: &[(&str, &str)]) -> Answered {
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    let body = [&[0], length.as_slice(), message].concat();
    let mut request = Request::post(path).header(CONTENT_TYPE, "application/grpc").header("te", "trailers");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::new(Full::new(body.into()))).unwrap();
    let response = server.channel().oneshot(request).await.unwrap();
    let head = response.headers().clone();
    let body = response.into_body().collect().await.unwrap();
    let trailers = body.trailers().cloned().unwrap_or_default();
    Answered { heads: [head, trailers], message: body.to_bytes().to_vec() }
}
