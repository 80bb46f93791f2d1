//! Signals — what the book and its trades say about price, pressure and volatility.

mod bars;
mod imbalance;
mod microprice;
mod ofi;
mod volatility;

pub use bars::close_to_close;
pub use bars::ewma;
pub use bars::garman_klass;
pub use bars::parkinson;
pub use bars::rogers_satchell;
pub use bars::yang_zhang;
pub use bars::Bars;
pub use imbalance::depth_imbalance;
pub use imbalance::depth_weighted_mid;
pub use imbalance::distance_imbalance;
pub use imbalance::flow_imbalance;
pub use imbalance::flow_imbalance_decayed;
pub use imbalance::weighted_mid;
pub use imbalance::Level;
pub use imbalance::Print;
pub use microprice::MicroCounts;
pub use microprice::MicroFit;
pub use microprice::MicroGrid;
pub use microprice::MicroTable;
pub use microprice::Quote;
pub use ofi::order_flow;
pub use ofi::order_flow_levels;
pub use ofi::FlowLevels;
pub use volatility::SigmaEstimator;
