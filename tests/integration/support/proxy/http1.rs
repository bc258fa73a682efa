//! HTTP/1.1 by hand, as far as the program's client and the API server use it: the proxy has to be able to break it anywhere.

use bytes::Bytes;
use http::StatusCode;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A request.
pub(super) struct Asked {
    pub(super) method: String,
    /// Path and query.
    pub(super) path: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Bytes,
}

/// An answer.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Bytes,
}

impl Answer {
    /// The same with a shorter body, which it declares: a whole answer of half a document.
    pub(super) fn cut(&self, length: usize) -> Self {
        let body = self.body.slice(..length.min(self.body.len()));
        Self { status: self.status, headers: self.headers.clone(), body }
    }

    fn head(&self) -> String {
        let reason = self.status.canonical_reason().unwrap_or("Unknown");
        let mut head = format!("HTTP/1.1 {} {reason}\r\n", self.status.as_u16());
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("content-length: {}\r\n\r\n", self.body.len()));
        head
    }
}

/// The next request of a connection; `None` at its end. `buffer` holds what was read beyond the last one.
pub(super) async fn read(connection: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Asked> {
    let end = loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        more(connection, buffer).await?;
    };
    let head = String::from_utf8(buffer[..end].to_vec()).expect("a head is text");
    let mut lines = head.split("\r\n");
    let mut first = lines.next().unwrap_or_default().split(' ');
    let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        .collect();
    let find = |name: &str| headers.iter().find(|header| header.0 == name).map(|header| header.1.as_str());
    assert!(find("transfer-encoding").is_none(), "the proxy reads no chunked requests: {path}");
    let length: usize = find("content-length").map_or(0, |length| length.parse().expect("a length"));
    while buffer.len() < end + 4 + length {
        more(connection, buffer).await?;
    }
    let body = Bytes::copy_from_slice(&buffer[end + 4..end + 4 + length]);
    buffer.drain(..end + 4 + length);
    Some(Asked { method, path, headers, body })
}

async fn more(connection: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<()> {
    match connection.read_buf(buffer).await {
        Ok(1..) => Some(()),
        _ => None,
    }
}

/// Writes a whole answer.
pub(super) async fn write(connection: &mut TcpStream, answer: &Answer) -> std::io::Result<()> {
    connection.write_all(&[answer.head().as_bytes(), &answer.body].concat()).await
}

/// Writes the head and half of the body.
pub(super) async fn write_half(connection: &mut TcpStream, answer: &Answer) -> std::io::Result<()> {
    let half = &answer.body[..answer.body.len() / 2];
    connection.write_all(&[answer.head().as_bytes(), half].concat()).await
}

/// Writes the head alone.
pub(super) async fn write_head(connection: &mut TcpStream, answer: &Answer) -> std::io::Result<()> {
    connection.write_all(answer.head().as_bytes()).await
}

/// Waits until the other side closes the connection.
pub(super) async fn closed(connection: &mut TcpStream) {
    let mut rest = Vec::new();
    while more(connection, &mut rest).await.is_some() {}
}
