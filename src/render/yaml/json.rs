//! JSON, by Go's rules: a broken surrogate becomes U+FFFD, repeated keys are accepted, numbers may have any number of digits.

use serde_json::Value;

use super::tree::{Body, Node, Tag, Tree};
use super::{MAX_DEPTH, MAX_NODES, Remark, convert, documents};

/// A parser of one JSON value after the other.
pub(super) struct Parser<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    line: u32,
    line_start: usize,
    nodes: Vec<Node>,
    depth: usize,
    /// A number that is good JSON and no value.
    out_of_range: Option<Remark>,
}

/// Why there is no value.
pub(super) enum Failure {
    /// The text is no JSON; it may be YAML.
    Syntax(Remark),
    /// The text is JSON and holds a number that is no value.
    Range(Remark),
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            bytes: text.as_bytes(),
            text,
            at: 0,
            line: 1,
            line_start: 0,
            nodes: Vec::new(),
            depth: 0,
            out_of_range: None,
        }
    }

    /// Offset and line of the place that is reached.
    pub(super) fn place(&self) -> (usize, u32) {
        (self.at, self.line)
    }

    /// The next value; `None` at the end of the text. After a failure the parser is of no use any more.
    pub(super) fn next_value(&mut self) -> Option<Result<Tree, Failure>> {
        let start = self.at;
        self.blanks();
        if self.at == self.text.len() {
            return None;
        }
        if let Err(problem) = self.value() {
            return Some(Err(Failure::Syntax(problem)));
        }
        if let Some(problem) = self.out_of_range.take() {
            return Some(Err(Failure::Range(problem)));
        }
        Some(Ok(Tree { nodes: std::mem::take(&mut self.nodes), plain: true, bytes: self.at - start }))
    }
}

