//! Sim — one matching model for replay, the local exchange and fault simulation; synthetic flow.

mod blocks;
mod counted;
mod flow;
mod latency;
mod resting;
mod venue;

pub use blocks::BlockClock;
pub use counted::Shown;
pub use flow::calibrate_qpn;
pub use flow::estimate_queue;
pub use flow::recorded_truth;
pub use flow::Flow;
pub use flow::FlowConfig;
pub use flow::FlowLatency;
pub use flow::FlowStreams;
pub use flow::GhostPlan;
pub use flow::OrderAction;
pub use flow::OrderRows;
pub use flow::Probing;
pub use flow::QueueEstimates;
pub use flow::QueueViews;
pub use flow::Truth;
pub use flow::TruthGhosts;
pub use flow::TruthSamples;
pub use latency::Latency;
pub use latency::LatencyModel;
pub use latency::Recorded;
pub use resting::QueueRule;
pub use resting::Resting;
pub use venue::FillWhy;
pub use venue::LevelArrival;
pub use venue::SimFill;
pub use venue::SimVenue;
pub use venue::VenueConfig;
pub use venue::VenueCounts;
pub use venue::VenueEvent;
