//! Bases from the record of a set: which entry is believed for which live object.

use std::sync::Arc;

use serde_json::Value;

use super::base::Base;
use super::judge::Assessment;
use super::verdict::{BaseKind, LastRun};
use crate::object::fields::ManagedFields;
use crate::object::id::ObjectId;
use crate::object::value::text_at;
use crate::record::bases::{Applied, Bases, Found};
use crate::record::digest::{Uid, seconds};
use crate::record::veil::holds_veiled;

/// The bases of a record, and the run that it speaks of.
#[derive(Debug, Clone)]
pub struct RecordedBases {
    /// For the report.
    pub run: Arc<LastRun>,
    /// The bases.
    pub bases: Bases,
}

/// Who a live object is, and when it was applied last under our name.
pub fn applied(live: &Value) -> Applied {
    let uid = Uid::of(text_at(live, &["metadata", "uid"]).unwrap_or_default());
    let time = ManagedFields::of(live).own().and_then(|own| seconds(own.time));
    Applied { uid, time }
}

impl RecordedBases {
    fn kind(&self) -> BaseKind {
        BaseKind::Record(Arc::clone(&self.run))
    }

    /// The base of an object that is absent, or not read: it was a member, or it is new.
    pub(super) fn without_live(&self, id: &ObjectId) -> Base {
        match self.bases.has(id) {
            true => Base::Member { kind: self.kind() },
            false => Base::Known { kind: self.kind(), object: None },
        }
    }

    /// The object as it was applied last, for one that is gone; `None` if that is not kept, or not all of it.
    pub fn of_absent(&self, id: &ObjectId, desired: &Value) -> Option<Value> {
        let object = self.bases.find_absent(id, desired)?;
        (!holds_veiled(&object)).then_some(object)
    }

