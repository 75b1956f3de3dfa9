//! What is said once the suite is ready: where everything is, and what to try.

use std::time::Duration;

use all_in_one::{Config, parts::PARTS};
use common::Announcement;

/// Prints it to standard output.
pub(crate) fn print(config: &Config, ports: &Announcement, ready_after: Duration) {
    let Announcement { grpc, admin } = ports;
    let mut rows: Vec<[String; 4]> = PARTS
        .iter()
        .map(|part| {
            let (store, place) = (part.keeps)(config);
            [part.name.to_owned(), grpc.to_string(), store.to_owned(), place]
        })
        .collect();
    let of_admin = ["admin", &format!("http://{admin}"), "", "/healthz /ready /sizing /config"];
    rows.push(of_admin.map(str::to_owned));
    let widths = [0, 1, 2].map(|column| rows.iter().map(|row| row[column].len()).max().unwrap_or_default());

    let (version, seconds) = (env!("CARGO_PKG_VERSION"), ready_after.as_secs_f64());
    println!("Fairlead {version}, ready after {seconds:.2} s (Ctrl-C to stop)\n");
    for [name, address, store, place] in rows {
        let [first, second, third] = widths;
        println!("  {name:first$}   {address:second$}   {store:third$}   {place}");
    }
    println!("\nTry, line by line:\n\n{}", tour(&grpc.to_string()));
}

/// Lines for a shell with grpcurl: sign up, sign in, validate, refresh, revoke.
fn tour(grpc: &str) -> String {
    let call = |data: &str, method: &str| format!("grpcurl -plaintext -d '{data}' {grpc} fairlead.{method}");
    // What a shell puts in stays outside of the single quotes.
    let with = |field: &str, variable: &str| format!(r#"{{"{field}": "'"${variable}"'"}}"#);
    let credentials = r#""email": "ada@example.com", "password": "a long walk along the quay""#;
    let sign_up = r#"{"account": {"email": "ada@example.com"}, "password": "a long walk along the quay"}"#;
    let take = |field: &str| format!(r#"$(echo "$TOKENS" | sed -n 's/.*"{field}": "\(.*\)".*/\1/p')"#);
    let revoke = call(&with("session_id", "SESSION_ID"), "sessions.v1.SessionsService/RevokeSession");
    let lines = [
        call(sign_up, "accounts.v1.AccountsService/CreateAccount"),
        format!(
            "TOKENS=$({}); echo \"$TOKENS\"",
            call(&format!("{{{credentials}}}"), "sessions.v1.SessionsService/CreateSession")
        ),
        format!(
            "SESSION_ID={} TOKEN={} REFRESH={}",
            take("sessionId"),
            take("sessionToken"),
            take("refreshToken")
        ),
        call(&with("session_token", "TOKEN"), "sessions.v1.SessionsService/ValidateSession"),
        format!(
            "TOKENS=$({}); echo \"$TOKENS\"",
            call(&with("refresh_token", "REFRESH"), "sessions.v1.SessionsService/RefreshSession")
        ),
        format!("TOKEN={}", take("sessionToken")),
        revoke.replacen("-plaintext", "-plaintext -H \"authorization: Bearer $TOKEN\"", 1),
    ];
    lines.map(|line| format!("  {line}\n")).concat()
}
