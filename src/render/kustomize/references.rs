//! Name references: an object that names another one by a name that has changed gets the new name.

use std::collections::{BTreeSet, HashMap};

use super::candidates::{Candidate, Candidates, FirstNamespaces};
use super::fault::{Fault, Outcome};
use super::ident::{Gvk, NO_NAMESPACE};
use super::node::{Id, Kind, NodeError, NodeResult, Str, Tag, Tree};
use super::paths::{split, visit};
use super::resource::Resource;
use super::set::ResourceSet;
use super::specs::FieldSpecs;
use super::work::looked;

/// One field that may hold a name.
struct Field {
    /// The type of what is named.
    target: Gvk,
    path: Vec<String>,
    /// True for the name in a `roleRef`.
    is_role: bool,
}

/// Changes all references to names that have changed.
pub(super) fn fix(set: &mut ResourceSet, specs: &FieldSpecs) -> Outcome<()> {
    let candidate = |item: &Resource| Candidate {
        id: item.id(),
        previous: item.previous.clone(),
        prefixes: item.prefixes.clone(),
        suffixes: item.suffixes.clone(),
    };
    let mut candidates: Vec<Candidate> = set.items.iter().map(candidate).collect();
    let mut by_name: HashMap<Str, Vec<usize>> = HashMap::new();
    for (at, candidate) in candidates.iter().enumerate() {
        let names: BTreeSet<&Str> = candidate.previous.iter().map(|previous| &previous.name).collect();
        names.into_iter().for_each(|name| by_name.entry(name.clone()).or_default().push(at));
    }
    if by_name.is_empty() {
        return Ok(());
    }
    let mut fields: HashMap<Gvk, Vec<Field>> = HashMap::new();
    let mut first = FirstNamespaces::of(&candidates);
    for (at, item) in set.items_mut().iter_mut().enumerate() {
        let gvk = item.original_gvk();
        let fields = fields.entry(gvk.clone()).or_insert_with(|| fields_of(&gvk, specs));
        let all = Candidates { list: &candidates, by_name: &by_name, first: &first };
        let referrer = Referrer::new(item, &candidates[at], all)?;
        for field in fields.iter() {
            looked(1);
            let root = item.tree.root;
            visit(&mut item.tree, root, &field.path, None, &mut |tree, id| referrer.set(tree, id, field))
                .map_err(|error| {
                    let context =
                        format!("updating a reference at {} of {}", field.path.join("/"), referrer.this.id);
                    Fault::from(error).context(&context)
                })?;
        }
        let id = item.id();
        drop(referrer);
        let moved = candidates[at].id.namespace != id.namespace;
        candidates[at].id = id;
        if moved {
            first = FirstNamespaces::of(&candidates);
        }
    }
    Ok(())
}

fn fields_of(gvk: &Gvk, specs: &FieldSpecs) -> Vec<Field> {
    let mut fields = Vec::new();
    for reference in &specs.name_reference {
        for spec in reference.fields.iter().filter(|spec| gvk.is_selected(&spec.gvk)) {
            let (target, path) = (reference.gvk.clone(), split(&spec.path, '/'));
            fields.push(Field { target, path, is_role: spec.path.ends_with("roleRef/name") });
        }
    }
    fields
}

/// An object whose references are looked at.
struct Referrer<'c> {
    this: &'c Candidate,
    all: Candidates<'c>,
    /// Namespaces of service accounts that a role binding names.
    namespaces: BTreeSet<Str>,
    role: Option<Gvk>,
}

impl<'c> Referrer<'c> {
    fn new(item: &Resource, this: &'c Candidate, all: Candidates<'c>) -> Outcome<Self> {
        let mut referrer = Self { this, all, namespaces: BTreeSet::new(), role: role(&item.tree) };
        if item.kind() == "RoleBinding" {
            referrer.namespaces = subject_namespaces(item)?;
        }
        Ok(referrer)
    }

    fn set(&self, tree: &mut Tree, id: Id, field: &Field) -> NodeResult<()> {
        if tree.is_null(id) {
            return Ok(());
        }
        match tree.node(id).kind {
            Kind::Scalar => self.set_name(tree, id, field),
            Kind::Map => self.set_map(tree, id, field),
            Kind::Seq => {
                for item in tree.node(id).content.clone() {
                    if tree.is_null(item) {
                        continue;
                    }
                    match tree.node(item).kind {
                        Kind::Scalar => self.set_name(tree, item, field)?,
                        Kind::Map => self.set_map(tree, item, field)?,
                        Kind::Seq => {
                            let message = "expected a name or a map with one, found a list".to_owned();
                            return Err(NodeError { place: tree.node(item).place, message });
                        }
                    }
                }
                Ok(())
            }
        }
    }

    fn set_name(&self, tree: &mut Tree, id: Id, field: &Field) -> NodeResult<()> {
        let old = tree.node(id).text.clone();
        let Some(found) = self.select(&old, field, None, false, tree, id)? else { return Ok(()) };
        if found.id.name == old {
            return Ok(());
        }
        let place = tree.node(id).place;
        let value = tree.push_scalar(&found.id.name, Tag::Unset, place);
        tree.set_scalar(id, value)
    }

