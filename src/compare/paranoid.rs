//! Trust, but verify: a sample of the objects that were proven in sync without the server, held against its dry runs.

use serde_json::Value;

use super::place::{Shape, child_node, child_value, item_key, shape, value_at};
use super::survey::Open;
use super::verdict::{Class, FieldVerdict, Note, NoteKind, ObjectVerdict, Proof, Status, status_of};
use crate::object::fields::ManagedFields;
use crate::object::id::ObjectId;
use crate::object::path::{FieldPath, PathElement};
use crate::object::value::same;
use crate::schema::{ListType, NodeId, Schema};

/// How many of a hundred objects are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Percent(u8);

impl Percent {
    /// At most 100.
    pub fn new(percent: u8) -> Option<Self> {
        (percent <= 100).then_some(Self(percent))
    }

    /// True if the object is in the sample. The same objects are, in every run, and a larger sample holds a smaller one.
    pub fn holds(self, id: &ObjectId) -> bool {
        // FNV-1a, 64 bits: http://www.isthe.com/chongo/tech/comp/fnv/
        let text = [id.group.as_str(), &id.kind, &id.namespace, &id.name].join("\0");
        let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        text.bytes().fold(0xcbf2_9ce4_8422_2325, step) % 10_000 < u64::from(self.0) * 100
    }
}

/// The verdict on an object that was proven in sync and that the server would change all the same; `None` if it would not.
///
/// Only what Git asks for and what we own is looked at: what admission would add beside it is no drift.
pub fn overruled(
    schema: &Schema,
    desired: &Value,
    open: &Open,
    proven: &ObjectVerdict,
    predicted: &Value,
) -> Option<ObjectVerdict> {
    let managed = ManagedFields::of(&open.live);
    let is_ours = |path: &FieldPath| {
        value_at(schema, desired, &path.0).is_some()
            || managed.own().is_some_and(|own| own.fields.get(&path.0).is_some())
    };
    let expected = |path: &FieldPath| open.assessment.cosmetic.contains(path);
    let mut walk = Walk { schema, path: Vec::new(), changed: Vec::new() };
    walk.map(schema.root(), &open.live, predicted);
    let changed = walk.changed.into_iter().filter(|path| is_ours(path) && !expected(path));
    let fields: Vec<FieldVerdict> = changed.map(|path| field(schema, desired, &open.live, path)).collect();
    if fields.is_empty() {
        return None;
    }
    Some(ObjectVerdict { status: status_of(&fields), fields, ..proven.clone() })
}

fn field(schema: &Schema, desired: &Value, live: &Value, path: FieldPath) -> FieldVerdict {
    let at = |object| value_at(schema, object, &path.0).cloned();
    FieldVerdict {
        class: Class::Differs,
        proof: Proof::Server,
        desired: at(desired),
        base: None,
        live: at(live),
        writer: None,
        owners: Vec::new(),
        remark: Some("proven in sync, but the server's dry run changes it".to_owned()),
        file: None,
        line: None,
        counts: true,
        path,
    }
}

/// The verdict on an object that was proven in sync and whose dry run the server refuses; `judged` takes the refusal into account.
pub fn refused(judged: ObjectVerdict) -> ObjectVerdict {
    let status = if judged.status == Status::InSync { Status::Invalid } else { judged.status };
    let reason = judged.reason.clone().or_else(|| judged.notes.iter().find_map(remark));
    ObjectVerdict { status, reason, ..judged }
}

fn remark(note: &Note) -> Option<String> {
    (note.kind == NoteKind::Remark && note.paths.is_empty()).then(|| note.text.clone())
}

/// Walks two versions of one object and notes the topmost places that are not the same, text for text.
struct Walk<'a> {
    schema: &'a Schema,
    path: Vec<PathElement>,
    changed: Vec<FieldPath>,
}

