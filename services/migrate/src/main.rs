//! `migrate <set> up|status|check`: brings a database to the schema that its services are built for.

mod command;

use std::{env, process::ExitCode};

use common::{Program, config};
use migrate::Config;

/// What is told to whoever asks for something else.
pub(crate) const USAGE: &str = "\
usage: migrate <set> up       apply what is missing, and wait for the database and for others who do the same
       migrate <set> status   show which migrations the database has
       migrate <set> check    succeed if services of this build can work with the database
       migrate config show|check|schema
       migrate --version";

const PROGRAM: Program = Program {
    name: "migrate",
    version: env!("CARGO_PKG_VERSION"),
    suite: include!(concat!(env!("OUT_DIR"), "/suite.rs")),
    descriptors: &[],
};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["--help" | "-h"] => command::say(USAGE),
        ["--version" | "-V"] => command::say(&format!("{} {}", PROGRAM.name, PROGRAM.version)),
        ["config", ref rest @ ..] => {
            config::command::<Config>(&PROGRAM, rest.iter().map(|argument| (*argument).to_owned()))
        }
        [set, command @ ("up" | "status" | "check")] => command::run(PROGRAM, set, command),
        _ => command::refuse(USAGE),
    }
}
