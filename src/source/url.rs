//! What SOURCE means: a directory, the standard input, or the URL of a repository.
//!
//! The grammar is an allow-list. Git has executed commands hidden in hosts, users and helper transports
//! (CVE-2017-1000117, CVE-2018-17456, CVE-2024-3817), and credential helpers were misled by line breaks
//! (CVE-2020-5260): nothing that is not a plain URL gets through. [`GitUrl`] never shows credentials.

use std::fmt;

use crate::source::escape::one_line;
use crate::source::redacted::Redacted;

/// Where manifests come from, as typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// The standard input.
    Stdin,
    /// A directory of this machine.
    Directory(String),
    /// A repository by its URL.
    Remote(Remote),
}

/// A repository URL with the parts of the shorthand `URL//sub/dir?ref=REV`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    /// The repository.
    pub url: GitUrl,
    /// Directory inside the repository, if the shorthand names one.
    pub directory: Option<String>,
    /// Revision, if the shorthand names one.
    pub reference: Option<String>,
}

/// How a repository is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// `https://`
    Https,
    /// `http://`, only where it was allowed by name.
    Http,
    /// `ssh://` or `user@host:path`.
    Ssh,
    /// `file://`, read in place.
    File,
}

impl Scheme {
    fn name(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
            Self::Ssh => "ssh",
            Self::File => "file",
        }
    }
}

/// The URL of a repository. `Display` and `Debug` leave out passwords, tokens and queries.
#[derive(Clone, PartialEq, Eq)]
pub struct GitUrl {
    scheme: Scheme,
    user: Option<Redacted<String>>,
    password: Option<Redacted<String>>,
    host: String,
    port: Option<u16>,
    path: String,
    scp: bool,
}

/// Why a text is not a source. The messages hold nothing of the text that could be a credential.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// The text is empty.
    #[error("the source is empty")]
    Empty,
    /// The text holds a control character, plain or percent-encoded.
    #[error("the source {0:?} holds a control character")]
    Control(String),
    /// The text would be read as an option.
    #[error("the {0} starts with a dash")]
    Dash(&'static str),
    /// The transport is not on the list.
    #[error("protocol {0:?} is not allowed")]
    Protocol(String),
    /// A part of the URL is malformed.
    #[error("{url}: {problem}")]
    Malformed {
        /// The URL without credentials.
        url: String,
        /// The part and what is wrong with it.
        problem: &'static str,
    },
}

/// Reads SOURCE. `allowed` names protocols beyond `https`, `ssh` and `file`; only `http` can be named.
///
/// # Errors
/// [`UrlError`] for everything outside the grammar.
pub fn parse(text: &str, allowed: &[String]) -> Result<Location, UrlError> {
    if text == "-" {
        return Ok(Location::Stdin);
    }
    if text.is_empty() {
        return Err(UrlError::Empty);
    }
    if text.chars().any(char::is_control) {
        return Err(UrlError::Control(redact(text)));
    }
    if text.starts_with('-') {
        return Err(UrlError::Dash("source"));
    }
    if let Some(helper) = helper_transport(text) {
        return Err(UrlError::Protocol(one_line(helper)));
    }
    if let Some((scheme, rest)) = text.split_once("://") {
        let scheme = allowed_scheme(scheme, allowed)?;
        return with_scheme(text, scheme, rest).map(Location::Remote);
    }
    match scp_parts(text) {
        Some((user, host, path)) => scp_like(text, user, host, path).map(Location::Remote),
        None => Ok(Location::Directory(text.to_owned())),
    }
}

/// `name::rest`, git's syntax for helper programs (`ext::sh -c …`).
fn helper_transport(text: &str) -> Option<&str> {
    let (name, _) = text.split_once("::")?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    (name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(plain)).then_some(name)
}

fn allowed_scheme(scheme: &str, allowed: &[String]) -> Result<Scheme, UrlError> {
    match scheme.to_ascii_lowercase().as_str() {
        "https" => Ok(Scheme::Https),
        "ssh" => Ok(Scheme::Ssh),
        "file" => Ok(Scheme::File),
        "http" if allowed.iter().any(|name| name == "http") => Ok(Scheme::Http),
        _ => Err(UrlError::Protocol(one_line(scheme))),
    }
}

