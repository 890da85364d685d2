//! What circuits and runs are shown as: drawings, and files for other programs to open. It knows what executors return,
//! and prints nothing.

#[cfg(feature = "tables")]
pub mod board;
#[cfg(any(feature = "view", feature = "watch"))]
pub mod curves;
pub mod draw;
pub mod numbers;
#[cfg(feature = "view")]
pub mod page;
#[cfg(feature = "view")]
pub mod serve;
pub mod starters;
#[cfg(feature = "tables")]
pub mod tensorboard;
#[cfg(feature = "pictures")]
pub mod tiles;
pub mod timeline;
#[cfg(feature = "tables")]
pub mod trace_table;
#[cfg(feature = "watch")]
pub mod watch;
