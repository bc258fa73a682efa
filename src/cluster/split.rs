//! Cuts a list into its items while it arrives, so that an answer is never held as a whole.
//!
//! Only strings, escapes and depth are looked at: whether an item is JSON is for its reader to tell. What is not an item
//! (the envelope: kind, metadata, and `items` itself, left empty) is collected and is itself a whole JSON text at the end.
//! The members may stand in any order; lists of custom resources have theirs sorted by name.

use crate::cluster::answer::Failure;

/// The largest envelope; a real one has some hundred bytes.
const MAX_ENVELOPE: usize = 1 << 20;

/// The state between two pieces of a list.
#[derive(Debug)]
pub(crate) struct Splitter {
    envelope: Vec<u8>,
    /// The item that is arriving, and how deep its maps and lists are open.
    item: Vec<u8>,
    max_item: usize,
    depth: usize,
    string: Option<Text>,
    place: Place,
}

/// Inside a string: whether the next byte is escaped.
#[derive(Debug, Clone, Copy)]
struct Text {
    escaped: bool,
    /// Where a member's name starts in the envelope.
    name: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In the envelope; `true` where a name of the outermost map may stand.
    Envelope { name: bool },
    /// Behind the name `items`.
    Items,
    /// Between items: whether a comma was read, and whether there was an item.
    Between { comma: bool, first: bool },
    /// Inside an item.
    Item,
}

impl Splitter {
    /// A splitter for items of at most `max_item` bytes.
    pub(crate) fn new(max_item: usize) -> Self {
        Self {
            envelope: Vec::new(),
            item: Vec::new(),
            max_item,
            depth: 0,
            string: None,
            place: Place::Envelope { name: false },
        }
    }

    /// Takes the next piece and gives every item that is now whole to `sink`.
    ///
    /// # Errors
    /// An error of `sink`, something between items that does not belong there, or too much of one thing.
    pub(crate) fn feed(
        &mut self,
        piece: &[u8],
        sink: &mut impl FnMut(&[u8]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut at = 0;
        while at < piece.len() {
            at = match self.place {
                Place::Item => self.item(piece, at, sink)?,
                Place::Between { comma, first } => {
                    // The first byte of an item belongs to the item.
                    at + usize::from(self.between(piece[at], comma, first)?)
                }
                Place::Envelope { .. } | Place::Items => self.envelope(piece[at]).map(|()| at + 1)?,
            };
        }
        Ok(())
    }

    /// The envelope, once everything has arrived. That nothing is missing is seen when it is parsed.
    ///
    /// # Errors
    /// The list ends inside its items.
    pub(crate) fn finish(self) -> Result<Vec<u8>, Failure> {
        match self.place {
            Place::Envelope { .. } | Place::Items => Ok(self.envelope),
            Place::Between { .. } | Place::Item => {
                Err(Failure::Nonsense("the answer ends early, among the items of a list".to_owned()))
            }
        }
    }

    /// Takes bytes of an item up to its end or that of the piece; returns where it stopped.
    fn item(
        &mut self,
        piece: &[u8],
        start: usize,
        sink: &mut impl FnMut(&[u8]) -> Result<(), Failure>,
    ) -> Result<usize, Failure> {
        let end = self.end_of_item(&piece[start..]).map(|length| start + length);
        let part = &piece[start..end.unwrap_or(piece.len())];
        if self.item.len() + part.len() > self.max_item {
            return Err(Failure::TooLarge(self.max_item));
        }
        let Some(end) = end else {
            self.item.extend_from_slice(part);
            return Ok(piece.len());
        };
        self.place = Place::Between { comma: false, first: false };
        if self.item.is_empty() {
            sink(part)?;
        } else {
            self.item.extend_from_slice(part);
            sink(&self.item)?;
            self.item.clear();
        }
        Ok(end)
    }

    /// How many bytes of the piece belong to the item, if it ends in it.
    fn end_of_item(&mut self, piece: &[u8]) -> Option<usize> {
        let mut at = 0;
        while at < piece.len() {
            if self.string.is_some() {
                at += self.end_of_string(&piece[at..]);
                continue;
            }
            match piece[at] {
                b'"' => self.string = Some(Text { escaped: false, name: None }),
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        return Some(at + 1);
                    }
                }
                _ => {}
            }
            at += 1;
        }
        None
    }

    /// Takes bytes of a string up to its end or that of the piece; returns how many.
    fn end_of_string(&mut self, piece: &[u8]) -> usize {
        let mut escaped = self.string.is_some_and(|text| text.escaped);
        for (at, byte) in piece.iter().enumerate() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => {
                    self.string = None;
                    return at + 1;
                }
                _ => {}
            }
        }
        self.string = Some(Text { escaped, name: None });
        piece.len()
    }

    /// One byte between items; false if it is to be looked at again.
    fn between(&mut self, byte: u8, comma: bool, first: bool) -> Result<bool, Failure> {
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => {}
            b',' if !comma && !first => self.place = Place::Between { comma: true, first },
            b'{' if comma || first => {
                self.place = Place::Item;
                self.depth = 0;
                return Ok(false);
            }
            b']' if !comma => {
                self.envelope.push(byte);
                self.place = Place::Envelope { name: false };
                // The outermost map is still open.
                self.depth = 1;
            }
            _ => return Err(Failure::Nonsense("a list holds something that is no object".to_owned())),
        }
        Ok(true)
    }

    fn envelope(&mut self, byte: u8) -> Result<(), Failure> {
        if self.envelope.len() >= MAX_ENVELOPE {
            return Err(Failure::TooLarge(MAX_ENVELOPE));
        }
        self.envelope.push(byte);
        if let Some(text) = self.string {
            return Ok(self.text(text, byte));
        }
        match (byte, self.place) {
            (b' ' | b'\t' | b'\r' | b'\n', _) => {}
            (b':', Place::Items) => {}
            (b'[', Place::Items) => self.place = Place::Between { comma: false, first: true },
            (b'"', place) => {
                let name = (place == Place::Envelope { name: true }).then_some(self.envelope.len());
                self.string = Some(Text { escaped: false, name });
                self.place = Place::Envelope { name: false };
            }
            (b'{' | b'[', _) => {
                self.depth += 1;
                self.place = Place::Envelope { name: byte == b'{' && self.depth == 1 };
            }
            (b'}' | b']', _) => {
                self.depth = self.depth.saturating_sub(1);
                self.place = Place::Envelope { name: false };
            }
            (b',', _) => self.place = Place::Envelope { name: self.depth == 1 },
            _ => self.place = Place::Envelope { name: false },
        }
        Ok(())
    }

    /// One byte of a string of the envelope; a name that ends is compared with `items`.
    fn text(&mut self, text: Text, byte: u8) {
        match byte {
            _ if text.escaped => self.string = Some(Text { escaped: false, ..text }),
            b'\\' => self.string = Some(Text { escaped: true, ..text }),
            b'"' => {
                self.string = None;
                let name = text.name.and_then(|start| self.envelope.get(start..self.envelope.len() - 1));
                if name == Some(b"items") {
                    self.place = Place::Items;
                }
            }
            _ => {}
        }
    }
}
