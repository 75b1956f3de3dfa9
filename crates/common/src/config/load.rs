//! From what was given to the structs that the program uses.

use std::{env, ffi::OsString};

use config::{Config, ConfigError, ValueKind};

use super::{
    Effective, FrameConfig, Problems, Settings,
    field::{Catalogue, Field},
    given::{AllGiven, Given, Origin},
    kind::Shape,
    peers,
    reader::Reader,
};
use crate::{Program, telemetry::standard::Standard};

/// A configuration in which nothing is wrong.
#[derive(Clone, Debug)]
pub struct Loaded<C> {
    /// The sections of the frame.
    pub frame: FrameConfig,
    /// The sections of the program's services.
    pub service: C,
    /// Every setting with its value and where that comes from, to be shown. Secrets are masked.
    pub effective: Effective,
}

/// What of the configuration a command uses. It does not ask for the rest.
#[derive(Clone, Copy, Debug)]
pub enum Uses {
    /// All of it: it serves.
    Everything,
    /// What stands in these sections; nothing else can keep it from its work.
    Sections(&'static [&'static str]),
    /// What is given, and the defaults: what is missing it can do without.
    WhatIsGiven,
}

/// Reads the configuration of a program: the defaults, under the TOML file that `FAIRLEAD_CONFIG` names, under the
/// variables `FAIRLEAD__SECTION__KEY`, where `…_FILE` names a mounted secret.
///
/// # Errors
/// Everything that is wrong with what is used, at once.
pub fn load<C: Settings>(program: &Program, uses: Uses) -> Result<Loaded<C>, Problems> {
    load_from(program, uses, env::vars_os())
}

/// Reads the configuration of a program from another environment than the process's own.
///
/// # Errors
/// Everything that is wrong with what is used, at once.
pub fn load_from<C: Settings>(
    program: &Program,
    uses: Uses,
    environment: impl IntoIterator<Item = (impl Into<OsString>, impl Into<OsString>)>,
) -> Result<Loaded<C>, Problems> {
    let (of_frame, of_service) = Catalogue::of_binary::<C>();
    let catalogue = of_frame.clone().and(of_service.clone());
    let mut problems = Problems::default();
    let environment: Vec<(OsString, OsString)> =
        environment.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
    let variable =
        |wanted: &str| environment.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone());
    let _told_only = Standard::read(variable, &mut problems);
    let given = Reader::new(program, &catalogue, &mut problems).read(environment);

    let frame = assemble::<FrameConfig>(&of_frame, &given, &mut problems);
    let service = assemble::<C>(&of_service, &given, &mut problems);

    if let (Some(frame), Some(service)) = (&frame, &service) {
        let mut further = Problems::default();
        peers::check(frame, service, &mut further);
        problems.add_further(further, |path| whence(given.get(path)?));
    }

    match uses {
        Uses::Everything => {}
        Uses::Sections(sections) => problems.retain(|path| is_within(path, sections)),
        Uses::WhatIsGiven => problems.retain(|path| given.contains_key(path)),
    }
    match (frame, service) {
        (Some(frame), Some(service)) if problems.is_empty() => {
            let effective = Effective::of(&catalogue, &frame, &service, &given);
            Ok(Loaded { frame, service, effective })
        }
        _ => Err(problems),
    }
}

