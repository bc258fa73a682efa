//! What is done about one object of a record, by what it was, what the run left, and what is there now.

use serde_json::Value;

use super::{Action, PutBack, Rules, anew, changes, merge, moved};
use crate::live::Pin;
use crate::object::fields::ManagedFields;
use crate::object::value::{same, text_at};
use crate::plan::{NEVER_REPLACED, prune};
use crate::record::applyset::{PART_OF_LABEL, group_kind};
use crate::record::undo::{Did, Entry, State};
use crate::record::veil::holds_veiled;

/// What is done about an object of a record.
pub fn judge(entry: &Entry, live: Option<&Value>, rules: &Rules) -> Action {
    if let Some(reason) = unbelievable(entry, live, rules) {
        return Action::Refused(reason);
    }
    if live.is_some_and(|live| live.pointer("/metadata/deletionTimestamp").is_some()) {
        return Action::Refused("it is being deleted; run again when it is gone".to_owned());
    }
    match (&entry.before, live) {
        (State::Absent, None) => Action::Nothing,
        (State::Absent, Some(live)) => made(entry, live, rules),
        (State::Unknown, _) => Action::Refused("what it was is not kept here".to_owned()),
        (State::Object(before), None) => taken(entry, before, rules),
        (State::Object(before), Some(live)) => changed(entry, before, live, rules),
    }
}

/// True if digests stand for values: a record of this machine has none.
fn is_lost(object: &Value, rules: &Rules) -> bool {
    rules.places.is_some() && holds_veiled(object)
}

/// Somebody who can write Secrets where the record is could have it name any object. Of such a record only members of the set
/// are believed, where the set has members.
fn unbelievable(entry: &Entry, live: Option<&Value>, rules: &Rules) -> Option<String> {
    let other = live.and_then(set_of).filter(|set| *set != rules.set);
    if other.is_some() {
        return Some("it belongs to another set".to_owned());
    }
    let places = rules.places.as_ref()?;
    let id = &entry.id;
    let named = match id.namespace.as_str() {
        "" => places.contains_key(&group_kind(&id.group, &id.kind)),
        namespace => {
            namespace == rules.record_namespace || places.values().any(|known| known.contains(namespace))
        }
    };
    if !named {
        return Some(
            "it is in no place of the set, and the record could have been written by anybody".to_owned(),
        );
    }
    let is_member = |object: &Value| {
        set_of(object) == Some(rules.set.as_str()) && ManagedFields::of(object).own().is_some()
    };
    let proof = live.or(entry.before.object());
    if proof.is_none_or(is_member) {
        return None;
    }
    Some("it is no member of the set, and the record could have been written by anybody".to_owned())
}

/// The set that an object says it belongs to.
fn set_of(object: &Value) -> Option<&str> {
    text_at(object, &["metadata", "labels", PART_OF_LABEL])
}

/// An object that the run made.
fn made(entry: &Entry, live: &Value, rules: &Rules) -> Action {
    let uid = text_at(live, &["metadata", "uid"]);
    match &entry.after {
        State::Object(after) if text_at(after, &["metadata", "uid"]) != uid => {
            Action::Refused("somebody made another one since the run".to_owned())
        }
        State::Object(after) => match moved_since(after, live) {
            Some(reason) => Action::Refused(reason),
            None => Action::Delete(Pin::of(live)),
        },
        // Whether the run came to make it is not known: it is the run's if nobody else ever wrote it.
        _ => {
            let ours = set_of(live) == Some(rules.set.as_str()) && ManagedFields::of(live).own().is_some();
            let person = moved::movers(&[], live, false).into_iter().find(|mover| !mover.is_controller);
            match (ours, person) {
                (true, None) => Action::Delete(Pin::of(live)),
                (true, Some(mover)) => Action::Refused(by(&mover.name)),
                (false, _) => Action::Refused("whether the run made it is not known".to_owned()),
            }
        }
    }
}

/// An object that the run deleted, or that is gone since.
fn taken(entry: &Entry, before: &Value, rules: &Rules) -> Action {
    match entry.did {
        Did::Delete | Did::Replace if is_lost(before, rules) => {
            Action::Refused("its values are kept only on the machine of that run".to_owned())
        }
        Did::Delete => Action::Create(Box::new(anew::anew(&entry.id, before, &rules.gone))),
        // A replacement that was killed half-way: the old one is gone, and no new one was made.
        Did::Replace if entry.after.object().is_none() => {
            Action::Create(Box::new(anew::anew(&entry.id, before, &rules.gone)))
        }
        _ => Action::Refused("somebody deleted it since the run".to_owned()),
    }
}

