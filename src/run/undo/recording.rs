//! What a run keeps so that it can be undone: begun before the first write, kept up with every wave, closed at the end.
//!
//! The copy of this machine and the one on the cluster fail apart, and neither failure keeps a run from its work: it is told
//! before the question, or when it happens. A run that wrote nothing leaves the record of the run before it.

use serde_json::Value;

use super::copy::Copy;
use super::local::{Local, keep};
use crate::cluster::Server;
use crate::mask::rules::MaskRules;
use crate::object::digest::hex;
use crate::object::id::ObjectId;
use crate::plan::outcome::{Act, Acted};
use crate::record::SetIdentity;
use crate::record::key::{KEY_BYTES, SetKey};
use crate::record::undo::{Did, Entry, FORMAT, Head, Record, State, shards};
use crate::run::execute::Ended;
use crate::run::output::Output;
use crate::settings;
use crate::store::Prepared;

/// What one run keeps.
#[derive(Debug)]
pub(in crate::run) struct Recording<'a> {
    record: Record,
    local: Local,
    prepared: Option<Vec<Prepared>>,
    /// What this machine kept before.
    earlier: Vec<Option<Box<[u8]>>>,
    copy: Copy<'a>,
    /// What was on the cluster before.
    earlier_copy: Vec<Value>,
    /// True while the copy of this machine is kept up.
    here: bool,
    /// True while the copy on the cluster is.
    there: bool,
    /// True once something was written.
    wrote: bool,
    /// What went wrong, in words.
    pub(in crate::run) troubles: Vec<String>,
}

impl<'a> Recording<'a> {
    /// The record of a run that is going to write these objects. `there` says whether the cluster is to hold a copy.
    pub(in crate::run) fn new(
        server: &'a Server,
        set: &SetIdentity,
        local: Local,
        command: &str,
        entries: Vec<Entry>,
        there: bool,
    ) -> Self {
        let head = Head {
            format: FORMAT,
            id: new_id(),
            set: set.name.clone(),
            namespace: set.record_namespace.clone(),
            command: command.to_owned(),
            started_at: settings::moment().to_string(),
            complete: false,
        };
        Self {
            record: Record::new(head, entries),
            local,
            prepared: None,
            earlier: Vec::new(),
            copy: Copy::new(server, set),
            earlier_copy: Vec::new(),
            here: false,
            there,
            wrote: false,
            troubles: Vec::new(),
        }
    }

    /// What tells the run, if it can be undone.
    pub(in crate::run) fn id(&self) -> Option<String> {
        (self.here || self.there).then(|| self.record.head.id.clone())
    }

    /// What tells the run from all others.
    pub(super) fn name(&self) -> &str {
        &self.record.head.id
    }

    /// Writes the copy of this machine beside the one that is kept, and says what could not be undone, or not from everywhere.
    pub(in crate::run) fn prepare(&mut self, output: &Output) {
        if self.record.entries.is_empty() {
            return;
        }
        match self.local.prepare(&self.record) {
            Ok(prepared) => self.prepared = Some(prepared),
            Err(reason) => {
                output.say("warning", &format!("this machine cannot keep what undo needs: {reason}"));
            }
        }
        // Only the lengths of digests count here.
        let encoded = match self.there {
            true => shards::encode(&self.record, &SetKey::new([0; KEY_BYTES]), &MaskRules::default()).ok(),
            false => None,
        };
        for words in words(self.prepared.is_some(), self.there, encoded.as_ref()) {
            output.say(if self.prepared.is_some() { "info" } else { "warning" }, &words);
        }
    }

    /// Before the first write: this machine keeps what was before.
    pub(in crate::run) fn begin_here(&mut self) {
        let Some(prepared) = self.prepared.take() else { return };
        self.earlier = self.local.get();
        match keep(prepared) {
            Ok(()) => self.here = true,
            Err(error) => self.troubles.push(format!("this machine cannot keep what undo needs: {error}")),
        }
    }

    /// Before the first write of a member: the cluster keeps what was before. A set without a record has nothing to be read.
    pub(in crate::run) async fn begin_there(&mut self, key: &SetKey, is_new: bool) {
        if !self.there || self.record.entries.is_empty() {
            self.there = false;
            return;
        }
        if !is_new {
            // What cannot be read or is damaged is written over, if it is ours.
            let _ = self.copy.read().await;
            self.earlier_copy = self.copy.contents();
        }
        self.write_there(key).await;
    }

    async fn write_there(&mut self, key: &SetKey) {
        let written = match shards::encode(&self.record, key, &MaskRules::default()) {
            Ok(encoded) => self.copy.write(&encoded.secrets).await.map_err(|error| error.to_string()),
            Err(reason) => Err(reason),
        };
        if let Err(reason) = written {
            self.there = false;
            self.troubles.push(format!("the cluster does not keep what undo needs: {reason}"));
        }
    }

    /// An object that was another one when it was written than when the plan was made.
    pub(in crate::run) fn correct(&mut self, id: &ObjectId, before: Value) {
        self.record.correct(id, before);
        if let Some(entry) = self.record.entries.get_mut(id).filter(|entry| entry.did == Did::Create) {
            entry.did = Did::Change;
        }
    }

