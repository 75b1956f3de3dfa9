//! One command, from the configuration to the exit code.

use std::{
    io::{self, Write},
    process::ExitCode,
    time::Duration,
};

use common::{
    Program,
    config::{self, BAD_CONFIG, Loaded, Problems, Settings},
    telemetry,
};
use migrate::{Config, Error, Migrate, Set};
use tokio::{
    runtime,
    signal::unix::{SignalKind, signal},
};

/// The exit code of a program that was called in a way it does not know.
const BAD_USAGE: u8 = 2;
/// How long the last log lines may take to be written.
const LAST_LINES: Duration = Duration::from_secs(1);

pub(crate) fn run(program: Program, set: &str, command: &str) -> ExitCode {
    let Loaded { frame, service: Config { migrate }, .. } =
        match config::load::<Config>(&program, Config::uses()) {
            Ok(loaded) => loaded,
            Err(problems) => return fail(BAD_CONFIG, problems.to_string().trim_end()),
        };
    let (set, url) = match target(&migrate, set) {
        Ok(target) => target,
        Err((code, reason)) => return fail(code, &reason),
    };
    let telemetry = match telemetry::init(&program, &frame.telemetry) {
        Ok(telemetry) => telemetry,
        Err(error) => return fail(1, &error.to_string()),
    };
    let code = match runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(until_told(obey(command, &set, url, &migrate))),
        Err(error) => fail(1, &format!("the runtime cannot be started: {error}")),
    };
    let _written = telemetry.flush(LAST_LINES);
    code
}

/// The set and the address of its database, or with which code and why there is none.
fn target<'a>(migrate: &'a Migrate, name: &str) -> Result<(Set, &'a str), (u8, String)> {
    let set = Set::embedded(name).map_err(|error| match error {
        Error::UnknownSet { .. } => (BAD_USAGE, error.to_string()),
        _ => (1, error.to_string()),
    })?;
    let mut problems = Problems::default();
    match migrate.targets.of(name) {
        Some(target) if !target.url.is_empty() => return Ok((set, target.url.expose())),
        Some(_) | None => {
            problems
                .add(format!("migrate.{name}.url"), "must be set: postgres://user:password@host/database");
        }
    }
    Err((BAD_CONFIG, problems.to_string().trim_end().to_owned()))
}

async fn obey(command: &str, set: &Set, url: &str, migrate: &Migrate) -> ExitCode {
    let options = migrate.options();
    if command == "up" {
        return match migrate::up(set, url, &options).await {
            Ok(report) => {
                let (head, applied) = (report.head, report.applied.len());
                tracing::info!(
                    set = set.name(),
                    head,
                    applied,
                    built_for = report.built_for,
                    "schema is ready"
                );
                ExitCode::SUCCESS
            }
            Err(error) => give_up(&error),
        };
    }
    match (command, migrate::status(set, url, &options).await) {
        (_, Err(error)) => give_up(&error),
        ("check", Ok(status)) => match status.ready() {
            Ok(()) => say("ready"),
            Err(reason) => fail(1, reason),
        },
        (_, Ok(status)) => say(status.to_string().trim_end()),
    }
}

/// As the first process of a container nothing but this ends it early; the database undoes what is not finished.
async fn until_told(work: impl Future<Output = ExitCode>) -> ExitCode {
    let (mut terminate, mut interrupt) =
        match (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
            (Ok(terminate), Ok(interrupt)) => (terminate, interrupt),
            (Err(error), _) | (_, Err(error)) => {
                return fail(1, &format!("signal handlers cannot be installed: {error}"));
            }
        };
    tokio::select! {
        code = work => code,
        _ = terminate.recv() => stopped("SIGTERM"),
        _ = interrupt.recv() => stopped("SIGINT"),
    }
}

fn stopped(signal: &str) -> ExitCode {
    tracing::warn!(signal, "stopped before the end");
    ExitCode::FAILURE
}

fn give_up(error: &Error) -> ExitCode {
    tracing::error!(error = error.to_string(), "giving up");
    ExitCode::FAILURE
}

pub(crate) fn say(text: &str) -> ExitCode {
    // A reader who has seen enough is no failure.
    let _ = writeln!(io::stdout(), "{text}");
    ExitCode::SUCCESS
}

pub(crate) fn refuse(text: &str) -> ExitCode {
    fail(BAD_USAGE, text)
}

/// Before there are logs, or where somebody waits at a terminal, a failure goes to standard error.
fn fail(code: u8, text: &str) -> ExitCode {
    let _ = writeln!(io::stderr(), "{text}");
    code.into()
}