impl Parser<'_> {
    fn blanks(&mut self) {
        while let Some(byte) = self.peek() {
            match byte {
                b'\n' => {
                    self.line += 1;
                    self.line_start = self.at + 1;
                }
                b' ' | b'\t' | b'\r' => {}
                _ => break,
            }
            self.at += 1;
        }
    }

    fn value(&mut self) -> Result<(), Remark> {
        if self.nodes.len() > MAX_NODES {
            return Err(self.problem(format!("more than {MAX_NODES} values in one document")));
        }
        self.blanks();
        match self.peek() {
            Some(b'{') => self.nested(Body::Map, b'}', Self::entry),
            Some(b'[') => self.nested(Body::Seq, b']', Self::value),
            Some(b'"') => {
                let text = self.marked(Self::string)?;
                self.set_last(Body::Ready(Value::String(text)));
                Ok(())
            }
            Some(b'-' | b'0'..=b'9') => {
                let number = self.marked(Self::number)?;
                self.set_last(Body::Ready(number));
                Ok(())
            }
            _ => {
                let word = self.marked(Self::word)?;
                self.set_last(Body::Ready(word));
                Ok(())
            }
        }
    }

    /// A node at the current place, its body set afterwards.
    fn marked<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Remark>) -> Result<T, Remark> {
        self.push(Body::Seq);
        read(self)
    }

    fn push(&mut self, body: Body) {
        let (line, column) = self.position(self.at);
        self.nodes.push(Node { line, column, span: 1, body });
    }

    fn set_last(&mut self, body: Body) {
        if let Some(node) = self.nodes.last_mut() {
            node.body = body;
        }
    }

    fn nested(
        &mut self,
        body: Body,
        close: u8,
        element: fn(&mut Self) -> Result<(), Remark>,
    ) -> Result<(), Remark> {
        if self.depth >= MAX_DEPTH {
            return Err(self.problem(format!("nested more than {MAX_DEPTH} levels deep")));
        }
        let node = self.nodes.len();
        self.push(body);
        self.depth += 1;
        self.at += 1;
        self.blanks();
        if self.peek() == Some(close) {
            self.at += 1;
        } else {
            self.elements(close, element)?;
        }
        self.depth -= 1;
        self.nodes[node].span = u32::try_from(self.nodes.len() - node).unwrap_or(u32::MAX);
        Ok(())
    }

    fn elements(&mut self, close: u8, element: fn(&mut Self) -> Result<(), Remark>) -> Result<(), Remark> {
        loop {
            element(self)?;
            self.blanks();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(byte) if byte == close => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(self.expected(if close == b'}' { "`,` or `}`" } else { "`,` or `]`" })),
            }
        }
    }

    fn entry(&mut self) -> Result<(), Remark> {
        self.blanks();
        if self.peek() != Some(b'"') {
            return Err(self.expected("a key in double quotes"));
        }
        let text = self.marked(Self::string)?;
        self.set_last(Body::Scalar { text, tag: Tag::None, literal: true });
        self.blanks();
        if self.peek() != Some(b':') {
            return Err(self.expected("`:`"));
        }
        self.at += 1;
        self.value()
    }

    fn word(&mut self) -> Result<Value, Remark> {
        for (word, value) in
            [("true", Value::Bool(true)), ("false", Value::Bool(false)), ("null", Value::Null)]
        {
            if self.bytes[self.at..].starts_with(word.as_bytes()) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err(self.expected("a value"))
    }

    /// `-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?`
    fn number(&mut self) -> Result<Value, Remark> {
        let start = self.at;
        self.skip(|byte| byte == b'-', 1);
        let zero = self.peek() == Some(b'0');
        let digits = self.skip(|byte| byte.is_ascii_digit(), usize::MAX);
        if digits == 0 || (zero && digits > 1) {
            return Err(self.expected("a number"));
        }
        let mut whole = true;
        if self.skip(|byte| byte == b'.', 1) == 1 {
            whole = false;
            if self.skip(|byte| byte.is_ascii_digit(), usize::MAX) == 0 {
                return Err(self.expected("a digit"));
            }
        }
        if self.skip(|byte| byte.eq_ignore_ascii_case(&b'e'), 1) == 1 {
            whole = false;
            self.skip(|byte| matches!(byte, b'+' | b'-'), 1);
            if self.skip(|byte| byte.is_ascii_digit(), usize::MAX) == 0 {
                return Err(self.expected("a digit"));
            }
        }
        let text = &self.text[start..self.at];
        if whole && let Ok(number) = text.parse::<i64>() {
            return Ok(number.into());
        }
        let value = text.parse::<f64>().ok().and_then(convert::float);
        if value.is_none() && self.out_of_range.is_none() {
            self.out_of_range = Some(self.problem("a number out of range"));
        }
        Ok(value.unwrap_or_default())
    }

    /// Skips at most `most` bytes that satisfy the test and says how many.
    fn skip(&mut self, test: impl Fn(u8) -> bool, most: usize) -> usize {
        let count = self.bytes[self.at..].iter().take(most).take_while(|byte| test(**byte)).count();
        self.at += count;
        count
    }

    /// A string; the current byte is its quote.
    fn string(&mut self) -> Result<String, Remark> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let start = self.at;
            self.skip(|byte| !matches!(byte, b'"' | b'\\' | 0..=0x1f), usize::MAX);
            out.push_str(&self.text[start..self.at]);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => out.push(self.escape()?),
                Some(_) => return Err(self.problem("a control character in a text")),
                None => return Err(self.problem("the text is not closed")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Remark> {
        let char = match self.bytes.get(self.at + 1) {
            Some(b'n') => '\n',
            Some(b't') => '\t',
            Some(b'r') => '\r',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(*byte),
            Some(b'u') => return self.unicode_escape(),
            _ => return Err(self.problem("an unknown escape in a text")),
        };
        self.at += 2;
        Ok(char)
    }

    /// `\uXXXX`, two of them for a character above U+FFFF.
    fn unicode_escape(&mut self) -> Result<char, Remark> {
        let first = self.hex(self.at).ok_or_else(|| self.problem("an unknown escape in a text"))?;
        self.at += 6;
        if let Some(char) = char::from_u32(first) {
            return Ok(char);
        }
        if let (0xd800..=0xdbff, Some(second @ 0xdc00..=0xdfff)) = (first, self.hex(self.at)) {
            self.at += 6;
            let code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
            return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        Ok(char::REPLACEMENT_CHARACTER)
    }

    fn hex(&self, at: usize) -> Option<u32> {
        let digits = self.bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
        let all = digits.iter().all(u8::is_ascii_hexdigit);
        let text = std::str::from_utf8(digits).ok().filter(|_| all)?;
        u32::from_str_radix(text, 16).ok()
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn position(&self, at: usize) -> (u32, u32) {
        // Far to the right a column counts bytes: counting the characters again for every node would cost a pass each.
        const LONG: usize = 400;
        let before = &self.bytes[self.line_start..at];
        let column = if before.len() > LONG {
            before.len()
        } else {
            before.iter().filter(|byte| (**byte & 0xc0) != 0x80).count()
        };
        (self.line, 1 + u32::try_from(column).unwrap_or(u32::MAX - 1))
    }

    fn expected(&self, what: &str) -> Remark {
        if self.peek().is_none() {
            return self.problem(format!("the JSON text ends, expected {what}"));
        }
        self.problem(format!("invalid JSON, expected {what}"))
    }

    fn problem(&self, message: impl Into<String>) -> Remark {
        let before = &self.text[self.line_start..self.at];
        let (_, column) = documents::position(before);
        Remark::at(self.line, column, message)
    }
}
