//! Real git repositories, and servers for them: smart HTTP through `git http-backend`, and sshd.

pub(crate) mod http;
pub(crate) mod repository;
pub(crate) mod ssh;
