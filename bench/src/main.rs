//! Asks how large, how quick and how dear the suite is, and judges the answers: `bench [idle|echo|collector|sessions|uploads] …`.
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
mod uploads;
mod verdict;

use std::{env, process::ExitCode};

use self::verdict::Verdicts;

const QUESTIONS: [&str; 5] = ["idle", "echo", "collector", "sessions", "uploads"];

// One thread: what it does beside the load generator happens on one core, too.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let mut asked: Vec<String> = env::args().skip(1).collect();
    if let Some(unknown) = asked.iter().find(|question| !is_one(question)) {
        let of_sessions = sessions::PARTS.map(|part| format!("sessions/{part}"));
        let of_uploads = uploads::PARTS.map(|part| format!("uploads/{part}"));
        let questions = QUESTIONS.map(str::to_owned).into_iter().chain(of_sessions).chain(of_uploads);
        let questions: Vec<_> = questions.collect();
        eprintln!("{unknown} is none of the questions: {}", questions.join(", "));
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
            "uploads" => uploads::ask(None, &mut verdicts).await,
            "sessions" => sessions::ask(None, &mut verdicts).await,
            question => match part("uploads", question) {
                Some(part) => uploads::ask(Some(part), &mut verdicts).await,
                None => sessions::ask(part("sessions", question), &mut verdicts).await,
            },
        }
    }
    verdicts.conclude()
}

fn is_one(question: &str) -> bool {
    QUESTIONS.contains(&question)
        || part("sessions", question).is_some_and(|part| sessions::PARTS.contains(&part))
        || part("uploads", question).is_some_and(|part| uploads::PARTS.contains(&part))
}

/// `hot` of `sessions/hot`.
fn part<'a>(of: &str, question: &'a str) -> Option<&'a str> {
    question.strip_prefix(of)?.strip_prefix('/')
}
