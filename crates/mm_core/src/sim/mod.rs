//! Sim — the simulated venue and the synthetic exchange.

mod flow;

pub use flow::calibrate_qpn;
pub use flow::estimate_queue;
pub use flow::Flow;
pub use flow::FlowConfig;
pub use flow::FlowLatency;
pub use flow::FlowStreams;
pub use flow::GhostPlan;
pub use flow::QueueEstimates;
pub use flow::QueueViews;
pub use flow::Truth;
pub use flow::TruthGhosts;
pub use flow::TruthSamples;
