//! Risk — the limits, the breakers, and the gate that alone may approve a command.

mod breakers;
mod exposure;
mod gate;
mod limits;
mod protection;
mod refusal;
mod symbol;

pub use breakers::Breaker;
pub use breakers::Cause;
pub use breakers::Change;
pub use breakers::RiskState;
pub use exposure::Exposure;
pub use gate::Approved;
pub use gate::Gate;
pub use limits::AccountLimits;
pub use limits::MicroUsd;
pub use limits::SymbolLimits;
pub use limits::PPM;
pub use protection::ProtectionRules;
pub use refusal::Refusal;
pub use symbol::Burden;
pub use symbol::Footing;
pub use symbol::Room;
pub use symbol::View;
