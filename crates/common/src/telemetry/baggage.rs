//! What trusted callers want known about a call along its whole way (W3C Baggage).

use http::{HeaderMap, HeaderValue};

use super::context;

/// Where it travels.
pub(crate) const HEADER: &str = "baggage";
/// What must be passed on at least, and is here at most: bytes of all entries together.
const LONGEST: usize = 8192;

/// The entry of that name in the baggage of the call that is being worked on here. Only trusted callers have baggage.
#[must_use]
pub fn get(name: &str) -> Option<String> {
    entry(context::carried()?.baggage()?, name)
}

/// The baggage of a request: all headers of that name as one. None where it is too long or not text.
pub(crate) fn of(headers: &HeaderMap) -> Option<HeaderValue> {
    let mut values = headers.get_all(HEADER).iter();
    let first = values.next()?.clone();
    let whole = values.try_fold(first, |whole, next| {
        HeaderValue::from_bytes(&[whole.as_bytes(), b",", next.as_bytes()].concat()).ok()
    })?;
    (whole.len() <= LONGEST && whole.to_str().is_ok()).then_some(whole)
}

/// `name=value;property,…`, values percent-encoded.
pub(crate) fn entry(baggage: &HeaderValue, name: &str) -> Option<String> {
    let entries = baggage.to_str().ok()?.split(',').filter_map(|entry| entry.split_once('='));
    let (_, value) = entries.into_iter().find(|(key, _)| key.trim() == name)?;
    let value = value.split(';').next().unwrap_or_default().trim();
    decode(value)
}

fn decode(value: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_found_among_others_and_decoded() {
        let mut headers = HeaderMap::new();
        headers.append(HEADER, HeaderValue::from_static("tenant = north%20sea;ttl=3 , plan=free"));
        headers.append(HEADER, HeaderValue::from_static("ship=ketch"));

        let baggage = of(&headers).unwrap();

        assert_eq!(entry(&baggage, "tenant").as_deref(), Some("north sea"));
        assert_eq!(entry(&baggage, "ship").as_deref(), Some("ketch"));
        assert_eq!(entry(&baggage, "ten"), None);
    }

    #[test]
    fn what_is_broken_or_endless_is_no_baggage() {
        let mut headers = HeaderMap::new();
        assert_eq!(of(&headers), None);

        headers.insert(HEADER, HeaderValue::from_static("tenant=%f"));
        assert_eq!(entry(&of(&headers).unwrap(), "tenant"), None);

        headers.insert(HEADER, HeaderValue::try_from("a".repeat(LONGEST + 1)).unwrap());
        assert_eq!(of(&headers), None);
    }
}
