//! The catalogue of drift cases, by number: each row is a test, or stands in the table of open rows with the reason.
//!
//! Rows that need no server, or only its answer, are pure values; the answers are what a kube-apiserver 1.36 was seen to
//! give. The others run on the test cluster.

mod a_lists;
mod b_scalars;
mod c_defaults;
mod d_ownership;
mod e_types;
mod f_admission;
mod race;
mod schemas;
mod values;
