//! The connection: HTTP over TLS with the user's credentials, through a proxy if one is configured.
//!
//! kube's own stack is not used: it never sets TCP_NODELAY (40 ms lost on each new connection), repeats requests by a
//! policy of its own, and logs bodies. A test hands in any tower service in place of the connection.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine;
use http::{HeaderValue, Uri};
use hyper::rt::{Read, Write};
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::client::legacy::connect::{Connection, HttpConnector};
use hyper_util::rt::TokioExecutor;
use kube::client::{Body, ConfigExt};
use tower::{BoxError, Service, ServiceBuilder};
use tower_http::decompression::DecompressionLayer;

use crate::cluster::answer::{Answer, Failure, Rejection, chain_text, credentials_text};

/// Time to make a TCP connection.
const CONNECT_TIME: Duration = Duration::from_secs(10);

type Connect = dyn Fn() -> Result<kube::Client, String> + Send + Sync;

/// The connection of a run; it can be made again when the server stops accepting the credentials.
pub struct Transport {
    state: Mutex<State>,
    renewing: tokio::sync::Mutex<()>,
    connect: Option<Arc<Connect>>,
}

struct State {
    client: kube::Client,
    /// Counts how often credentials were obtained anew.
    generation: u64,
    /// True once a request of this generation has worked.
    worked: bool,
    /// The message of the 401 after which nothing more is sent.
    refused: Option<String>,
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport").finish_non_exhaustive()
    }
}

impl Transport {
    /// A transport over any service; its credentials cannot be renewed. For tests.
    pub fn over(client: kube::Client) -> Self {
        Self::new(client, None)
    }

    /// A transport over services that `connect` makes: one now, one more after each 401 that may be worth it.
    ///
    /// # Errors
    /// What `connect` says the first time.
    pub fn renewable(
        connect: impl Fn() -> Result<kube::Client, String> + Send + Sync + 'static,
    ) -> Result<Self, String> {
        Ok(Self::new(connect()?, Some(Arc::new(connect))))
    }

    /// Prepares the connection to a cluster. Runs the credential plugin, if there is one; connects to nothing yet.
    ///
    /// # Errors
    /// Why it cannot be prepared; no credentials are quoted.
    pub fn to(config: kube::Config) -> Result<Self, String> {
        let user = &config.auth_info;
        let renewable = user.token_file.is_some() || user.exec.is_some() || user.auth_provider.is_some();
        if renewable {
            return Self::renewable(move || client(&config));
        }
        client(&config).map(Self::over)
    }

    fn new(client: kube::Client, connect: Option<Arc<Connect>>) -> Self {
        Self {
            state: Mutex::new(State { client, generation: 0, worked: false, refused: None }),
            renewing: tokio::sync::Mutex::default(),
            connect,
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The client to use now, and the generation of its credentials.
    ///
    /// # Errors
    /// The 401 after which nothing more is sent.
    pub(crate) fn current(&self) -> Result<(u64, kube::Client), Failure> {
        let state = self.state();
        match &state.refused {
            Some(message) => Err(unauthorized(message)),
            None => Ok((state.generation, state.client.clone())),
        }
    }

    /// Notes that the server accepted credentials of this generation.
    pub(crate) fn worked(&self, generation: u64) {
        let mut state = self.state();
        state.worked |= state.generation == generation;
    }

    /// After a 401 for credentials of this generation: obtains others. True if it is worth sending the request again.
    ///
    /// Credentials that never worked although they were just renewed end the run: nothing more is sent, so that a
    /// revoked account does not run its credential plugin once for every object.
    ///
    /// # Errors
    /// Why no credentials could be obtained.
    pub(crate) async fn renew(&self, generation: u64, message: &str) -> Result<bool, Failure> {
        let _one_at_a_time = self.renewing.lock().await;
        {
            let mut state = self.state();
            if state.generation != generation {
                return Ok(state.refused.is_none());
            }
            if self.connect.is_none() || (generation > 0 && !state.worked) {
                state.refused = Some(message.to_owned());
                return Ok(false);
            }
        }
        let Some(connect) = self.connect.clone() else {
            return Ok(false);
        };
        let renewed = tokio::task::spawn_blocking(move || connect()).await;
        let renewed = renewed.unwrap_or_else(|_| Err("the credential plugin failed".to_owned()));
        let mut state = self.state();
        match renewed {
            Ok(client) => {
                state.client = client;
                state.generation += 1;
                state.worked = false;
                Ok(true)
            }
            Err(reason) => {
                state.refused = Some(format!("{message}; renewing the credentials failed: {reason}"));
                Err(unauthorized(state.refused.as_deref().unwrap_or_default()))
            }
        }
    }
}

fn unauthorized(message: &str) -> Failure {
    let answer = Answer { content_type: String::new(), body: Vec::new() };
    let mut rejection = Rejection::new(http::StatusCode::UNAUTHORIZED, &http::HeaderMap::new(), &answer);
    message.clone_into(&mut rejection.refusal.message);
    Failure::Rejected(Box::new(rejection))
}

/// Builds the client of a configuration; must be called inside a tokio runtime.
fn client(config: &kube::Config) -> Result<kube::Client, String> {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT_TIME));
    tcp.set_keepalive(Some(Duration::from_secs(30)));
    let Some(proxy) = config.proxy_url.clone() else {
        return over(config, tcp);
    };
    match proxy.scheme_str() {
        Some("http") => {
            over(config, with_proxy_password(&proxy, Tunnel::new(without_password(&proxy)?, tcp)))
        }
        Some("https") => {
            let tls = config.rustls_https_connector_with_connector(tcp).map_err(|error| explain(&error))?;
            over(config, with_proxy_password(&proxy, Tunnel::new(without_password(&proxy)?, tls)))
        }
        Some("socks5" | "socks5h") => {
            let socks = SocksV5::new(without_password(&proxy)?, tcp);
            match password(&proxy) {
                Some((user, password)) => over(config, socks.with_auth(user, password)),
                None => over(config, socks),
            }
        }
        scheme => Err(format!("proxies of the kind {:?} are not supported", scheme.unwrap_or_default())),
    }
}