/// Splits `user@host:path`; a slash before the colon makes it a directory.
fn scp_parts(text: &str) -> Option<(&str, &str, &str)> {
    let (authority, path) = text.split_once(':')?;
    let (user, host) = authority.rsplit_once('@')?;
    (!authority.contains('/')).then_some((user, host, path))
}

fn scp_like(text: &str, user: &str, host: &str, path: &str) -> Result<Remote, UrlError> {
    let problem = |problem| malformed(text, problem);
    let (path, directory, reference) = shorthand(path).map_err(problem)?;
    if path.is_empty() {
        return Err(problem("the path is missing"));
    }
    if path.starts_with('-') {
        return Err(UrlError::Dash("path"));
    }
    check_host(host).map_err(|wrong| wrong.at(text))?;
    check_path(path, false).map_err(problem)?;
    if user.contains([':', '%']) {
        return Err(problem("the user holds a colon or a percent sign"));
    }
    let url = GitUrl {
        scheme: Scheme::Ssh,
        user: Some(checked_user(user).map_err(|wrong| wrong.at(text))?),
        password: None,
        host: host.to_ascii_lowercase(),
        port: None,
        path: path.to_owned(),
        scp: true,
    };
    Ok(Remote { url, directory, reference })
}

fn with_scheme(text: &str, scheme: Scheme, rest: &str) -> Result<Remote, UrlError> {
    let problem = |problem| malformed(text, problem);
    let (rest, query) = rest.split_once('?').map_or((rest, None), |(rest, query)| (rest, Some(query)));
    let slash = rest.find('/').ok_or_else(|| problem("the path is missing"))?;
    let (authority, path) = rest.split_at(slash);
    let (path, directory) = split_directory(path);
    let reference = reference_of(query).map_err(problem)?;
    check_path(path, scheme == Scheme::File).map_err(problem)?;
    if path.len() < 2 {
        return Err(problem("the path is missing"));
    }
    let (userinfo, host_port) =
        authority.rsplit_once('@').map_or((None, authority), |(userinfo, host)| (Some(userinfo), host));
    let mut url = GitUrl {
        scheme,
        user: None,
        password: None,
        host: String::new(),
        port: None,
        path: path.to_owned(),
        scp: false,
    };
    if scheme == Scheme::File {
        if !matches!(authority, "" | "localhost") {
            return Err(problem("a file URL names no host"));
        }
        return Ok(Remote { url, directory, reference });
    }
    url.set_authority(text, userinfo, host_port)?;
    Ok(Remote { url, directory, reference })
}

/// Splits `path//sub/dir`; the double slash at the very start belongs to the path.
fn split_directory(path: &str) -> (&str, Option<String>) {
    match path.get(1..).and_then(|rest| rest.find("//")) {
        Some(at) => {
            let directory = path[at + 3..].trim_matches('/');
            (&path[..=at], (!directory.is_empty()).then(|| directory.to_owned()))
        }
        None => (path, None),
    }
}

type Shorthand<'a> = (&'a str, Option<String>, Option<String>);

fn shorthand(path: &str) -> Result<Shorthand<'_>, &'static str> {
    let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
    let (path, directory) = split_directory(path);
    Ok((path, directory, reference_of(query)?))
}

/// The REV of `?ref=REV`. No other query is understood, and none is ever shown: it may hold a token.
fn reference_of(query: Option<&str>) -> Result<Option<String>, &'static str> {
    let Some(query) = query else { return Ok(None) };
    match query.strip_prefix("ref=") {
        Some(reference) if !reference.is_empty() && !reference.contains('&') => {
            decode(reference).map(Some).ok_or("the reference is not valid percent-encoding")
        }
        _ => Err("only ?ref=REV is understood after the path"),
    }
}

