//! From when until when a certificate is good.

use rustls::pki_types::{CertificateDer, UnixTime};
use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time, format_description::well_known::Rfc3339};

/// ASN.1's tags (X.690, section 8) of what stands in front of the dates of a certificate, and of the dates.
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// The first and the last second at which a certificate is good, in seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Validity {
    not_before: i64,
    not_after: i64,
}

impl Validity {
    /// Reads it from a certificate: rustls judges the dates of others, and tells nobody those of its own.
    pub(super) fn of(certificate: &CertificateDer<'_>) -> Option<Self> {
        let (certificate, _) = sequence(certificate)?;
        let (mut fields, _) = sequence(certificate)?;
        // RFC 5280, section 4.1: version (absent means 1), serial number, signature, issuer, and then the validity.
        if *fields.first()? == VERSION {
            fields = element(fields)?.rest;
        }
        for _ in ["serial number", "signature", "issuer"] {
            fields = element(fields)?.rest;
        }
        let (dates, _) = sequence(fields)?;
        let not_before = element(dates)?;
        let not_after = element(not_before.rest)?;
        Some(Self { not_before: seconds(&not_before)?, not_after: seconds(&not_after)? })
    }

    /// The last second at which it is good.
    pub(super) fn not_after(self) -> i64 {
        self.not_after
    }

    /// Why a certificate is not good at this moment.
    pub(super) fn judge(self, now: UnixTime) -> Result<(), String> {
        let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        if now > self.not_after {
            return Err(format!("the certificate expired at {}", spelt(self.not_after)));
        }
        if now < self.not_before {
            return Err(format!("the certificate is not valid before {}", spelt(self.not_before)));
        }
        Ok(())
    }
}

fn spelt(seconds: i64) -> String {
    let moment = OffsetDateTime::from_unix_timestamp(seconds).ok();
    moment
        .and_then(|moment| moment.format(&Rfc3339).ok())
        .unwrap_or_else(|| format!("{seconds} s after 1970"))
}

/// One element of DER, and what comes after it.
struct Element<'a> {
    tag: u8,
    value: &'a [u8],
    rest: &'a [u8],
}

fn element(bytes: &[u8]) -> Option<Element<'_>> {
    let (&tag, bytes) = bytes.split_first()?;
    let (&first, bytes) = bytes.split_first()?;
    // A length below 128 is one byte; longer ones are preceded by the number of their bytes.
    let (length, bytes) = match first {
        0..=0x7f => (usize::from(first), bytes),
        0x81..=0x84 => {
            let (length, bytes) = bytes.split_at_checked(usize::from(first & 0x7f))?;
            (length.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), bytes)
        }
        _ => return None,
    };
    let (value, rest) = bytes.split_at_checked(length)?;
    Some(Element { tag, value, rest })
}

fn sequence(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let Element { tag, value, rest } = element(bytes)?;
    (tag == SEQUENCE).then_some((value, rest))
}

/// `YYMMDDhhmmssZ` until 2049, `YYYYMMDDhhmmssZ` after (RFC 5280, section 4.1.2.5).
fn seconds(date: &Element<'_>) -> Option<i64> {
    let text = std::str::from_utf8(date.value).ok()?.strip_suffix('Z')?;
    let (year, rest) = match date.tag {
        UTC_TIME => {
            let (year, rest) = text.split_at_checked(2)?;
            let year: i32 = year.parse().ok()?;
            (if year < 50 { 2000 + year } else { 1900 + year }, rest)
        }
        GENERALIZED_TIME => {
            let (year, rest) = text.split_at_checked(4)?;
            (year.parse().ok()?, rest)
        }
        _ => return None,
    };
    let part = |at: usize| rest.get(at..at + 2)?.parse::<u8>().ok();
    let date = Date::from_calendar_date(year, Month::try_from(part(0)?).ok()?, part(2)?).ok()?;
    let time = Time::from_hms(part(4)?, part(6)?, part(8)?).ok()?;
    Some(PrimitiveDateTime::new(date, time).assume_utc().unix_timestamp())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rcgen::{CertificateParams, KeyPair};
    use rustls::pki_types::{CertificateDer, UnixTime};
    use time::macros::datetime;

    use super::*;

    fn certificate(not_before: OffsetDateTime, not_after: OffsetDateTime) -> CertificateDer<'static> {
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        (params.not_before, params.not_after) = (not_before, not_after);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().clone()
    }

    fn at(moment: OffsetDateTime) -> UnixTime {
        UnixTime::since_unix_epoch(Duration::from_secs(moment.unix_timestamp().try_into().unwrap()))
    }

    #[test]
    fn a_certificate_is_good_from_its_first_second_to_its_last() {
        // One date of each spelling: the year 2050 is the first that takes four digits.
        let (first, last) = (datetime!(2026-03-01 12:00:07 UTC), datetime!(2051-12-31 23:59:59 UTC));
        let validity = Validity::of(&certificate(first, last)).unwrap();
        let second = time::Duration::SECOND;

        let early = validity.judge(at(first - second)).unwrap_err();
        let late = validity.judge(at(last + second)).unwrap_err();

        assert_eq!(validity.judge(at(first)), Ok(()));
        assert_eq!(validity.judge(at(last)), Ok(()));
        assert_eq!(validity.not_after(), last.unix_timestamp());
        assert_eq!(early, "the certificate is not valid before 2026-03-01T12:00:07Z");
        assert_eq!(late, "the certificate expired at 2051-12-31T23:59:59Z");
    }

    #[test]
    fn what_is_cut_short_or_no_certificate_has_no_validity() {
        let whole = certificate(datetime!(2026-01-01 0:00 UTC), datetime!(2027-01-01 0:00 UTC));

        for length in 0..whole.len() {
            assert_eq!(Validity::of(&whole[..length].into()), None, "{length}");
        }
        assert_eq!(Validity::of(&[0x30, 0x85, 1, 1, 1, 1, 1, 1][..].into()), None);
    }
}
