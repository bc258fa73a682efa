//! A row of the catalogue as pure values: what Git says, what is live and who owns it, what was last applied, and what the
//! server answers if it has to be asked.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use gitops::compare::autoscale::{self, Autoscaler, Scaling};
use gitops::compare::ignore::{Rule, Rules};
use gitops::compare::judge::{AddedPolicy, Answer, Policy};
use gitops::compare::local::Admission;
use gitops::compare::survey::{Bases, Setting, conclude, survey};
use gitops::compare::verdict::{NoteKind, ObjectVerdict};
use gitops::desired::{DesiredSet, Entry, resolve};
use gitops::live::{Catalog, LiveSet, Observed, Presence, Refusal, Resource};
use gitops::object::id::{GroupVersion, Gvk, ObjectId};
use gitops::render::plain::render_stream;
use gitops::schema::{ListKind, ListType, NodeId, Schema};
use serde_json::{Map, Value, json};

use super::schemas::schemas;

/// When the object was created, when we applied it, and when others wrote.
const CREATED: &str = "2026-01-01T00:00:00Z";
const APPLIED: &str = "2026-01-02T00:00:00Z";
const LATER: &str = "2026-01-03T00:00:00Z";

/// Kinds without namespaces, and kinds without a status subresource.
const CLUSTER_SCOPED: &[&str] =
    &["ClusterRole", "CustomResourceDefinition", "MutatingWebhookConfiguration", "Namespace"];
const WITHOUT_STATUS: &[&str] =
    &["ClusterRole", "ConfigMap", "Gadget", "MutatingWebhookConfiguration", "Secret", "ServiceAccount"];

/// One row.
#[derive(Clone)]
pub(super) struct Case {
    gvk: Gvk,
    schemas: Cow<'static, BTreeMap<Gvk, Schema>>,
    desired: String,
    live: Option<Value>,
    entries: Vec<Value>,
    owned: bool,
    base: Base,
    answer: Option<Answer>,
    policy: Policy,
    rules: Rules,
    scaling: Scaling,
}

#[derive(Clone)]
enum Base {
    /// As Git has it.
    Desired,
    Unknown,
    Object(Value),
}

/// What the comparison said.
pub(super) struct Judged {
    pub(super) verdict: ObjectVerdict,
}

/// Type of an object by `apiVersion` and kind.
pub(super) fn gvk(api_version: &str, kind: &str) -> Gvk {
    let version = GroupVersion::parse(api_version).expect("the row's apiVersion is valid");
    Gvk { group: version.group, version: version.version, kind: kind.to_owned() }
}

/// A served type.
pub(super) fn resource(gvk: &Gvk) -> Resource {
    Resource {
        gvk: gvk.clone(),
        plural: format!("{}s", gvk.kind.to_lowercase()),
        namespaced: !CLUSTER_SCOPED.contains(&gvk.kind.as_str()),
        has_status: !WITHOUT_STATUS.contains(&gvk.kind.as_str()),
        listable: true,
    }
}

/// A server that serves these types.
pub(super) fn catalog<'a>(kinds: impl IntoIterator<Item = &'a Gvk>) -> Catalog {
    let resources = kinds.into_iter().map(|gvk| (gvk.clone(), resource(gvk))).collect();
    Catalog { resources, incomplete: BTreeMap::new(), server_version: "v1.36.3".to_owned() }
}

/// What one or more YAML documents mean on a server.
pub(super) fn resolved(yaml: &str, catalog: &Catalog) -> DesiredSet {
    let manifests = render_stream(yaml.as_bytes()).expect("the row's manifest can be read");
    resolve(manifests.items, catalog, "n")
}

impl Case {
    /// An object of a recorded kind, named `x` in namespace `n`.
    pub(super) fn of(api_version: &str, kind: &str) -> Self {
        Self {
            gvk: gvk(api_version, kind),
            schemas: Cow::Borrowed(schemas()),
            desired: String::new(),
            live: None,
            entries: Vec::new(),
            owned: true,
            base: Base::Desired,
            answer: None,
            policy: Policy::default(),
            rules: Rules::default(),
            scaling: Scaling::default(),
        }
    }

    /// Another schema than the recorded one.
    pub(super) fn schema(mut self, schema: Schema) -> Self {
        self.schemas.to_mut().insert(self.gvk.clone(), schema);
        self
    }

    /// No schema at all.
    pub(super) fn without_schema(mut self) -> Self {
        self.schemas.to_mut().remove(&self.gvk);
        self
    }