/// A refusal that still needs the URL it is about.
enum Refusal {
    Dash(&'static str),
    Part(&'static str),
}

impl Refusal {
    fn at(self, text: &str) -> UrlError {
        match self {
            Self::Dash(part) => UrlError::Dash(part),
            Self::Part(problem) => malformed(text, problem),
        }
    }
}

fn malformed(text: &str, problem: &'static str) -> UrlError {
    UrlError::Malformed { url: redact(text), problem }
}

fn check_host(host: &str) -> Result<(), Refusal> {
    if host.starts_with('-') {
        return Err(Refusal::Dash("host"));
    }
    let bracketed = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let valid = match bracketed {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            !host.is_empty()
                && host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
        }
    };
    if valid { Ok(()) } else { Err(Refusal::Part("the host is not a plain host name or address")) }
}

fn checked_user(user: &str) -> Result<Redacted<String>, Refusal> {
    if user.starts_with('-') {
        return Err(Refusal::Dash("user"));
    }
    if user.is_empty() || user.contains([' ', '/', '\'', '"', '`', '$', ';']) {
        return Err(Refusal::Part("the user is not a plain user name"));
    }
    Ok(Redacted::new(user.to_owned()))
}

fn check_path(path: &str, is_file: bool) -> Result<(), &'static str> {
    if decode(path).is_none() {
        return Err("the path holds a control character or invalid percent-encoding");
    }
    let foreign = |c: char| {
        !is_file && (c.is_whitespace() || matches!(c, '\\' | '"' | '<' | '>' | '^' | '`' | '|' | '#'))
    };
    if path.contains(foreign) {
        return Err("the path holds a character that must be percent-encoded");
    }
    Ok(())
}

/// Percent-decodes once. `None` for broken escapes, text that is not UTF-8, and control characters.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let high = char::from(rest.next()?).to_digit(16)?;
            let low = char::from(rest.next()?).to_digit(16)?;
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok().filter(|decoded| !decoded.chars().any(char::is_control))
}

/// Leaves out everything that could be a credential from a text that should have been a URL, and escapes the rest.
///
/// With `://` all up to the last `@` and all from the first `?` or `#` goes, also where the URL is malformed.
pub fn redact(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return one_line(text.split('?').next().unwrap_or_default());
    };
    let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    one_line(&format!("{scheme}://{rest}"))
}

impl GitUrl {
    fn set_authority(&mut self, text: &str, userinfo: Option<&str>, host_port: &str) -> Result<(), UrlError> {
        let end = host_port.rfind(']').map_or(0, |at| at + 1);
        let (host, port) = match host_port[end..].rfind(':') {
            Some(at) => (&host_port[..end + at], Some(&host_port[end + at + 1..])),
            None => (host_port, None),
        };
        check_host(host).map_err(|wrong| wrong.at(text))?;
        host.to_ascii_lowercase().clone_into(&mut self.host);
        if let Some(port) = port {
            let number: Option<u16> = port.parse().ok().filter(|number| *number > 0);
            self.port =
                Some(number.ok_or_else(|| malformed(text, "the port is not a number from 1 to 65535"))?);
        }
        if let Some(userinfo) = userinfo {
            let (user, password) =
                userinfo.split_once(':').map_or((userinfo, None), |(user, password)| (user, Some(password)));
            let broken = || malformed(text, "the user holds a control character or invalid percent-encoding");
            let user = decode(user).ok_or_else(broken)?;
            self.user = Some(checked_user(&user).map_err(|wrong| wrong.at(text))?);
            self.password = password
                .map(|password| decode(password).map(Redacted::new).ok_or_else(broken))
                .transpose()?;
        }
        Ok(())
    }

    /// How the repository is reached.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Host in lower case, IPv6 addresses in brackets; empty for `file://`.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Port, also where the URL leaves it to the scheme. 0 for `file://`.
    pub fn port(&self) -> u16 {
        let default = match self.scheme {
            Scheme::Https => 443,
            Scheme::Http => 80,
            Scheme::Ssh => 22,
            Scheme::File => 0,
        };
        self.port.unwrap_or(default)
    }

    /// The port as written.
    pub fn written_port(&self) -> Option<u16> {
        self.port
    }

    /// Path of the repository, percent-decoded once.
    pub fn decoded_path(&self) -> String {
        decode(&self.path).unwrap_or_default()
    }

    /// User of the URL. With `https` it may be a token.
    pub fn user(&self) -> Option<&Redacted<String>> {
        self.user.as_ref()
    }

    /// Password of the URL.
    pub fn password(&self) -> Option<&Redacted<String>> {
        self.password.as_ref()
    }

