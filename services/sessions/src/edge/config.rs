//! Which pages may act for somebody by cookie.

use common::config::Problems;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Browsers, whose cookies come along with whatever any page makes them send.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The origins of the pages that may sign in with cookies and act by them, such as `https://app.example.com`,
    /// separated by commas. Without one there are no cookies.
    pub origins: Vec<String>,
}

impl Config {
    /// Reports what cannot be used, under the path of the section.
    pub fn validate(&self, path: &str, problems: &mut Problems) {
        for wrong in self.origins.iter().filter(|origin| !is_origin(origin)) {
            let found =
                format!("found {wrong:?}; an origin as browsers send it, such as https://app.example.com");
            problems.add(format!("{path}.origins"), found);
        }
    }

    /// Whether a browser says that a page of a listed origin makes the request.
    pub(crate) fn lists(&self, origin: Option<&str>) -> bool {
        origin.is_some_and(|origin| self.origins.iter().any(|listed| listed == origin))
    }
}

/// Scheme and host, and a port where it is not the scheme's own: as browsers spell it, or it would match nothing.
fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let sign = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.:[]".contains(&byte);
    let own_port = text.starts_with("https:") && text.ends_with(":443")
        || text.starts_with("http:") && text.ends_with(":80");
    host.is_some_and(|host| !host.is_empty() && host.bytes().all(sign)) && !own_port
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_listed_as_browsers_send_it() {
        for good in ["https://app.example.com", "http://localhost:3000", "https://[2001:db8::1]:8443"] {
            assert!(is_origin(good), "{good}");
        }
        for wrong in [
            "",
            "null",
            "*",
            "app.example.com",
            "https://",
            "https://App.example.com",
            "https://app.example.com/",
            "https://app.example.com:443",
            "https://*.example.com",
        ] {
            assert!(!is_origin(wrong), "{wrong}");
        }
    }

    #[test]
    fn nothing_but_what_is_listed_is_admitted() {
        let config = Config { origins: vec!["https://app.example.com".to_owned()] };

        assert!(config.lists(Some("https://app.example.com")));
        for other in [None, Some(""), Some("null"), Some("https://app.example.com.evil.example")] {
            assert!(!config.lists(other), "{other:?}");
        }
        assert!(!Config::default().lists(None), "without a list nobody is on it");
    }
}
