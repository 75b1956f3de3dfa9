//! A real binary of the workspace, running: its output, its signals, its exit.

mod output;
mod watchdog;

use std::{
    env,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Resource, Rlimit, Signal, WaitId, WaitIdOptions, kill_process, prlimit, waitid};
use serde_json::Value;
use tokio::{
    process::{Child, Command},
    time::timeout,
};

use self::{output::Output, watchdog::Watchdog};
use crate::{Cgroup, Machine};

/// Long enough for anything that is going to happen, on a busy machine too.
pub(crate) const WITHIN: Duration = Duration::from_mins(1);

/// A running binary of this workspace. It is killed when this is dropped, or when the test process ends in any way.
pub struct Binary {
    name: String,
    child: Child,
    output: Output,
    watchdog: Watchdog,
}

/// How a binary ended and what it had to say.
#[derive(Debug)]
pub struct Exit {
    /// Its exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// Its lines on stdout: JSON where they are JSON, else strings.
    pub lines: Vec<Value>,
    /// What it wrote to stderr.
    pub stderr: String,
}

impl Binary {
    /// Starts a binary with nothing in its environment but `PATH` and `environment`.
    ///
    /// Cargo builds the binaries of the package under test by itself, and no others: a test of another package runs what
    /// was built last. `make test` builds them all first.
    ///
    /// # Panics
    /// When it is not built.
    #[must_use]
    pub fn start(name: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut command = Command::new(built(name));
        command.args(arguments);
        Self::spawn(name, command, environment)
    }

    /// Starts a program that is not of this workspace, in the same way.
    ///
    /// # Panics
    /// When it is not there.
    #[must_use]
    pub fn start_program(program: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut command = Command::new(program);
        command.args(arguments);
        Self::spawn(&program.to_string_lossy(), command, environment)
    }

    /// The same as [`start`](Self::start), within limits from its first instruction on.
    ///
    /// # Panics
    /// When it is not built.
    #[must_use]
    pub fn start_within(
        limits: &Cgroup,
        name: &str,
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> Self {
        // The shell goes in first, and then becomes the binary.
        let enter = r#"echo $$ >"$1" && echo $$ >"$2" && shift 2 && exec "$@""#;
        let mut command = Command::new("sh");
        command.args(["-c", enter, "enter"]).args(limits.doors()).arg(built(name)).args(arguments);
        Self::spawn(name, command, environment)
    }

    /// The same, in the network of another machine.
    ///
    /// # Panics
    /// When it is not built.
    #[must_use]
    pub fn start_at(machine: &Machine, name: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut command = Command::new("nsenter");
        // It becomes the binary.
        command.arg(machine.door()).arg(built(name)).args(arguments);
        Self::spawn(name, command, environment)
    }

    fn spawn(name: &str, mut command: Command, environment: &[(&str, &str)]) -> Self {
        let mut child = command
            .env_clear()
            .env("PATH", env::var_os("PATH").unwrap_or_default())
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{name} cannot be started: {error}"));
        let output = Output::of(&mut child);
        let watchdog = Watchdog::over(child.id().expect("it was not awaited yet"));
        Self { name: name.into(), child, output, watchdog }
    }

    /// The first line on stdout, already written or yet to come, for which `wanted` is true.
    ///
    /// # Panics
    /// When it does not come within a minute, or the binary ends without it. The panic shows what came instead.
    pub async fn line(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        let line = timeout(WITHIN, self.output.line(wanted)).await.ok().flatten();
        line.unwrap_or_else(|| {
            panic!("{} did not write the line waited for\n{}", self.name, self.output.so_far())
        })
    }

    /// Everything it has written yet, for messages.
    #[must_use]
    pub fn so_far(&self) -> String {
        self.output.so_far()
    }

    /// The number of its process.
    ///
    /// # Panics
    /// When it has been waited for.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id().expect("it was not waited for yet")
    }

    /// Sends it a signal.
    ///
    /// # Panics
    /// When it has already ended.
    pub fn signal(&self, signal: Signal) {
        let sent = self.pid().is_some_and(|id| kill_process(id, signal).is_ok());
        assert!(sent, "{} is not there to be sent a signal\n{}", self.name, self.output.so_far());
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// When it does not end within a minute.
    pub async fn exit(mut self) -> Exit {
        let status = self.gone().await;
        let (lines, stderr) = self.output.finish().await;
        Exit { code: status.code(), lines, stderr }
    }

    /// Waits until it is gone, and others may listen on its ports.
    ///
    /// # Panics
    /// When it does not end within a minute.
    pub async fn gone(&mut self) -> ExitStatus {
        let Ok(status) = timeout(WITHIN, self.child.wait()).await else {
            panic!("{} does not end\n{}", self.name, self.output.so_far());
        };
        self.watchdog.dismiss();
        status.expect("a child can be awaited")
    }

    /// Its number, until it was waited for.
    fn pid(&self) -> Option<Pid> {
        Pid::from_raw(i32::try_from(self.child.id()?).ok()?)
    }
}

impl Drop for Binary {
    /// Returns when it is gone: whoever comes next may listen where it did.
    fn drop(&mut self) {
        let Some(id) = self.pid() else { return };
        // One that has ended by itself needs neither.
        let _ = kill_process(id, Signal::KILL);
        let _ = waitid(WaitId::Pid(id), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
        self.watchdog.dismiss();
    }
}

/// Changes how many files and sockets a running binary may have open.
///
/// # Panics
/// When that is more than this process may.
pub fn limit_open_files(binary: &Binary, files: u64) {
    let process = i32::try_from(binary.id()).ok().and_then(Pid::from_raw);
    let limit = Rlimit { current: Some(files), maximum: Some(files) };
    prlimit(process, Resource::Nofile, limit).expect("a lower limit is anybody's to set");
}

/// Binaries are in `target/<profile>`, test executables in a folder of it. Those of another profile go first where
/// `TESTED_PROFILE` names it: they are what is tested, and the test need not be built twice.
fn built(name: &str) -> PathBuf {
    let this = env::current_exe().expect("a program knows where it is");
    let of_this = || this.ancestors().skip(1).take(2);
    let tested = env::var_os("TESTED_PROFILE");
    let of_another = tested
        .iter()
        .flat_map(|profile| of_this().filter_map(Path::parent).map(move |target| target.join(profile)));
    let mut binaries = of_another.chain(of_this().map(Path::to_owned)).map(|folder| folder.join(name));
    binaries.find(|binary| binary.is_file()).unwrap_or_else(|| {
        panic!("{name} is not built: run `make test`, or `cargo build --workspace --bins` once")
    })
}
