//! `<program> config show|check|schema`.

use std::{
    env,
    ffi::OsString,
    io::{self, Write},
    process::ExitCode,
};

use super::{Loaded, Manual, Settings, Uses, load_from};
use crate::Program;

/// The exit code of a program whose configuration cannot be used: `EX_CONFIG` of sysexits.h.
pub const BAD_CONFIG: u8 = 78;
/// The exit code of a program that was called in a way it does not know.
const BAD_USAGE: u8 = 2;

/// What a command says, and how it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// For stdout, or for stderr where the exit code is not 0.
    pub text: String,
    /// The exit code.
    pub code: u8,
}

/// Does what stands behind `config` on the command line, and prints the answer.
#[must_use]
pub fn command<C: Settings>(program: &Program, arguments: impl IntoIterator<Item = String>) -> ExitCode {
    let arguments: Vec<String> = arguments.into_iter().collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let said = answer::<C>(program, &arguments, env::vars_os());
    // A reader who has seen enough (`| head`) is no failure.
    let _ = match said.code {
        0 => write!(io::stdout(), "{}", said.text),
        _ => write!(io::stderr(), "{}", said.text),
    };
    said.code.into()
}

/// The answer to `config <arguments>` in the given environment.
#[must_use]
pub fn answer<C: Settings>(
    program: &Program,
    arguments: &[&str],
    environment: impl IntoIterator<Item = (impl Into<OsString>, impl Into<OsString>)>,
) -> Said {
    let loaded = match arguments {
        ["schema"] => return Said { text: Manual::of::<C>(program).to_string(), code: 0 },
        ["schema", "--json"] => return Said { text: json(&Manual::of::<C>(program)), code: 0 },
        ["show" | "check"] | ["show", "--json"] => load_from::<C>(program, C::uses(), environment),
        _ => {
            let text = format!("usage: {} config show [--json] | check | schema [--json]\n", program.name);
            return Said { text, code: BAD_USAGE };
        }
    };
    match (loaded, arguments) {
        (Err(problems), _) => Said { text: problems.to_string(), code: BAD_CONFIG },
        (Ok(loaded), ["check"]) => check(&loaded),
        (Ok(loaded), ["show"]) => Said { text: loaded.effective.to_string(), code: 0 },
        (Ok(loaded), _) => Said { text: json(&loaded.effective), code: 0 },
    }
}

/// What a start would say of settings with which nothing is wrong by themselves: whether the container has room for them.
fn check<C: Settings>(loaded: &Loaded<C>) -> Said {
    let planned = match C::uses() {
        Uses::Everything => loaded.frame.plan(&loaded.service.demands()).map(drop),
        Uses::Sections(_) | Uses::WhatIsGiven => Ok(()),
    };
    match planned {
        Ok(()) => Said { text: "OK\n".to_owned(), code: 0 },
        Err(refused) => Said { text: format!("{refused}\n"), code: BAD_CONFIG },
    }
}

fn json(value: &impl serde::Serialize) -> String {
    let text =
        serde_json::to_string_pretty(value).expect("plain structs with named fields serialise to JSON");
    text + "\n"
}
