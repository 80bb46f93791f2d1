//! Orders — one order's life, all orders of a maker, and the way from targets to wishes.

mod manager;
mod reconcile;
mod state;

pub use manager::CloidParts;
pub use manager::FillVerdict;
pub use manager::Order;
pub use manager::OrderManager;
pub use manager::Standing;
pub use manager::ORDERS_MAX;
pub use reconcile::RequoteRules;
pub use reconcile::Wishes;
pub use state::DoneReason;
pub use state::OrderState;
pub use state::Step;
