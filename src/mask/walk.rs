//! A place inside an object, what it hides, and the replacing of values from there on.

use serde_json::Value;

use super::rules::{MaskRules, Progress};
use super::{BASE, IN_GIT, LIVE, SAME};
use crate::object::id::{Gvk, ObjectId};
use crate::object::path::PathElement;
use crate::object::value::same;

/// What the type of the object says about a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Area {
    /// Nothing: no Secret.
    Open,
    /// The root of a Secret.
    Secret,
    /// A part of a Secret that is shown: metadata, type.
    Shown,
    /// `data`, `stringData`, and whatever else stands in a Secret: keys are shown, values hidden.
    Keys,
    /// The root of a list of Secrets, and its items.
    SecretList,
    SecretItems,
    /// A hidden value.
    Hidden,
}

/// Parts of a Secret that hold no secret. Everything else is hidden, a misspelt `stringdata` too.
const SHOWN: &[&str] = &["apiVersion", "kind", "metadata", "type", "immutable"];

/// A place inside an object.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'r> {
    area: Area,
    progress: Progress<'r>,
    guarded: bool,
}

impl<'r> Cursor<'r> {
    /// The root of an object of this type. Either of the two names makes it a Secret.
    pub(super) fn root(gvk: &Gvk, id: &ObjectId, rules: &'r MaskRules) -> Self {
        let area = match () {
            () if is_core(gvk, id, "Secret") => Area::Secret,
            () if is_core(gvk, id, "SecretList") => Area::SecretList,
            () => Area::Open,
        };
        let progress = rules.start(gvk);
        Self { area, guarded: area != Area::Open || progress.names_the_kind(), progress }
    }

    /// The same place, as a Secret if one of the values that stand there says that it is one.
    pub(super) fn at_object(mut self, values: &[Option<&Value>]) -> Self {
        let says = |kind: &str| {
            values.iter().flatten().any(|value| {
                value.get("kind").and_then(Value::as_str) == Some(kind)
                    && value.get("apiVersion").and_then(Value::as_str) == Some("v1")
            })
        };
        if self.area == Area::Open && says("Secret") {
            (self.area, self.guarded) = (Area::Secret, true);
        } else if self.area == Area::Open && says("SecretList") {
            (self.area, self.guarded) = (Area::SecretList, true);
        }
        self
    }

    /// True if texts about the object may quote what is hidden.
    pub(super) fn guards_texts(&self) -> bool {
        self.guarded
    }

    /// True if the whole value here is hidden.
    pub(super) fn is_hidden(&self) -> bool {
        self.area == Area::Hidden || self.progress.is_complete()
    }

    /// The place one step further along a path.
    pub(super) fn element(&self, element: &PathElement) -> Self {
        match element {
            PathElement::Field(name) => self.field(name),
            other => {
                let text = other.to_string();
                self.item(&[text.trim_start_matches('[').trim_end_matches(']')])
            }
        }
    }

    fn field(&self, name: &str) -> Self {
        let area = match self.area {
            Area::Secret if SHOWN.contains(&name) => Area::Shown,
            Area::Secret => Area::Keys,
            Area::SecretList if name == "items" => Area::SecretItems,
            Area::Keys | Area::Hidden | Area::SecretItems => Area::Hidden,
            area => area,
        };
        Self { area, progress: self.progress.step(&[name], true), guarded: self.guarded }
    }

    fn item(&self, names: &[&str]) -> Self {
        let area = match self.area {
            Area::Secret | Area::Keys | Area::Hidden => Area::Hidden,
            Area::SecretItems => Area::Secret,
            area => area,
        };
        Self { area, progress: self.progress.step(names, false), guarded: self.guarded }
    }

    /// True if only a map or a list may stand here in the open.
    fn hides_scalars(&self) -> bool {
        self.area == Area::SecretItems || self.hides_lists()
    }

    /// True if only a map may stand here in the open.
    fn hides_lists(&self) -> bool {
        matches!(self.area, Area::Secret | Area::Keys) || self.progress.is_secret_name()
    }
}

fn is_core(gvk: &Gvk, id: &ObjectId, kind: &str) -> bool {
    (gvk.group.is_empty() && gvk.kind == kind) || (id.group.is_empty() && id.kind == kind)
}

/// The values of one place on up to three sides.
pub(super) struct Sides<'v> {
    pub(super) desired: Option<&'v mut Value>,
    pub(super) base: Option<&'v mut Value>,
    pub(super) live: Option<&'v mut Value>,
}

