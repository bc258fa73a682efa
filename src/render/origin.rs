//! Where an object and each of its fields were written.

use std::sync::Arc;

use serde_json::Value;

/// Where an object was written.
#[derive(Debug, Clone)]
pub struct Origin {
    /// File, relative to the source's root; `-` for the standard input.
    pub file: Arc<str>,
    /// Line of the object's first key, from 1.
    pub line: u32,
    /// Lines of the fields.
    pub fields: FieldLines,
}

/// One step from a JSON value to a value inside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'a> {
    /// Into a map, by key.
    Key(&'a str),
    /// Into a list, by position from 0.
    Index(usize),
}

/// Hash of a path of [`Step`]s; [`PathHash::ROOT`] is the object itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PathHash(u64);

impl PathHash {
    /// The object itself.
    pub const ROOT: Self = Self(0xcbf2_9ce4_8422_2325);

    /// The hash of this path with one more step (FNV-1a over the tagged step).
    pub fn step(self, step: Step<'_>) -> Self {
        const PRIME: u64 = 0x0000_0100_0000_01b3;
        let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(PRIME);
        let hash = match step {
            Step::Key(key) => key.bytes().fold(mix(self.0, 1), mix),
            Step::Index(index) => (index as u64).to_le_bytes().into_iter().fold(mix(self.0, 2), mix),
        };
        Self(mix(hash, 3))
    }
}

/// The line of every field of one object, twelve bytes a field, and the file of those that stand in another file than the
/// object.
///
/// Paths are kept as 64-bit hashes: a collision would show a wrong line number and nothing else.
#[derive(Debug, Clone, Default)]
pub struct FieldLines {
    lines: Arc<[(PathHash, u32)]>,
    files: Arc<[(PathHash, Arc<str>)]>,
}

impl Origin {
    /// An object whose fields come from several files: path, file and line of each, in any order.
    pub fn with_files(
        file: Arc<str>,
        line: u32,
        fields: impl IntoIterator<Item = (PathHash, Arc<str>, u32)>,
    ) -> Self {
        let (mut lines, mut files) = (Vec::new(), Vec::new());
        for (path, other, line) in fields {
            lines.push((path, line));
            if other != file {
                files.push((path, other));
            }
        }
        files.sort_by_key(|entry| entry.0);
        let fields = FieldLines { files: files.into(), ..FieldLines::new(lines) };
        Self { file, line, fields }
    }

    /// The file and line of the value at a path; `None` if it was not written.
    pub fn place<'a>(&self, path: impl IntoIterator<Item = Step<'a>>) -> Option<(&str, u32)> {
        let path = path.into_iter().fold(PathHash::ROOT, PathHash::step);
        let line = self.fields.at(path)?;
        let files = &self.fields.files;
        let other = files.binary_search_by_key(&path, |entry| entry.0).ok().map(|at| &*files[at].1);
        Some((other.unwrap_or(&self.file), line))
    }
}

impl FieldLines {
    /// Builds the table from (path, line) pairs in any order; of equal paths the last wins.
    pub fn new(mut entries: Vec<(PathHash, u32)>) -> Self {
        entries.sort_by_key(|entry| entry.0);
        entries.reverse();
        entries.dedup_by_key(|entry| entry.0);
        entries.reverse();
        Self { lines: entries.into(), files: Arc::default() }
    }

    /// The line of the value at a path, from 1; `None` if it was not written.
    pub fn line<'a>(&self, path: impl IntoIterator<Item = Step<'a>>) -> Option<u32> {
        self.at(path.into_iter().fold(PathHash::ROOT, PathHash::step))
    }

    /// The line of the value at a path that is known by its hash.
    pub fn at(&self, path: PathHash) -> Option<u32> {
        let found = self.lines.binary_search_by_key(&path, |entry| entry.0);
        found.ok().map(|at| self.lines[at].1)
    }

    /// The lines of a value inside, with paths that start at that value.
    pub fn below(&self, root: PathHash, value: &Value) -> Self {
        let mut entries = Vec::new();
        self.collect(root, PathHash::ROOT, value, &mut entries);
        Self::new(entries)
    }

    fn collect(&self, here: PathHash, there: PathHash, value: &Value, entries: &mut Vec<(PathHash, u32)>) {
        let mut step = |step: Step<'_>, value: &Value| {
            let (here, there) = (here.step(step), there.step(step));
            if let Some(line) = self.at(here) {
                entries.push((there, line));
            }
            self.collect(here, there, value, entries);
        };
        match value {
            Value::Object(map) => map.iter().for_each(|(key, value)| step(Step::Key(key), value)),
            Value::Array(items) => {
                for (index, value) in items.iter().enumerate() {
                    step(Step::Index(index), value);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_found_by_path() {
        let path = [Step::Key("spec"), Step::Key("ports"), Step::Index(1)];
        let hash = |steps: &[Step<'_>]| steps.iter().copied().fold(PathHash::ROOT, PathHash::step);
        let lines = FieldLines::new(vec![(hash(&path), 3), (hash(&path[..2]), 2), (hash(&path), 7)]);
        assert_eq!(lines.line(path), Some(7));
        assert_eq!(lines.line(path[..2].iter().copied()), Some(2));
        assert_eq!(lines.line([Step::Key("spec"), Step::Key("ports"), Step::Key("1")]), None);
    }
}
