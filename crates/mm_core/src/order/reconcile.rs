//! Reconcile — from wanted quotes to wishes, keeping the queue where a target hardly moved.

use crate::command::Command;
use crate::command::Place;
use crate::command::Tif;
use crate::instrument::InstrumentSpec;
use crate::order::manager::Order;
use crate::order::OrderManager;
use crate::order::ORDERS_MAX;
use crate::quote::Ladder;
use crate::quote::Target;
use crate::quote::LEVELS_MAX;
use crate::units::DurationNanos;
use crate::units::Lots;
use crate::units::Px;
use crate::units::Side;
use crate::units::UnixNanos;
use serde::Deserialize;
use serde::Serialize;

/// When an order is worth replacing; every replacement goes to the end of the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequoteRules {
    /// At the innermost level, replace when the price is off by this many steps.
    pub steps_inner: i64,
    /// At the other levels.
    pub steps_outer: i64,
    /// Replace when the size is off by more than this share of what rests, in millionths.
    pub size_ppm: i64,
    /// A request unanswered for longer makes its order unknown.
    pub answer_timeout: DurationNanos,
    /// An unknown order is asked to be cancelled again after this time.
    pub unknown_retry: DurationNanos,
    /// An order further from the touch than its target stays until it is this old: it costs
    /// fills that were not had, while one that is nearer costs money.
    pub patience: DurationNanos,
}

impl Default for RequoteRules {
    fn default() -> Self {
        Self {
            steps_inner: 1,
            steps_outer: 2,
            size_ppm: 200_000,
            answer_timeout: DurationNanos::from_millis(5_000),
            unknown_retry: DurationNanos::from_millis(1_000),
            patience: DurationNanos(0),
        }
    }
}

/// Most wishes of one step: a cancel for every order, a place for every level.
const WISHES_MAX: usize = ORDERS_MAX + 2 * LEVELS_MAX;

/// The wishes of one step, cancels first; reused from step to step.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Wishes {
    #[serde(with = "crate::arrays::inline")]
    rows: [Command; WISHES_MAX],
    len: usize,
}

impl Default for Wishes {
    fn default() -> Self {
        Self { rows: [Command::CancelAll { symbol: None }; WISHES_MAX], len: 0 }
    }
}

impl Wishes {
    /// The wishes, in the order in which they should go out.
    #[must_use]
    pub fn as_slice(&self) -> &[Command] {
        &self.rows[..self.len]
    }

    /// Forget all.
    pub fn clear(&mut self) {
        self.len = 0;
    }

    fn push(&mut self, wish: Command) {
        assert!(self.len < WISHES_MAX, "invariant: at most {WISHES_MAX} wishes a step");
        self.rows[self.len] = wish;
        self.len += 1;
    }
}

impl OrderManager {
    /// Write the wishes that bring the orders to the wanted quotes; `wishes` is cleared first.
    ///
    /// An order stays while its target hardly moved, whichever level it was placed for. What no
    /// target claims is cancelled; a target without an order is placed in the same batch, and
    /// the gate decides whether the worst case still allows it or it waits for the cancel.
    pub fn reconcile(
        &mut self,
        ladder: &Ladder,
        spec: &InstrumentSpec,
        now: UnixNanos,
        wishes: &mut Wishes,
    ) {
        wishes.clear();
        self.expire(now);
        let mut missing = [0_u16; 2];
        for side in Side::BOTH {
            missing[side.index()] = self.match_side(ladder, side, (spec, now), wishes);
        }
        self.retry_unknown(now, wishes);
        if missing == [0; 2] {
            return;
        }
        for level in 0..LEVELS_MAX {
            for side in Side::BOTH {
                if missing[side.index()] & (1 << level) != 0 {
                    let wish = self.place(ladder.side(side)[level], side);
                    wishes.push(Command::Place(wish));
                }
            }
        }
    }

