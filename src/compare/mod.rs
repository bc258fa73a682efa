//! The comparison: what differs, why, and who did it. Pure.

pub mod additions;
pub mod canonical;
pub mod contain;
pub mod owner;
pub mod place;
pub mod prune;
pub mod verdict;

#[cfg(test)]
mod fixtures;
