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
