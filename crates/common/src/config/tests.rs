//! What an operator sees of the configuration.

use std::{ffi::OsString, fs, net::SocketAddr, os::unix::ffi::OsStringExt};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use super::{Duration, Loaded, Problems, Secret, Settings, Size, answer, load_from};
use crate::Program;

const PROGRAM: Program = Program {
    name: "accounts",
    version: "1.2.3",
    suite: &["accounts", "sessions", "all-in-one"],
    descriptors: &[],
};

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
struct Config {
    /// Accounts.
    accounts: Accounts,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
struct Accounts {
    /// Where accounts
    /// rest.
    postgres: Postgres,
    /// The door.
    door: Door,
}

#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
struct Postgres {
    /// How to reach the database.
    url: Secret,
    /// How many connections.
    pool_size: u16,
    /// How long to wait for one.
    acquire_timeout: Duration,
    /// Memory of each.
    memory: Option<Size>,
}

#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
struct Door {
    /// Where it is.
    address: SocketAddr,
    /// Which names it knows.
    names: Vec<String>,
    /// How it looks.
    style: Style,
    /// Whether it is open.
    open: bool,
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "lowercase")]
enum Style {
    Plain,
    Carved,
}

impl Default for Postgres {
    fn default() -> Self {
        Self { url: Secret::default(), pool_size: 8, acquire_timeout: Duration::from_secs(2), memory: None }
    }
}

impl Default for Door {
    fn default() -> Self {
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], 80)),
            names: vec!["front".to_owned()],
            style: Style::Plain,
            open: false,
        }
    }
}

impl Settings for Config {
    fn validate(&self, problems: &mut Problems) {
        if self.accounts.postgres.url.is_empty() {
            problems.add("accounts.postgres.url", "must be set");
        }
        if self.accounts.postgres.pool_size == 0 {
            problems.add("accounts.postgres.pool_size", "found 0; accepted is at least 1");
        }
    }
}

const URL: (&str, &str) = ("FAIRLEAD__ACCOUNTS__POSTGRES__URL", "postgres://a:hunter2@db/accounts");

fn load(variables: &[(&str, &str)]) -> Result<Loaded<Config>, Problems> {
    load_from(&PROGRAM, variables.iter().copied())
}

fn loaded(variables: &[(&str, &str)]) -> Accounts {
    load(variables).unwrap().service.accounts
}

fn problems(variables: &[(&str, &str)]) -> Vec<String> {
    let problems = load(variables).unwrap_err().to_string();
    assert!(!problems.contains("hunter2"), "a secret is shown: {problems}");
    let lines = problems.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.collect()
}

/// A folder with files in it, and their full names.
fn files<const N: usize>(named: [(&str, &str); N]) -> (TempDir, [String; N]) {
    let folder = tempfile::tempdir().unwrap();
    let paths = named.map(|(name, text)| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.into_os_string().into_string().unwrap()
    });
    (folder, paths)
}

#[test]
fn each_layer_overrides_the_one_before_it() {
    let (_folder, [file, secret]) = files([
        ("fairlead.toml", "[accounts.postgres]\npool_size = 3\nmemory = 1024\nurl = 'a'\n"),
        ("url", "from-secret\n"),
    ]);

    let accounts = loaded(&[
        ("FAIRLEAD_CONFIG", &file),
        ("FAIRLEAD__ACCOUNTS__POSTGRES__MEMORY", "2MiB"),
        ("FAIRLEAD__ACCOUNTS__POSTGRES__URL_FILE", &secret),
    ]);

    assert_eq!(accounts.postgres.acquire_timeout, Duration::from_secs(2));
    assert_eq!(accounts.postgres.pool_size, 3);
    assert_eq!(accounts.postgres.memory, Some(Size::from_mib(2)));
    assert_eq!(accounts.postgres.url.expose(), "from-secret");
    assert_eq!(accounts.postgres.url.file().unwrap().to_str(), Some(&*secret));
}

