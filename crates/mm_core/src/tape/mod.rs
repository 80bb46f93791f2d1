//! Tape — files of rows: what replay reads, what importers and the recorder write.
//!
//! A tape is one Parquet file a venue, symbol and UTC day of `ts_recv`; pandas, Polars and
//! DuckDB open it as it is. This is the only module of the core that touches files.

mod assemble;
mod group;
mod known;
mod lines;
mod planes;
mod reader;
mod schema;
mod series;
mod table;
mod text;
mod touch;
mod writer;

pub use assemble::Assembler;
pub use lines::Format;
pub use lines::Heard;
pub use lines::LineCounts;
pub use lines::Scanned;
pub use reader::Projection;
pub use reader::TapeReader;
pub use schema::Effort;
pub use schema::GapSpan;
pub use schema::GroupInfo;
pub use schema::TapeInfo;
pub use schema::VERSION;
pub(crate) use series::SeriesPlace;
pub use series::TapeSeries;
pub use table::Content;
pub use table::Deltas;
pub use table::Ladder;
pub use table::Prints;
pub use table::Table;
pub use table::Times;
pub(crate) use text::read_bytes;
pub use text::read_model;
pub use touch::touches;
pub use writer::TapeSummary;
pub use writer::TapeWriter;
