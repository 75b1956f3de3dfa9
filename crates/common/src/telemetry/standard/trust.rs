//! The certificates of the way to the collector: `OTEL_EXPORTER_OTLP_CERTIFICATE` and its like.

use std::fs;

use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};

use super::Given;
use crate::config::Problems;

/// PEM, read once: a process whose collector gets another CA is started again.
#[derive(Clone, Default)]
pub(in crate::telemetry) struct Trust {
    /// The CAs that the collector is believed by; the public ones where there are none.
    pub(in crate::telemetry) roots: Option<Vec<u8>>,
    /// What this process shows of itself: certificates and a private key.
    pub(in crate::telemetry) identity: Option<(Vec<u8>, Vec<u8>)>,
}

impl std::fmt::Debug for Trust {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Trust").finish_non_exhaustive()
    }
}

impl Trust {
    pub(super) fn read(given: Given<'_>, problems: &mut Problems) -> Self {
        let mut file = |name: &str, is_good: fn(&[u8]) -> bool, expected: &str| {
            let of_traces = format!("OTEL_EXPORTER_OTLP_TRACES_{name}");
            let all = format!("OTEL_EXPORTER_OTLP_{name}");
            let (path, variable) =
                [of_traces, all].into_iter().find_map(|name| Some((given(&name)?, name)))?;
            match fs::read(&path) {
                Ok(pem) if is_good(&pem) => return Some((variable, pem)),
                Ok(_) => problems.add_raw(variable, format!("{path}: expected {expected} in PEM")),
                Err(error) => problems.add_raw(variable, format!("{path}: {error}")),
            }
            None
        };
        let roots = file("CERTIFICATE", are_certificates, "certificates");
        let certificate = file("CLIENT_CERTIFICATE", are_certificates, "certificates");
        let key = file("CLIENT_KEY", is_key, "a private key");
        let identity = match (certificate, key) {
            (Some((_, certificate)), Some((_, key))) => Some((certificate, key)),
            (None, None) => None,
            (Some((variable, _)), None) | (None, Some((variable, _))) => {
                problems.add_raw(
                    variable,
                    "a certificate and its key go together: the other cannot be used or is not set",
                );
                None
            }
        };
        Self { roots: roots.map(|(_, pem)| pem), identity }
    }
}

fn are_certificates(pem: &[u8]) -> bool {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    certificates.is_ok_and(|certificates| !certificates.is_empty())
}

fn is_key(pem: &[u8]) -> bool {
    PrivateKeyDer::from_pem_slice(pem).is_ok()
}
