//! YAML with the place of every key and value, for the tool's own configuration: wrong names and values are told with line
//! and column.
//!
//! The words mean what they mean in manifests (see [`super`]), but `yes`, `on` and the like are texts, a key that is set
//! twice is a problem, merge keys are not understood, and there is one document.

use super::resolve::{self, Scalar};
use super::tree::{Body, Tree};
use super::{Dialect, Remark, decode, documents, tree};

/// Most values, aliases expanded.
const MAX_VALUES: usize = 100_000;

/// A value and its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Located {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// The value.
    pub content: Content,
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Nothing, or `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as it is written.
    Number(String),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Located>),
    /// A map, in the order of the file.
    Map(Vec<(Key, Located)>),
}

/// The key of an entry and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// The text.
    pub text: String,
}

impl Located {
    /// What stands here, in words: `a list`, `the number 5`.
    pub fn shape(&self) -> &'static str {
        match self.content {
            Content::Null => "nothing",
            Content::Bool(_) => "a boolean",
            Content::Number(_) => "a number",
            Content::Text(_) => "a text",
            Content::List(_) => "a list",
            Content::Map(_) => "a map",
        }
    }
}

/// Reads one document; `None` if there is nothing in the file but comments.
///
/// # Errors
/// What is no YAML, or more than one document.
pub fn read(bytes: &[u8]) -> Result<Option<Located>, Remark> {
    let text = decode(bytes)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let mut parser = tree::Documents::new();
    let parts = documents::split(text, 1);
    let mut found = None;
    for part in &parts {
        let part = part.as_ref().map_err(Clone::clone)?;
        let Some(tree) = parser.compose(&part.text, part.line)? else { continue };
        let (value, _) = Reader { tree: &tree, values: 0 }.value(0)?;
        if found.is_some() {
            return Err(Remark::at(value.line, value.column, "a second document; the file holds one")
                .hint("join the documents into one"));
        }
        found = Some(value);
    }
    Ok(found.filter(|value| value.content != Content::Null))
}

struct Reader<'t> {
    tree: &'t Tree,
    values: usize,
}

impl Reader<'_> {
    /// The value of a node, and the index behind it.
    fn value(&mut self, at: usize) -> Result<(Located, usize), Remark> {
        let node = &self.tree.nodes[at];
        let (line, column, end) = (node.line, node.column, at + node.span as usize);
        self.values += 1;
        if self.values > MAX_VALUES {
            return Err(Remark::at(line, column, format!("more than {MAX_VALUES} values")));
        }
        let content = match &node.body {
            Body::Alias(target) => self.value(*target as usize)?.0.content,
            Body::Ready(_) => Content::Null,
            Body::Scalar { text, tag, literal } => {
                let scalar = resolve::scalar(text, *tag, *literal, Dialect::Plain);
                match scalar.map_err(|problem| Remark::at(line, column, problem))? {
                    Scalar::Null => Content::Null,
                    Scalar::Bool(_) if resolve::is_old_boolean(text) => Content::Text(text.clone()),
                    Scalar::Bool(flag) => Content::Bool(flag),
                    Scalar::Int(_) | Scalar::Uint(_) | Scalar::Float(_) => Content::Number(text.clone()),
                    Scalar::Text => Content::Text(text.clone()),
                    Scalar::Decoded(text) => Content::Text(text),
                }
            }
            Body::Seq => {
                let mut items = Vec::new();
                let mut child = at + 1;
                while child < end {
                    let (item, next) = self.value(child)?;
                    items.push(item);
                    child = next;
                }
                Content::List(items)
            }
            Body::Map => Content::Map(self.entries(at + 1, end)?),
        };
        Ok((Located { line, column, content }, end))
    }

    fn entries(&mut self, mut at: usize, end: usize) -> Result<Vec<(Key, Located)>, Remark> {
        let mut entries: Vec<(Key, Located)> = Vec::new();
        while at < end {
            let (key, value_at) = self.key(at)?;
            if let Some((first, _)) = entries.iter().find(|(other, _)| other.text == key.text) {
                let message =
                    format!("`{}` is set a second time; the first is in line {}", key.text, first.line);
                return Err(Remark::at(key.line, key.column, message));
            }
            let (value, next) = self.value(value_at)?;
            entries.push((key, value));
            at = next;
        }
        Ok(entries)
    }

    fn key(&mut self, at: usize) -> Result<(Key, usize), Remark> {
        let node = &self.tree.nodes[at];
        let (line, column) = (node.line, node.column);
        match &node.body {
            Body::Scalar { text, .. } => {
                Ok((Key { line, column, text: text.clone() }, at + node.span as usize))
            }
            _ => Err(Remark::at(line, column, "a key is a name")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_and_value_has_its_place() {
        let text = "# first\nname: prod\nignore:\n- {until: 2027-01-31, n: 0x1F, flag: true, text: on}\n- &a [x, ~]\n- *a\n";
        let Some(Located { content: Content::Map(entries), line: 2, column: 1 }) =
            read(text.as_bytes()).unwrap()
        else {
            panic!("a map at 2:1")
        };
        let (key, value) = &entries[1];
        assert_eq!((key.text.as_str(), key.line, key.column), ("ignore", 3, 1));
        let Content::List(items) = &value.content else { panic!("a list") };
        let Content::Map(rule) = &items[0].content else { panic!("a map") };
        let shown: Vec<(&str, u32, u32, &Content)> = rule
            .iter()
            .map(|(key, value)| (key.text.as_str(), value.line, value.column, &value.content))
            .collect();
        assert_eq!(
            shown,
            [
                ("until", 4, 11, &Content::Text("2027-01-31".to_owned())),
                ("n", 4, 26, &Content::Number("0x1F".to_owned())),
                ("flag", 4, 38, &Content::Bool(true)),
                ("text", 4, 50, &Content::Text("on".to_owned())),
            ]
        );
        assert_eq!(items[1].content, items[2].content);
        assert_eq!(items[2].line, 6);
    }

    #[test]
    fn what_is_no_single_document_is_told_with_its_place() {
        let table = [
            ("a: 1\nb: 2\na: 3\n", (3, 1, "`a` is set a second time; the first is in line 1")),
            ("a: 1\n---\nb: 2\n", (3, 1, "a second document; the file holds one")),
            ("[a]: 1\n", (1, 1, "a key is a name")),
        ];
        for (text, (line, column, message)) in table {
            let error = read(text.as_bytes()).unwrap_err();
            assert_eq!((error.line, error.column, error.message.as_str()), (line, column, message));
        }
        assert!(read(b"a: [1\n").is_err());
        assert_eq!(read(b"# nothing\n---\n").unwrap(), None);
        let laughs: String = (1..9)
            .map(|n| format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 10].join(",")))
            .collect();
        assert!(read(format!("a0: &a0 [x]\n{laughs}").as_bytes()).unwrap_err().message.contains("more than"));
    }
}
