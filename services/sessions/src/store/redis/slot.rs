//! Which slot of a Cluster a key is in.

/// One of the 16384 slots of a Redis Cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot(pub(super) u16);

impl Slot {
    /// The slot of a key: CRC-16/XMODEM of its hash tag, as the specification of Redis Cluster has it.
    pub(super) fn of(key: &[u8]) -> Self {
        Self(crc16(tag(key)) % 16384)
    }
}

/// What stands between the first brace and the next that closes, unless that is nothing.
fn tag(key: &[u8]) -> &[u8] {
    let tagged = key.iter().position(|byte| *byte == b'{').and_then(|opens| {
        let rest = &key[opens + 1..];
        rest.iter().position(|byte| *byte == b'}').map(|closes| &rest[..closes])
    });
    tagged.filter(|tag| !tag.is_empty()).unwrap_or(key)
}

fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| (crc << 8) ^ TABLE[usize::from((crc >> 8) ^ u16::from(*byte))])
}

/// What a byte does to the checksum.
const TABLE: [u16; 256] = {
    let mut table = [0; 256];
    let mut byte: u16 = 0;
    while byte < 256 {
        let mut crc = byte << 8;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 };
            bit += 1;
        }
        table[byte as usize] = crc;
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_that_of_the_specification() {
        assert_eq!(crc16(b"123456789"), 0x31c3);
        for (key, slot) in [("a", 15495), ("fl:{revocations}", 10721), ("x{a}y{b}", 15495)] {
            assert_eq!(Slot::of(key.as_bytes()), Slot(slot), "{key}");
        }
        assert_eq!(Slot::of(b"{}a"), Slot(crc16(b"{}a") % 16384), "an empty tag is none");
    }
}
