//! What a run that writes leaves behind when things go wrong around it: killed at any request, answered badly, or beside others.

mod answers;
mod bed;
mod contenders;
mod crashes;
mod drift;
mod machine;
mod requests;
mod schedules;
mod scripted;
mod site;
mod undoing;
