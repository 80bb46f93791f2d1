//! Live — the engine as a daemon drives it: frames and private events in, approved commands out.
//!
//! The desk holds one market and one maker a symbol behind one gate. It has no clock and no
//! socket: the same frames, events and times give the same commands, so that a journal replays.

mod chain;
mod desk;
mod event;
mod report;
mod spec;
mod stand;

pub use desk::Desk;
pub use desk::Heard;
pub use desk::Notice;
pub use event::DeskEvent;
