//! Account — the exact ledger of one symbol: position, cash, and where the money came from.
//!
//! Mids are in half price units (best bid + best ask), so they stay integers; products of mids
//! and sizes are therefore in half cash units. At every event
//! `capture + inventory - fees + funding = cash flow + position * mid`, exactly.

use crate::error::CoreError;
use crate::event::Fill;
use crate::fees::FeeSchedule;
use crate::fees::Liquidity;
use crate::instrument::pow10;
use crate::instrument::InstrumentSpec;
use crate::units::Cash;
use crate::units::Lots;
use crate::units::Px;
use crate::units::Side;
use serde::Deserialize;
use serde::Serialize;

/// Money in half cash units: a whole cash unit counts two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct HalfCash(pub i128);

impl HalfCash {
    /// As dollars, for reports and model code only.
    #[must_use]
    pub fn usd(self, spec: &InstrumentSpec) -> f64 {
        self.0 as f64 / 2.0 / pow10(spec.cash_decimals) as f64
    }
}

/// Where the money came from: `total = capture + inventory - fees + funding`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PnlParts {
    /// What fills were better than the mid: sum of `sign * (mid - px) * size`.
    pub capture: HalfCash,
    /// What the position gained as the mid moved.
    pub inventory: HalfCash,
    /// Fees; positive is paid.
    pub fees: HalfCash,
    /// Funding; positive is received.
    pub funding: HalfCash,
}

impl PnlParts {
    /// Profit and loss, marked to the mid, after fees and funding.
    #[must_use]
    pub fn total(&self) -> HalfCash {
        HalfCash(self.capture.0 + self.inventory.0 - self.fees.0 + self.funding.0)
    }
}

/// Fills and volume by liquidity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turnover {
    /// Fills that added liquidity.
    pub maker_fills: u64,
    /// Fills that removed liquidity.
    pub taker_fills: u64,
    /// Notional that added liquidity, in cash units.
    pub maker_volume: i128,
    /// Notional that removed liquidity, in cash units.
    pub taker_volume: i128,
}

impl Turnover {
    fn add(&mut self, liquidity: Liquidity, notional: Cash) {
        let (fills, volume) = match liquidity {
            Liquidity::Maker => (&mut self.maker_fills, &mut self.maker_volume),
            Liquidity::Taker => (&mut self.taker_fills, &mut self.taker_volume),
        };
        *fills += 1;
        *volume += i128::from(notional.0);
    }

    /// All fills.
    #[must_use]
    pub fn fills(&self) -> u64 {
        self.maker_fills + self.taker_fills
    }

    /// All traded notional, in cash units.
    #[must_use]
    pub fn volume(&self) -> i128 {
        self.maker_volume + self.taker_volume
    }
}

/// Average-cost bookkeeping: what a position and its cost (negative when short) become by a trade,
/// as the cost then and the profit closed. The remainder of a division stays with the open part.
#[must_use]
pub fn cost_after(
    (position, basis): (Lots, i128),
    side: Side,
    size: Lots,
    notional: Cash,
) -> (i128, i128) {
    let paid = i128::from(side.sign()) * i128::from(notional.0);
    let held = position.0 * side.sign();
    if held >= 0 {
        return (basis + paid, 0);
    }
    let closing = i128::from(size.0.min(-held));
    let cost = basis * closing / i128::from(-held);
    let proceeds = paid * closing / i128::from(size.0);
    // A buy that closes pays, a sale that closes receives: both against the cost released.
    (basis + paid - proceeds - cost, -(cost + proceeds))
}

/// The exact ledger of one symbol.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Account {
    spec: InstrumentSpec,
    fees: FeeSchedule,
    position: Lots,
    /// The last mark, half price units; 0 before the first.
    mid2: i64,
    /// What trading cost or brought, fees and funding included, in half cash units.
    flow: HalfCash,
    parts: PnlParts,
    /// What the open position cost (negative when short), in cash units.
    basis: i128,
    /// Closed profit against the average entry, before fees and funding, in cash units.
    realised: i128,
    peak: HalfCash,
    drawdown: HalfCash,
    turnover: Turnover,
}

impl Account {
    /// An empty account that books fees by the schedule where the venue does not name them.
    #[must_use]
    pub fn new(spec: InstrumentSpec, fees: FeeSchedule) -> Self {
        Self {
            spec,
            fees,
            position: Lots(0),
            mid2: 0,
            flow: HalfCash(0),
            parts: PnlParts::default(),
            basis: 0,
            realised: 0,
            peak: HalfCash(0),
            drawdown: HalfCash(0),
            turnover: Turnover::default(),
        }
    }

    /// Value the position at a mid, in half price units.
    ///
    /// # Panics
    /// If the mid is not positive: a book without two sides has no mid to mark at.
    #[inline]
    pub fn mark(&mut self, mid2: i64) {
        assert!(mid2 > 0, "invariant: marks are positive, had {mid2}");
        if self.position.0 != 0 {
            self.parts.inventory.0 += self.half_value(mid2 - self.mid2, self.position);
        }
        self.mid2 = mid2;
        self.water_line();
    }