fn over<H>(config: &kube::Config, connector: H) -> Result<kube::Client, String>
where
    H: Service<Uri> + Clone + Send + Sync + 'static,
    H::Response: Connection + Read + Write + Send + Unpin + 'static,
    H::Future: Send + 'static,
    H::Error: Into<BoxError>,
{
    let tls = config.rustls_https_connector_with_connector(connector).map_err(|error| explain(&error))?;
    let http: HttpClient<_, Body> = HttpClient::builder(TokioExecutor::new()).build(tls);
    let gzip = DecompressionLayer::new().gzip(!config.disable_compression);
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .layer(gzip)
        .option_layer(config.auth_layer().map_err(|error| explain(&error))?)
        .layer(config.extra_headers_layer().map_err(|error| explain(&error))?)
        .map_err(BoxError::from)
        .service(http);
    Ok(kube::Client::new(service, &config.default_namespace))
}

fn explain(error: &kube::Error) -> String {
    match error {
        kube::Error::Auth(auth) => credentials_text(auth),
        other => chain_text(other),
    }
}

/// User and password of a proxy URL, decoded.
fn password(proxy: &Uri) -> Option<(String, String)> {
    let (userinfo, _) = proxy.authority()?.as_str().rsplit_once('@')?;
    let (user, password) = userinfo.split_once(':').unwrap_or((userinfo, ""));
    Some((percent_decoded(user), percent_decoded(password)))
}

fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        match escape.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                decoded.push(byte);
                at += 3;
            }
            None => {
                decoded.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

fn without_password(proxy: &Uri) -> Result<Uri, String> {
    let host = proxy.authority().and_then(|authority| authority.as_str().rsplit('@').next());
    let text = format!("{}://{}", proxy.scheme_str().unwrap_or("http"), host.unwrap_or_default());
    text.parse().map_err(|_| "the proxy is not a URL".to_owned())
}

fn with_proxy_password<C>(proxy: &Uri, tunnel: Tunnel<C>) -> Tunnel<C> {
    let header = password(proxy).and_then(|(user, password)| {
        let text = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
        let mut value = HeaderValue::from_str(&format!("Basic {text}")).ok()?;
        value.set_sensitive(true);
        Some(value)
    });
    match header {
        Some(header) => tunnel.with_auth(header),
        None => tunnel,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_leaves_the_url_of_the_proxy() {
        let proxy: Uri = "http://us%40er:p%3Aw@proxy.example:3128".parse().unwrap();
        assert_eq!(password(&proxy), Some(("us@er".into(), "p:w".into())));
        assert_eq!(without_password(&proxy).unwrap().to_string(), "http://proxy.example:3128/");
        assert_eq!(password(&"http://proxy.example:3128".parse().unwrap()), None);
        assert_eq!(percent_decoded("a%zz%4"), "a%zz%4");
    }
}
