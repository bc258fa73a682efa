//! `gitops`: a drift detector and one-shot sync tool for Kubernetes.
//!
//! Two rings: pure modules take values and return values; edge modules (git, disk, network, environment, terminal,
//! clock) fetch and deliver and decide nothing. `run` alone knows the order of the stages. The library is public for
//! the binary, the tests and the benchmarks; it promises no stable interface.

pub mod cli;
pub mod cluster;
pub mod compare;
pub mod config;
pub mod desired;
pub mod exit;
pub mod external;
pub mod live;
pub mod lock;
pub mod mask;
pub mod object;
pub mod plan;
pub mod progress;
pub mod reader;
pub mod ready;
pub mod record;
pub mod render;
pub mod report;
pub mod run;
pub mod schema;
pub mod settings;
pub mod snapshot;
pub mod source;
pub mod store;