    /// The base of an object that exists.
    pub(super) fn of_live(&self, id: &ObjectId, desired: &Value, live: &Value, found: &Assessment) -> Base {
        let applied = applied(live);
        let recorded = match self.bases.find(id, desired, live, applied) {
            // An object that is not in the record may have an annotation of client-side apply.
            Found::Nothing | Found::Stale => return Base::Unknown,
            Found::Unkept => None,
            Found::Unchanged if found.is_contained() && !self.bases.is_recreated(id, applied) => {
                return Base::Unchanged { kind: self.kind() };
            }
            Found::Unchanged => Some(Box::new(desired.clone())),
            Found::Object(object) => Some(object),
        };
        match recorded {
            object if self.bases.is_recreated(id, applied) => {
                Base::Earlier { kind: BaseKind::Earlier(Arc::clone(&self.run)), object }
            }
            None => Base::Member { kind: self.kind() },
            object => Base::Known { kind: self.kind(), object },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Map, json};

    use super::*;
    use crate::compare::fixtures::config_map;
    use crate::compare::ignore::Rules;
    use crate::compare::judge::{Answer, Policy};
    use crate::compare::survey::{self, Setting, conclude, survey};
    use crate::compare::verdict::{Class, Status};
    use crate::desired::{DesiredSet, Entry, Ready};
    use crate::live::{LiveSet, Observed, Presence, Resource};
    use crate::mask::rules::MaskRules;
    use crate::object::id::Gvk;
    use crate::object::packed::Packed;
    use crate::record::encode::{Member, encode, secrets};
    use crate::record::key::SetKey;
    use crate::record::opened::Stored;
    use crate::record::{SetIdentity, decode};
    use crate::render::origin::{FieldLines, Origin};

    const UID: &str = "00010203-0405-0607-0809-0a0b0c0d0e0f";
    const APPLIED: &str = "2026-11-21T10:00:00Z";

    /// Git, base, live, whether we own the live value and whether somebody else does, and the class.
    type Row = (Option<&'static str>, Option<&'static str>, Option<&'static str>, bool, bool, Option<Class>);

    /// The table of classes, with what the evidence alone would not tell.
    const ROWS: &[Row] = &[
        (Some("v"), Some("v"), Some("v"), true, false, None),
        (Some("v"), Some("v"), Some("w"), false, true, Some(Class::Drift)),
        (Some("v"), Some("v"), None, true, false, Some(Class::Drift)),
        (Some("v"), Some("u"), Some("u"), true, false, Some(Class::Pending)),
        (Some("v"), Some("u"), Some("v"), false, true, None),
        (Some("v"), Some("u"), Some("w"), false, true, Some(Class::Diverged)),
        (Some("v"), Some("u"), None, true, false, Some(Class::Diverged)),
        (Some("v"), None, None, false, false, Some(Class::Pending)),
        (Some("v"), None, Some("w"), false, true, Some(Class::Diverged)),
        (None, Some("v"), Some("v"), true, false, Some(Class::Removal)),
        (None, Some("v"), Some("v"), true, true, Some(Class::Stuck)),
        (None, Some("v"), Some("v"), false, true, Some(Class::Stuck)),
        (None, Some("v"), Some("w"), false, true, Some(Class::Diverged)),
        (None, Some("v"), None, true, false, None),
        (None, None, Some("w"), true, false, Some(Class::Removal)),
        (None, None, Some("w"), false, true, Some(Class::Added)),
    ];

    fn object(kind: &str, value: Option<&str>) -> Value {
        let encoded = |value: &str| match kind {
            "Secret" => json!(format!("{value}{value}{value}=").replace('v', "d").replace('w', "e")),
            _ => json!(value),
        };
        let data: Map<String, Value> =
            value.map(|value| ("k".to_owned(), encoded(value))).into_iter().collect();
        let mut data = data;
        data.insert("same".to_owned(), encoded("v"));
        json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": "x", "namespace": "n"}, "data": data})
    }

    fn live(kind: &str, row: &Row, uid: &str) -> Value {
        let mut live = object(kind, row.2);
        let fields = |owned: bool| match owned {
            true => json!({"f:data": {"f:k": {}, "f:same": {}}}),
            false => json!({"f:data": {"f:same": {}}}),
        };
        let entry = |manager: &str, operation: &str, time: &str, fields: Value| json!({"manager": manager, "operation": operation, "time": time, "apiVersion": "v1", "fieldsV1": fields});
        let mut entries = vec![entry("gitops", "Apply", APPLIED, fields(row.3))];
        if row.4 {
            let edit = json!({"f:data": {"f:k": {}}});
            entries.push(entry("kubectl-edit", "Update", "2026-11-21T11:00:00Z", edit));
        }
        live["metadata"]["managedFields"] = json!(entries);
        live["metadata"]["uid"] = json!(uid);
        live
    }

    /// What the server would store: Git's value, or none where only we hold the live one.
    fn predicted(row: &Row, live: &Value, desired: &Value) -> Value {
        let mut stored = live.clone();
        match (row.0, row.3, row.4) {
            (Some(_), ..) => stored["data"]["k"] = desired["data"]["k"].clone(),
            (None, true, false) => _ = stored["data"].as_object_mut().unwrap().remove("k"),
            _ => {}
        }
        stored
    }

    /// The class of `data.k` (none if nothing is listed), the status, and the base of the verdict.
    fn judged(kind: &str, row: &Row, uid: &str, with_key: bool) -> (Option<Class>, Status, BaseKind) {
        let gvk = Gvk::new("", "v1", kind);
        let id = ObjectId::new(&gvk, "n", "x");
        let desired = object(kind, row.0);
        let key = SetKey::new([5; 32]);
        let member =
            Member { id: id.clone(), object: object(kind, row.1), uid: UID.into(), applied: APPLIED.into() };
        let set = SetIdentity { name: "s".to_owned(), record_namespace: "n".to_owned() };
        let written = secrets(&set, &encode(&[member], &key, &MaskRules::default(), 0).unwrap(), &key);
        let (index, key) = decode::index(&written[0]).unwrap();
        let stored = Stored { index, key: key.filter(|_| with_key) };
        let mut bases = Bases::new(stored, &[(&id, || desired.clone())], &MaskRules::default());
        bases.add(decode::members(&written[1], bases.key(), &bases.wanted_of(1)).unwrap());
        let bases = survey::Bases::Record(Box::new(RecordedBases { run: Arc::default(), bases }));

        let resource = Resource {
            gvk: gvk.clone(),
            plural: "any".to_owned(),
            namespaced: true,
            has_status: false,
            listable: true,
        };
        let origin = Origin { file: "a.yaml".into(), line: 1, fields: FieldLines::default() };
        let ready =
            Ready { gvk: gvk.clone(), resource: Arc::new(resource), packed: Packed::of(&desired), origin };
        let entries = BTreeMap::from([(id.clone(), Entry::Ready(Box::new(ready)))]);
        let set = DesiredSet { entries, ..DesiredSet::default() };
        let schemas = BTreeMap::from([(gvk, config_map())]);
        let setting = Setting {
            desired: &set,
            schemas: &schemas,
            bases: &bases,
            policy: Policy::default(),
            owners_recorded: true,
            rules: &Rules::default(),
        };
        let live = live(kind, row, uid);
        let json = live.to_string().into_bytes().into_boxed_slice();
        let found = LiveSet::from([(id, Ok(Presence::Found(Observed { json })))]);
        let mut found = survey(&setting, &found);
        let mut verdicts = std::mem::take(&mut found.verdicts);
        for open in &found.open {
            let answer = Answer::Stored(predicted(row, &live, &desired));
            verdicts.extend(conclude(&setting, open, &answer));
        }
        let verdict = verdicts.pop().unwrap();
        assert!(verdict.fields.len() < 2, "{verdict:?}");
        (verdict.fields.first().map(|field| field.class), verdict.status, verdict.base)
    }

    #[test]
    fn every_row_of_the_table_has_its_class_by_a_stored_base() {
        for row in ROWS {
            for kind in ["ConfigMap", "Secret"] {
                let (class, _, base) = judged(kind, row, UID, true);
                assert_eq!(class, row.5, "{kind} {row:?}");
                assert_eq!(base, BaseKind::Record(Arc::default()), "{kind} {row:?}");
            }
        }
    }

    /// Git moved and live did not, told without a key for what is no secret; of a Secret nothing is claimed.
    #[test]
    fn without_the_key_secrets_are_left_to_the_evidence() {
        let diverged = ROWS.iter().find(|row| row.5 == Some(Class::Diverged)).unwrap();
        assert_eq!(judged("ConfigMap", diverged, UID, false).0, Some(Class::Diverged));
        assert_eq!(judged("Secret", diverged, UID, false).0, Some(Class::Drift), "set by a newer owner");
    }

    #[test]
    fn an_object_that_took_the_place_of_the_applied_one_is_judged_by_the_evidence() {
        let diverged = ROWS.iter().find(|row| row.5 == Some(Class::Diverged)).unwrap();
        let (class, status, base) = judged("ConfigMap", diverged, "another", true);
        assert_eq!((class, status), (Some(Class::Drift), Status::Drift), "set by a newer owner");
        assert_eq!(base, BaseKind::Earlier(Arc::default()));
    }
}
