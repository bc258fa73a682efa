//! The class of one field: three-way where the base is known, evidence from `managedFields` where it is not.

use serde_json::Value;

use super::autoscale::{self, Claim, Scaling};
use super::base::{self, Base};
use super::contain::{Difference, Kind};
use super::owner::{self, Class as Manager, Writer};
use super::prune::Dropped;
use super::verdict::{BaseKind, Class, FieldVerdict, Proof};
use crate::object::fields::{Entry, ManagedFields};
use crate::object::path::{FieldPath, PathElement};
use crate::object::value::same;
use crate::schema::Schema;

/// What a class is decided from.
pub struct Evidence<'a> {
    /// Schema of the type.
    pub schema: &'a Schema,
    /// Who owns what.
    pub managed: &'a ManagedFields<'a>,
    /// What was last applied.
    pub base: &'a Base,
    /// Who scales the object.
    pub scaling: &'a Scaling,
}

/// Classifies a place where the desired value is not in live.
pub fn difference(evidence: &Evidence<'_>, found: &Difference, proof: Proof) -> FieldVerdict {
    let base = evidence.base.shown_at(evidence.schema, &found.path).cloned();
    let owners = owner::owners(evidence.managed, &found.path.0);
    let mut verdict = FieldVerdict {
        path: found.path.clone(),
        class: Class::Differs,
        proof,
        desired: Some(found.desired.clone()),
        base,
        live: found.live.clone(),
        writer: None,
        owners: names(&owners),
        remark: None,
        line: None,
        file: None,
        counts: true,
    };
    if evidence.base.is_known() {
        verdict.class = three_way(evidence.schema, found, verdict.base.as_ref());
        verdict.writer = Some(writer(evidence, found, &owners));
    } else {
        by_evidence(evidence, found, &owners, &mut verdict);
    }
    if found.kind == Kind::Order {
        verdict.base = None;
        verdict.remark = Some("order differs".to_owned());
    } else if found.kind == Kind::Duplicated {
        verdict.remark = Some("live holds this item more than once".to_owned());
    }
    if evidence.base.kind() == BaseKind::LastApplied && is_null_alone(found) {
        verdict.class = Class::Differs;
        verdict.writer = None;
        verdict.remark =
            Some("client-side apply takes null for absent, server-side apply stores it".to_owned());
    }
    hold(evidence, &owners, &mut verdict);
    verdict
}

/// True if Git and live differ in nulls only: nobody changed anything, the object was applied in a way that knows no nulls.
fn is_null_alone(found: &Difference) -> bool {
    let same = |live: &Value| same(&without_nulls(&found.desired), &without_nulls(live));
    found.desired.is_null() || found.live.as_ref().is_some_and(same)
}

fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.iter().filter(|(_, value)| !value.is_null());
            Value::Object(kept.map(|(key, value)| (key.clone(), without_nulls(value))).collect())
        }
        Value::Array(items) => items.iter().map(without_nulls).collect(),
        other => other.clone(),
    }
}

