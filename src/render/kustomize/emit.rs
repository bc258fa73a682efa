//! Writing YAML inside of a text that a replacement has changed, as go-yaml v3 writes it: two spaces, lists not indented.

use libyaml_safer::{Emitter, Encoding, Event, MappingStyle, ScalarStyle, SequenceStyle};

use super::fault::{Fault, Outcome};
use super::node::{Id, Kind, Place, Style, Tag, Tree};
use super::scalar::tag_of;

/// Writes a tree as the text that a field holds; `old` is the text that it was read from.
pub(super) fn block(tree: &Tree, old: &str, place: Place) -> Outcome<String> {
    let comment = old.lines().any(|line| line.trim_start().starts_with('#') || line.contains(" #"));
    if comment {
        let message = "a replacement into a text of YAML with comments is not supported";
        return Err(
            Fault::at(place, message).hint("take the comments out of the text, or write the value into it")
        );
    }
    let mut out = Vec::new();
    let mut emitter = Emitter::new();
    emitter.set_output(&mut out);
    emitter.set_width(-1);
    emitter.set_unicode(true);
    let mut events = vec![Event::stream_start(Encoding::Utf8), Event::document_start(None, &[], true)];
    push(tree, tree.root, &mut events);
    events.extend([Event::document_end(true), Event::stream_end()]);
    for event in events {
        emitter.emit(event).map_err(|_| Fault::at(place, "the changed text cannot be written as YAML"))?;
    }
    drop(emitter);
    let text = String::from_utf8(out).map_err(|_| Fault::at(place, "the changed text is no UTF-8"))?;
    Ok(text.trim().to_owned())
}

fn push(tree: &Tree, id: Id, events: &mut Vec<Event>) {
    let node = tree.node(id);
    let flow = node.style == Style::Flow;
    match node.kind {
        Kind::Map => {
            let style = if flow { MappingStyle::Flow } else { MappingStyle::Block };
            events.push(Event::mapping_start(None, None, true, style));
            node.content.iter().for_each(|child| push(tree, *child, events));
            events.push(Event::mapping_end());
        }
        Kind::Seq => {
            let style = if flow { SequenceStyle::Flow } else { SequenceStyle::Block };
            events.push(Event::sequence_start(None, None, true, style));
            node.content.iter().for_each(|child| push(tree, *child, events));
            events.push(Event::sequence_end());
        }
        Kind::Scalar => {
            let forced = node.tag == Tag::Str && tag_of(&node.text) != Tag::Str;
            let style = match node.style {
                Style::Single => ScalarStyle::SingleQuoted,
                Style::Double => ScalarStyle::DoubleQuoted,
                Style::Literal => ScalarStyle::Literal,
                Style::Folded => ScalarStyle::Folded,
                _ if node.text.contains('\n') => ScalarStyle::Literal,
                _ if forced => ScalarStyle::DoubleQuoted,
                _ => ScalarStyle::Plain,
            };
            events.push(Event::scalar(None, None, &node.text, true, true, style));
        }
    }
}