    /// What Git says, but for type and name.
    pub(super) fn git(mut self, content: &Value) -> Self {
        self.desired = self.object(content).to_string();
        self
    }

    /// What Git says as YAML, but for type and name.
    pub(super) fn git_yaml(mut self, content: &str) -> Self {
        let (version, kind) = (self.gvk.api_version(), &self.gvk.kind);
        self.desired = format!("apiVersion: {version}\nkind: {kind}\nmetadata: {{name: x}}\n{content}");
        self
    }

    /// The live content. All of what Git says is ours unless [`Self::ours`] or [`Self::not_ours`] tells otherwise.
    pub(super) fn live(mut self, content: &Value) -> Self {
        self.live = Some(self.object(content));
        self
    }

    /// Our Apply entry holds the fields of this content.
    pub(super) fn ours(mut self, content: &Value) -> Self {
        let entry = self.entry("gitops", "Apply", "", APPLIED, content);
        self.owned = false;
        self.entries.push(entry);
        self
    }

    /// Our Apply entry is this, whether the content has it or not.
    pub(super) fn our_fields(mut self, fields: &Value) -> Self {
        self.owned = false;
        self.entries.push(self.raw_entry("gitops", "Apply", "", APPLIED, fields));
        self
    }

    /// There is no Apply entry of ours.
    pub(super) fn not_ours(mut self) -> Self {
        self.owned = false;
        self
    }

    /// Somebody wrote this content after our apply.
    pub(super) fn by(mut self, manager: &str, content: &Value) -> Self {
        self.entries.push(self.entry(manager, "Update", "", LATER, content));
        self
    }

    /// Somebody wrote this content when the object was created.
    pub(super) fn created_by(mut self, manager: &str, content: &Value) -> Self {
        self.entries.push(self.entry(manager, "Update", "", CREATED, content));
        self
    }

    /// Somebody wrote this content through a subresource after our apply.
    pub(super) fn through(mut self, manager: &str, subresource: &str, content: &Value) -> Self {
        self.entries.push(self.entry(manager, "Update", subresource, LATER, content));
        self
    }

    /// Somebody else applied this content server-side after our apply.
    pub(super) fn applied_by(mut self, manager: &str, content: &Value) -> Self {
        self.entries.push(self.entry(manager, "Apply", "", LATER, content));
        self
    }

    /// Rules of a configuration.
    pub(super) fn rules(mut self, rules: &[Arc<Rule>]) -> Self {
        self.rules.own = rules.to_vec();
        self
    }

    /// What was last applied, where it is not what Git says.
    pub(super) fn base(mut self, content: &Value) -> Self {
        self.base = Base::Object(self.object(content));
        self
    }

    /// Nobody knows what was last applied.
    pub(super) fn no_base(mut self) -> Self {
        self.base = Base::Unknown;
        self
    }

    /// The dry run answers with this content.
    pub(super) fn predicted(mut self, content: &Value) -> Self {
        self.answer = Some(Answer::Stored(self.object(content)));
        self
    }

    /// The dry run answers that nothing would change.
    pub(super) fn predicted_as_live(mut self) -> Self {
        self.answer = self.live.clone().map(Answer::Stored);
        self
    }

    /// The dry run is refused. The same manifest as a new object is refused as well.
    pub(super) fn refused(mut self, code: u16, message: &str) -> Self {
        let refusal = Refusal {
            code,
            reason: if code == 422 { "Invalid".to_owned() } else { String::new() },
            message: message.to_owned(),
            causes: Vec::new(),
        };
        self.answer = Some(Answer::Refused { fresh: Some(Some(refusal.clone())), refusal });
        self
    }

    /// There can be no dry run.
    pub(super) fn unavailable(mut self, reason: &str, admission: Admission) -> Self {
        self.answer = Some(Answer::Unavailable { reason: reason.to_owned(), admission });
        self
    }

    /// Autoscalers were looked for, and this is the only one; `group` is its API group.
    pub(super) fn scaled_by(mut self, group: &str, kind: &str, spec: &Value) -> Self {
        let scaler = ObjectId::new(&Gvk::new(group, "v1", kind), "n", "s");
        let all: Vec<Autoscaler> = autoscale::read(&scaler, &json!({"spec": spec})).into_iter().collect();
        assert_eq!(all.len(), 1, "the row's autoscaler can be read");
        self.scaling = Scaling::of(&ObjectId::new(&self.gvk, "n", "x"), &all, None);
        self
    }

