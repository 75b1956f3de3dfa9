//! For tests: a directory that stands for `/`.

use std::{fs, path::Path};

use tempfile::TempDir;

/// Files under a root of their own, gone with it.
pub(crate) struct Tree(TempDir);

impl Tree {
    /// A machine with these files: path and content.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let tree = Self(TempDir::new().unwrap());
        for (path, content) in files {
            tree.write(path, content);
        }
        tree
    }

    pub(crate) fn write(&self, path: &str, content: &str) {
        let path = self.root().join(path.trim_start_matches('/'));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub(crate) fn root(&self) -> &Path {
        self.0.path()
    }
}
