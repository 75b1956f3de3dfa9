//! The whole `main` of a service: what it can be told, and its life from the first instruction to the exit code.

use std::{
    convert::Infallible,
    env,
    error::Error,
    future::pending,
    io::{self, Write},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use tokio::runtime;

use crate::{
    admin::{self, About, Admin, Probe},
    config::{self, BAD_CONFIG, Loaded, Settings, Uses},
    grpc::Service,
    lifecycle::{Cause, Signals},
    priority,
    process::Process,
    running::Running,
    telemetry::{self, Telemetry},
};

/// The exit code of a program that was called in a way it does not know.
const BAD_USAGE: u8 = 2;
/// The exit code of a shutdown that did not let every call finish.
const CUT: i32 = 3;
/// How long the last log lines may take to be written.
const LAST_LINES: Duration = Duration::from_secs(1);

/// Which binary this is.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// The binary's name, which is also the name it authenticates as: `accounts`.
    pub name: &'static str,
    /// The binary's version.
    pub version: &'static str,
    /// Every service of the suite: whose sections are accepted and, unless they are this binary's, ignored.
    pub suite: &'static [&'static str],
    /// Descriptors of every service served, for reflection and for checking the policy tables.
    pub descriptors: &'static [u8],
}

/// Runs a service from its first instruction to its exit code.
///
/// `build` makes the services out of the configuration. It opens stores without touching the network; what cannot be
/// opened at all ends the process with exit code 78 (bad configuration).
pub fn serve<C: Settings>(
    program: Program,
    build: impl AsyncFnOnce(C, &Process) -> Result<Vec<Service>, Box<dyn Error + Send + Sync>>,
) -> ExitCode {
    serve_and_announce(program, build, |_, _| {})
}

/// Like [`serve`], and calls `announce` once the process is ready.
pub fn serve_and_announce<C: Settings>(
    program: Program,
    build: impl AsyncFnOnce(C, &Process) -> Result<Vec<Service>, Box<dyn Error + Send + Sync>>,
    announce: impl FnOnce(&C, &Announcement),
) -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        [] => run(program, build, announce),
        ["config", rest @ ..] => config::command::<C>(&program, rest.iter().map(ToString::to_string)),
        ["sizing"] => with_config::<C>(program, Uses::WhatIsGiven, |loaded| {
            match Process::new(program, loaded.frame, &loaded.service.demands()) {
                Ok(process) => say(&process.shared.sizing.current().to_string()),
                Err(refused) => fail(BAD_CONFIG, &refused.to_string()),
            }
        }),
        ["probe", name] => match Probe::named(name) {
            Some(probe) => with_config::<C>(program, Uses::Sections(&["admin"]), |loaded| {
                ask(&loaded.frame.admin, probe)
            }),
            None => fail(BAD_USAGE, &usage::<C>(program)),
        },
        ["--version" | "-V"] => say(&format!("{} {}", program.name, program.version)),
        ["--help" | "-h"] => say(&usage::<C>(program)),
        _ => fail(BAD_USAGE, &usage::<C>(program)),
    }
}

/// What there is to tell once calls are served.
#[derive(Debug)]
pub struct Announcement {
    /// Where calls are served.
    pub grpc: std::net::SocketAddr,
    /// Where operators ask.
    pub admin: std::net::SocketAddr,
}

fn run<C: Settings>(
    program: Program,
    build: impl AsyncFnOnce(C, &Process) -> Result<Vec<Service>, Box<dyn Error + Send + Sync>>,
    announce: impl FnOnce(&C, &Announcement),
) -> ExitCode {
    with_config(program, C::uses(), |loaded: Loaded<C>| {
        let Loaded { frame, service, effective } = loaded;
        let announced = service.clone();
        let process = match Process::new(program, frame, &service.demands()) {
            Ok(process) => process,
            Err(refused) => return fail(BAD_CONFIG, &refused.to_string()),
        };
        let traces = &process.shared.traces;
        let telemetry = match telemetry::init_with(&program, &process.shared.frame.telemetry, traces) {
            Ok(telemetry) => telemetry,
            Err(error) => return fail(1, &error.to_string()),
        };
        let logs = telemetry.clone();
        process
            .meter()
            .u64_observable_counter("fairlead.log.lines.dropped")
            .with_description("Log lines dropped because standard output did not keep up")
            .with_callback(move |counter| counter.observe(logs.dropped(), &[]))
            .build();
        let about = About { config: effective.to_string(), telemetry: Some(telemetry.clone()) };
        let admin = match Admin::start(&process, about) {
            Ok(admin) => admin,
            Err(error) => {
                let address = process.shared.frame.admin.listen;
                let help = "set it to another address, or stop what listens there";
                return fail(1, &format!("FAIRLEAD__ADMIN__LISTEN: {address}: {error}; {help}"));
            }
        };
        let code = match runtime(&process) {
            Ok(runtime) => {
                let code = runtime.block_on(live(process, &telemetry, service, build, |running| {
                    announce(&announced, &Announcement { grpc: running.address(), admin: admin.address() });
                }));
                // What still hangs, such as a name that is being resolved, is not waited for.
                runtime.shutdown_background();
                code
            }
            Err(error) => fail(1, &format!("the runtime cannot be started: {error}")),
        };
        let _written = telemetry.flush(LAST_LINES);
        code
    })
}

