//! Quotes — from fair price, volatility and inventory to the wanted ladder.

mod ladder;

pub use ladder::Ladder;
pub use ladder::NoQuote;
pub use ladder::Target;
pub use ladder::LEVELS_MAX;
