//! Which proxy a request takes: `proxy-url` of the kubeconfig, else the variables that kubectl obeys.
#![expect(clippy::disallowed_methods, reason = "reads the environment: an edge")]

use std::fmt;

use hyper_util::client::proxy::matcher::Matcher;

/// The proxy variables of the environment. Their values can hold passwords and are never printed.
#[derive(Clone, Default)]
pub struct ProxyVariables {
    /// `HTTPS_PROXY` or `https_proxy`.
    pub https: Option<String>,
    /// `HTTP_PROXY` or `http_proxy`.
    pub http: Option<String>,
    /// `NO_PROXY` or `no_proxy`.
    pub no: Option<String>,
}

impl fmt::Debug for ProxyVariables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxyVariables").finish_non_exhaustive()
    }
}

impl ProxyVariables {
    /// Reads the environment of this process.
    pub fn of_process() -> Self {
        let first = |names: [&str; 2]| {
            let mut values = names.iter().filter_map(|name| std::env::var(name).ok());
            values.find(|value| !value.is_empty())
        };
        Self {
            https: first(["HTTPS_PROXY", "https_proxy"]),
            http: first(["HTTP_PROXY", "http_proxy"]),
            no: first(["NO_PROXY", "no_proxy"]),
        }
    }
}

/// The proxy for a server, if there is one.
///
/// `proxy-url` of the kubeconfig is used whatever `NO_PROXY` says, and the variables never apply to the machine itself,
/// both as in client-go (Go's `http.ProxyURL` and `http.ProxyFromEnvironment`).
///
/// # Errors
/// A proxy that is no URL; its text is not quoted, since it may hold a password.
pub(crate) fn proxy_for(
    server: &http::Uri,
    own: Option<&str>,
    variables: &ProxyVariables,
) -> Result<Option<http::Uri>, String> {
    if let Some(own) = own.filter(|own| !own.is_empty()) {
        return own.parse().map(Some).map_err(|_| "proxy-url is not a URL".to_owned());
    }
    if server.host().is_some_and(is_this_machine) {
        return Ok(None);
    }
    let matcher = Matcher::builder()
        .https(variables.https.clone().unwrap_or_default())
        .http(variables.http.clone().unwrap_or_default())
        .no(variables.no.clone().unwrap_or_default())
        .build();
    let Some(intercept) = matcher.intercept(server) else {
        return Ok(None);
    };
    let value = if server.scheme_str() == Some("http") { &variables.http } else { &variables.https };
    let text = value.clone().unwrap_or_else(|| intercept.uri().to_string());
    let text = if text.contains("://") { text } else { format!("http://{text}") };
    text.parse().map(Some).map_err(|_| "the proxy variable is not a URL".to_owned())
}

fn is_this_machine(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxy_is_chosen_as_client_go_does() {
        let set = |https: &str, http: &str, no: &str| ProxyVariables {
            https: Some(https.into()).filter(|v: &String| !v.is_empty()),
            http: Some(http.into()).filter(|v: &String| !v.is_empty()),
            no: Some(no.into()).filter(|v: &String| !v.is_empty()),
        };
        let table = [
            ("https://k8s.example:6443", None, set("", "", ""), None),
            ("https://k8s.example:6443", None, set("http://p:3128", "", ""), Some("http://p:3128/")),
            ("https://k8s.example:6443", None, set("p:3128", "", ""), Some("http://p:3128/")),
            ("https://k8s.example:6443", None, set("", "http://p:3128", ""), None),
            ("http://k8s.example:8080", None, set("", "http://p:3128", ""), Some("http://p:3128/")),
            ("https://k8s.example:6443", None, set("http://p:3128", "", "example"), None),
            ("https://k8s.example:6443", None, set("http://p:3128", "", ".example"), None),
            ("https://10.1.2.3:6443", None, set("http://p:3128", "", "10.0.0.0/8"), None),
            ("https://11.1.2.3:6443", None, set("http://p:3128", "", "10.0.0.0/8"), Some("http://p:3128/")),
            ("https://127.0.0.1:6443", None, set("http://p:3128", "", ""), None),
            ("https://[::1]:6443", None, set("http://p:3128", "", ""), None),
            (
                "https://k8s.example:6443",
                Some("socks5://s:1080"),
                set("http://p:3128", "", "*"),
                Some("socks5://s:1080/"),
            ),
        ];
        for (server, own, variables, expected) in table {
            let proxy = proxy_for(&server.parse().unwrap(), own, &variables).unwrap();
            assert_eq!(proxy.map(|uri| uri.to_string()).as_deref(), expected, "{server} {own:?}");
        }
        let error = proxy_for(&"https://k".parse().unwrap(), Some("http://user:canary @x"), &set("", "", ""));
        assert!(!error.unwrap_err().contains("canary"));
    }
}
