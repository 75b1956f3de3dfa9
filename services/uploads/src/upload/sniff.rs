//! What kind of bytes they are, told from the first of them.

/// How many of the first bytes are looked at.
pub const SNIFFED: usize = 512;

/// What says nothing.
pub const UNKNOWN: &str = "application/octet-stream";

/// Where a signature stands, and what it means.
const SIGNATURES: &[(usize, &[u8], &str)] = &[
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (4, b"ftypavif", "image/avif"),
    (4, b"ftypheic", "image/heic"),
    (0, b"BM", "image/bmp"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"PK\x03\x04", "application/zip"),
    (0, b"\x1f\x8b\x08", "application/gzip"),
    (0, b"\x28\xb5\x2f\xfd", "application/zstd"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (257, b"ustar", "application/x-tar"),
    (8, b"AVI ", "video/avi"),
    (4, b"ftyp", "video/mp4"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
    (8, b"WAVE", "audio/wav"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"OggS", "application/ogg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"\0asm", "application/wasm"),
];

/// The media type of bytes that begin so. Text is plain text, whatever it is written in: markup that a browser would run
/// is never called so.
#[must_use]
pub fn sniff(head: &[u8]) -> &'static str {
    let head = &head[..head.len().min(SNIFFED)];
    let known = SIGNATURES.iter().find(|(at, signature, _)| {
        head.get(*at..*at + signature.len()).is_some_and(|found| found == *signature)
    });
    match known {
        Some((_, _, kind)) => kind,
        None if !head.is_empty() && is_text(head) => "text/plain",
        None => UNKNOWN,
    }
}

/// Whether no byte is one that texts do not have; the last character may be cut.
fn is_text(head: &[u8]) -> bool {
    let printable = head.iter().all(|byte| !byte.is_ascii_control() || b"\t\n\r\x0c\x1b".contains(byte));
    printable
        && match std::str::from_utf8(head) {
            Ok(_) => true,
            Err(error) => error.error_len().is_none() && head.len() == SNIFFED,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_known_by_how_they_begin() {
        for (head, kind) in [
            (&b"\x89PNG\r\n\x1a\n\0\0"[..], "image/png"),
            (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
            (b"\0\0\0\x20ftypisom", "video/mp4"),
            (b"%PDF-1.7", "application/pdf"),
            ("Grüße".as_bytes(), "text/plain"),
            (b"<html><script>alert(1)</script>", "text/plain"),
            (b"\x00\x01\x02", UNKNOWN),
            (b"\xff", UNKNOWN),
            (b"", UNKNOWN),
        ] {
            assert_eq!(sniff(head), kind, "{head:?}");
        }
    }

    #[test]
    fn a_character_that_is_cut_at_the_end_is_still_text() {
        let mut text = vec![b'a'; SNIFFED - 1];
        text.extend("ü".bytes());

        assert_eq!(sniff(&text), "text/plain");
    }
}
