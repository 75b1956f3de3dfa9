//! `config show|schema|check`.

use super::*;

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

#[test]
fn check_refuses_what_no_plan_fits_into_and_show_shows_it_all_the_same() {
    let environment = [URL, ("FAIRLEAD__LIMITS__MEMORY", "16MiB")];

    let checked = answer::<Config>(&PROGRAM, &["check"], environment);
    let shown = answer::<Config>(&PROGRAM, &["show"], environment);

    assert_eq!(checked.code, 78, "{}", checked.text);
    assert!(checked.text.contains("memory 16.0 MiB (limits.memory)"), "{}", checked.text);
    assert!(checked.text.contains("give the container at least"), "{}", checked.text);
    assert_eq!(shown.code, 0, "{}", shown.text);
}
