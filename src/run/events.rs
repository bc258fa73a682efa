//! `--emit-events`: one Event a run, about the record of the set.

use super::lock;
use super::output::Output;
use crate::cluster::Server;
use crate::cluster::owned::OwnedKind;
use crate::record::SetIdentity;
use crate::record::event::event;
use crate::record::parent::Run;

/// Tells the cluster what a run did. That it cannot be told is no failure of the run.
pub(super) async fn tell(server: &Server, set: &SetIdentity, run: &Run, output: &Output) {
    let event = event(set, run, &lock::host::person());
    if let Err(error) = server.create_owned(OwnedKind::Event, &set.record_namespace, &event).await {
        output.say("warning", &format!("the Event about this run was not written: {error}"));
    }
}