impl Walk<'_> {
    fn value(&mut self, node: NodeId, live: Option<&Value>, predicted: Option<&Value>) {
        let kind = self.schema.node(node);
        match (live, predicted) {
            (Some(a), Some(b)) if same(a, b) => {}
            (Some(a @ Value::Object(_)), Some(b @ Value::Object(_))) if shape(kind, a) == Shape::Map => {
                self.map(node, a, b);
            }
            (Some(Value::Array(a)), Some(Value::Array(b)))
                if shape(kind, &Value::Array(Vec::new())) == Shape::Items =>
            {
                if let Some(list) = &kind.list {
                    self.items(node, list, a, b);
                }
            }
            _ => self.changed.push(FieldPath(self.path.clone())),
        }
    }

    fn map(&mut self, node: NodeId, live: &Value, predicted: &Value) {
        let keys = |value: &Value| {
            value.as_object().into_iter().flat_map(|map| map.keys().cloned()).collect::<Vec<_>>()
        };
        let mut all = keys(live);
        all.extend(keys(predicted).into_iter().filter(|key| live.get(key).is_none()));
        for key in all {
            // A list that names no type is still of that type.
            if self.path.is_empty() && matches!(key.as_str(), "apiVersion" | "kind") {
                continue;
            }
            let element = PathElement::Field(key);
            self.below(node, live, predicted, element);
        }
    }

    fn below(&mut self, node: NodeId, live: &Value, predicted: &Value, element: PathElement) {
        let child = child_node(self.schema, node, &element).unwrap_or(NodeId::DEDUCED);
        let at = |value| child_value(self.schema, node, value, &element);
        let (live, predicted) = (at(live), at(predicted));
        self.path.push(element.clone());
        self.value(child, live, predicted);
        self.path.pop();
    }

    /// Items by key; a list whose items have none, or one twice, or stand in another order, is another list.
    fn items(&mut self, node: NodeId, list: &ListType, live: &[Value], predicted: &[Value]) {
        let (Some(before), Some(after)) = (keys(list, live), keys(list, predicted)) else {
            self.changed.push(FieldPath(self.path.clone()));
            return;
        };
        let kept: Vec<&PathElement> = before.iter().filter(|key| after.contains(key)).collect();
        let found: Vec<&PathElement> = after.iter().filter(|key| before.contains(key)).collect();
        if kept != found {
            self.changed.push(FieldPath(self.path.clone()));
            return;
        }
        let (live, predicted) = (Value::Array(live.to_vec()), Value::Array(predicted.to_vec()));
        let all = before.iter().chain(after.iter().filter(|key| !before.contains(key)));
        for key in all {
            self.below(node, &live, &predicted, key.clone());
        }
    }
}

fn keys(list: &ListType, items: &[Value]) -> Option<Vec<PathElement>> {
    let keys: Vec<PathElement> = items.iter().map(|item| item_key(list, item)).collect::<Option<_>>()?;
    let unique = keys.iter().enumerate().all(|(at, key)| !keys[..at].contains(key));
    unique.then_some(keys)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::fixtures::{deployment, service};
    use crate::object::id::Gvk;
    use serde_json::json;

    fn id(name: &str) -> ObjectId {
        ObjectId::new(&Gvk::new("apps", "v1", "Deployment"), "shop", name)
    }

    #[test]
    fn a_sample_is_the_same_each_time_and_grows() {
        let names: Vec<String> = (0..10_000).map(|number| format!("web-{number}")).collect();
        let sample = |percent| {
            let percent = Percent::new(percent).unwrap();
            names.iter().filter(|name| percent.holds(&id(name))).collect::<Vec<_>>()
        };
        assert_eq!((sample(0).len(), sample(100).len()), (0, 10_000));
        let (five, twenty) = (sample(5), sample(20));
        assert!((400..600).contains(&five.len()) && (1_850..2_150).contains(&twenty.len()));
        assert!(five.iter().all(|name| twenty.contains(name)));
        assert_eq!(Percent::new(101), None);
    }

    fn changed(schema: &Schema, live: &Value, predicted: &Value) -> Vec<String> {
        let mut walk = Walk { schema, path: Vec::new(), changed: Vec::new() };
        walk.map(schema.root(), live, predicted);
        walk.changed.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn changes_are_found_text_for_text() {
        let schema = deployment();
        let scaled = |count: u32| json!({"spec": {"replicas": count}});
        // What the table of defaults may take for the same is not the same here.
        assert_eq!(changed(&schema, &scaled(1), &scaled(0)), ["spec.replicas"]);
        assert_eq!(
            changed(&schema, &scaled(1), &json!({"spec": {}, "kind": "Deployment"})),
            ["spec.replicas"]
        );
        assert_eq!(changed(&schema, &scaled(1), &json!({"spec": {"replicas": 1.0}})), [""; 0]);
        let pod = |containers: Value| json!({"spec": {"template": {"spec": {"containers": containers}}}});
        let named = |names: &[&str]| pod(names.iter().map(|name| json!({"name": name})).collect());
        let at = "spec.template.spec.containers";
        assert_eq!(changed(&schema, &named(&["a", "b"]), &named(&["b", "a"])), [at]);
        assert_eq!(changed(&schema, &named(&["a"]), &named(&["a", "proxy"])), [format!("{at}[proxy]")]);
        assert_eq!(changed(&schema, &named(&["a", "a"]), &named(&["a"])), [at]);
        let selector = |map: Value| json!({"spec": {"selector": map}});
        let found = changed(&service(), &selector(json!({"a": "b"})), &selector(json!({"a": "b", "c": "d"})));
        assert_eq!(found, ["spec.selector"], "atomic");
    }
}
