//! The vocabulary of Kubernetes objects: identity, field paths, managed fields and plain JSON values.

pub mod digest;
pub mod fields;
pub mod glob;
pub mod id;
pub mod packed;
pub mod path;
pub mod pattern;
pub mod quantity;
pub mod selector;
pub mod takeover;
pub mod text;
pub mod value;
pub mod wire;
