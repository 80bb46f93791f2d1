//! Quotes — from fair price, volatility and inventory to the wanted ladder.

mod avellaneda;
mod function;
mod glft;
mod intensity;
mod ladder;
mod params;

pub use avellaneda::as_finite;
pub use avellaneda::as_stationary;
pub use avellaneda::AsParams;
pub use avellaneda::AsQuote;
pub use avellaneda::AsStationary;
pub use function::quote;
pub use glft::glft;
pub use glft::glft_exact;
pub use glft::GlftExact;
pub use glft::GlftParams;
pub use glft::GlftQuote;
pub use intensity::fit_geometric;
pub use intensity::fit_intensity;
pub use intensity::fit_probe;
pub use intensity::FitStatus;
pub use intensity::Geometric;
pub use intensity::GeometricFit;
pub use intensity::IntensityFit;
pub use intensity::Line;
pub use ladder::Ladder;
pub use ladder::NoQuote;
pub use ladder::Target;
pub use ladder::LEVELS_MAX;
pub use params::QuoteDiag;
pub use params::QuoteMode;
pub use params::QuoteParams;
pub use params::QuoteState;
pub use params::Urgency;
