//! Tape — files of rows: what replay reads, what importers and the recorder write.
//!
//! A tape is one Parquet file a venue, symbol and UTC day of `ts_recv`; pandas, Polars and
//! DuckDB open it as it is. This is the only module of the core that touches files.

mod known;
mod reader;
mod schema;
mod touch;
mod series;
mod writer;

pub use reader::Projection;
pub use reader::TapeReader;
pub use schema::GapSpan;
pub use schema::GroupInfo;
pub use schema::TapeInfo;
pub use schema::VERSION;
pub use touch::touches;
pub use series::TapeSeries;
pub use writer::TapeSummary;
pub use writer::TapeWriter;
