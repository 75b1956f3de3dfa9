//! Certificates and keys, and the files in which they are mounted.

use std::path::{Path, PathBuf};

use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, UnixTime, pem::PemObject},
};

use super::validity::Validity;
use crate::config::{Content, Problems};

/// Where one end's certificate and key are.
#[derive(Clone, Debug)]
pub(super) struct Identity {
    pub(super) certificate: PathBuf,
    pub(super) private_key: PathBuf,
}

/// A certificate and its key.
pub(super) struct Pair {
    /// The certificate, and those between it and its CA.
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
    /// The last second at which all of the chain is good, since 1970.
    pub(super) not_after: i64,
}

impl Identity {
    /// Both files, or neither: one without the other is a problem of that section.
    pub(super) fn given(
        certificate: Option<&PathBuf>,
        private_key: Option<&PathBuf>,
        section: &str,
        problems: &mut Problems,
    ) -> Option<Self> {
        let missing = match (certificate, private_key) {
            (None, None) => return None,
            (Some(certificate), Some(private_key)) => {
                return Some(Self { certificate: certificate.clone(), private_key: private_key.clone() });
            }
            (Some(_), None) => "private_key",
            (None, Some(_)) => "certificate",
        };
        problems.add(format!("{section}.{missing}"), "must be set: a certificate and its key go together");
        None
    }

    pub(super) fn files(&self) -> [PathBuf; 2] {
        [self.certificate.clone(), self.private_key.clone()]
    }

    /// The pair, where it is one that a peer can accept now.
    pub(super) fn read(&self, content: &Content) -> Result<Pair, String> {
        let chain = certificates(content, &self.certificate)?;
        let not_after = good_until(&chain, UnixTime::now())
            .map_err(|wrong| format!("{}: {wrong}", self.certificate.display()))?;
        let key = &self.private_key;
        // What a parser says of a key might quote it.
        let wrong = |_| format!("{}: expected a private key in PEM", key.display());
        let key = PrivateKeyDer::from_pem_slice(content.of(key)).map_err(wrong)?;
        Ok(Pair { chain, key, not_after })
    }

    /// What is wrong with the pair, with the names of its files.
    pub(super) fn misfit(&self, error: &rustls::Error) -> String {
        format!("{} and {}: {error}", self.certificate.display(), self.private_key.display())
    }
}

/// Until when all of a chain is good, if it is so now.
fn good_until(chain: &[CertificateDer<'_>], now: UnixTime) -> Result<i64, String> {
    let mut until = i64::MAX;
    for certificate in chain {
        let validity = Validity::of(certificate).ok_or("expected an X.509 certificate")?;
        validity.judge(now)?;
        until = until.min(validity.not_after());
    }
    Ok(until)
}

/// Adds the certificates of a file to those that are trusted.
pub(super) fn trust(roots: &mut RootCertStore, content: &Content, file: &Path) -> Result<(), String> {
    for certificate in certificates(content, file)? {
        roots.add(certificate).map_err(|error| format!("{}: {error}", file.display()))?;
    }
    Ok(())
}

fn certificates(content: &Content, file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(content.of(file)).collect();
    match certificates {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err(format!("{}: expected certificates in PEM", file.display())),
    }
}
