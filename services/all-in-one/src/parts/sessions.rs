//! Who is signed in, in memory.

use std::sync::Arc;

use sessions::MemoryStore;

use super::Part;

pub(super) const PART: Part = Part {
    name: "sessions",
    has_database: false,
    keeps: |_| ("memory", "until this process ends".to_owned()),
    policy: sessions::POLICY,
    demands: || vec![sessions::near_cache()],
    services: |config, process| {
        let accounts = process.scoped("sessions").local_client("accounts");
        Ok(sessions::services(Arc::new(MemoryStore::default()), accounts, &config.sessions, process))
    },
};
