//! What people upload, over SQLite and a directory.

use std::sync::Arc;

use uploads::{Blobs, blobs::MEMORY_OF_STREAMED, store::sqlite::SqliteStore};

use super::Part;

pub(super) const PART: Part = Part {
    name: "uploads",
    has_database: true,
    keeps: |config| ("files", config.uploads_folder().display().to_string()),
    policy: uploads::POLICY,
    demands: || vec![uploads::memory(MEMORY_OF_STREAMED), uploads::near_cache()],
    services: |config, process| {
        let near = process.scoped("uploads");
        let store = SqliteStore::open(&config.database("uploads"), process);
        let bytes =
            Blobs::directory(&config.uploads_folder()).map_err(|error| config.cannot_be_used(&error))?;
        Ok(vec![uploads::service(
            Arc::new(store),
            bytes,
            near.local_client("sessions"),
            &config.uploads,
            &near,
        )])
    },
};