#[test]
fn variables_are_read_by_the_type_of_their_setting() {
    let accounts = loaded(&[
        URL,
        ("FAIRLEAD__ACCOUNTS__DOOR__ADDRESS", "[::]:8080"),
        ("FAIRLEAD__ACCOUNTS__DOOR__NAMES", "back, 42,true"),
        ("FAIRLEAD__ACCOUNTS__DOOR__STYLE", "carved"),
        ("FAIRLEAD__ACCOUNTS__DOOR__OPEN", "true"),
        ("FAIRLEAD__ACCOUNTS__POSTGRES__MEMORY", ""),
    ]);

    assert_eq!(accounts.door.address, "[::]:8080".parse().unwrap());
    assert_eq!(accounts.door.names, ["back", "42", "true"]);
    assert!(accounts.door.open && matches!(accounts.door.style, Style::Carved));
    assert_eq!(accounts.postgres.memory, None);
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let (_folder, [file]) =
        files([("fairlead.toml", "[accounts.postgres]\npool_siz = 3\n[servr]\n[accounts.door]\nopen = 1\n")]);

    let problems = problems(&[
        ("FAIRLEAD_CONFIG", &file),
        ("FAIRLEAD__ACCOUNTS__POSTGRES__POOL_SIZE", "many"),
        ("FAIRLEAD__ACCOUNTS__POSTGRES__ACQUIRE_TIMEOUT", "20"),
        ("FAIRLEAD__ACCOUNTS__POSTGRES__MEMORY", "2 parsecs"),
        ("FAIRLEAD__ACCOUNTS__POSTGRES__URL_FILE", "/nowhere/url"),
        ("FAIRLEAD__ACCOUNTS__DOOR__STYLE", "rococo"),
        ("FAIRLEAD__ACCOUNTS__DOOR__ADDRESS", "home"),
        ("FAIRLEAD__ACCOUNTS__DOOR__NAMSE", "x"),
        ("FAIRLEAD__ACCOUNTS__DOOR", "x"),
    ]);

    let expected = [
        &format!("{file}: accounts.postgres.pool_siz unknown; did you mean accounts.postgres.pool_size?"),
        &format!("{file}: servr unknown; did you mean server?"),
        "FAIRLEAD__ACCOUNTS__DOOR is a section: it holds settings and has no value",
        "FAIRLEAD__ACCOUNTS__DOOR__NAMSE unknown; did you mean FAIRLEAD__ACCOUNTS__DOOR__NAMES?",
        "FAIRLEAD__ACCOUNTS__POSTGRES__URL_FILE /nowhere/url cannot be read: No such file or directory (os error 2)",
        "FAIRLEAD__ACCOUNTS__POSTGRES__POOL_SIZE found \"many\"; accepted is a whole number from 0 to 65535",
        "FAIRLEAD__ACCOUNTS__POSTGRES__ACQUIRE_TIMEOUT found \"20\", a bare number does not say of what: write 20s or \
         20ms; accepted is a duration with its unit, such as 250ms, 20s or 1h",
        "FAIRLEAD__ACCOUNTS__POSTGRES__MEMORY found \"2 parsecs\", not a size; accepted is a size",
        "FAIRLEAD__ACCOUNTS__DOOR__ADDRESS found \"home\": invalid socket address syntax",
        &format!("{file}: accounts.door.open found 1; accepted is true or false"),
        "FAIRLEAD__ACCOUNTS__DOOR__STYLE found \"rococo\"; accepted is one of plain, carved",
    ];
    for expected in expected {
        assert!(problems.iter().any(|line| line.starts_with(expected)), "no {expected:?} in {problems:#?}");
    }
    assert_eq!(problems.len(), expected.len(), "{problems:#?}");
}

#[test]
fn what_the_settings_refuse_is_told_with_the_rest() {
    let (_folder, [file]) = files([("fairlead.toml", "accounts.postgres.pool_size = 0")]);

    let problems = problems(&[("FAIRLEAD_CONFIG", &file), ("FAIRLEAD__ACCOUNTS__DOOR__OPEN", "maybe")]);

    assert_eq!(
        problems,
        [
            "FAIRLEAD__ACCOUNTS__DOOR__OPEN found \"maybe\"; accepted is true or false".to_owned(),
            "FAIRLEAD__ACCOUNTS__POSTGRES__URL must be set".to_owned(),
            format!(
                "FAIRLEAD__ACCOUNTS__POSTGRES__POOL_SIZE found 0; accepted is at least 1 (given in {file}: \
                 accounts.postgres.pool_size)"
            ),
        ]
    );
}

