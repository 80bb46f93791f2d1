//! Book — frames merged into one book, levels in a dense window, read-only views.

mod merge;
mod rows;
mod side;
mod view;

pub use merge::GapCause;
pub use merge::MergeCounts;
pub use merge::Merger;
pub use merge::VENUE_TIME_NS_MAX;
pub(crate) use rows::is_level;
pub use rows::BookRows;
pub use side::BookSide;
pub use side::Level;
pub use view::Book;
pub use view::BookRow;
pub use view::BookState;
pub use view::Touch;
