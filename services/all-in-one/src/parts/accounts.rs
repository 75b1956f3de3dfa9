//! Who may sign in, over SQLite.

use std::sync::Arc;

use accounts::store::sqlite::SqliteStore;

use super::Part;

pub(super) const PART: Part = Part {
    name: "accounts",
    has_database: true,
    keeps: |config| ("SQLite", config.database("accounts").display().to_string()),
    policy: accounts::POLICY,
    demands: || vec![accounts::password::demand(), accounts::near_cache()],
    services: |config, process| {
        let near = process.scoped("accounts");
        let store = SqliteStore::open(&config.database("accounts"), process);
        let peers = accounts::Peers {
            sessions: near.local_client("sessions"),
            uploads: Some(near.local_client("uploads")),
        };
        Ok(vec![accounts::service(Arc::new(store), peers, &config.accounts.passwords, &near)])
    },
};
