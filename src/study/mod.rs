//! Studies: the mathematics by which runs are compared, and by which a circuit is judged before it runs.
//!
//! [`stability`] linearises a settled circuit and says what its settling bears; [`statistics`] says how sure a difference
//! between runs is. Nothing here prints, and nothing here decides who fires when.

pub mod stability;
pub mod statistics;
