//! Embeds `migrations/<set>/*.sql`, so that the binary needs no files beside it, and gives each set a setting.

use std::{
    env,
    fmt::Write,
    fs, io,
    path::{Path, PathBuf},
};

fn main() -> io::Result<()> {
    let house = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let (root, contract) = (house.join("migrations"), house.join("proto/fairlead"));
    for folder in [&root, &contract] {
        println!("cargo:rerun-if-changed={}", folder.display());
    }

    let (mut sets, mut names) = (String::new(), Vec::new());
    for set in entries(&root)?.into_iter().filter(|path| path.is_dir()) {
        let mut files = String::new();
        // A folder of a dialect holds what must differ there; everything else is for both.
        for (folder, dialect) in
            [(set.clone(), "Both"), (set.join("postgres"), "Postgres"), (set.join("sqlite"), "Sqlite")]
        {
            for file in
                entries(&folder)?.into_iter().filter(|path| path.extension().is_some_and(|it| it == "sql"))
            {
                let entry = format!("(For::{dialect}, {:?}, {:?}),", name(&file), fs::read_to_string(&file)?);
                files.push_str(&entry);
            }
        }
        write!(sets, "({:?}, &[{files}]),", name(&set)).map_err(io::Error::other)?;
        names.push(name(&set));
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo sets OUT_DIR"))?);
    fs::write(out.join("sets.rs"), format!("&[{sets}]"))?;
    fs::write(out.join("targets.rs"), targets(&names))?;
    let services: Vec<String> = entries(&contract)?.iter().map(|path| name(path)).collect();
    let suite: Vec<&str> = services.iter().map(String::as_str).chain(["migrate"]).collect();
    fs::write(out.join("suite.rs"), format!("&{suite:?}"))
}

/// The settings of all sets, and how one is found by its name.
fn targets(sets: &[String]) -> String {
    let all = |line: fn(&str) -> String| sets.iter().map(|set| line(set)).collect::<String>();
    let fields = all(|set| format!("/// The database of {set}.\npub {set}: Target,"));
    let arms = all(|set| format!("{set:?} => Some(&self.{set}),"));
    format!(
        "/// Databases to migrate, by their sets.\n\
         #[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]\n\
         #[serde(default)]\n\
         pub struct Targets {{ {fields} }}\n\
         impl Targets {{\n\
             /// The database of a set; `None` for a set that there is not.\n\
             #[must_use]\n\
             pub fn of(&self, set: &str) -> Option<&Target> {{ match set {{ {arms} _ => None }} }}\n\
         }}"
    )
}

/// What is in a folder, sorted; nothing when there is no folder.
fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut paths = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