#[test]
fn names_are_upper_case_and_sections_have_two_underscores_between() {
    assert_eq!(
        problems(&[
            URL,
            ("FAIRLEAD__accounts__door__open", "true"),
            ("FAIRLEAD__ACCOUNTS_DOOR__STYLE", "carved"),
            ("FAIRLEAD__SOMETHING__ELSE", "x"),
        ]),
        [
            "FAIRLEAD__ACCOUNTS_DOOR__STYLE unknown; did you mean FAIRLEAD__ACCOUNTS__DOOR__STYLE?",
            "FAIRLEAD__SOMETHING__ELSE unknown; `accounts config schema` lists what there is",
            "FAIRLEAD__accounts__door__open unknown; did you mean FAIRLEAD__ACCOUNTS__DOOR__OPEN?",
        ]
    );
}

#[test]
fn what_is_not_text_is_a_problem_and_not_passed_over() {
    let binary = OsString::from_vec(vec![0xff]);

    let problems = load_from::<Config>(&PROGRAM, [(OsString::from(URL.0), binary)]).unwrap_err();

    assert!(problems.to_string().starts_with("FAIRLEAD__ACCOUNTS__POSTGRES__URL  found what is not UTF-8"));
}

#[test]
fn what_belongs_to_others_is_left_alone() {
    let (_folder, [file]) = files([("fairlead.toml", "[sessions.redis]\nurl = 'x'\n[all_in_one]\n")]);

    let accounts = loaded(&[
        URL,
        ("FAIRLEAD_CONFIG", &file),
        ("FAIRLEAD__SESSIONS__REDIS__URL", "redis://r"),
        ("FAIRLEAD__ALL_IN_ONE__FOLDER", "x"),
        ("FAIRLEAD_SERVER", "x"),
        ("PATH", "/bin"),
    ]);

    assert_eq!(accounts.postgres.url.expose(), URL.1);
}

#[test]
fn a_secret_is_given_once_and_only_secrets_come_from_files() {
    let (_folder, [secret]) = files([("url", "hunter2")]);

    let problems = problems(&[
        URL,
        ("FAIRLEAD__ACCOUNTS__POSTGRES__URL_FILE", &secret),
        ("FAIRLEAD__ACCOUNTS__POSTGRES__POOL_SIZE_FILE", &secret),
    ]);

    assert_eq!(
        problems,
        [
            "FAIRLEAD__ACCOUNTS__POSTGRES__POOL_SIZE_FILE unknown; only secrets can be given as a file",
            "FAIRLEAD__ACCOUNTS__POSTGRES__URL_FILE given as well as FAIRLEAD__ACCOUNTS__POSTGRES__URL; give one of \
             them",
        ]
    );
}

#[test]
fn a_file_can_name_a_mounted_secret_too() {
    let (_folder, [secret]) = files([("url", "from-secret")]);
    let (_folder, [file]) = files([("fairlead.toml", &format!("accounts.postgres.url_file = '{secret}'"))]);

    let from_file = loaded(&[("FAIRLEAD_CONFIG", &file)]);
    let overridden = loaded(&[("FAIRLEAD_CONFIG", &file), URL]);

    assert_eq!(from_file.postgres.url.expose(), "from-secret");
    assert_eq!(overridden.postgres.url.expose(), URL.1);
    assert_eq!(overridden.postgres.url.file(), None);
}

#[test]
fn a_broken_file_is_told_with_its_line_and_without_its_text() {
    let (_folder, [file]) = files([("fairlead.toml", "[accounts.postgres]\nurl = \"hunter2\n")]);

    let problems = problems(&[("FAIRLEAD_CONFIG", &file), URL, ("FAIRLEAD__ACCOUNTS__DOOR__OPEN", "maybe")]);

    assert!(problems[0].starts_with(&format!("FAIRLEAD_CONFIG {file}: line 2, column ")), "{problems:#?}");
    assert_eq!(problems.len(), 2);
}

#[test]
fn a_secret_of_the_wrong_type_is_not_quoted() {
    let (_folder, [file]) = files([("fairlead.toml", "accounts.postgres.url = ['hunter2']")]);

    let problems = problems(&[("FAIRLEAD_CONFIG", &file)]);

    assert_eq!(problems, [format!("{file}: accounts.postgres.url found something else than a text")]);
}

