//! A CA of its own for each test.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose};
use time::{Duration, OffsetDateTime};

use crate::config::volume::Volume;

/// A CA.
pub(super) struct Ca(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, in PEM.
pub(super) struct Pair {
    pub(super) certificate: String,
    pub(super) key: String,
}

impl Ca {
    pub(super) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        params.distinguished_name.push(DnType::CommonName, "a CA");
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// A certificate for that name.
    pub(super) fn issue(&self, name: &str) -> Pair {
        self.issue_for(name, -Duration::DAY, Duration::DAY)
    }

    /// A certificate for that name that is good from then until then, counted from now.
    pub(super) fn issue_for(&self, name: &str, from: Duration, until: Duration) -> Pair {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        let now = OffsetDateTime::now_utc();
        (params.not_before, params.not_after) = (now + from, now + until);
        let certificate = params.signed_by(&key, &self.0).unwrap();
        Pair { certificate: certificate.pem(), key: key.serialize_pem() }
    }

    /// A volume with a certificate for that name, its key, and this CA.
    pub(super) fn volume(&self, name: &str) -> Volume {
        let Pair { certificate, key } = self.issue(name);
        Volume::mount(&[("tls.crt", &*certificate), ("tls.key", &*key), ("ca.crt", &*self.pem())])
    }

    /// Replaces what such a volume holds.
    pub(super) fn swap(&self, volume: &mut Volume, Pair { certificate, key }: &Pair) {
        volume.swap(&[("tls.crt", &**certificate), ("tls.key", &**key), ("ca.crt", &*self.pem())]);
    }

    pub(super) fn pem(&self) -> String {
        self.0.pem()
    }
}
