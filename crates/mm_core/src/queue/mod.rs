//! Queues — how much rests ahead of our order, from the sizes and counts of a level.

mod arrival;
mod counted;
mod model;
mod qpn;
mod resting;
mod score;

pub use arrival::ahead_on_arrival;
pub use arrival::count_on_arrival;
pub use arrival::Arrival;
pub use counted::Shown;
pub use model::QueueModel;
pub use model::QUEUE_MODELS;
pub use qpn::classify;
pub use qpn::Group;
pub use qpn::Interval;
pub use qpn::QpnConfig;
pub use qpn::QpnState;
pub use resting::QueueRule;
pub use resting::Resting;
pub use score::auc;
pub use score::brier;
pub use score::calibration_error;
pub use score::fill_probability;
pub use score::log_loss;
pub use score::Flow;
