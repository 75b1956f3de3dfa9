//! Values that are used and never shown.

use std::{
    borrow::Cow,
    fmt, io,
    path::{Path, PathBuf},
};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize, Serializer};

use super::{Content, Mount, Watched, Watcher, mount};

/// A text that never prints: not in logs, not in `config show`, not in `/config`. Any setting of this type can also be
/// given as `…_FILE`, the path of a mounted secret.
#[derive(Clone, Default, Deserialize, PartialEq, Eq)]
#[serde(from = "Spelt")]
pub struct Secret {
    text: String,
    file: Option<PathBuf>,
}

impl Secret {
    /// Reads a mounted secret. One newline at its end is not part of it.
    ///
    /// # Errors
    /// Why the file cannot be read, without quoting anything of it.
    pub fn read(file: &Path) -> io::Result<Self> {
        let bytes = mount::read(file)?;
        Self::parse(bytes, file).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }

    fn parse(bytes: Vec<u8>, file: &Path) -> Result<Self, &'static str> {
        let mut text = String::from_utf8(bytes).map_err(|_| "not UTF-8")?;
        if text.ends_with('\n') {
            text.pop();
            if text.ends_with('\r') {
                text.pop();
            }
        }
        Ok(Self { text, file: Some(file.to_owned()) })
    }

    /// What is made of the secret, made anew whenever the file it was read from changes. What is empty, no text, or
    /// refused by `make` leaves the old one in use; the error is logged then and must not quote the secret. A secret
    /// that was not read from a file never changes. `setting` is its path.
    ///
    /// # Errors
    /// Why nothing can be made of the secret as it is.
    pub fn follow<T: Send + Sync + 'static, E: fmt::Display>(
        &self,
        setting: &str,
        watcher: &Watcher,
        make: impl Fn(&Self) -> Result<T, E> + Send + Sync + 'static,
    ) -> Result<Watched<T>, E> {
        let made = make(self)?;
        let Some(file) = self.file.clone() else {
            return Ok(Watched::fixed(made));
        };
        let mount = Mount::Files(vec![file.clone()]);
        let parse = move |content: &Content| {
            let wrong = |error: &dyn fmt::Display| format!("{}: {error}", file.display());
            match Self::parse(content.of(&file).to_vec(), &file) {
                Ok(secret) if secret.is_empty() => Err(wrong(&"empty")),
                Ok(secret) => make(&secret).map_err(|error| wrong(&error)),
                Err(error) => Err(wrong(&error)),
            }
        };
        // It may have changed since the configuration was read; what is wrong with it by now is for the watcher to say.
        let now = mount.read().ok().and_then(|content| Some((parse(&content).ok()?, content)));
        Ok(match now {
            Some((made, content)) => watcher.follow(setting, mount, parse, made, Some(&content)),
            None => watcher.follow(setting, mount, parse, made, None),
        })
    }

    /// The text itself, for the one place that hands it on.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// Whether nothing was set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The file it was read from, which may hold another one tomorrow: [`follow`](Self::follow) it.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// What is shown in its place.
    fn mask(&self) -> &'static str {
        if self.is_empty() { "" } else { "[redacted]" }
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self { text, file: None }
    }
}

/// What the layers of the configuration hand over. The second form is made by the loader only: no operator can write a
/// table where a text belongs.
#[derive(Deserialize)]
#[serde(untagged)]
enum Spelt {
    Text(String),
    Mounted { text: String, file: PathBuf },
}

impl From<Spelt> for Secret {
    fn from(spelt: Spelt) -> Self {
        match spelt {
            Spelt::Text(text) => text.into(),
            Spelt::Mounted { text, file } => Self { text, file: Some(file) },
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.mask())
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.mask())
    }
}

impl JsonSchema for Secret {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "secret", "writeOnly": true})
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn never_prints() {
        let secret = Secret::from("hunter2".to_owned());

        assert_eq!(format!("{secret:?}"), "\"[redacted]\"");
        assert_eq!(serde_json::to_string(&secret).unwrap(), "\"[redacted]\"");
        assert_eq!(secret.expose(), "hunter2");
    }

    #[test]
    fn loses_one_newline_at_the_end_of_its_file_and_remembers_where_it_was() {
        let folder = tempfile::tempdir().unwrap();
        for (held, meant) in [("a b\n", "a b"), ("a\n\n", "a\n"), ("a\r\n", "a"), ("a", "a"), ("", "")] {
            let file = folder.path().join("secret");
            fs::write(&file, held).unwrap();

            let secret = Secret::read(&file).unwrap();

            assert_eq!(secret.expose(), meant);
            assert_eq!(secret.file(), Some(&*file));
        }
    }

    #[test]
    fn is_not_read_from_something_huge_or_not_text() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");

        fs::write(&file, [0xff, 0xfe]).unwrap();
        assert!(Secret::read(&file).is_err());
        fs::write(&file, vec![b'a'; 1024 * 1024 + 1]).unwrap();
        assert!(Secret::read(&file).is_err());
        assert!(Secret::read(&folder.path().join("absent")).is_err());
    }
}
