//! What the quoting function is told, and what it tells about itself.

use crate::units::Lots;
use crate::units::Px;
use serde::Deserialize;
use serde::Serialize;

/// Which formula makes the spread and the shift.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum QuoteMode {
    /// Basis points, volatility and a share of the spread.
    Bps,
    /// Guéant–Lehalle–Fernandez-Tapia, in ticks and clips.
    Glft,
    /// Avellaneda–Stoikov with a finite horizon, in ticks and clips.
    As,
    /// A fixed distance from the mid in price steps: a plain benchmark.
    Fixed,
}

/// What a large inventory asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Urgency {
    /// Nothing.
    None,
    /// The reducing side quotes at the touch.
    Touch,
    /// The reducing side takes, and nothing else is quoted.
    Take,
}

/// The parameters of the quoting function. A clip is one order.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct QuoteParams {
    /// Formula of spread and shift.
    pub mode: QuoteMode,
    /// Least full spread before multipliers.
    pub base_spread_bps: f64,
    /// Full spread in units of the volatility over [`Self::vol_horizon_s`].
    pub vol_multiplier: f64,
    /// Horizon of the volatility in the spread.
    pub vol_horizon_s: f64,
    /// Greatest full spread.
    pub max_spread_bps: f64,
    /// Shift against a full inventory, in spreads.
    pub inventory_skew_factor: f64,
    /// Shift with a full bias, in spreads.
    pub bias_strength: f64,
    /// Shift against the funding rate, in hourly payments on the fair price.
    pub funding_weight: f64,
    /// Quotes a side, at most [`crate::quote::LEVELS_MAX`].
    pub num_levels: usize,
    /// Distance of the levels, in spreads.
    pub level_step_frac: f64,
    /// Value of each level's order.
    pub order_size_usd: f64,
    /// Size of each level's order in lots; 0 takes [`Self::order_size_usd`].
    pub order_lots: i64,
    /// Size of a level as a multiple of the one inside it.
    pub size_decay: f64,
    /// How much inventory shrinks the side that adds to it and swells the other.
    pub size_skew_factor: f64,
    /// Greatest position either way.
    pub max_position_usd: f64,
    /// Orders below this value are not placed.
    pub min_notional_usd: f64,
    /// Fee of maker fills, as a fraction of notional; positive is paid.
    pub maker_fee: f64,
    /// Keep the full spread above two maker fees and the least edge.
    pub fee_floor: bool,
    /// Least edge of a round trip after fees.
    pub min_edge_bps: f64,
    /// Risk aversion per tick and clip.
    pub gamma: f64,
    /// Utility parameter per tick and clip; 0 is the mean-variance case.
    pub xi: f64,
    /// A of the fill intensity `A exp(-k distance)`, per second.
    pub intensity_a: f64,
    /// k of the fill intensity, per tick.
    pub intensity_k: f64,
    /// Remaining horizon of the `As` mode.
    pub as_horizon_s: f64,
    /// Distance of the innermost quotes from the mid in the `Fixed` mode.
    pub fixed_half_ticks: f64,
    /// Shift against each clip of inventory in the `Fixed` mode.
    pub fixed_skew_ticks: f64,
}

impl Default for QuoteParams {
    fn default() -> Self {
        Self {
            mode: QuoteMode::Bps,
            base_spread_bps: 2.0,
            vol_multiplier: 1.5,
            vol_horizon_s: 10.0,
            max_spread_bps: 100.0,
            inventory_skew_factor: 0.3,
            bias_strength: 0.2,
            funding_weight: 0.0,
            num_levels: 2,
            level_step_frac: 0.5,
            order_size_usd: 150.0,
            order_lots: 0,
            size_decay: 1.0,
            size_skew_factor: 0.0,
            max_position_usd: 500.0,
            min_notional_usd: 10.0,
            maker_fee: 0.000_15,
            fee_floor: true,
            min_edge_bps: 0.0,
            gamma: 0.05,
            xi: 0.05,
            intensity_a: 0.9,
            intensity_k: 0.3,
            as_horizon_s: 60.0,
            fixed_half_ticks: 1.0,
            fixed_skew_ticks: 0.0,
        }
    }
}

/// What the quoting function sees: the book without our own orders, and the models' outputs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QuoteState {
    /// Best bid of the others.
    pub best_bid: Option<Px>,
    /// Best ask of the others.
    pub best_ask: Option<Px>,
    /// Fair price; the `Fixed` mode takes the mid instead.
    pub fair: Option<f64>,
    /// Volatility as log-return per square root of a second; the `Fixed` mode needs none.
    pub sigma: Option<f64>,
    /// Our position.
    pub position: Lots,
    /// Directional bias, -1 to 1.
    pub bias: f64,
    /// Funding rate of an hour, positive where longs pay.
    pub funding: f64,
    /// What a large inventory asks of the side that reduces it.
    pub urgency: Urgency,
    /// Widening of the bid side by toxicity.
    pub m_bid: f64,
    /// Widening of the ask side by toxicity.
    pub m_ask: f64,
    /// Multiplier of the spread.
    pub m_spread: f64,
    /// Multiplier of sizes.
    pub m_size: f64,
    /// Multiplier of the greatest position.
    pub m_maxpos: f64,
}

impl Default for QuoteState {
    /// No book, flat, every multiplier neutral.
    fn default() -> Self {
        Self {
            best_bid: None,
            best_ask: None,
            fair: None,
            sigma: None,
            position: Lots(0),
            bias: 0.0,
            funding: 0.0,
            urgency: Urgency::None,
            m_bid: 1.0,
            m_ask: 1.0,
            m_spread: 1.0,
            m_size: 1.0,
            m_maxpos: 1.0,
        }
    }
}

/// How the quotes came about; prices in quote currency.
///
/// The reservation price is `fair + skew + lean + funding`; the innermost quotes stand
/// `half * m + floor` beside it, where `m` is the toxicity of the side.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct QuoteDiag {
    /// Volatility over the horizon, in basis points.
    pub sigma_bps: f64,
    /// Full spread, in basis points.
    pub spread_bps: f64,
    /// Inventory as a share of the greatest position, -1 to 1.
    pub rho: f64,
    /// The price that the quotes are made around.
    pub fair: f64,
    /// Shift against the inventory.
    pub skew: f64,
    /// Shift with the bias.
    pub lean: f64,
    /// Shift against the funding rate.
    pub funding: f64,
    /// Fair price after the shifts.
    pub reservation: f64,
    /// Half the spread before toxicity.
    pub half: f64,
    /// What the fee floor adds to each half.
    pub floor: f64,
    /// Distance of the innermost bid from the reservation price.
    pub half_bid: f64,
    /// Distance of the innermost ask.
    pub half_ask: f64,
    /// Distance between levels.
    pub level_step: f64,
}
