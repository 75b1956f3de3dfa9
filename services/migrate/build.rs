//! Embeds `migrations/<set>/*.sql`, so that the binary needs no files beside it.

use std::{
    env,
    fmt::Write,
    fs, io,
    path::{Path, PathBuf},
};

fn main() -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations");
    println!("cargo:rerun-if-changed={}", root.display());

    let mut sets = String::new();
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
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo sets OUT_DIR"))?);
    fs::write(out.join("sets.rs"), format!("&[{sets}]"))
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
