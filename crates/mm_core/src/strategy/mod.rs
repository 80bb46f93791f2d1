//! Strategy — the one table of parameters, and what adapts them: regime, size, tuner, age.

mod age;
mod fill_rate;
mod limits;
mod params;
mod quoting;
mod regime;
mod sizer;
mod table;
mod tuner;
mod words;

pub use age::decayed_skew;
pub use age::InventoryAge;
pub use age::LargeInventory;
pub use age::SkewDecay;
pub use age::UrgencyRules;
pub use fill_rate::FillRate;
pub use params::Params;
pub use params::PARAMS;
pub use regime::Regime;
pub use regime::RegimeTracker;
pub use sizer::size_factors;
pub use sizer::SizeFactors;
pub use sizer::SizerInputs;
pub use table::Kind;
pub use table::ParamSpec;
pub use table::Scope;
pub use table::Value;
pub use tuner::Tuner;
pub use tuner::TunerDay;
pub use tuner::TunerEvent;
pub use tuner::TunerEvents;
pub use tuner::TunerInputs;
pub use words::IntensitySource;
pub use words::Mode;
pub use words::StrategyKind;
pub use words::Toggle;
