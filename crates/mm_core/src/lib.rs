//! The core of BotMM: one direction of flow, no clock, no randomness, no environment.
//!
//! Lowest first: units, error, instrument and fees, event and command, then the modules of the
//! architecture document. Only `tape` touches files; only `replay` starts threads; only `python`
//! knows Python.

pub mod account;
mod arrays;
pub mod book;
pub mod command;
pub mod engine;
pub mod error;
pub mod event;
pub mod fees;
pub mod instrument;
pub mod live;
pub mod order;
#[cfg(feature = "python")]
mod python;
pub mod queue;
pub mod quote;
pub mod replay;
pub mod risk;
pub mod signal;
pub mod sim;
pub mod stats;
pub mod strategy;
pub mod tape;
pub mod units;
pub mod wire;
