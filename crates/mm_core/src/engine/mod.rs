//! Engine — wiring only: `Market` is what no parameter changes, `Maker` what parameters change.

mod adaptation;
mod flow;
mod judge;
mod levers;
mod maker;
mod market;
mod places;
mod quoter;
mod sight;
mod signals;
mod warmth;
mod why;

pub use judge::Judge;
pub use levers::Fitted;
pub use levers::Levers;
pub use maker::Commands;
pub use maker::Considered;
pub use maker::Maker;
pub use maker::MakerConfig;
pub use maker::Stance;
pub use market::displayed;
pub use market::Attention;
pub use market::Context;
pub use market::Market;
pub use market::TouchQty;
pub use quoter::Print;
pub use quoter::Quoter;
pub use quoter::Seen;
pub use sight::Sight;
pub use warmth::Warmth;
pub use why::Why;
pub use why::WhyQuote;
pub use why::WhySide;