    /// Labels and annotations by people count.
    pub(super) fn strict(mut self) -> Self {
        self.policy = Policy { added: AddedPolicy::Drift, strict: true, ..Policy::default() };
        self
    }

    fn object(&self, content: &Value) -> Value {
        let mut object = content.clone();
        object["apiVersion"] = json!(self.gvk.api_version());
        object["kind"] = json!(self.gvk.kind);
        object["metadata"]["name"] = json!("x");
        if resource(&self.gvk).namespaced {
            object["metadata"]["namespace"] = json!("n");
        }
        object
    }

    fn entry(&self, manager: &str, operation: &str, subresource: &str, time: &str, content: &Value) -> Value {
        let deduced = Schema::deduced();
        let schema = self.schemas.get(&self.gvk).unwrap_or(&deduced);
        let mut content = content.clone();
        if let Some(map) = content.as_object_mut() {
            map.remove("apiVersion");
            map.remove("kind");
        }
        for key in ["name", "namespace"] {
            if let Some(metadata) = content.get_mut("metadata").and_then(Value::as_object_mut) {
                metadata.remove(key);
            }
        }
        if content.get("metadata").and_then(Value::as_object).is_some_and(Map::is_empty) {
            content.as_object_mut().expect("it is a map").remove("metadata");
        }
        let fields = field_set(schema, schema.root(), &content).unwrap_or_else(|| json!({}));
        self.raw_entry(manager, operation, subresource, time, &fields)
    }

    fn raw_entry(
        &self,
        manager: &str,
        operation: &str,
        subresource: &str,
        time: &str,
        fields: &Value,
    ) -> Value {
        json!({"manager": manager, "operation": operation, "subresource": subresource, "time": time,
            "apiVersion": self.gvk.api_version(), "fieldsType": "FieldsV1", "fieldsV1": fields})
    }

    /// Additions by people count, are notes, or nothing.
    pub(super) fn added(mut self, added: AddedPolicy) -> Self {
        self.policy.added = added;
        self
    }

    /// The entries of all managers in another order.
    pub(super) fn entries_reversed(mut self) -> Self {
        self.entries.reverse();
        self
    }

    /// Compares. The answer of the server has to be there exactly where it is needed.
    pub(super) fn judged(self) -> Judged {
        match (self.clone().compared(None), self.answer.clone()) {
            (Ok(verdict), None) => Judged { verdict },
            (Ok(verdict), Some(_)) => panic!("this was decided without the server: {verdict:#?}"),
            (Err(assessment), None) => panic!("this needs the server: {assessment}"),
            (Err(_), answer) => Judged { verdict: self.compared(answer).expect("there is an answer") },
        }
    }

    /// Compares, with an answer of the server if one is needed.
    pub(super) fn judged_if_asked(self, answer: Answer) -> ObjectVerdict {
        self.compared(Some(answer)).expect("there is an answer")
    }

    /// The verdict, or what is known if the server has to be asked and there is no answer.
    fn compared(mut self, answer: Option<Answer>) -> Result<ObjectVerdict, String> {
        let catalog = catalog(schemas().keys().chain([&self.gvk]));
        let desired = resolved(&self.desired, &catalog);
        let id = ObjectId::new(&self.gvk, if resource(&self.gvk).namespaced { "n" } else { "" }, "x");
        let bases = self.bases(&id, &desired, &catalog);
        if self.owned
            && let Some(Entry::Ready(ready)) = desired.entries.get(&id)
        {
            self.entries.insert(0, self.entry("gitops", "Apply", "", APPLIED, &ready.object()));
        }
        let setting = Setting {
            desired: &desired,
            schemas: &self.schemas,
            bases: &bases,
            policy: self.policy,
            owners_recorded: true,
            rules: &self.rules,
        };
        let mut found = survey(&setting, &self.live_set(&id));
        match (found.open.pop(), answer) {
            (None, _) => Ok(found.verdicts.pop().expect("there is a verdict")),
            (Some(mut open), Some(answer)) => {
                open.scaling = self.scaling;
                Ok(conclude(&setting, &open, &answer).expect("it was open"))
            }
            (Some(open), None) => Err(format!("{:#?}", open.assessment)),
        }
    }

