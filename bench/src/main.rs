//! Asks how large, how quick and how dear the suite is, and judges the answers: `bench [idle|echo|collector] …`.
//!
//! Its binaries are those that stand beside it. `scripts/bench` builds them.

mod collector;
mod cores;
mod echo;
mod h2load;
mod house;
mod idle;
mod process;
mod rounds;
mod table;
mod verdict;

use std::{env, process::ExitCode};

use self::verdict::Verdicts;

const QUESTIONS: [&str; 3] = ["idle", "echo", "collector"];

// One thread: what it does beside the load generator happens on one core, too.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let mut asked: Vec<String> = env::args().skip(1).collect();
    if let Some(unknown) = asked.iter().find(|question| !QUESTIONS.contains(&question.as_str())) {
        eprintln!("{unknown} is none of the questions: {}", QUESTIONS.join(", "));
        return ExitCode::from(2);
    }
    if asked.is_empty() {
        asked = QUESTIONS.map(str::to_owned).to_vec();
    }
    let mut verdicts = Verdicts::default();
    for question in asked {
        match question.as_str() {
            "idle" => idle::ask(&mut verdicts).await,
            "echo" => echo::ask(&mut verdicts).await,
            _ => collector::ask(&mut verdicts).await,
        }
    }
    verdicts.conclude()
}