    /// Keep or cancel the quotes of a side; the bits of the targets that have no order.
    fn match_side(
        &mut self,
        ladder: &Ladder,
        side: Side,
        (spec, now): (&InstrumentSpec, UnixNanos),
        wishes: &mut Wishes,
    ) -> u16 {
        let (mut spare, mut room) = (self.quoting(side), ladder.most(side));
        let mut missing = 0;
        for (i, target) in ladder.side(side).iter().enumerate() {
            match self.keeper((spare, room), target, (spec, now)) {
                Some((off, slot)) => {
                    spare &= !(1 << slot);
                    room -= self.at(slot).left();
                    self.keep(slot, target.level, off);
                }
                None => missing |= 1 << i,
            }
        }
        while spare != 0 {
            let order = self.at(spare.trailing_zeros() as usize);
            wishes.push(Command::Cancel { symbol: self.symbol(), cloid: order.cloid });
            spare &= spare - 1;
        }
        missing
    }

    /// The nearest of the spare orders that may stay for a target with so much room left, and
    /// how far off it is.
    fn keeper(
        &self,
        (spare, room): (u64, Lots),
        target: &Target,
        (spec, now): (&InstrumentSpec, UnixNanos),
    ) -> Option<(i64, usize)> {
        let (mut rest, mut best) = (spare, None);
        let mut reach = None;
        while rest != 0 {
            let slot = rest.trailing_zeros() as usize;
            rest &= rest - 1;
            let order = self.at(slot);
            let off = (order.px.0 - target.px.0).abs();
            let near = off == 0 || {
                let reach = *reach.get_or_insert_with(|| self.reach(target, spec));
                off < reach || self.waits(order, target, now)
            };
            let fits = order.left() <= room;
            if !near || !fits || !same_size(order, target.size, self.rules().size_ppm) {
                continue;
            }
            match best {
                Some((least, _)) if off >= least => {}
                Some(_) | None => best = Some((off, slot)),
            }
        }
        best
    }

    /// Whether an order stays for an innermost target just as it is wanted, or goes for one at
    /// another price; `None` where it is neither.
    pub(crate) fn stays(
        &self,
        order: &Order,
        (px, size): (Px, Lots),
        spec: &InstrumentSpec,
    ) -> Option<bool> {
        match (order.px.0 - px.0).abs() {
            0 => same_size(order, size, self.rules().size_ppm).then_some(true),
            off => (off >= self.rules().steps_inner * spec.step(px)).then_some(false),
        }
    }

    /// Whether an order that is further from the touch than its target is too young to go.
    fn waits(&self, order: &Order, target: &Target, now: UnixNanos) -> bool {
        let patience = self.rules().patience;
        patience.0 > 0 && order.side.better(target.px, order.px) && now.since(order.sent) < patience
    }

    /// How far off a price must be, in price units, to be worth a replacement.
    fn reach(&self, target: &Target, spec: &InstrumentSpec) -> i64 {
        let rules = self.rules();
        let steps = if target.level == 0 { rules.steps_inner } else { rules.steps_outer };
        steps * spec.step(target.px)
    }

    fn place(&mut self, target: Target, side: Side) -> Place {
        Place {
            symbol: self.symbol(),
            cloid: self.next_cloid(target.level),
            side,
            px: target.px,
            size: target.size,
            tif: if target.takes { Tif::Ioc } else { Tif::PostOnly },
            reduce_only: target.takes,
        }
    }

    fn retry_unknown(&mut self, now: UnixNanos, wishes: &mut Wishes) {
        let mut rest = self.unknown();
        while rest != 0 {
            let slot = rest.trailing_zeros() as usize;
            if self.retry_due(slot, now) {
                let cloid = self.at(slot).cloid;
                wishes.push(Command::Cancel { symbol: self.symbol(), cloid });
            }
            rest &= rest - 1;
        }
    }
}

fn same_size(order: &Order, size: Lots, ppm: i64) -> bool {
    let left = order.left();
    let off = (size.0 - left.0).abs();
    off == 0 || i128::from(off) * 1_000_000 <= i128::from(left.0) * i128::from(ppm)
}
