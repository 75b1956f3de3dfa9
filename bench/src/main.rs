//! Asks how large, how quick and how dear the suite is, and judges the answers: `bench [idle|echo|collector|sessions] …`.
//!
//! Its binaries are those that stand beside it. `scripts/bench` builds them.

mod baseline;
mod collector;
mod cores;
mod cost;
mod echo;
mod h2load;
mod house;
mod idle;
mod process;
mod rounds;
mod sessions;
mod table;
mod verdict;

use std::{env, process::ExitCode};

use self::verdict::Verdicts;

const QUESTIONS: [&str; 4] = ["idle", "echo", "collector", "sessions"];

// One thread: what it does beside the load generator happens on one core, too.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let mut asked: Vec<String> = env::args().skip(1).collect();
    if let Some(unknown) = asked.iter().find(|question| !is_one(question)) {
        let (questions, parts) = (QUESTIONS.join(", "), sessions::PARTS.join(", sessions/"));
        eprintln!("{unknown} is none of the questions: {questions}, sessions/{parts}");
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
            "collector" => collector::ask(&mut verdicts).await,
            sessions => sessions::ask(part(sessions), &mut verdicts).await,
        }
    }
    verdicts.conclude()
}

fn is_one(question: &str) -> bool {
    QUESTIONS.contains(&question) || part(question).is_some_and(|part| sessions::PARTS.contains(&part))
}

/// `hot` of `sessions/hot`.
fn part(question: &str) -> Option<&str> {
    question.strip_prefix("sessions/")
}