fn names(owners: &[&Entry<'_>]) -> Vec<String> {
    let mut names: Vec<String> = owners.iter().map(|entry| owner::display(entry)).collect();
    names.sort();
    names.dedup();
    names
}

fn three_way(schema: &Schema, found: &Difference, at_base: Option<&Value>) -> Class {
    if found.kind == Kind::Order {
        return order_class(schema, found, at_base);
    }
    let Some(b) = at_base else {
        return if found.live.is_none() { Class::Pending } else { Class::Diverged };
    };
    if base::equal(schema, &found.path, b, &found.desired) {
        Class::Drift
    } else if found.live.as_ref().is_some_and(|live| base::holds(schema, &found.path, b, live)) {
        Class::Pending
    } else {
        Class::Diverged
    }
}

/// True if the verdict is about the order of a keyed list or set, and not about what is in it.
pub(super) fn is_order(schema: &Schema, field: &FieldVerdict) -> bool {
    let whole = field.live.as_ref().is_some_and(Value::is_array);
    let node = schema.node(super::place::node_at(schema, &field.path.0));
    let is_items = |desired: &Value| super::place::shape(node, desired) == super::place::Shape::Items;
    whole && field.desired.as_ref().is_some_and(is_items)
}

/// An order is drift if the base has ours, pending if it has the live one.
fn order_class(schema: &Schema, found: &Difference, at_base: Option<&Value>) -> Class {
    let Some(Value::Array(items)) = at_base else { return Class::Diverged };
    let node = schema.node(super::place::node_at(schema, &found.path.0));
    let Some(list) = &node.list else { return Class::Diverged };
    let keys: Vec<Value> = items
        .iter()
        .filter_map(|item| super::place::item_key(list, item))
        .map(|key| Value::from(key.to_string()))
        .collect();
    let same_order = |order: &Value| {
        let order = order.as_array().map(Vec::as_slice).unwrap_or_default();
        let shared: Vec<&Value> = keys.iter().filter(|key| order.contains(key)).collect();
        let theirs: Vec<&Value> = order.iter().filter(|key| keys.contains(key)).collect();
        shared == theirs
    };
    if same_order(&found.desired) {
        Class::Drift
    } else if found.live.as_ref().is_some_and(same_order) {
        Class::Pending
    } else {
        Class::Diverged
    }
}

/// Decides without a base: ours and live is pending, a newer owner is drift, everything else differs.
fn by_evidence(
    evidence: &Evidence<'_>,
    found: &Difference,
    owners: &[&Entry<'_>],
    verdict: &mut FieldVerdict,
) {
    let own = evidence.managed.own();
    let present = found.live.is_some() && matches!(found.kind, Kind::Changed);
    if !present {
        verdict.writer = Some(owner::possible_writer(evidence.managed));
        return;
    }
    if own.is_some_and(|own| is_ours(evidence.schema, own, owners, &found.path)) {
        verdict.class = Class::Pending;
        verdict.writer =
            own.map(|own| Writer::SetBy { manager: own.manager.to_owned(), time: own.time.to_owned() });
        return;
    }
    verdict.writer = Some(owner::writer(owners).unwrap_or(Writer::NotRecorded));
    let newer = |own: &Entry<'_>| owners.iter().any(|entry| entry.time > own.time);
    match own {
        Some(own) if newer(own) => verdict.class = Class::Drift,
        _ if !owners.is_empty() => verdict.remark = Some("Git may have added it".to_owned()),
        _ => {}
    }
}

/// True if the leaf is in our entry. A Secret that was applied with `stringData` is recorded under that name, and its keys
/// are ours as long as they have no owner of their own.
fn is_ours(schema: &Schema, own: &Entry<'_>, owners: &[&Entry<'_>], path: &FieldPath) -> bool {
    let as_text = || match path.0.split_first() {
        Some((PathElement::Field(data), key)) if data == "data" => {
            let texts = own.fields.field("stringData");
            schema.builtin && owners.is_empty() && texts.is_some_and(|texts| texts.contains(key))
        }
        _ => false,
    };
    own.fields.contains(&path.0) || as_text()
}

fn writer(evidence: &Evidence<'_>, found: &Difference, owners: &[&Entry<'_>]) -> Writer {
    if found.live.is_none() || found.kind != Kind::Changed {
        return owner::possible_writer(evidence.managed);
    }
    let own = evidence.managed.own().filter(|own| own.fields.contains(&found.path.0));
    let all: Vec<&Entry<'_>> = owners.iter().copied().chain(own).collect();
    owner::writer(&all).unwrap_or(Writer::NotRecorded)
}

