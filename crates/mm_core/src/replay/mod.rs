//! Replay — drivers: one tape and one maker a symbol; several symbols on one account.

mod around;
mod case;
mod columns;
mod drive;
mod ear;
mod inbox;
mod lane;
mod led;
mod models;
mod probes;
#[cfg(test)]
mod race;
mod results;
mod saved;
mod score;
mod seat;
mod sighting;
mod signals;
mod spec;
mod strip;
mod sweep;
mod truth;
mod window;

pub use case::replay_case;
pub use columns::EquityColumns;
pub use columns::FillColumns;
pub use columns::OrderColumns;
pub use columns::OrderEnd;
pub use columns::MARKOUT_NS;
pub use columns::UNRESOLVED;
pub use drive::Progress;
pub use drive::Replay;
pub(crate) use models::Models;
pub(crate) use signals::parse_signals;
pub use signals::read_signals;
pub(crate) use signals::signals_file;
pub(crate) use signals::warmth_of;
pub(crate) use signals::Minute;
pub use signals::SavedSignals;
pub(crate) use spec::params_of;
pub use spec::LaneSpec;
pub use spec::RunSpec;
pub use spec::SweepSpec;
pub use sweep::Sweep;
pub use sweep::SweepProgress;