    /// Notes how a step ended.
    pub(in crate::run) fn note(&mut self, id: &ObjectId, ended: &Ended) {
        let after = match ended {
            Ended::Created(live) | Ended::Configured(live) | Ended::Replaced(live) | Ended::Same(live) => {
                State::Object(live.clone())
            }
            Ended::Partly(live, ..) => State::Object(live.clone()),
            Ended::Deleted => State::Absent,
            Ended::Deleting | Ended::Failed(_) => State::Unknown,
            Ended::NotStarted => return,
        };
        let is_replaced = self.record.entries.get(id).is_some_and(|entry| entry.did == Did::Replace);
        self.wrote |= !matches!(ended, Ended::Failed(_)) || is_replaced;
        if let (Ended::Created(_), Some(entry)) = (ended, self.record.entries.get_mut(id))
            && entry.did == Did::Change
        {
            // Somebody deleted it before this run came to change it.
            (entry.did, entry.before) = (Did::Create, State::Absent);
        }
        self.record.note(id, after);
    }

    /// Keeps on this machine what came of a wave.
    pub(in crate::run) fn save(&mut self) {
        if !self.here {
            return;
        }
        if let Err(reason) = self.local.prepare(&self.record).and_then(keep) {
            self.here = false;
            self.troubles.push(format!("this machine cannot keep what undo needs: {reason}"));
        }
    }

    /// Keeps a whole record at once, in place of the one that it was made from: until then that one tells what is left to do.
    pub(super) async fn keep_whole(&mut self, acted: &[Acted], key: &SetKey) {
        self.begin_here();
        if self.there {
            // What cannot be read or is damaged is written over, if it is ours.
            let _ = self.copy.read().await;
        }
        self.finish(acted, key, true).await;
    }

    /// Closes the record. One of a run that wrote nothing gives way to the one before it. `held` says that the run still holds
    /// the lock: without it the cluster is not written to.
    pub(in crate::run) async fn finish(&mut self, acted: &[Acted], key: &SetKey, held: bool) {
        for acted in acted.iter().filter(|acted| matches!(acted.act, Act::NotStarted | Act::Refused)) {
            self.record.drop(&acted.id);
        }
        self.record.head.complete = true;
        if !self.wrote {
            if self.here {
                self.local.restore(&self.earlier);
            }
            if self.there && held {
                let earlier = std::mem::take(&mut self.earlier_copy);
                let _ = self.copy.write(&earlier).await;
            }
            (self.here, self.there) = (false, false);
            return;
        }
        self.save();
        if self.there && held {
            self.write_there(key).await;
        }
    }

    /// Deletes the copy on the cluster: its set is gone.
    pub(in crate::run) async fn remove_there(&mut self) {
        if let Err(error) = self.copy.remove().await {
            self.troubles.push(format!("the undo record on the cluster stays: {error}"));
        }
    }
}

/// What is not kept everywhere, in words.
fn words(here: bool, there: bool, encoded: Option<&shards::Encoded>) -> Vec<String> {
    let objects =
        |number: usize| if number == 1 { "1 object".to_owned() } else { format!("{number} objects") };
    let mut words = Vec::new();
    match (here, there, encoded) {
        (false, false, _) | (false, true, None) => words.push("this run cannot be undone".to_owned()),
        (true, false, _) | (true, true, None) => {
            words.push("this run can be undone from this machine only".to_owned());
        }
        (_, true, Some(encoded)) => {
            let how = if here { "on this machine only" } else { "nowhere, so undo cannot put them back" };
            if encoded.valued > 0 {
                words
                    .push(format!("what reports hide of {} is kept for undo {how}", objects(encoded.valued)));
            }
            if encoded.large > 0 {
                words.push(format!("for want of room {} are kept for undo {how}", objects(encoded.large)));
            }
        }
    }
    words
}

/// 16 random bytes; where the system gives none, the time.
fn new_id() -> String {
    let mut bytes = [0; 16];
    match getrandom::fill(&mut bytes) {
        Ok(()) => hex(&bytes),
        Err(_) => hex(settings::moment().to_string().as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_kept_is_told() {
        let encoded = |valued, large| Some(shards::Encoded { secrets: Vec::new(), valued, large });
        let told =
            |here, there, encoded: Option<shards::Encoded>| words(here, there, encoded.as_ref()).join("; ");
        assert_eq!(told(true, true, encoded(0, 0)), "");
        assert_eq!(
            told(true, true, encoded(1, 2)),
            "what reports hide of 1 object is kept for undo on this machine only; \
             for want of room 2 objects are kept for undo on this machine only"
        );
        assert_eq!(
            told(false, true, encoded(3, 0)),
            "what reports hide of 3 objects is kept for undo nowhere, so undo cannot put them back"
        );
        assert_eq!(told(true, false, None), "this run can be undone from this machine only");
        assert_eq!(told(false, false, None), "this run cannot be undone");
    }
}