/// An object that was there before and is there now.
fn changed(entry: &Entry, before: &Value, live: &Value, rules: &Rules) -> Action {
    let uid = |object: &Value| text_at(object, &["metadata", "uid"]).map(str::to_owned);
    if uid(before) != uid(live) {
        return replaced(entry, before, live, rules);
    }
    let then = entry.after.object();
    let (old, now) = (merge::content(before), merge::content(live));
    let merged = match then {
        Some(after) => merge::merge(&old, &merge::content(after), &now),
        None => merge::merge(&old, &now, &now),
    };
    if !same(&now, &merged.wanted) || !merged.moved.is_empty() {
        let known: Vec<&Value> = std::iter::once(before).chain(then).collect();
        let movers = moved::movers(&known, live, then.is_some());
        let person = movers.iter().find(|mover| !mover.is_controller);
        let first = merged.conflicts.first().or(merged.moved.first());
        match (person, first, movers.first()) {
            // What failed and never was written is not the run's to take back.
            (Some(_), _, _) if then.is_none() && moved::is_untouched(before, live) => return Action::Nothing,
            (Some(mover), _, _) => return Action::Refused(by(&mover.name)),
            (None, Some(path), None) => {
                return Action::Refused(format!(
                    "{path} was changed since the run; who did it is not recorded"
                ));
            }
            (None, Some(path), Some(mover)) if !merged.conflicts.is_empty() => {
                return Action::Refused(format!("{path} was changed since the run by {}", mover.name));
            }
            _ => {}
        }
    }
    if is_lost(&merged.wanted, rules) {
        return Action::Refused("values of it are kept only on the machine of that run".to_owned());
    }
    put_back(before, then.unwrap_or(before), live, &now, merged.wanted)
}

fn put_back(before: &Value, then: &Value, live: &Value, now: &Value, wanted: Value) -> Action {
    let content = changes::of_content(live, now, &wanted);
    let entries = moved::entries(before, then, live).filter(|entries| {
        let list = live.pointer("/metadata/managedFields").and_then(Value::as_array);
        list.is_none_or(|list| !moved::is_same_list(list, entries))
    });
    let owners = entries.filter(|_| content.is_none()).map(|entries| changes::of_owners(live, &entries));
    match (&content, &owners) {
        (None, None) => Action::Nothing,
        _ => Action::PutBack(Box::new(PutBack { content, owners, wanted })),
    }
}

/// An object that an undo of the same run made anew already, perhaps without its owners.
fn made_anew(entry: &Entry, before: &Value, live: &Value, rules: &Rules) -> Option<Action> {
    if entry.did == Did::Create || is_lost(before, rules) {
        return None;
    }
    let wanted = anew::anew(&entry.id, before, &rules.gone);
    let is_ours = moved::movers(&[before], live, true).iter().all(|mover| mover.is_controller);
    if !is_ours || !is_made(&wanted, live) {
        return None;
    }
    Some(match owners(before, live) {
        None => Action::Nothing,
        owners => Action::PutBack(Box::new(PutBack { content: None, owners, wanted })),
    })
}

/// An object that the run deleted and made anew.
fn replaced(entry: &Entry, before: &Value, live: &Value, rules: &Rules) -> Action {
    let id = &entry.id;
    if let Some(action) = made_anew(entry, before, live, rules) {
        return action;
    }
    let Some(after) = entry.after.object() else {
        let reason = match entry.did {
            Did::Replace => "whether the run made the one that is there is not known",
            _ => "somebody made another one since the run",
        };
        return Action::Refused(reason.to_owned());
    };
    if text_at(after, &["metadata", "uid"]) != text_at(live, &["metadata", "uid"]) {
        return Action::Refused("somebody made another one since the run".to_owned());
    }
    if let Some(reason) = moved_since(after, live) {
        return Action::Refused(reason);
    }
    if NEVER_REPLACED.contains(&(id.group.as_str(), id.kind.as_str())) {
        return Action::Refused(format!("a {} is never deleted to be made anew", id.kind));
    }
    if !prune::is_named(id, &rules.replace) {
        return Action::Refused(format!("it has to be deleted and made anew (--replace {})", id.kind));
    }
    if is_lost(before, rules) {
        return Action::Refused("its values are kept only on the machine of that run".to_owned());
    }
    Action::Replace(Box::new((Pin::of(live), anew::anew(id, before, &rules.gone))))
}

/// Why an object that is to be deleted is not what the run left; controllers may have been at it.
fn moved_since(after: &Value, live: &Value) -> Option<String> {
    let (then, now) = (merge::content(after), merge::content(live));
    if same(&then, &now) {
        return None;
    }
    let movers = moved::movers(&[after], live, true);
    match (movers.iter().find(|mover| !mover.is_controller), movers.is_empty()) {
        (Some(mover), _) => Some(by(&mover.name)),
        (None, true) => Some("it was changed since the run; who did it is not recorded".to_owned()),
        (None, false) => None,
    }
}

fn by(name: &str) -> String {
    format!("{name} changed it since the run")
}

/// A JSON patch that gives an object that was made anew the owners from before; `None` if it has them.
pub fn owners(before: &Value, live: &Value) -> Option<Value> {
    let entries = moved::entries(before, before, live)?;
    let list = live.pointer("/metadata/managedFields").and_then(Value::as_array);
    let differs = list.is_none_or(|list| !moved::is_same_list(list, &entries));
    differs.then(|| changes::of_owners(live, &entries))
}

/// True if an object is what was to be made anew, as far as the server left it so.
pub fn is_made(wanted: &Value, live: &Value) -> bool {
    holds(&merge::content(live), wanted)
}

/// True if every value of a map stands in another one too: the server adds what it likes.
fn holds(live: &Value, wanted: &Value) -> bool {
    match (live, wanted) {
        (Value::Object(live), Value::Object(wanted)) => {
            wanted.iter().all(|(key, value)| live.get(key).is_some_and(|live| holds(live, value)))
        }
        (live, wanted) => same(live, wanted),
    }
}
