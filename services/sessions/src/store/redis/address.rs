//! Where Redis is, as a URL tells it.

use redis::{Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, RedisResult, TlsCertificates};

/// What is accepted as an address.
pub(super) const ACCEPTED: &str = "a URL such as redis://redis:6379 or rediss://user:password@redis:6379, \
     redis+sentinel://user:password@host:26379,host:26379,host:26379/name-of-the-master, \
     or redis+cluster://user:password@host:6379,host:6379";

/// The port of a Sentinel that tells none.
const SENTINEL_PORT: u16 = 26379;

/// Where Redis is.
#[derive(Clone, Debug)]
pub(super) enum Address {
    /// At one place, for ever.
    One(Box<ConnectionInfo>),
    /// Where Sentinels say.
    Sentinels {
        /// Where they are.
        watchers: Vec<ConnectionInfo>,
        /// What they call the master.
        name: String,
        /// How servers are spoken to; the place is of none.
        servers: Box<ConnectionInfo>,
    },
    /// All over a Cluster, of which these nodes know the rest.
    Cluster(Vec<ConnectionInfo>),
}

impl Address {
    /// Reads a URL; none where it cannot be used.
    pub(super) fn parse(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        match scheme.split_once('+') {
            Some((plain @ ("redis" | "rediss"), "sentinel")) => sentinels(plain, rest),
            Some((plain @ ("redis" | "rediss"), "cluster")) => cluster(plain, rest),
            _ => {
                let info = url.into_connection_info().ok()?;
                // Several hosts would be taken for the name of one.
                (!place(&info).0.contains(',')).then(|| Self::One(Box::new(info)))
            }
        }
    }

    /// The same, where certificates are good that these CAs have signed, in PEM, and no others.
    ///
    /// # Errors
    /// When they cannot be read, or nothing is encrypted there.
    pub(super) fn trusting(self, ca: &[u8]) -> RedisResult<Self> {
        let trusting = |info: ConnectionInfo| {
            let certificates = TlsCertificates { client_tls: None, root_cert: Some(ca.to_vec()) };
            Ok(Client::build_with_tls(info, certificates)?.get_connection_info().clone())
        };
        let all = |infos: Vec<ConnectionInfo>| infos.into_iter().map(trusting).collect::<RedisResult<_>>();
        Ok(match self {
            Self::One(info) => Self::One(Box::new(trusting(*info)?)),
            Self::Sentinels { watchers, name, servers } => {
                Self::Sentinels { watchers: all(watchers)?, name, servers: Box::new(trusting(*servers)?) }
            }
            Self::Cluster(seeds) => Self::Cluster(all(seeds)?),
        })
    }
}

/// `user:password@host,host/name/database?sentinel_user=user&sentinel_password=password`.
fn sentinels(plain: &str, rest: &str) -> Option<Address> {
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = rest.split_once('/')?;
    let (credentials, hosts) = hosts(authority)?;
    let (name, database) = path.split_once('/').unwrap_or((path, "0"));
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "._-".contains(character);
    if name.is_empty() || !name.chars().all(is_plain) || !database.chars().all(|digit| digit.is_ascii_digit())
    {
        return None;
    }
    let (mut user, mut password) = ("", "");
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=')? {
            ("sentinel_user", given) => user = given,
            ("sentinel_password", given) => password = given,
            _ => return None,
        }
    }
    let own = if password.is_empty() { String::new() } else { format!("{user}:{password}@") };
    let watcher = |host: &&str| {
        let port = if tells_port(host) { String::new() } else { format!(":{SENTINEL_PORT}") };
        format!("{plain}://{own}{host}{port}").into_connection_info().ok()
    };
    let watchers = hosts.iter().map(watcher).collect::<Option<_>>()?;
    let servers = format!("{plain}://{credentials}{}/{database}", hosts[0]).into_connection_info().ok()?;
    Some(Address::Sentinels { watchers, name: name.to_owned(), servers: Box::new(servers) })
}