    fn set_map(&self, tree: &mut Tree, map: Id, field: &Field) -> NodeResult<()> {
        let place = tree.node(map).place;
        let Some(name) = tree.field(map, "name") else {
            let message = "a reference has no `name`".to_owned();
            return Err(NodeError { place, message });
        };
        let namespace = tree.field(map, "namespace").map(|id| tree.node(id).text.clone());
        let old = tree.node(name).text.clone();
        let Some(found) = self.select(&old, field, namespace.as_deref(), true, tree, map)? else {
            return Ok(());
        };
        if found.id.name == old && found.id.namespace.is_empty() {
            return Ok(());
        }
        let value = tree.push_scalar(&found.id.name, Tag::Unset, place);
        tree.set_field(map, "name", Some(value), false)?;
        if found.id.namespace.is_empty() {
            return Ok(());
        }
        let value = tree.push_scalar(&found.id.namespace, Tag::Unset, place);
        tree.set_field(map, "namespace", Some(value), false)
    }

    /// The object that a name means; `None` if it is none of those that have changed.
    fn select(
        &self,
        name: &str,
        field: &Field,
        namespace: Option<&str>,
        whole: bool,
        tree: &Tree,
        at: Id,
    ) -> NodeResult<Option<&'c Candidate>> {
        let named = self.all.by_name.get(name).map_or(&[][..], Vec::as_slice);
        looked(named.len());
        let named = named.iter().map(|at| &self.all.list[*at]);
        let reachable: Vec<&Candidate> = named.filter(|candidate| self.is_reachable(candidate)).collect();
        let mut found = match namespace {
            Some(namespace) => self.in_namespace(namespace, &reachable),
            None => reachable,
        };
        found.retain(|candidate| candidate.was(&field.target));
        if field.is_role
            && let Some(role) = &self.role
        {
            found.retain(|candidate| candidate.was(role));
        }
        if !self.this.id.cluster_scoped {
            found.retain(|candidate| {
                candidate.id.cluster_scoped
                    || candidate.id.gvk.kind == "ServiceAccount"
                    || self.this.id.same_namespace(&candidate.id)
            });
        }
        if found.len() > 1 {
            found.retain(|candidate| candidate.same_affixes(self.this, true));
            if found.len() > 1 {
                found.retain(|candidate| candidate.same_affixes(self.this, false));
            }
        } else if let [only] = found[..] {
            return Ok(Some(only));
        }
        let Some(first) = found.first().copied() else { return Ok(None) };
        let alike = found.iter().all(|other| {
            other.id.name == first.id.name && (!whole || other.id.namespace == first.id.namespace)
        });
        if alike {
            return Ok(Some(first));
        }
        let names: Vec<String> = found.iter().map(|candidate| candidate.id.to_string()).collect();
        let message = format!("the name {name:?} may mean each of {}", names.join(", "));
        Err(NodeError { place: tree.node(at).place, message })
    }

    /// Those that were in a namespace first, if any object was; else those that are in it now.
    fn in_namespace(&self, namespace: &str, reachable: &[&'c Candidate]) -> Vec<&'c Candidate> {
        if namespace == NO_NAMESPACE {
            return Vec::new();
        }
        let first = self.all.first.0.get(namespace).map_or(&[][..], Vec::as_slice);
        looked(first.len());
        let any = first.iter().any(|at| self.is_reachable(&self.all.list[*at]));
        let fits = |candidate: &&&'c Candidate| {
            if any {
                candidate.first_namespace() == namespace
            } else {
                candidate.id.effective_namespace() == namespace
            }
        };
        reachable.iter().filter(fits).copied().collect()
    }

    fn is_reachable(&self, candidate: &Candidate) -> bool {
        self.this.id.cluster_scoped
            || candidate.id.cluster_scoped
            || candidate.id.same_namespace(&self.this.id)
            || self.namespaces.contains(&candidate.id.namespace)
    }
}

/// The type in a `roleRef`.
fn role(tree: &Tree) -> Option<Gvk> {
    let reference = tree.field(tree.root, "roleRef")?;
    let text = |name: &str| tree.field(reference, name).map(|id| tree.node(id).text.clone());
    Some(Gvk { group: text("apiGroup")?, version: Str::new(), kind: text("kind")? })
}

fn subject_namespaces(item: &Resource) -> Outcome<BTreeSet<Str>> {
    let mut found = BTreeSet::new();
    let tree = &item.tree;
    let Some(subjects) = tree.field(tree.root, "subjects") else { return Ok(found) };
    for subject in &tree.node(subjects).content {
        let field = |name: &str| tree.field(*subject, name);
        let (Some(namespace), Some(kind)) = (field("namespace"), field("kind")) else { continue };
        if tree.node(kind).text != "ServiceAccount" {
            continue;
        }
        let node = tree.node(namespace);
        if node.tag == Tag::Null {
            return Err(Fault::at(node.place, "the namespace of a subject is null"));
        }
        found.insert(node.text.clone());
    }
    Ok(found)
}
