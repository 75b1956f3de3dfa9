//! A mounted volume whose files are replaced in one moment.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

/// A volume as the kubelet mounts it: the files are links into `..data`, itself a link that is swapped.
pub struct Volume {
    folder: TempDir,
    versions: usize,
}

impl Volume {
    /// Mounts files by their names.
    ///
    /// # Panics
    /// When they cannot be written.
    #[must_use]
    pub fn mount(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a test can have a folder");
        let mut volume = Self { folder, versions: 0 };
        volume.swap(files);
        for (name, _) in files {
            symlink(Path::new("..data").join(name), volume.path(name)).expect("a volume takes links");
        }
        volume
    }

    /// Replaces them all in one moment.
    ///
    /// # Panics
    /// When they cannot be written.
    pub fn swap(&mut self, files: &[(&str, &str)]) {
        self.versions += 1;
        let version = format!("..version_{}", self.versions);
        fs::create_dir(self.path(&version)).expect("a volume takes folders");
        for (name, text) in files {
            fs::write(self.path(&version).join(name), text).expect("a volume takes files");
        }
        symlink(&version, self.path("..data_tmp")).expect("a volume takes links");
        fs::rename(self.path("..data_tmp"), self.path("..data")).expect("a link can be replaced");
    }

    /// Where a file of that name is.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}
