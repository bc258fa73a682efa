//! What a run that writes leaves behind when things go wrong around it: killed at any request, answered badly, or beside others.

mod crashes;
mod site;
