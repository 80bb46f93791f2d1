//! Statistics — what a run earned, and how sure one may be of it.

mod markout;
mod overfitting;
mod pnl;
mod returns;
mod special;

pub use markout::markout;
pub use markout::MarkedFill;
pub use markout::Markout;
pub use markout::Mids;
pub use overfitting::blocks_for;
pub use overfitting::overfitting;
pub use overfitting::Overfitting;
pub use pnl::pnl_parts;
pub use pnl::round_trips;
pub use pnl::PnlEvent;
pub use pnl::PnlParts;
pub use pnl::RoundTrips;
pub use returns::drawdown;
pub use returns::expected_max;
pub use returns::sharpe;
pub use returns::sharpe_lo;
pub use returns::sortino;
pub use returns::Drawdown;
pub use returns::Shape;
pub use special::gamma_tail;
pub use special::normal_cdf;
pub use special::normal_quantile;
