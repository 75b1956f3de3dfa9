//! Where a call comes from.

use std::{
    net::{IpAddr, SocketAddr},
    str,
};

use http::{Extensions, HeaderMap};

/// The other end of the connection, in the extensions of every request that came over a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

/// How many proxies stand between the client and this process, in the extensions of every request
/// where there are any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TrustedHops(pub usize);

/// The address of the client: the peer, or with `n` trusted proxies the n-th `x-forwarded-for` entry from the right,
/// where the outermost proxy wrote it. `None` for a call that never crossed a socket, or a header that is too short.
#[must_use]
pub fn client_address(headers: &HeaderMap, extensions: &Extensions) -> Option<IpAddr> {
    let hops = extensions.get::<TrustedHops>().map_or(0, |hops| hops.0);
    let Some(skip) = hops.checked_sub(1) else {
        return extensions.get::<Peer>().map(|peer| peer.0.ip().to_canonical());
    };
    // Bytes until the entry is found: a proxy appends to whatever the client wrote, in the same value, and what is no
    // text there must not take the proxy's own entry with it.
    let values = headers.get_all("x-forwarded-for").iter().rev();
    let mut entries = values.flat_map(|value| value.as_bytes().rsplit(|byte| *byte == b','));
    let entry = str::from_utf8(entries.nth(skip)?).ok()?;
    entry.trim().parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    /// The address of a client behind so many proxies, by these values of the header.
    fn behind(hops: usize, values: &[&[u8]]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("x-forwarded-for", HeaderValue::from_bytes(value).unwrap());
        }
        let mut extensions = Extensions::new();
        extensions.insert(Peer(([192, 0, 2, 1], 50051).into()));
        extensions.insert(TrustedHops(hops));
        client_address(&headers, &extensions).map(|address| address.to_string())
    }

    #[test]
    fn without_proxies_the_peer_is_the_client_whatever_it_claims() {
        assert_eq!(behind(0, &[b"203.0.113.5"]).as_deref(), Some("192.0.2.1"));
    }

    #[test]
    fn each_trusted_proxy_is_one_entry_from_the_right() {
        let entries: &[&[u8]] = &[b"10.0.0.9, 203.0.113.5 ,2001:db8::1,::ffff:198.51.100.7"];

        let told = [1, 2, 3, 4].map(|hops| behind(hops, entries));

        let expected = ["198.51.100.7", "2001:db8::1", "203.0.113.5", "10.0.0.9"];
        assert_eq!(told, expected.map(|address| Some(address.to_owned())));
    }

    #[test]
    fn what_a_client_writes_that_is_no_text_does_not_hide_it() {
        for claimed in [&b"\xff,203.0.113.5"[..], b"\xff\xfe, 203.0.113.5", b"\x80,,\xc3\x28 , 203.0.113.5"] {
            assert_eq!(behind(1, &[claimed]).as_deref(), Some("203.0.113.5"), "{claimed:?}");
        }
        assert_eq!(behind(2, &[b"\xff,203.0.113.5,10.0.0.1"]).as_deref(), Some("203.0.113.5"));
        assert_eq!(behind(1, &[b"203.0.113.5,\xff"]), None, "what is not legible is no address");
    }

    #[test]
    fn several_values_are_read_as_one_list() {
        let values: &[&[u8]] = &[b"\xff", b"10.0.0.9, 203.0.113.5", b"198.51.100.7"];

        let told = [1, 2, 3].map(|hops| behind(hops, values));

        let expected = ["198.51.100.7", "203.0.113.5", "10.0.0.9"];
        assert_eq!(told, expected.map(|address| Some(address.to_owned())));
    }

    #[test]
    fn a_list_with_too_few_entries_tells_nothing() {
        assert_eq!(behind(1, &[]), None);
        assert_eq!(behind(3, &[b"203.0.113.5", b"198.51.100.7"]), None);
        assert_eq!(behind(1, &[b""]), None);
    }
}