#[test]
fn an_absent_file_is_a_problem_and_an_empty_name_is_none() {
    let absent = problems(&[URL, ("FAIRLEAD_CONFIG", "/nowhere/fairlead.toml")]);

    assert_eq!(
        absent,
        ["FAIRLEAD_CONFIG /nowhere/fairlead.toml cannot be read: No such file or directory (os error 2)"]
    );
    assert!(load(&[URL, ("FAIRLEAD_CONFIG", "")]).is_ok());
}

#[test]
fn show_tells_values_and_where_they_come_from_but_no_secret() {
    let (_folder, [file]) = files([("fairlead.toml", "accounts.postgres.pool_size = 3")]);
    let environment =
        [URL, ("FAIRLEAD_CONFIG", &*file), ("FAIRLEAD__ACCOUNTS__POSTGRES__ACQUIRE_TIMEOUT", "1500ms")];

    let shown = answer::<Config>(&PROGRAM, &["show"], environment);
    let json = answer::<Config>(&PROGRAM, &["show", "--json"], environment);

    let lines: Vec<_> = shown.text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).collect();
    assert!(lines.contains(&vec!["FAIRLEAD__ACCOUNTS__POSTGRES__URL", "[redacted]", "environment"]));
    assert!(lines.contains(&vec!["FAIRLEAD__ACCOUNTS__POSTGRES__POOL_SIZE", "3", "file", &file]));
    assert!(shown.text.contains("1s 500ms"));
    assert!(shown.text.lines().any(|line| line.ends_with("default")));
    assert!(json.text.contains("\"origin\": \"environment\""));
    assert!(!shown.text.contains("hunter2") && !json.text.contains("hunter2"));
}

#[test]
fn schema_is_the_manual_of_every_variable() {
    let nothing: [(&str, &str); 0] = [];

    let text = answer::<Config>(&PROGRAM, &["schema"], nothing).text;
    let json = answer::<Config>(&PROGRAM, &["schema", "--json"], nothing).text;

    assert!(text.contains("[accounts.postgres] Where accounts rest."), "{text}");
    assert!(text.contains(
        "FAIRLEAD__ACCOUNTS__POSTGRES__POOL_SIZE  integer, default 8\n    How many connections.\n    Accepted: a whole \
         number from 0 to 65535.\n"
    ));
    assert!(text.contains("FAIRLEAD__ACCOUNTS__POSTGRES__URL_FILE  the path of a file"));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["ignored_sections"], serde_json::json!(["sessions", "all_in_one"]));
    let variables = json["variables"].as_array().unwrap();
    let style = variables.iter().find(|entry| entry["name"] == "FAIRLEAD__ACCOUNTS__DOOR__STYLE").unwrap();
    assert_eq!(style["choices"], serde_json::json!(["plain", "carved"]));
    assert_eq!(style["default"], "plain");
    let url = variables.iter().find(|entry| entry["path"] == "accounts.postgres.url").unwrap();
    assert_eq!(url["file_name"], "FAIRLEAD__ACCOUNTS__POSTGRES__URL_FILE");
}

#[test]
fn check_says_ok_or_what_is_wrong_by_its_exit_code_too() {
    let nothing: [(&str, &str); 0] = [];

    assert_eq!(answer::<Config>(&PROGRAM, &["check"], [URL]).code, 0);
    assert_eq!(answer::<Config>(&PROGRAM, &["check"], nothing).code, 78);
    assert_eq!(answer::<Config>(&PROGRAM, &["show"], nothing).code, 78);
    assert_eq!(answer::<Config>(&PROGRAM, &["chekc"], [URL]).code, 2);
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
struct Quiet {}

impl Settings for Quiet {
    fn frame() -> super::FrameConfig {
        let mut frame = super::FrameConfig::default();
        frame.telemetry.log = "warn".to_owned();
        frame
    }
}

#[test]
fn a_binary_may_have_its_own_defaults_for_the_frame() {
    let level = |environment: &[(&str, &str)]| {
        load_from::<Quiet>(&PROGRAM, environment.iter().copied()).unwrap().frame.telemetry.log
    };

    assert_eq!(level(&[]), "warn");
    assert_eq!(level(&[("FAIRLEAD__TELEMETRY__LOG", "debug")]), "debug");
    let schema = answer::<Quiet>(&PROGRAM, &["schema"], Vec::<(String, String)>::new());
    assert!(schema.text.contains("FAIRLEAD__TELEMETRY__LOG  text, default warn"), "{}", schema.text);
}
