//! Boats, over SQLite.

use std::sync::Arc;

use boats::store::sqlite::SqliteStore;

use super::Part;

pub(super) const PART: Part = Part {
    name: "boats",
    has_database: true,
    keeps: |config| ("SQLite", config.database("boats").display().to_string()),
    policy: boats::POLICY,
    demands: || vec![boats::near_cache()],
    services: |config, process| {
        let near = process.scoped("boats");
        let store = SqliteStore::open(&config.database("boats"), process);
        Ok(vec![boats::service(Arc::new(store), near.local_client("sessions"), &near)])
    },
};