    /// Book one execution at the mid of its moment; returns the fee, positive if paid.
    ///
    /// The caller has removed duplicates. Nothing changes when an error is returned.
    ///
    /// # Errors
    /// [`CoreError::BadArgument`] for a size, price or mid that is not positive;
    /// [`CoreError::NotionalOverflow`] when a value does not fit the cash unit.
    pub fn on_fill(&mut self, fill: &Fill, mid2: i64) -> Result<Cash, CoreError> {
        for (name, value) in [("size", fill.size.0), ("px", fill.px.0), ("mid2", mid2)] {
            if value <= 0 {
                let why = format!("a fill needs it positive, had {value} in {:?}", fill.trade);
                return Err(CoreError::BadArgument { name, why });
            }
        }
        let signed = Lots(fill.side.sign() * fill.size.0);
        let notional = self.spec.notional(fill.px, fill.size)?;
        self.spec.notional(Px(mid2), self.position + signed)?;
        let fee = fill.fee.unwrap_or_else(|| self.fees.fee(notional, fill.liquidity));

        self.mark(mid2);
        self.parts.capture.0 += self.half_value(mid2 - 2 * fill.px.0, signed);
        self.parts.fees.0 += 2 * i128::from(fee.0);
        self.flow.0 -= 2 * (i128::from(fill.side.sign() * notional.0) + i128::from(fee.0));
        self.turnover.add(fill.liquidity, notional);
        self.move_basis(fill.side, fill.size, notional);
        self.position += signed;
        self.water_line();
        self.check();
        Ok(fee)
    }

    /// Take over lots that were held before at a price, without a profit: nothing was traded.
    ///
    /// # Errors
    /// As [`Self::on_fill`]: `held` is written as the fill that would have brought it.
    pub fn take_over(&mut self, held: &Fill) -> Result<(), CoreError> {
        let traded = self.turnover;
        self.on_fill(held, 2 * held.px.0)?;
        self.turnover = traded;
        Ok(())
    }

    /// Book a funding payment; positive is received.
    pub fn on_funding(&mut self, received: Cash) {
        self.parts.funding.0 += 2 * i128::from(received.0);
        self.flow.0 += 2 * i128::from(received.0);
        self.water_line();
        self.check();
    }

    /// The instrument.
    #[must_use]
    pub const fn spec(&self) -> &InstrumentSpec {
        &self.spec
    }

    /// The signed position.
    #[must_use]
    pub const fn position(&self) -> Lots {
        self.position
    }

    /// The last mark in half price units; 0 before the first.
    #[must_use]
    pub const fn mid2(&self) -> i64 {
        self.mid2
    }

    /// The value of the position at the last mark, whichever its sign.
    #[must_use]
    pub fn held(&self) -> HalfCash {
        HalfCash(self.half_value(self.mid2, self.position).abs())
    }

    /// The parts of the profit.
    #[must_use]
    pub const fn parts(&self) -> &PnlParts {
        &self.parts
    }

    /// Profit and loss at the last mark, after fees and funding.
    #[must_use]
    pub fn pnl(&self) -> HalfCash {
        self.parts.total()
    }

    /// What trading cost or brought, fees and funding included: the profit without the position.
    #[must_use]
    pub const fn flow(&self) -> HalfCash {
        self.flow
    }

    /// Closed profit against the average entry, before fees and funding, in cash units.
    #[must_use]
    pub const fn realised(&self) -> i128 {
        self.realised
    }

    /// The average entry price of the open position, for reports; `None` when flat.
    #[must_use]
    pub fn average_entry(&self) -> Option<f64> {
        let cost = self.basis as f64 / pow10(self.spec.cash_decimals) as f64;
        (self.position.0 != 0).then(|| cost / self.spec.size(self.position))
    }

    /// The highest profit so far, at least 0.
    #[must_use]
    pub const fn peak(&self) -> HalfCash {
        self.peak
    }

    /// The deepest fall below the peak so far, not negative.
    #[must_use]
    pub const fn drawdown(&self) -> HalfCash {
        self.drawdown
    }

    /// Fills and volume.
    #[must_use]
    pub const fn turnover(&self) -> &Turnover {
        &self.turnover
    }

    /// Whether the parts add up to cash flow plus the marked position.
    #[must_use]
    pub fn balances(&self) -> bool {
        let held = self.half_value(self.mid2, self.position);
        let traded = 2 * (self.realised - self.basis);
        let booked = traded - self.parts.fees.0 + self.parts.funding.0;
        self.pnl().0 == self.flow.0 + held && booked == self.flow.0
    }

    /// Half price units times lots, in half cash units.
    fn half_value(&self, px2: i64, lots: Lots) -> i128 {
        i128::from(px2) * i128::from(lots.0) * i128::from(self.spec.cash_per_unit())
    }

    fn move_basis(&mut self, side: Side, size: Lots, notional: Cash) {
        let held = (self.position, self.basis);
        let (basis, realised) = cost_after(held, side, size, notional);
        self.basis = basis;
        self.realised += realised;
    }

    fn water_line(&mut self) {
        let pnl = self.pnl();
        if pnl > self.peak {
            self.peak = pnl;
        } else {
            self.drawdown = self.drawdown.max(HalfCash(self.peak.0 - pnl.0));
        }
    }

    fn check(&self) {
        debug_assert!(self.balances(), "invariant: the ledger sums exactly: {self:?}");
    }
}
