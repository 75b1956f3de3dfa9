//! Where a peer is said to be.

use std::net::{IpAddr, SocketAddr};

use http::{
    Uri,
    uri::{Authority, PathAndQuery, Scheme},
};

/// A peer's address as its URL tells it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Target {
    pub(super) scheme: Scheme,
    pub(super) authority: Authority,
    pub(super) host: String,
    pub(super) port: u16,
}

impl Target {
    /// Reads a URL.
    ///
    /// # Errors
    /// What was found, and what is accepted.
    pub(super) fn parse(url: &str) -> Result<Self, String> {
        let accepted = "an address such as http://accounts:50051";
        let refused = || format!("found {url:?}; {accepted}");
        let uri: Uri = url.parse().map_err(|_| refused())?;
        let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else {
            return Err(refused());
        };
        let port = if *scheme == Scheme::HTTP {
            80
        } else if *scheme == Scheme::HTTPS {
            443
        } else {
            return Err(refused());
        };
        let plain = matches!(uri.path(), "" | "/") && uri.query().is_none();
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        if !plain || host.is_empty() || authority.as_str().contains('@') {
            return Err(refused());
        }
        let port = authority.port_u16().unwrap_or(port);
        Ok(Self { scheme: scheme.clone(), authority: authority.clone(), host, port })
    }

    /// The one address that an IP literal is. A name has none of its own.
    pub(super) fn literal(&self) -> Option<SocketAddr> {
        let address: IpAddr = self.host.parse().ok()?;
        Some(SocketAddr::new(address, self.port))
    }

    /// The absolute form of a request's path.
    pub(super) fn uri(&self, path: Option<&PathAndQuery>) -> Uri {
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(path.cloned().unwrap_or_else(|| PathAndQuery::from_static("/")));
        Uri::from_parts(parts).expect("a scheme, an authority and a path make a URI")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_literals_are_told_apart() {
        let literal = |url| Target::parse(url).unwrap().literal().map(|address| address.to_string());

        assert_eq!(literal("http://accounts:50051"), None);
        assert_eq!(literal("http://accounts.example./"), None);
        assert_eq!(literal("http://127.0.0.1:50051"), Some("127.0.0.1:50051".to_owned()));
        assert_eq!(literal("http://[::1]:50051/"), Some("[::1]:50051".to_owned()));
        assert_eq!(literal("http://10.0.0.1"), Some("10.0.0.1:80".to_owned()));
        assert_eq!(literal("https://10.0.0.1"), Some("10.0.0.1:443".to_owned()));
    }

    #[test]
    fn what_is_no_address_of_a_service_is_refused_with_an_example() {
        for url in
            ["", "accounts:50051", "ftp://accounts", "http://", "http://a/b", "http://a?b", "http://me@a"]
        {
            let refused = Target::parse(url).unwrap_err();

            assert_eq!(refused, format!("found {url:?}; an address such as http://accounts:50051"));
        }
    }

    #[test]
    fn a_request_names_the_host_of_the_url_whatever_address_is_dialled() {
        let target = Target::parse("http://accounts:50051").unwrap();

        let uri = target.uri(Some(&PathAndQuery::from_static("/a.B/C")));

        assert_eq!(uri.to_string(), "http://accounts:50051/a.B/C");
    }
}
