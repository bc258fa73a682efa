//! The transformers that write to fields: namespace, prefix and suffix, labels, annotations, images and replicas.

use std::collections::HashMap;

use super::fault::{Fault, Outcome, near};
use super::fields::{FieldSpec, Fields};
use super::kustomization::{Pairs, Replica, Text};
use super::node::{Id, Kind, Node, NodeResult, Tag, Tree};
use super::paths::{lookup, visit};
use super::resource::Resource;
use super::set::ResourceSet;

/// Which subjects of a role binding get the namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Subjects {
    #[default]
    NamedDefault,
    ServiceAccounts,
    None,
}

/// The namespace transformer.
#[derive(Debug, Clone, Default)]
pub(super) struct Namespace {
    pub(super) namespace: Text,
    pub(super) fields: Vec<FieldSpec>,
    pub(super) unset_only: bool,
    pub(super) subjects: Subjects,
}

impl Namespace {
    pub(super) fn transform(&self, set: &mut ResourceSet) -> Outcome<()> {
        if self.namespace.0.is_empty() {
            return Ok(());
        }
        let mut count: HashMap<_, u32> = HashMap::new();
        for item in &set.items {
            *count.entry(item.id().key()).or_default() += 1;
        }
        let mut fields = Fields::new(&self.fields);
        for item in set.items_mut() {
            let before = item.id().key();
            item.remember_name();
            self.apply_to(item, &mut fields)
                .map_err(|error| Fault::from(error).context("setting the namespace"))?;
            let id = item.id();
            if let Some(count) = count.get_mut(&before) {
                *count -= 1;
            }
            let same = count.entry(id.key()).or_default();
            *same += 1;
            if *same != 1 {
                let message = format!("setting the namespace gives two objects the same name: {id}");
                return Err(Fault::at(item.place(), message)
                    .hint("objects of the same kind and name in several namespaces cannot be put into one"));
            }
        }
        Ok(())
    }

    /// Sets the namespace of one object.
    pub(super) fn apply(&self, item: &mut Resource) -> NodeResult<()> {
        self.apply_to(item, &mut Fields::new(&self.fields))
    }

    fn apply_to(&self, item: &mut Resource, fields: &mut Fields<'_>) -> NodeResult<()> {
        let (gvk, cluster_scoped) = (item.gvk(), item.id().cluster_scoped);
        let tree = &mut item.tree;
        if !cluster_scoped {
            let (path, root) = (["metadata".to_owned(), "namespace".to_owned()], tree.root);
            let create = Some((Kind::Scalar, Tag::Unset));
            visit(tree, root, &path, create, &mut |tree, id| self.set(tree, id))?;
        }
        let binding = matches!(gvk.kind.as_str(), "RoleBinding" | "ClusterRoleBinding");
        if binding {
            self.set_subjects(tree)?;
        }
        for field in fields.of(tree).iter() {
            let spec = field.spec;
            let own = spec.path == "metadata/namespace"
                || (spec.path == "metadata/name" && gvk.api_version() != "v1")
                || (binding
                    && spec.path == "subjects/namespace"
                    && matches!(spec.gvk.kind.as_str(), "RoleBinding" | "ClusterRoleBinding"));
            if !own {
                field.visit(tree, Some((Kind::Scalar, Tag::Str)), &mut |tree, id| self.set(tree, id))?;
            }
        }
        Ok(())
    }

    fn set(&self, tree: &mut Tree, id: Id) -> NodeResult<()> {
        let node = tree.node(id);
        if self.unset_only && node.kind == Kind::Scalar && node.tag != Tag::Null && !node.text.is_empty() {
            return Ok(());
        }
        let value = tree.push_scalar(&self.namespace.0, Tag::Str, self.namespace.1);
        tree.set_scalar(id, value)
    }

    fn set_subjects(&self, tree: &mut Tree) -> NodeResult<()> {
        let (field, wanted) = match self.subjects {
            Subjects::None => return Ok(()),
            Subjects::NamedDefault => ("name", "default"),
            Subjects::ServiceAccounts => ("kind", "ServiceAccount"),
        };
        let Some(subjects) = tree.get(tree.root, "subjects")?.filter(|id| !tree.is_null(*id)) else {
            return Ok(());
        };
        tree.expect(subjects, Kind::Seq)?;
        for subject in tree.node(subjects).content.clone() {
            let Some(name) = tree.get(subject, field)? else { continue };
            tree.expect(name, Kind::Scalar)?;
            if tree.is_null(name) || tree.node(name).text != wanted {
                continue;
            }
            if let Some(namespace) = lookup(tree, subject, &["namespace".to_owned()], Some(Kind::Scalar))? {
                self.set(tree, namespace)?;
            }
        }
        Ok(())
    }
}

