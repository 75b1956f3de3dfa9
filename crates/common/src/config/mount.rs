//! Files that may be replaced while the process runs, read so that what belongs together is of one moment.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use ring::digest::{Context, SHA256};

/// The longest file that is read: far more than any key or bundle of certificates, far less than a wrong file.
const MAX_BYTES: u64 = 1024 * 1024;
/// How often files are read again that change while they are being read.
const READINGS: usize = 4;

/// What is mounted, and followed as one.
#[derive(Clone, Debug)]
pub enum Mount {
    /// Files that belong together, such as a certificate and its key.
    Files(Vec<PathBuf>),
    /// All files of a directory that have one of these extensions.
    Directory {
        /// Where they are.
        path: PathBuf,
        /// What their names end with, without the dot.
        extensions: &'static [&'static str],
    },
}

impl Mount {
    /// Reads every file.
    ///
    /// # Errors
    /// Which file cannot be read and why, or that they change faster than they can be read.
    pub fn read(&self) -> Result<Content, String> {
        self.settled()?.ok_or_else(|| "changes while it is read".to_owned())
    }

    /// Reads every file at one moment, or nothing while they are being replaced. Kubernetes replaces all of a volume by
    /// swapping one symbolic link, so two readings that agree are of one moment.
    pub(super) fn settled(&self) -> Result<Option<Content>, String> {
        let mut last = self.read_once()?;
        for _ in 1..READINGS {
            let next = self.read_once()?;
            if next == last {
                return Ok(Some(next));
            }
            last = next;
        }
        Ok(None)
    }

    /// Reads every file, some of which may be replaced meanwhile.
    pub(super) fn read_once(&self) -> Result<Content, String> {
        let read = |path: PathBuf| match read(&path) {
            Ok(bytes) => Ok((path, bytes)),
            Err(error) => Err(unreadable(&path, &error)),
        };
        self.paths()?.into_iter().map(read).collect::<Result<_, _>>().map(Content)
    }

    fn paths(&self) -> Result<Vec<PathBuf>, String> {
        match self {
            Self::Files(paths) => Ok(paths.clone()),
            Self::Directory { path, extensions } => {
                let wanted = |file: &Path| {
                    file.extension()
                        .is_some_and(|found| extensions.iter().any(|extension| found == *extension))
                };
                let entries = fs::read_dir(path).map_err(|error| unreadable(path, &error))?;
                let mut paths = Vec::new();
                for entry in entries {
                    let entry = entry.map_err(|error| unreadable(path, &error))?.path();
                    if wanted(&entry) {
                        paths.push(entry);
                    }
                }
                Ok(paths)
            }
        }
    }
}

/// What the files of a mount hold.
#[derive(PartialEq, Eq)]
pub struct Content(BTreeMap<PathBuf, Vec<u8>>);

impl Content {
    /// What a file holds; nothing when it is not one of the mount's.
    #[must_use]
    pub fn of(&self, file: &Path) -> &[u8] {
        self.0.get(file).map_or(&[], Vec::as_slice)
    }

    /// Every file and what it holds.
    pub fn files(&self) -> impl Iterator<Item = (&Path, &[u8])> {
        self.0.iter().map(|(path, bytes)| (path.as_path(), bytes.as_slice()))
    }

    /// Tells this content from any other, and keeps no secret in memory.
    pub(super) fn fingerprint(&self) -> Fingerprint {
        let parts = self.0.iter().flat_map(|(path, bytes)| [path.as_os_str().as_encoded_bytes(), bytes]);
        Fingerprint::of(parts)
    }
}

/// Tells one content from another.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The fingerprint of some parts, each of which counts with its length.
    pub(super) fn of<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut context = Context::new(&SHA256);
        for part in parts {
            context.update(&part.len().to_le_bytes());
            context.update(part);
        }
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(context.finish().as_ref());
        Self(fingerprint)
    }
}

/// Reads a whole file of bounded length.
pub(super) fn read(file: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(file)?.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "larger than 1 MiB"));
    }
    Ok(bytes)
}

fn unreadable(path: &Path, error: &io::Error) -> String {
    format!("{}: {error}", path.display())
}