/// Replaces what is hidden from this place on.
pub(super) fn hide(cursor: &Cursor<'_>, sides: Sides<'_>) {
    let cursor =
        cursor.clone().at_object(&[sides.desired.as_deref(), sides.base.as_deref(), sides.live.as_deref()]);
    if cursor.is_hidden() {
        return replace(sides);
    }
    let sides_hold = |kind: fn(&Value) -> bool| {
        [&sides.desired, &sides.base, &sides.live].into_iter().filter_map(|side| side.as_deref()).any(kind)
    };
    if cursor.hides_scalars()
        && sides_hold(|value| !value.is_object() && !value.is_array() && !value.is_null())
        || cursor.hides_lists() && sides_hold(Value::is_array)
    {
        return replace(sides);
    }
    go_in(&cursor, sides);
}

/// Calls back for every value of one object that [`hide`] would replace, with the names of the fields that lead to it.
pub(super) fn each(
    cursor: &Cursor<'_>,
    path: &mut Vec<String>,
    value: &mut Value,
    visit: &mut dyn FnMut(&[String], &mut Value),
) {
    let cursor = cursor.clone().at_object(&[Some(value)]);
    let scalar = !value.is_object() && !value.is_array() && !value.is_null();
    if cursor.is_hidden() || (cursor.hides_scalars() && scalar) || (cursor.hides_lists() && value.is_array())
    {
        return visit(path, value);
    }
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                path.push(name.clone());
                each(&cursor.field(name), path, value, visit);
                path.pop();
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                let name = item.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
                each(&cursor.item(&[&index.to_string(), &name]), path, item, visit);
            }
        }
        _ => {}
    }
}

/// Hides below a place that is shown itself: the sides key by key and item by item beside each other.
fn go_in(cursor: &Cursor<'_>, mut sides: Sides<'_>) {
    let mut names: Vec<String> = Vec::new();
    let mut items = 0;
    for value in [&sides.desired, &sides.base, &sides.live].into_iter().filter_map(|side| side.as_deref()) {
        match value {
            Value::Object(map) => names.extend(map.keys().cloned()),
            Value::Array(list) => items = items.max(list.len()),
            _ => {}
        }
    }
    names.sort_unstable();
    names.dedup();
    for name in names {
        let next = cursor.field(&name);
        hide(&next, sides.at(|value| value.as_object_mut().and_then(|map| map.get_mut(&name))));
    }
    for index in 0..items {
        let next = cursor.item(&[&index.to_string(), &sides.name_of(index)]);
        hide(&next, sides.at(|value| value.as_array_mut().and_then(|list| list.get_mut(index))));
    }
}

impl Sides<'_> {
    fn at<'s>(&'s mut self, mut into: impl FnMut(&'s mut Value) -> Option<&'s mut Value>) -> Sides<'s> {
        Sides {
            desired: self.desired.as_deref_mut().and_then(&mut into),
            base: self.base.as_deref_mut().and_then(&mut into),
            live: self.live.as_deref_mut().and_then(&mut into),
        }
    }

    /// The `name` of a list item, as rules write it in brackets; empty if it has none or several.
    fn name_of(&self, index: usize) -> String {
        let sides = [&self.desired, &self.base, &self.live];
        let mut names: Vec<&str> =
            sides.into_iter().filter_map(|side| side.as_deref()?.get(index)?.get("name")?.as_str()).collect();
        names.dedup();
        if let [name] = names[..] { name.to_owned() } else { String::new() }
    }
}

/// Puts marks for the values of one place.
fn replace(sides: Sides<'_>) {
    let equal = |a: &Option<&mut Value>, b: &Option<&mut Value>| match (a, b) {
        (Some(a), Some(b)) => same(a, b),
        _ => false,
    };
    let (unchanged, base) = match () {
        () if equal(&sides.desired, &sides.live) => {
            (true, if equal(&sides.base, &sides.live) { SAME } else { BASE })
        }
        () if equal(&sides.base, &sides.live) => (false, LIVE),
        () if equal(&sides.base, &sides.desired) => (false, IN_GIT),
        () => (false, BASE),
    };
    let marks = [
        (sides.desired, if unchanged { SAME } else { IN_GIT }),
        (sides.live, if unchanged { SAME } else { LIVE }),
        (sides.base, base),
    ];
    for (value, mark) in marks {
        if let Some(value) = value {
            *value = Value::from(mark);
        }
    }
}