/// The two transformers of names.
#[derive(Debug, Clone, Default)]
pub(super) struct Affix {
    pub(super) text: Text,
    pub(super) fields: Vec<FieldSpec>,
    pub(super) is_suffix: bool,
}

impl Affix {
    pub(super) fn transform(&self, set: &mut ResourceSet) -> Outcome<()> {
        let fields = Fields::new(&self.fields);
        for item in set.items_mut() {
            let gvk = item.original_gvk();
            let skipped = matches!(gvk.kind.as_str(), "CustomResourceDefinition" | "Namespace")
                || (gvk.kind == "APIService" && gvk.group == "apiregistration.k8s.io");
            if skipped {
                continue;
            }
            for field in fields.all.iter().filter(|field| gvk.is_selected(&field.spec.gvk)) {
                if field.spec.path == "metadata/name" && !self.text.0.is_empty() {
                    let list = if self.is_suffix { &mut item.suffixes } else { &mut item.prefixes };
                    list.push(self.text.0.as_str().into());
                    item.remember_name();
                }
                let create = Some((Kind::Scalar, Tag::Str));
                let mut set = |tree: &mut Tree, id| {
                    let old = &tree.node(id).text;
                    let text = if self.is_suffix {
                        format!("{old}{}", self.text.0)
                    } else {
                        format!("{}{old}", self.text.0)
                    };
                    let value = tree.push_scalar(&text, Tag::Unset, self.text.1);
                    tree.set_scalar(id, value)
                };
                field
                    .visit_if_fits(&mut item.tree, create, &mut set)
                    .map_err(|error| Fault::from(error).context("changing the name"))?;
            }
        }
        Ok(())
    }
}

/// Sets entries of maps: labels or annotations.
pub(super) fn set_pairs(
    set: &mut ResourceSet,
    pairs: &Pairs,
    fields: &[FieldSpec],
    what: &str,
) -> Outcome<()> {
    if pairs.is_empty() {
        return Ok(());
    }
    let mut fields = Fields::new(fields);
    for item in set.items_mut() {
        let own = fields.of(&item.tree);
        for (key, (text, place)) in pairs {
            // One node for all places: that is how kustomize does it, and later changes show it.
            let value = item.tree.push(Node::scalar(text.as_str(), Tag::Str, *place));
            let mut set = |tree: &mut Tree, id| {
                if key.is_empty() {
                    tree.set_scalar(id, value)
                } else {
                    tree.set_field(id, key, Some(value), false)
                }
            };
            for field in own.iter() {
                let create = Some((Kind::Map, Tag::Collection));
                field.visit(&mut item.tree, create, &mut set).map_err(|error| {
                    Fault::from(error).context(&format!("setting {what} at {}", field.spec.path))
                })?;
            }
        }
    }
    set.drop_empty();
    Ok(())
}

/// The replica transformer.
pub(super) fn set_replicas(set: &mut ResourceSet, replica: &Replica, fields: &[FieldSpec]) -> Outcome<()> {
    let mut found = false;
    let mut write = |tree: &mut Tree, id| {
        let value = tree.push_scalar(&replica.count.to_string(), Tag::Int, replica.place);
        tree.set_scalar(id, value)
    };
    for field in &Fields::new(fields).all {
        for at in set.named(Some(&replica.name)) {
            let gvk = &field.spec.gvk;
            if !set.items[at].is_or_was(|id| id.name == replica.name && id.gvk.is_selected(gvk)) {
                continue;
            }
            found = true;
            let create = Some((Kind::Scalar, Tag::Int));
            set.change(at, |item| field.visit_if_fits(&mut item.tree, create, &mut write))
                .map_err(|error| Fault::from(error).context("setting the replicas"))?;
        }
    }
    if found {
        return Ok(());
    }
    let scaled = |item: &&Resource| fields.iter().any(|spec| item.gvk().is_selected(&spec.gvk));
    let names: Vec<&str> = set.items.iter().filter(scaled).map(Resource::original_name).collect();
    let fault = Fault::at(replica.place, format!("nothing with replicas is called {:?}", replica.name));
    Err(match near(&replica.name, names) {
        Some(name) => fault.hint(format!("did you mean {name}?")),
        None => fault,
    })
}