/// A live value that a controller owns is held, whatever moved: an apply would leave it. Inside the bounds of an autoscaler a
/// value is the autoscaler's, whoever wrote it.
fn hold(evidence: &Evidence<'_>, owners: &[&Entry<'_>], verdict: &mut FieldVerdict) {
    let controllers: Vec<&Entry<'_>> =
        owners.iter().copied().filter(|entry| owner::class(entry) == Manager::Controller).collect();
    let Some(live) = &verdict.live else { return };
    let claim = evidence.scaling.claim(&verdict.path, live);
    let remark = |text: &str| Some(text.to_owned());
    if !controllers.is_empty() {
        verdict.class = Class::Held;
        verdict.writer = owner::writer(&controllers).or_else(|| verdict.writer.take());
        verdict.remark = remark("a controller holds it: an apply leaves it");
    }
    let scaled = controllers.iter().any(|entry| owner::is_autoscaler(entry));
    match claim {
        Claim::Inside(text) => {
            (verdict.class, verdict.counts, verdict.remark) = (Class::Held, false, Some(text));
        }
        Claim::Outside(text) => verdict.remark = Some(text),
        Claim::None if scaled => {
            verdict.remark = remark("an autoscaler set it, and none scales the object now")
        }
        Claim::Unknown(_) if scaled => {
            (verdict.counts, verdict.remark) = (false, remark("an autoscaler holds it"));
        }
        Claim::Unknown(Some(reason)) if autoscale::field(&verdict.path).is_some() => {
            let text = format!("an autoscaler may hold it, which could not be read: {reason}");
            verdict.remark =
                Some(verdict.remark.take().map_or(text.clone(), |known| format!("{known}; {text}")));
        }
        Claim::None | Claim::Unknown(_) => {}
    }
}

/// Classifies a live path that left the desired object although it is ours.
pub fn dropped(evidence: &Evidence<'_>, found: &Dropped, proof: Proof) -> FieldVerdict {
    let base = evidence.base.at(evidence.schema, &found.path).cloned();
    let stuck = !found.co_owners.is_empty();
    let moved = base.as_ref().is_some_and(|b| !base::holds(evidence.schema, &found.path, b, &found.live));
    let class = match (stuck, moved) {
        (_, true) => Class::Diverged,
        (true, false) => Class::Stuck,
        (false, false) => Class::Removal,
    };
    let remark = stuck.then(|| format!("gone from Git, held in place by {}", found.co_owners.join(", ")));
    let mut verdict = gone(evidence, &found.path, &found.live, class, proof, base, remark);
    // Whoever owns something below holds it as well.
    let known = |name: &String| verdict.owners.iter().any(|owner| owner.split('/').next() == Some(name));
    let more: Vec<String> = found.co_owners.iter().filter(|name| !known(name)).cloned().collect();
    verdict.owners.extend(more);
    verdict.owners.sort();
    verdict
}

/// Classifies a live path that the base has and the desired object has not, and that is not ours: no apply takes it out.
pub fn left_behind(evidence: &Evidence<'_>, path: &FieldPath, live: &Value) -> FieldVerdict {
    let base = evidence.base.at(evidence.schema, path).cloned();
    let moved = base.as_ref().is_some_and(|b| !base::holds(evidence.schema, path, b, live));
    let class = if moved { Class::Diverged } else { Class::Stuck };
    let owners = names(&owner::owners(evidence.managed, &path.0));
    let holder = if owners.is_empty() {
        "owned by nobody".to_owned()
    } else {
        format!("owned by {}", owners.join(", "))
    };
    let remark = Some(format!("gone from Git, {holder}: a plain apply does not take it out"));
    gone(evidence, path, live, class, Proof::Local, base, remark)
}

/// Classifies a live path that Git dropped and that an apply of ours cannot take out, though nobody else owns it.
pub(super) fn unreachable(
    evidence: &Evidence<'_>,
    path: &FieldPath,
    live: &Value,
    proof: Proof,
    why: &str,
) -> FieldVerdict {
    let base = evidence.base.at(evidence.schema, path).cloned();
    let remark = Some(format!("gone from Git, {why}: a plain apply does not take it out"));
    gone(evidence, path, live, Class::Stuck, proof, base, remark)
}

fn gone(
    evidence: &Evidence<'_>,
    path: &FieldPath,
    live: &Value,
    class: Class,
    proof: Proof,
    base: Option<Value>,
    remark: Option<String>,
) -> FieldVerdict {
    let owners = owner::owners(evidence.managed, &path.0);
    let own = evidence.managed.own().filter(|own| own.fields.get(&path.0).is_some());
    let all: Vec<&Entry<'_>> = owners.iter().copied().chain(own).collect();
    FieldVerdict {
        path: path.clone(),
        class,
        proof,
        desired: None,
        base,
        live: Some(live.clone()),
        writer: owner::writer(&all),
        owners: names(&owners),
        remark,
        line: None,
        file: None,
        counts: true,
    }
}
