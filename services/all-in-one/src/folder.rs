//! The folder that data is kept in: for its owner only, and of one process at a time.

use std::{
    fs::{DirBuilder, File, OpenOptions, Permissions, TryLockError},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::Path,
};

use crate::{Config, parts::PARTS};

/// Whoever holds a lock on this file has the folder.
const LOCK: &str = "lock";
const OWNER_ONLY: u32 = 0o600;

/// A folder that no other process takes before this is dropped, or this process has ended in any way.
#[derive(Debug)]
pub struct Claim {
    _locked: File,
}

/// Takes the folder, which is made where there is none. Who made it otherwise has decided who may look into it; its
/// databases are nobody else's.
///
/// # Errors
/// Why it cannot be used, or that another process uses it.
pub fn claim(config: &Config) -> Result<Claim, String> {
    let unusable = |error: io::Error| config.cannot_be_used(&error);
    let mut folders = DirBuilder::new();
    folders.recursive(true).mode(0o700).create(config.uploads_folder()).map_err(unusable)?;
    let lock = private(&config.data.join(LOCK)).map_err(unusable)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(config.is_in_use()),
        Err(TryLockError::Error(error)) => return Err(unusable(error)),
    }
    for part in PARTS.iter().filter(|part| part.has_database) {
        // SQLite gives the files that it makes beside a database the database's own permissions.
        private(&config.database(part.name)).map_err(unusable)?;
    }
    Ok(Claim { _locked: lock })
}

/// A file of which others cannot read, there already or not.
fn private(file: &Path) -> io::Result<File> {
    let file = OpenOptions::new().create(true).append(true).mode(OWNER_ONLY).open(file)?;
    file.set_permissions(Permissions::from_mode(OWNER_ONLY))?;
    Ok(file)
}
