//! The vocabulary of Kubernetes objects: identity, field paths, managed fields and plain JSON values.

pub mod id;

pub mod value;
pub mod wire;
