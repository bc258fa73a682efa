//! What the tests stand on: real servers and real programs, started on demand and stopped for certain.

pub(crate) mod cluster;
pub(crate) mod generate;
pub(crate) mod kinds;
pub(crate) mod program;
pub(crate) mod recorder;
pub(crate) mod script;
pub(crate) mod scripts;
pub(crate) mod sealed;
