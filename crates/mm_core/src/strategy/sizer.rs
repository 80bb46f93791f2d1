//! Sizer — how much of the order size the state of things allows.

use crate::units::Cash;

/// Bounds of the multiplier while it is not 0.
const BOUNDS: (f64, f64) = (0.25, 1.5);

/// What the size depends on; what is not known, or not a number, is neutral.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SizerInputs {
    /// Fast over slow volatility.
    pub vol_ratio: Option<f64>,
    /// Share of our orders that were filled.
    pub fill_rate: Option<f64>,
    /// Inventory as a share of the greatest position, signed.
    pub rho: f64,
    /// The worse toxicity of the two sides.
    pub toxicity: Option<f64>,
    /// Loss from the peak of equity.
    pub drawdown: Cash,
    /// The loss at which nothing is quoted; 0 is none.
    pub drawdown_max: Cash,
}

/// The multiplier and what it is made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SizeFactors {
    /// Smaller in a lively market.
    pub volatility: f64,
    /// Larger where too little is filled, smaller where too much is.
    pub fills: f64,
    /// Smaller with a large inventory.
    pub inventory: f64,
    /// Smaller where fills were followed by adverse moves.
    pub toxicity: f64,
    /// Smaller in a drawdown.
    pub drawdown: f64,
    /// Their product within bounds, or 0 at the greatest drawdown.
    pub multiplier: f64,
}

/// What multiplies the order size.
#[must_use]
pub fn size_factors(inputs: &SizerInputs) -> SizeFactors {
    let number = |value: Option<f64>| value.filter(|value| value.is_finite());
    let volatility = number(inputs.vol_ratio).map_or(1.0, |ratio| {
        if ratio > 0.0 {
            (1.0 / ratio).clamp(0.5, 1.25)
        } else {
            1.25
        }
    });
    let fills = match number(inputs.fill_rate) {
        Some(rate) if rate < 0.15 => 1.10,
        Some(rate) if rate > 0.60 => 0.90,
        Some(_) | None => 1.0,
    };
    let rho = number(Some(inputs.rho)).unwrap_or(0.0).abs();
    let inventory = (1.0 - (rho - 0.5).max(0.0)).max(0.5);
    let toxicity = number(inputs.toxicity)
        .map_or(1.0, |worst| 1.0 - 0.5 * ((worst - 0.4) / 0.4).clamp(0.0, 1.0));
    let (lost, most) = (inputs.drawdown.0, inputs.drawdown_max.0);
    let share = if most > 0 { (lost as f64 / most as f64).clamp(0.0, 1.0) } else { 0.0 };
    let drawdown = 1.0 - 0.75 * share;
    let product = volatility * fills * inventory * toxicity * drawdown;
    let stopped = most > 0 && lost >= most;
    let multiplier = if stopped { 0.0 } else { product.clamp(BOUNDS.0, BOUNDS.1) };
    SizeFactors { volatility, fills, inventory, toxicity, drawdown, multiplier }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_neutral() {
        let nan = Some(f64::NAN);
        let inputs =
            SizerInputs { vol_ratio: nan, fill_rate: nan, toxicity: nan, ..Default::default() };
        for inputs in [inputs, SizerInputs { rho: f64::NAN, ..inputs }, SizerInputs::default()] {
            assert_eq!(size_factors(&inputs).multiplier, 1.0, "{inputs:?}");
        }
    }

    #[test]
    fn the_greatest_drawdown_stops_and_one_less_does_not() {
        let at = |drawdown| {
            let drawdown_max = Cash(50_000_000);
            size_factors(&SizerInputs { drawdown, drawdown_max, ..Default::default() }).multiplier
        };
        assert_eq!(at(Cash(50_000_000)), 0.0);
        assert!(at(Cash(49_999_999)) >= 0.25);
        assert_eq!(at(Cash(-10)), 1.0);
    }
}
