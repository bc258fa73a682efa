//! The lock of a set: a Lease (`coordination.k8s.io/v1`) that one run holds at a time.
//!
//! [`lease`] reads and writes it as a value, [`contest`] decides what somebody who wants it may do, [`fence`] whether its
//! holder may still write. No decision compares clocks of two machines: a Lease has expired when the one who waits has seen it
//! unchanged, on its own monotonic clock, for as long as the Lease itself says.

pub mod contest;
pub mod fence;
pub mod lease;
