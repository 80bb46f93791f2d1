//! From the parameter table to what the quoting function is told.

use crate::quote::QuoteMode;
use crate::quote::QuoteParams;
use crate::strategy::Mode;
use crate::strategy::Params;

impl Params {
    /// The quoting parameters at this capital.
    #[must_use]
    pub fn quoting(&self) -> QuoteParams {
        QuoteParams {
            mode: match self.mode {
                Mode::Bps => QuoteMode::Bps,
                Mode::Glft => QuoteMode::Glft,
                Mode::As => QuoteMode::As,
                Mode::Fixed => QuoteMode::Fixed,
            },
            base_spread_bps: self.base_spread_bps,
            vol_multiplier: self.vol_multiplier,
            vol_horizon_s: self.vol_horizon_s,
            max_spread_bps: self.max_spread_bps,
            inventory_skew_factor: self.inventory_skew_factor,
            bias_strength: self.bias_strength,
            funding_weight: self.funding_weight,
            num_levels: self.num_levels as usize,
            level_step_frac: self.level_step_frac,
            order_size_usd: self.order_usd(),
            order_lots: self.order_lots,
            size_decay: self.size_decay,
            size_skew_factor: self.size_skew_factor,
            max_position_usd: self.position_usd(),
            min_notional_usd: self.min_notional_usd,
            maker_fee: self.maker_fee,
            fee_floor: self.fee_floor,
            min_edge_bps: self.min_edge_bps,
            gamma: self.gamma,
            xi: self.xi,
            intensity_a: self.intensity_a,
            intensity_k: self.intensity_k,
            as_horizon_s: self.as_horizon_s,
            fixed_half_ticks: self.fixed_half_ticks,
            fixed_skew_ticks: self.fixed_skew_ticks,
        }
    }
}