/// `user:password@host,host`. A Cluster has one database.
fn cluster(plain: &str, rest: &str) -> Option<Address> {
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    if !matches!(path, "" | "0") {
        return None;
    }
    let (credentials, hosts) = hosts(authority)?;
    let node = |host: &&str| format!("{plain}://{credentials}{host}").into_connection_info().ok();
    Some(Address::Cluster(hosts.iter().map(node).collect::<Option<_>>()?))
}

/// The credentials with their `@`, and all hosts.
fn hosts(authority: &str) -> Option<(&str, Vec<&str>)> {
    let at = authority.rfind('@').map_or(0, |at| at + 1);
    let (credentials, hosts) = authority.split_at(at);
    let hosts: Vec<_> = hosts.split(',').collect();
    let is_host = |host: &&str| !host.is_empty() && !host.contains(['#', '?']);
    hosts.iter().all(is_host).then_some((credentials, hosts))
}

fn tells_port(host: &str) -> bool {
    host.rsplit_once(':').is_some_and(|(_, port)| !port.contains(']'))
}

/// The same credentials and the same kind of connection, to somewhere else.
pub(super) fn elsewhere(info: &ConnectionInfo, host: &str, port: u16) -> ConnectionInfo {
    let host = host.to_owned();
    let addr = match info.addr() {
        ConnectionAddr::TcpTls { insecure, tls_params, .. } => {
            ConnectionAddr::TcpTls { host, port, insecure: *insecure, tls_params: tls_params.clone() }
        }
        _ => ConnectionAddr::Tcp(host, port),
    };
    info.clone().set_addr(addr)
}

/// The host, or the socket, and the port where there is a host.
pub(super) fn place(info: &ConnectionInfo) -> (String, Option<u16>) {
    match info.addr() {
        ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. } => {
            (host.clone(), Some(*port))
        }
        other => (other.to_string(), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(infos: &[ConnectionInfo]) -> Vec<String> {
        infos.iter().map(|info| info.addr().to_string()).collect()
    }

    #[test]
    fn one_url_tells_each_kind() {
        assert!(matches!(Address::parse("rediss://user:word@redis:6380/3"), Some(Address::One(_))));

        let url = "rediss+sentinel://user:word@a,b:1,[::1]/main/2?sentinel_user=su&sentinel_password=s%40";
        let Some(Address::Sentinels { watchers, name, servers }) = Address::parse(url) else {
            panic!("{url}")
        };
        assert_eq!(
            (places(&watchers), &*name),
            (vec!["a:26379".into(), "b:1".into(), "::1:26379".into()], "main")
        );
        assert_eq!(watchers[0].redis_settings().password(), Some("s@"));
        assert_eq!((servers.redis_settings().username(), servers.redis_settings().db()), (Some("user"), 2));
        assert!(matches!(servers.addr(), ConnectionAddr::TcpTls { insecure: false, .. }));

        let url = "redis+cluster://user:w%2Cord@a:1,b";
        let Some(Address::Cluster(nodes)) = Address::parse(url) else { panic!("{url}") };
        assert_eq!(places(&nodes), ["a:1", "b:6379"]);
        assert_eq!(nodes[1].redis_settings().password(), Some("w,ord"));
        assert_eq!(elsewhere(&nodes[1], "c", 7).addr().to_string(), "c:7");
    }

    #[test]
    fn what_leaves_a_doubt_is_no_address() {
        for url in [
            "",
            "redis",
            "redis+sentinel://a,b,c",
            "redis+sentinel://a/",
            "redis+sentinel://a,,c/main",
            "redis+sentinel://a/main/x",
            "redis+sentinel://a/main?password=x",
            "redis+cluster://a/3",
            "redis+cluster://",
            "redis+cluster://a#insecure",
            "redis+somehow://a",
            "redis://a,b",
        ] {
            assert!(Address::parse(url).is_none(), "{url}");
        }
    }
}
