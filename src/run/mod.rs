//! The commands: each is one function that calls the stages in order. Nothing else knows the order.

pub mod ask;
pub mod choose;
pub mod compared;
pub mod error;
