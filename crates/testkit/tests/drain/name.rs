//! A name with an address for each replica, as a headless Service of a cluster has it.

use std::{
    collections::BTreeSet,
    fmt::Write,
    fs,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

use tokio::net::lookup_host;

use crate::setting::Setting;

/// The name that the replicas share.
pub(crate) const NAME: &str = "replicas.test";

/// The lines of a hosts file that say where the replicas are.
pub(crate) struct Name {
    file: PathBuf,
    others: String,
}

impl Name {
    pub(crate) fn of(setting: &Setting) -> Self {
        let file = setting.hosts.clone();
        let others = fs::read_to_string(&file).expect("the hosts file can be read");
        Self { file, others }
    }

    /// From now on the name has these addresses. The file is written in place: it is mounted.
    pub(crate) fn has(&self, addresses: &[IpAddr]) {
        let mut text = self.others.clone();
        for address in addresses {
            writeln!(text, "{address} {NAME}").expect("a text can be written to");
        }
        fs::write(&self.file, text).expect("the hosts file can be written to");
    }

    /// Sees to it that the system resolves the name by that file.
    ///
    /// # Panics
    /// When it does not.
    pub(crate) async fn resolves_to(&self, addresses: &[SocketAddr]) {
        let port = addresses[0].port();
        let found = lookup_host((NAME, port)).await.map(Iterator::collect::<BTreeSet<SocketAddr>>);
        let found = found.unwrap_or_default();
        let wanted: BTreeSet<SocketAddr> = addresses.iter().copied().collect();
        assert_eq!(
            found,
            wanted,
            "{} is not the system's hosts file: use `make drain-test`",
            self.file.display()
        );
    }
}
