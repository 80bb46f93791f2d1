//! Book — frames merged into one book, levels in a dense window, read-only views.

mod merge;

pub use merge::GapCause;
pub use merge::MergeCounts;
pub use merge::Merger;
