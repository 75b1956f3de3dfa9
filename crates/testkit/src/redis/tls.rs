//! Certificates for Redis servers that speak TLS to their clients and to each other.

use std::{fs, path::PathBuf};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose};
use tempfile::TempDir;

use crate::port::free_port;

/// A CA of its own, and a certificate for 127.0.0.1 that it has signed; until this is dropped.
pub struct RedisTls {
    folder: TempDir,
}

impl RedisTls {
    /// Makes both.
    ///
    /// # Panics
    /// When the files cannot be written.
    #[must_use]
    pub fn make() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        params.distinguished_name.push(DnType::CommonName, "a CA");
        let ca = CertifiedIssuer::self_signed(params, key()).expect("a CA can sign itself");
        let key = key();
        let server = CertificateParams::new(["127.0.0.1".to_owned()]).expect("an address is a name");
        let certificate = server.signed_by(&key, &ca).expect("a CA can sign");
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        for (name, pem) in
            [("ca.pem", ca.pem()), ("server.pem", certificate.pem()), ("server.key", key.serialize_pem())]
        {
            fs::write(folder.path().join(name), pem).expect("a temporary folder can be written to");
        }
        Self { folder }
    }

    /// The file with the CA.
    #[must_use]
    pub fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    fn options(&self, port: u16) -> String {
        let folder = self.folder.path().display();
        format!(
            "--tls-port {port} --tls-cert-file {folder}/server.pem --tls-key-file {folder}/server.key \
             --tls-ca-cert-file {folder}/ca.pem --tls-auth-clients no --tls-replication yes --tls-cluster yes"
        )
    }
}

fn key() -> KeyPair {
    KeyPair::generate().expect("there is randomness")
}

/// The port for plaintext of a server that everybody knows by this one, and what makes it so.
pub(super) fn ports(port: u16, tls: Option<&RedisTls>) -> (u16, String) {
    tls.map_or_else(|| (port, String::new()), |tls| (free_port(), tls.options(port)))
}
