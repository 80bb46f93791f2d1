//! Strategy — the one table of parameters.

mod params;
mod quoting;
mod table;

pub use params::Mode;
pub use params::Params;
pub use params::PARAMS;
pub use table::Kind;
pub use table::ParamSpec;
pub use table::Scope;
pub use table::Value;
