//! Exchange — accounts, orders and money of the simulated exchange.

mod case;
mod orders;
mod runs;
