//! The comparison: what differs, why, and who did it. Pure.
//!
//! [`judge::assess`] proves locally that an apply would change nothing, or says what is left to ask; [`judge::judge`] turns
//! that and the server's answer into a verdict.

pub mod additions;
pub mod autoscale;
pub mod base;
pub mod canonical;
pub mod classify;
pub mod contain;
pub mod defaults;
pub mod extra;
pub mod ignore;
pub mod judge;
mod judgement;
pub mod leftover;
pub mod local;
mod membership;
pub mod memory;
mod notes;
pub mod owner;
pub mod paranoid;
pub mod place;
mod project;
pub mod prune;
mod reasons;
pub mod recorded;
pub mod refusal;
mod remarks;
pub mod reverting;
pub mod sending;
mod stuck;
pub mod survey;
mod unkeyed;
pub mod validate;
pub mod verdict;

#[cfg(test)]
mod fixtures;
