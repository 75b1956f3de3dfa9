//! Where values come from.

use super::*;
use crate::config::FrameConfig;

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
fn a_file_can_name_a_mounted_secret_too() {
    let (_folder, [secret]) = files([("url", "from-secret")]);
    let (_folder, [file]) = files([("fairlead.toml", &format!("accounts.postgres.url_file = '{secret}'"))]);

    let from_file = loaded(&[("FAIRLEAD_CONFIG", &file)]);
    let overridden = loaded(&[("FAIRLEAD_CONFIG", &file), URL]);

    assert_eq!(from_file.postgres.url.expose(), "from-secret");
    assert_eq!(overridden.postgres.url.expose(), URL.1);
    assert_eq!(overridden.postgres.url.file(), None);
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
struct Quiet {}

impl Settings for Quiet {
    fn frame() -> FrameConfig {
        let mut frame = FrameConfig::default();
        frame.telemetry.log = "warn".to_owned();
        frame
    }
}

#[test]
fn a_binary_may_have_its_own_defaults_for_the_frame() {
    let level = |environment: &[(&str, &str)]| {
        load_from::<Quiet>(&PROGRAM, Uses::Everything, environment.iter().copied())
            .unwrap()
            .frame
            .telemetry
            .log
    };

    assert_eq!(level(&[]), "warn");
    assert_eq!(level(&[("FAIRLEAD__TELEMETRY__LOG", "debug")]), "debug");
    let schema = answer::<Quiet>(&PROGRAM, &["schema"], Vec::<(String, String)>::new());
    assert!(schema.text.contains("FAIRLEAD__TELEMETRY__LOG  text, default warn"), "{}", schema.text);
}
