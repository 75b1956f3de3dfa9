//! The small shell that keeps a server for a test process and cleans up after both.

use std::{
    env, fs,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use rustix::fs::{Access, access, statvfs};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout},
};

/// How long a server may take to answer after it was started. Generous: machines that run tests are busy.
const STARTS_WITHIN: Duration = Duration::from_mins(1);

/// What one kind of server needs.
pub(crate) struct Recipe {
    /// What it is, for messages.
    pub(crate) name: &'static str,
    /// The folder of its programs.
    pub(crate) programs: PathBuf,
    /// Where the folder is made in which it runs.
    pub(crate) within: PathBuf,
    /// The user and group that it runs as, where it refuses to run as this one.
    pub(crate) user: Option<(u32, u32)>,
    /// Shell words that prepare its folder.
    pub(crate) prepare: String,
    /// Shell words that become the server.
    pub(crate) serve: String,
    /// The signal that ends it at once.
    pub(crate) end: &'static str,
}

/// One server, stopped and removed when this is dropped or when the process ends, killed or not.
pub(crate) struct Supervisor {
    name: &'static str,
    folder: PathBuf,
    commands: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    _shell: Child,
}

impl Supervisor {
    /// Prepares a server; it is not started yet.
    pub(crate) async fn prepare(recipe: Recipe) -> Self {
        let path = env::var_os("PATH").unwrap_or_default();
        let path = env::join_paths([recipe.programs].into_iter().chain(env::split_paths(&path)));
        let mut command = Command::new("sh");
        command
            .args([
                "-c",
                include_str!("supervise.sh"),
                "supervise",
                &recipe.prepare,
                &recipe.serve,
                recipe.end,
            ])
            .env("TMPDIR", recipe.within)
            .env("PATH", path.expect("folders of programs have no colon in their names"))
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Out of reach of the terminal's Ctrl-C, which would end the server before the test could say goodbye.
            .process_group(0);
        if let Some((user, group)) = recipe.user {
            command.uid(user).gid(group);
        }

        let mut shell = tokio::process::Command::from(command).spawn().expect("every machine has sh");
        let commands = shell.stdin.take().expect("stdin is piped");
        let answers = BufReader::new(shell.stdout.take().expect("stdout is piped")).lines();
        let mut this = Self { name: recipe.name, folder: PathBuf::new(), commands, answers, _shell: shell };
        this.folder = this.answer().await.into();
        if this.answer().await != "done" {
            this.give_up("could not be prepared");
        }
        this
    }

    /// Starts the server and returns once `answers` says that it does.
    pub(crate) async fn start(&mut self, answers: impl AsyncFn() -> bool) {
        self.tell("start").await;
        let started = Instant::now();
        while !answers().await {
            if self.tell("check").await == "ended" {
                self.give_up("ended instead of starting");
            }
            if started.elapsed() > STARTS_WITHIN {
                self.give_up("does not answer");
            }
            // Neither server announces itself to a stranger: asking again is the event.
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Says one of the script's commands and returns its answer.
    pub(crate) async fn tell(&mut self, command: &str) -> String {
        self.commands
            .write_all(format!("{command}\n").as_bytes())
            .await
            .expect("the supervising shell lives as long as its stdin");
        self.answer().await
    }

    /// Where the server keeps what it keeps.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    async fn answer(&mut self) -> String {
        let answer = self.answers.next_line().await.expect("the supervising shell speaks UTF-8");
        answer.unwrap_or_else(|| self.give_up("lost its supervising shell"))
    }

    fn give_up(&self, what: &str) -> ! {
        let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        panic!("the test's own {} {what}\n{log}", self.name);
    }
}

/// Where little is kept and waits for no disk: memory, if this machine lends a GiB of it to files, or else its disk. A
/// server that has every write on its disk before it answers is otherwise as slow as whatever else the machine writes.
pub(crate) fn quick_folder() -> PathBuf {
    let memory = Path::new("/dev/shm");
    let room = statvfs(memory).is_ok_and(|kept| kept.f_bavail * kept.f_frsize >= 1 << 30);
    let open = access(memory, Access::WRITE_OK | Access::EXEC_OK).is_ok();
    if room && open { memory.to_owned() } else { env::temp_dir() }
}

/// The folder that holds `program`, or a panic that says what to install.
pub(crate) fn find(program: &str, package: &str, elsewhere: impl IntoIterator<Item = PathBuf>) -> PathBuf {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).chain(elsewhere).find(|folder| folder.join(program).is_file()).unwrap_or_else(
        || panic!("this test needs {program}: install the Debian package `{package}`, or run `make test`"),
    )
}

/// The folder of a program that a script of the repository installs, or a panic that says which.
pub(crate) fn find_tool(program: &str, script: &str, folder: PathBuf) -> PathBuf {
    assert!(folder.join(program).is_file(), "this test needs {program}: run {script}, or `make test`");
    folder
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_server_ends_with_its_test_although_nobody_reads_the_last_answer() {
        let mut supervisor = Supervisor::prepare(Recipe {
            name: "sleeper",
            programs: PathBuf::from("/bin"),
            within: env::temp_dir(),
            user: None,
            prepare: ":".to_owned(),
            serve: "sleep 600".to_owned(),
            end: "KILL",
        })
        .await;
        supervisor.start(async || true).await;
        let Supervisor { folder, mut commands, answers, _shell: mut shell, .. } = supervisor;

        drop(answers);
        commands.write_all(b"check\n").await.unwrap();
        drop(commands);
        shell.wait().await.unwrap();

        assert!(!folder.exists(), "what was started there goes on");
    }
}
