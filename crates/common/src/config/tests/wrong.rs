//! What is told of values that cannot be used.

use super::*;

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

    let problems =
        load_from::<Config>(&PROGRAM, Uses::Everything, [(OsString::from(URL.0), binary)]).unwrap_err();

    assert!(problems.to_string().starts_with("FAIRLEAD__ACCOUNTS__POSTGRES__URL  found what is not UTF-8"));
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
fn keys_that_cannot_be_read_and_a_port_that_is_given_twice_are_told() {
    let (folder, [_]) = files([("sessions.pem", "no key")]);
    let peers = folder.path().to_str().unwrap();

    let absent = problems(&[URL, ("FAIRLEAD__SERVER__CREDENTIALS__PEERS", "/nope")]);
    let no_key = problems(&[URL, ("FAIRLEAD__SERVER__CREDENTIALS__PEERS", peers)]);
    let twice = problems(&[
        URL,
        ("FAIRLEAD__SERVER__LISTEN", "[::]:8081"),
        ("FAIRLEAD__ADMIN__LISTEN", "127.0.0.1:8081"),
    ]);

    assert_eq!(
        absent,
        ["FAIRLEAD__SERVER__CREDENTIALS__PEERS /nope: No such file or directory (os error 2)"]
    );
    assert!(
        no_key[0].ends_with("sessions.pem: expected one or two Ed25519 public keys in PEM"),
        "{no_key:?}"
    );
    assert_eq!(
        twice,
        [
            "FAIRLEAD__SERVER__LISTEN found [::]:8081, where admin.listen is, too (127.0.0.1:8081); accepted is \
             another port"
        ]
    );
    for apart in
        [("127.0.0.1:0", "127.0.0.1:0"), ("127.0.0.1:8081", "127.0.0.2:8081"), ("0.0.0.0:1", "[::1]:1")]
    {
        let listen = [("FAIRLEAD__SERVER__LISTEN", apart.0), ("FAIRLEAD__ADMIN__LISTEN", apart.1)];
        assert!(load(&[URL, listen[0], listen[1]]).is_ok(), "{apart:?}");
    }
}

#[test]
fn an_address_to_listen_on_that_is_none_is_told_with_an_example() {
    let problems = problems(&[
        URL,
        ("FAIRLEAD__SERVER__LISTEN", "localhost:50051"),
        ("FAIRLEAD__ADMIN__LISTEN", ":8081"),
    ]);

    assert_eq!(
        problems,
        [
            "FAIRLEAD__ADMIN__LISTEN found \":8081\": invalid socket address syntax; accepted is, for example, \
             0.0.0.0:8081",
            "FAIRLEAD__SERVER__LISTEN found \"localhost:50051\": invalid socket address syntax; accepted is, for \
             example, 0.0.0.0:50051",
        ]
    );
}
