//! The whole program against hostile input: repositories, manifests, servers and objects that want to be read where they may
//! not, to be shown where they should be hidden, to move the terminal, or to make the program stop.
//!
//! Numbers are those of the security and fault catalogues; `coverage` says which rows have no test.

mod access;
mod bounds;
mod faults;
mod secrets;
mod terminal;
mod trees;

/// Occurs nowhere by chance. What holds it must not be shown.
const CANARY: &str = "c4n4ry-Zq7wXk9v";