    fn bases(&self, id: &ObjectId, desired: &DesiredSet, catalog: &Catalog) -> Bases {
        let prepared = match &self.base {
            Base::Unknown => return Bases::Unknown,
            Base::Desired => desired.entries.get(id).cloned(),
            Base::Object(object) => resolved(&object.to_string(), catalog).entries.remove(id),
        };
        let objects = match prepared {
            Some(Entry::Ready(ready)) => BTreeMap::from([(id.clone(), ready.object())]),
            _ => BTreeMap::new(),
        };
        Bases::Revision { name: "base".to_owned(), objects }
    }

    fn live_set(&self, id: &ObjectId) -> LiveSet {
        let presence = match &self.live {
            None => Presence::Absent,
            Some(live) => {
                let mut live = live.clone();
                let metadata = &mut live["metadata"];
                metadata["uid"] = json!("u");
                metadata["resourceVersion"] = json!("7");
                metadata["creationTimestamp"] = json!(CREATED);
                metadata["managedFields"] = Value::Array(self.entries.clone());
                Presence::Found(Observed { json: live.to_string().into_bytes().into() })
            }
        };
        LiveSet::from([(id.clone(), Ok(presence))])
    }
}

/// The set of fields that server-side apply records for a value: leaves, map entries and list items, not structs. `None` for
/// an empty keyed list, and for a struct that holds nothing else.
pub(super) fn field_set(schema: &Schema, node: NodeId, value: &Value) -> Option<Value> {
    let kind = schema.node(node);
    let mut set = Map::new();
    match (value, &kind.map, &kind.list) {
        (Value::Object(map), Some(of), _) if !of.atomic && !map.is_empty() => {
            for (key, value) in map {
                let child = of.child(key).expect("the row's field is declared");
                let member = !of.fields.contains_key(key);
                let Some(mut below) = field_set(schema, child, value).or(member.then(|| json!({}))) else {
                    continue;
                };
                if member && below != json!({}) {
                    below["."] = json!({});
                }
                set.insert(format!("f:{key}"), below);
            }
        }
        (Value::Array(items), _, Some(of)) if of.kind != ListKind::Atomic => {
            set.extend(items.iter().map(|item| item_set(schema, of, item)));
        }
        _ => return Some(json!({})),
    }
    (!set.is_empty()).then_some(Value::Object(set))
}

fn item_set(schema: &Schema, list: &ListType, item: &Value) -> (String, Value) {
    let ListKind::Keyed(keys) = &list.kind else { return (format!("v:{item}"), json!({})) };
    let named = keys
        .iter()
        .filter_map(|key| Some((key.name.clone(), item.get(&key.name).or(key.default.as_ref())?.clone())));
    let name = Value::Object(named.collect());
    let mut below = field_set(schema, list.element, item).unwrap_or_else(|| json!({}));
    below["."] = json!({});
    (format!("k:{name}"), below)
}

impl Judged {
    /// The status and all fields that differ, by path and class.
    pub(super) fn is(self, status: &str, fields: &[(&str, &str)]) -> Self {
        let found: Vec<(String, &str)> =
            self.verdict.fields.iter().map(|field| (field.path.to_string(), field.class.word())).collect();
        let expected: Vec<(String, &str)> =
            fields.iter().map(|(path, class)| ((*path).to_owned(), *class)).collect();
        assert_eq!((self.verdict.status.word(), found), (status, expected), "{:?}", self.verdict.reason);
        self
    }

    /// In sync, with nothing to say.
    pub(super) fn in_sync(self) {
        let judged = self.is("in-sync", &[]);
        assert_eq!(judged.verdict.notes, []);
    }

    /// A note of this kind by this writer about this path.
    pub(super) fn noted(self, kind: NoteKind, writer: &str, path: &str) -> Self {
        let found = self.verdict.notes.iter().any(|note| {
            note.kind == kind
                && note.writer.as_deref().unwrap_or_default() == writer
                && (path.is_empty() || note.paths.iter().any(|found| found.to_string() == path))
        });
        assert!(found, "no {} by '{writer}' about {path}: {:?}", kind.word(), self.verdict.notes);
        self
    }

    /// The reason holds this text.
    pub(super) fn because(self, text: &str) -> Self {
        let reason = self.verdict.reason.as_deref().unwrap_or_default();
        assert!(reason.contains(text), "no '{text}' in '{reason}'");
        self
    }

    /// The only field's writer holds this name, or its remark this text.
    pub(super) fn says(self, text: &str) -> Self {
        let said = format!("{:?}", self.verdict.fields);
        assert!(said.contains(text), "no '{text}' in {said}");
        self
    }
}