/// Whether a setting stands in one of these sections.
fn is_within(path: &str, sections: &[&str]) -> bool {
    let within = |section: &&str| {
        path.strip_prefix(*section).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    sections.iter().any(within)
}

/// Tries every value alone on top of the defaults, so that one that cannot be used hides no other; then puts together
/// those that can and lets the struct say what it thinks of them.
fn assemble<T: Settings>(catalogue: &Catalogue, given: &AllGiven, problems: &mut Problems) -> Option<T> {
    let mut usable = Vec::new();
    for field in &catalogue.fields {
        let Some(given) = given.get(&field.path) else { continue };
        let value = typed(field, given);
        let tried = value.as_ref().map(|value| parse::<T>(catalogue, [(&*field.path, value.clone())]));
        match (value, tried) {
            (Some(value), Some(Ok(_))) => usable.push((&*field.path, value)),
            (_, tried) => {
                let reason = tried.and_then(Result::err);
                problems.add_given(&field.path, given.setting.clone(), &wrong(field, given, reason));
            }
        }
    }
    let Ok(settings) = parse::<T>(catalogue, usable) else {
        // Unreachable while every struct has defaults and reads its fields one by one; the reason is not quoted, for it
        // may hold a secret.
        problems.add_raw("the settings", "cannot be used together, though each of them can alone");
        return None;
    };
    let mut further = Problems::default();
    settings.validate(&mut further);
    problems.add_further(further, |path| whence(given.get(path)?));
    Some(settings)
}

/// The value as its type spells it; a variable holds text, which its type reads.
fn typed(field: &Field, given: &Given) -> Option<ValueKind> {
    match (&given.origin, &given.value) {
        (Origin::Environment, ValueKind::String(text)) => field.kind.parse(text),
        (Origin::SecretFile(_), mounted) => Some(mounted.clone()),
        (_, value) => field.kind.admits(value).then(|| value.clone()),
    }
}

fn parse<'a, T: Settings>(
    catalogue: &Catalogue,
    values: impl IntoIterator<Item = (&'a str, ValueKind)>,
) -> Result<T, ConfigError> {
    let mut layers = Config::builder();
    for field in &catalogue.fields {
        // A masked default must not become the value: a secret's own struct knows it.
        if !field.kind.is_secret() && !field.default.is_null() {
            let default: config::Value = serde_json::from_value(field.default.clone())
                .map_err(|error| ConfigError::Message(error.to_string()))?;
            layers = layers.set_default(&field.path, default)?;
        }
    }
    for (path, value) in values {
        layers = layers.set_override(path, value)?;
    }
    layers.build()?.try_deserialize()
}

/// What was found and what is accepted.
fn wrong(field: &Field, given: &Given, reason: Option<ConfigError>) -> String {
    let accepted = &field.kind.shape;
    if field.kind.is_secret() {
        return format!("found something else than {accepted}");
    }
    let found = found(&given.value);
    match (accepted, reason.and_then(said_by_type)) {
        // The type of a text knows best what it takes.
        (Shape::Text | Shape::Other(_), Some(reason)) => match &field.example {
            Some(example) => format!("found {found}: {reason}; accepted is, for example, {example}"),
            None => format!("found {found}: {reason}"),
        },
        (Shape::Duration | Shape::Size, Some(reason)) => {
            format!("found {found}, {reason}; accepted is {accepted}")
        }
        _ => format!("found {found}; accepted is {accepted}"),
    }
}

/// What the type itself had to say. What the reader of the layers says, the shape says better.
fn said_by_type(error: ConfigError) -> Option<String> {
    match error {
        ConfigError::Message(message) if !message.contains("untagged enum") => Some(message),
        ConfigError::At { error, .. } => said_by_type(*error),
        ConfigError::Foreign(error) => Some(error.to_string()),
        _ => None,
    }
}

fn found(value: &ValueKind) -> String {
    const LONGEST: usize = 60;
    match value {
        ValueKind::String(text) if text.chars().count() > LONGEST => {
            format!("{:?}…", text.chars().take(LONGEST).collect::<String>())
        }
        ValueKind::String(text) => format!("{text:?}"),
        ValueKind::Table(_) => "a table".to_owned(),
        ValueKind::Array(_) => "this list".to_owned(),
        other => other.to_string(),
    }
}

/// Where a value was given, when its variable's name does not already say so.
fn whence(given: &Given) -> Option<String> {
    match &given.origin {
        Origin::File(_) => Some(format!("given in {}", given.setting)),
        Origin::SecretFile(file) => Some(format!("given in {}", file.display())),
        Origin::Default | Origin::Environment => None,
    }
}