    /// True if the URL holds a password, or a user where a user may be a token.
    pub fn has_credentials(&self) -> bool {
        self.password.is_some() || (self.user.is_some() && self.scheme != Scheme::Ssh)
    }
}

/// The URL without credentials; also what is handed to the transport, which asks for credentials when it needs them.
impl fmt::Display for GitUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let user = match (&self.user, self.scheme) {
            (Some(user), Scheme::Ssh) => format!("{}@", user.expose()),
            _ => String::new(),
        };
        if self.scp {
            return write!(f, "{user}{}:{}", self.host, self.path);
        }
        write!(f, "{}://{user}{}", self.scheme.name(), self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        f.write_str(&self.path)
    }
}

impl fmt::Debug for GitUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GitUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remote(text: &str) -> Remote {
        match parse(text, &["http".to_owned()]).unwrap() {
            Location::Remote(remote) => remote,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn urls_are_read() {
        // Text, URL as shown, host, port, decoded path, directory, reference.
        type Row = (
            &'static str,
            &'static str,
            &'static str,
            u16,
            &'static str,
            Option<&'static str>,
            Option<&'static str>,
        );
        let table: &[Row] = &[
            (
                "https://git.example/a/b.git",
                "https://git.example/a/b.git",
                "git.example",
                443,
                "/a/b.git",
                None,
                None,
            ),
            (
                "HTTPS://Git.Example:8443/a",
                "https://git.example:8443/a",
                "git.example",
                8443,
                "/a",
                None,
                None,
            ),
            ("https://u:p@git.example/a", "https://git.example/a", "git.example", 443, "/a", None, None),
            ("http://127.0.0.1:80/a", "http://127.0.0.1:80/a", "127.0.0.1", 80, "/a", None, None),
            ("https://[::1]:9/a", "https://[::1]:9/a", "[::1]", 9, "/a", None, None),
            ("https://[::1]/a", "https://[::1]/a", "[::1]", 443, "/a", None, None),
            ("ssh://git@h/a", "ssh://git@h/a", "h", 22, "/a", None, None),
            ("ssh://git:secret@h:2222/~/a", "ssh://git@h:2222/~/a", "h", 2222, "/~/a", None, None),
            ("git@h:a/b.git", "git@h:a/b.git", "h", 22, "a/b.git", None, None),
            ("git@h:a/b.git//x/y?ref=v1", "git@h:a/b.git", "h", 22, "a/b.git", Some("x/y"), Some("v1")),
            ("https://h/a/b//x/y/?ref=v%2F1", "https://h/a/b", "h", 443, "/a/b", Some("x/y"), Some("v/1")),
            ("https://h/a?ref=main", "https://h/a", "h", 443, "/a", None, Some("main")),
            ("https://h/a//", "https://h/a", "h", 443, "/a", None, None),
            ("file:///tmp/a%20b", "file:///tmp/a%20b", "", 0, "/tmp/a b", None, None),
            ("file:///tmp/a b//x", "file:///tmp/a b", "", 0, "/tmp/a b", Some("x"), None),
        ];
        for &(text, shown, host, port, path, directory, reference) in table {
            let read = remote(text);
            assert_eq!(read.url.to_string(), shown, "{text}");
            assert_eq!(format!("{:?}", read.url), format!("GitUrl({shown})"));
            assert_eq!((read.url.host(), read.url.port()), (host, port), "{text}");
            assert_eq!(read.url.decoded_path(), path, "{text}");
            assert_eq!(read.directory.as_deref(), directory, "{text}");
            assert_eq!(read.reference.as_deref(), reference, "{text}");
        }
    }

    #[test]
    fn directories_and_the_stream_are_told_from_urls() {
        assert_eq!(parse("-", &[]), Ok(Location::Stdin));
        for text in [".", "a/b", "/abs", "./-x", "host:path", "c", "./a::b", "dir/user@host:x", "../x y"] {
            assert_eq!(parse(text, &[]), Ok(Location::Directory(text.to_owned())), "{text}");
        }
    }

    #[test]
    fn credentials_of_a_url_can_be_used_but_not_seen() {
        let url = remote("https://user:can%40ary@h/a?ref=x").url;
        assert_eq!(url.user().unwrap().expose(), "user");
        assert_eq!(url.password().unwrap().expose(), "can@ary");
        assert!(url.has_credentials());
        assert!(remote("https://token@h/a").url.has_credentials());
        assert!(!remote("ssh://git@h/a").url.has_credentials());
        assert!(!format!("{url} {url:?} {:?}", remote("https://user:can%40ary@h/a")).contains("ary"));
    }

    #[test]
    fn sec_16_option_injection() {
        let table = [
            "ssh://-oProxyCommand=touch${IFS}canary/x",
            "ssh://-oX@host/x",
            "ssh://user@-oProxyCommand=x/y",
            "ssh://%2doX@host/x",
            "-oProxyCommand=x@host:path",
            "user@-host:path",
            "user@host:-path",
            "--upload-pack=touch canary",
            "https://-host/x",
        ];
        for text in table {
            let error = parse(text, &["http".to_owned()]).unwrap_err();
            assert!(matches!(error, UrlError::Dash(_)), "{text}: {error:?}");
        }
    }

    #[test]
    fn sec_17_helper_transports() {
        let table = [
            ("ext::sh -c touch% canary", "ext"),
            ("fd::17/foo", "fd"),
            ("git::https://host/x", "git"),
            ("git://host/x", "git"),
            ("http://host/x", "http"),
            ("ftp://host/x", "ftp"),
            ("git+ssh://host/x", "git+ssh"),
            ("oci://host/x", "oci"),
        ];
        for (text, protocol) in table {
            assert_eq!(parse(text, &[]), Err(UrlError::Protocol(protocol.to_owned())), "{text}");
        }
        for text in ["git://host/x", "ext::x"] {
            let allowed = ["git".to_owned(), "ext".to_owned()];
            assert!(parse(text, &allowed).is_err(), "{text} cannot be allowed");
        }
    }

    #[test]
    fn sec_23_control_characters() {
        let table = [
            "https://evil\nhost=git.example/x",
            "https://evil%0ahost=git.example/",
            "https://git.example/a%0ab",
            "https://git.example/a%0D%0Ahost=x",
            "https://us%0aer@git.example/a",
            "https://user:pa%0ass@git.example/a",
            "https://git.example/a?ref=x%0ay",
            "https://git.example/a%00",
            "git@host:a%0ab",
            "a\rb",
        ];
        for text in table {
            assert!(parse(text, &[]).is_err(), "{text:?}");
        }
        // Decoded once: a doubly encoded line break stays text.
        assert_eq!(remote("https://git.example/a%250ab").url.decoded_path(), "/a%0ab");
    }

    #[test]
    fn malformed_urls_are_refused_without_showing_credentials() {
        let table = [
            ("https://u:canary@/x", "https:///x: the host is not a plain host name or address"),
            ("https://u:canary@h", "https://h: the path is missing"),
            ("https://u:canary@h/", "https://h/: the path is missing"),
            ("https://u:canary@h:0/x", "https://h:0/x: the port is not a number from 1 to 65535"),
            ("https://u:canary@h:99999/x", "https://h:99999/x: the port is not a number from 1 to 65535"),
            ("https://u:can/ary@h/x", "https://h/x: the port is not a number from 1 to 65535"),
            ("https://h/x?token=canary", "https://h/x: only ?ref=REV is understood after the path"),
            ("https://h/x?ref=a&token=canary", "https://h/x: only ?ref=REV is understood after the path"),
            (
                "https://u:canary@h/a b",
                "https://h/a b: the path holds a character that must be percent-encoded",
            ),
            (
                "https://u:canary@h/%zz",
                "https://h/%zz: the path holds a control character or invalid percent-encoding",
            ),
            ("https://u:canary@h$(x)/a", "https://h$(x)/a: the host is not a plain host name or address"),
            ("file://canary@host/x", "file://host/x: a file URL names no host"),
        ];
        for (text, message) in table {
            let error = parse(text, &[]).unwrap_err();
            assert_eq!(error.to_string(), message, "{text}");
            assert!(!format!("{error:?}").contains("canary"), "{text}: {error:?}");
        }
    }
}
