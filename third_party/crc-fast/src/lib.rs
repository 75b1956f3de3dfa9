//! Stands in for the crate of this name, of which the client of object stores uses one checksum of a hundred.
//!
//! That crate chooses among its checksums by a value, so that no linker can leave out the tables of the others: 0.7 MB of
//! a program that may have ten. Here is the one that the client can be told to send with an object, which uploads never
//! does: what it sends along is a CRC-32C.
#![forbid(unsafe_code)]

use crc::{CRC_64_NVME, Crc, Table};

static NVME: Crc<u64, Table<1>> = Crc::<u64, Table<1>>::new(&CRC_64_NVME);

// What the catalogue says that the digits 1 to 9 come to.
const _: () = assert!(Crc::<u64, Table<1>>::new(&CRC_64_NVME).checksum(b"123456789") == CRC_64_NVME.check);

/// Which checksum.
#[derive(Clone, Copy, Debug)]
pub enum CrcAlgorithm {
    /// CRC-64/NVME, of the NVM Express specification.
    Crc64Nvme,
}

/// A checksum under way.
#[derive(Clone)]
pub struct Digest(crc::Digest<'static, u64, Table<1>>);

impl Digest {
    /// That of nothing yet.
    #[must_use]
    pub fn new(algorithm: CrcAlgorithm) -> Self {
        match algorithm {
            CrcAlgorithm::Crc64Nvme => Self(NVME.digest()),
        }
    }

    /// Goes on with these bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The checksum of all that was given.
    #[must_use]
    pub fn finalize(&self) -> u64 {
        self.0.clone().finalize()
    }
}