/// As many threads as the plan says.
fn runtime(process: &Process) -> io::Result<runtime::Runtime> {
    let plan = process.shared.sizing.current();
    let mut runtime = runtime::Builder::new_multi_thread();
    if priority::matters(&plan) {
        runtime.on_thread_start(priority::behind_probes);
    }
    runtime
        .worker_threads(plan.worker_threads)
        .max_blocking_threads(plan.blocking_threads)
        .thread_name(process.service())
        .enable_all()
        .build()
}

/// From the start to the stop.
async fn live<C: Settings>(
    process: Process,
    telemetry: &Telemetry,
    service: C,
    build: impl AsyncFnOnce(C, &Process) -> Result<Vec<Service>, Box<dyn Error + Send + Sync>>,
    announce: impl FnOnce(&Running),
) -> ExitCode {
    let mut signals = match Signals::install() {
        Ok(signals) => signals,
        Err(error) => return fail(1, &format!("signal handlers cannot be installed: {error}")),
    };
    let impatient = tokio::spawn(exit_on_third(signals.clone(), telemetry.clone()));
    let traces = Arc::clone(&process.shared.traces);
    let flush = process.shared.frame.lifecycle.flush.0;
    if let Err(problems) = traces.send(&process.shared.program) {
        return fail(BAD_CONFIG, problems.to_string().trim_end());
    }
    let starting = Running::start(process, async |process: &Process| build(service, process).await);
    let running = tokio::select! {
        started = starting => match started {
            Ok(running) => running,
            Err(error) if error.is_of_the_setting() => return fail(BAD_CONFIG, &error.to_string()),
            Err(error) => return fail(1, &error.to_string()),
        },
        _ = signals.first() => return ExitCode::SUCCESS,
    };
    let cause = tokio::select! {
        cause = signals.first() => cause,
        () = running.failed() => Cause::Failure,
        never = async {
            running.ready().await;
            announce(&running);
            pending::<Infallible>().await
        } => match never {},
    };
    let report = running.stop(cause, signals, traces.flush(flush)).await;
    impatient.abort();
    report.exit_code()
}

/// Somebody does not want to wait.
async fn exit_on_third(mut signals: Signals, telemetry: Telemetry) {
    signals.reached(3).await;
    tracing::warn!("third signal: exiting at once");
    let _written = telemetry.flush(LAST_LINES);
    #[expect(clippy::disallowed_methods, reason = "the third signal asks for exactly this")]
    std::process::exit(CUT);
}

fn with_config<C: Settings>(
    program: Program,
    uses: Uses,
    then: impl FnOnce(Loaded<C>) -> ExitCode,
) -> ExitCode {
    match config::load::<C>(&program, uses) {
        Ok(loaded) => then(loaded),
        Err(problems) => fail(BAD_CONFIG, problems.to_string().trim_end()),
    }
}

fn ask(config: &admin::Config, probe: Probe) -> ExitCode {
    match admin::probe(config.local(), probe) {
        Ok((true, answer)) => say(&answer),
        Ok((false, answer)) => fail(1, &answer),
        Err(error) => fail(1, &format!("{}: {error}", config.local())),
    }
}

fn say(text: &str) -> ExitCode {
    // A reader who has seen enough is no failure.
    let _ = writeln!(io::stdout(), "{text}");
    ExitCode::SUCCESS
}

/// Before there are logs, or where somebody waits at a terminal, a failure goes to standard error.
fn fail(code: u8, text: &str) -> ExitCode {
    let _ = writeln!(io::stderr(), "{text}");
    code.into()
}

fn usage<C: Settings>(program: Program) -> String {
    let own: Vec<String> =
        C::commands().iter().map(|(call, does)| format!("  {call:<26}  {does}\n")).collect();
    format!(
        "\
usage: {} [command]

without a command it serves; its settings are environment variables

  config show                 the settings in force, and where each comes from
  config check                what is wrong with them, with the files that they name, and with the plan made of them;
                              by the files and limits of this machine (for another one's, set limits.cpu and
                              limits.memory), without opening a connection or a port
  config schema               what may be set
  sizing                      what is planned from the container's limits, and why
  probe live|ready|startup    asks the running process, and exits 0 or 1
{}  --version",
        program.name,
        own.concat()
    )
}
