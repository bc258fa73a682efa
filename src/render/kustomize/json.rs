//! From nodes to JSON and back, the way kustomize goes through text.

use serde_json::{Map, Value};

use super::node::{Id, Ids, Kind, Node, NodeError, NodeResult, Place, Style, Tag, Tree};
use super::scalar;
use crate::render::origin::{PathHash, Step};

/// The places of the values of an object.
pub(super) type Places = Vec<(PathHash, Place)>;

impl Tree {
    /// The value of a node.
    ///
    /// # Errors
    /// A key that stands twice or is no text, or a value that has no JSON form.
    pub(super) fn to_json(&self, id: Id) -> NodeResult<Value> {
        self.value(id, false, PathHash::ROOT, &mut None)
    }

    /// The value of the object and the places of its fields: of a field that of its value.
    pub(super) fn to_json_with_places(&self) -> NodeResult<(Value, Places)> {
        let mut places = Some(Vec::with_capacity(self.nodes.len() / 2));
        let value = self.value(self.root, false, PathHash::ROOT, &mut places)?;
        Ok((value, places.unwrap_or_default()))
    }

    fn value(&self, id: Id, flow: bool, path: PathHash, places: &mut Option<Places>) -> NodeResult<Value> {
        let node = self.node(id);
        let flow = flow || node.style == Style::Flow;
        match node.kind {
            _ if node.tag == Tag::Null && node.kind != Kind::Scalar => Ok(Value::Null),
            Kind::Scalar => scalar::value(node, flow)
                .map_err(|message| NodeError { place: node.place, message: message.to_owned() }),
            Kind::Seq => {
                let mut items = Vec::with_capacity(node.content.len());
                for item in &node.content {
                    let path = path.step(Step::Index(items.len()));
                    self.note(*item, path, places);
                    items.push(self.value(*item, flow, path, places)?);
                }
                Ok(Value::Array(items))
            }
            Kind::Map => {
                let mut map = Map::new();
                for (key, value) in self.entries(id) {
                    let name = self.key(key, id == self.root)?;
                    let path = path.step(Step::Key(&name));
                    self.note(value, path, places);
                    let value = self.value(value, flow, path, places)?;
                    if map.insert(name, value).is_some() {
                        let place = self.node(key).place;
                        let message = format!("the key {:?} stands twice in one map", self.node(key).text);
                        return Err(NodeError { place, message });
                    }
                }
                Ok(Value::Object(map))
            }
        }
    }

    fn note(&self, id: Id, path: PathHash, places: &mut Option<Places>) {
        if let Some(places) = places {
            places.push((path, self.node(id).place));
        }
    }

    /// A key must be a text when it is read again: a number or a boolean is none.
    fn key(&self, key: Id, root: bool) -> NodeResult<String> {
        let node = self.node(key);
        let problem = |message: &str| NodeError { place: node.place, message: message.to_owned() };
        let hint = "a key is no text but a number, a boolean, a date or null: quote it";
        if node.kind != Kind::Scalar {
            return Err(problem("a map or list cannot be a key"));
        }
        match scalar::value(node, false).map_err(problem)? {
            Value::String(_)
                if node.style == Style::Plain
                    && scalar::tag_of(&node.text) == Tag::Timestamp
                    && node.tag != Tag::Str =>
            {
                Err(problem(hint))
            }
            Value::String(text) => Ok(text),
            Value::Null => Err(problem(hint)),
            _ if root => Ok(node.text.to_string()),
            _ => Err(problem(hint)),
        }
    }

    /// Builds nodes from a value, as go-yaml writes it and reads it again.
    pub(super) fn push_json(&mut self, value: &Value, place: Place) -> Id {
        let node = match value {
            Value::Null => Node::scalar("null", Tag::Null, place),
            Value::Bool(value) => Node::scalar(value.to_string(), Tag::Bool, place),
            Value::Number(number) => {
                let text = go_number(number.as_f64().unwrap_or(0.0));
                let tag = scalar::tag_of(&text);
                Node::scalar(text, tag, place)
            }
            Value::String(text) => text_node(text, place),
            Value::Array(items) => {
                let content = items.iter().map(|item| self.push_json(item, place)).collect();
                Node { content, ..Node::new(Kind::Seq, place) }
            }
            Value::Object(map) => {
                let mut content = Ids::with_capacity(2 * map.len());
                for (key, value) in map {
                    let key = self.push(text_node(key, place));
                    let value = self.push_json(value, place);
                    content.extend([key, value]);
                }
                Node { content, ..Node::new(Kind::Map, place) }
            }
        };
        self.push(node)
    }

    /// A tree of a value.
    pub(super) fn from_json(value: &Value, place: Place) -> Tree {
        let mut tree = Tree { nodes: Vec::new(), root: 0 };
        tree.root = tree.push_json(value, place);
        tree
    }

    /// Takes the places of another tree over where it has the same values.
    pub(super) fn places_from(&mut self, here: Id, other: &Tree, there: Id) {
        let old = other.node(there);
        let node = self.node_mut(here);
        let same = node.kind == old.kind && node.text == old.text;
        if !same {
            return;
        }
        node.place = old.place;
        let pairs: Vec<(Id, Id)> = match old.kind {
            Kind::Scalar => Vec::new(),
            Kind::Seq => node.content.iter().copied().zip(old.content.iter().copied()).collect(),
            Kind::Map => {
                let index = other.index(there);
                let old = |(key, value): (Id, Id)| Some((value, *index.get(&self.node(key).text)?));
                self.entries(here).filter_map(old).collect()
            }
        };
        for (here, there) in pairs {
            self.places_from(here, other, there);
        }
    }
}

fn text_node(text: &str, place: Place) -> Node {
    let mut node = Node::scalar(text, Tag::Str, place);
    node.style = if text.contains('\n') {
        Style::Literal
    } else if scalar::tag_of(text) != Tag::Str || scalar::is_no_old_text(text) {
        Style::Double
    } else {
        Style::Plain
    };
    node
}

/// A number as Go writes it with `FormatFloat(number, 'g', -1, 64)`.
pub(super) fn go_number(number: f64) -> String {
    if number == 0.0 {
        return if number.is_sign_negative() { "-0" } else { "0" }.to_owned();
    }
    let scientific = format!("{number:e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return scientific };
    let power: i32 = exponent.parse().unwrap_or(0);
    if !(-4..6).contains(&power) {
        let sign = if power < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", power.abs());
    }
    format!("{number}")
}
