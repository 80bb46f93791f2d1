//! Engine — wiring only: `Market` is what no parameter changes, `Maker` what parameters change.

mod maker;
mod market;

pub use maker::Commands;
pub use maker::Maker;
pub use maker::MakerConfig;
pub use market::Context;
pub use market::Market;
