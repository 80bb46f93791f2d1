//! Why — how the quotes of a moment came about, side by side, or why there are none.

use super::levers::Levers;
use super::maker::Decided;
use super::maker::Maker;
use super::market::Market;
use crate::order::Order;
use crate::order::OrderState;
use crate::quote::explain;
use crate::quote::term_value;
use crate::quote::Ladder;
use crate::quote::NoQuote;
use crate::quote::QuoteDiag;
use crate::quote::Target;
use crate::quote::Term;
use crate::risk::Gate;
use crate::risk::RiskState;
use crate::units::Lots;
use crate::units::Px;
use crate::units::Side;

/// Lots and grids take a little off a size; less than this share of it was cut.
const CUT: f64 = 0.9;

/// One of our orders, and how its price came about.
#[derive(Clone, Debug, PartialEq)]
pub struct WhyQuote {
    /// The level it stands for, 0 innermost.
    pub level: u8,
    /// Its price.
    pub px: Px,
    /// What rests of it, as far as we know.
    pub left: Lots,
    /// Where it stands: placing, working, canceling or unknown.
    pub state: &'static str,
    /// What adds up to its price; empty where no target claims it any more.
    pub terms: Vec<Term>,
}

/// One side at a moment.
#[derive(Clone, Debug, PartialEq)]
pub struct WhySide {
    /// Orders that are not over, innermost first.
    pub quotes: Vec<WhyQuote>,
    /// Why there is no quote; `None` where there is one.
    pub absent: Option<String>,
    /// Targets that are smaller than the parameters ask, with the reason.
    pub caps: Vec<String>,
}

/// What a maker had decided at a moment.
#[derive(Clone, Debug)]
pub struct Why {
    /// Terms of the quoting function.
    pub diag: QuoteDiag,
    /// Levers in force; `None` before the first decision.
    pub levers: Option<Levers>,
    /// Bids and asks.
    pub sides: [WhySide; 2],
}

impl Maker {
    /// How the quotes of the last decision came about.
    #[must_use]
    pub fn why(&self, market: &Market, gate: &Gate) -> Why {
        let Some(decided) = self.decided(market) else {
            let absent = "no decision was made yet: the run was warming up".to_owned();
            let side = WhySide { quotes: Vec::new(), absent: Some(absent), caps: Vec::new() };
            let diag = QuoteDiag::default();
            return Why { diag, levers: None, sides: [side.clone(), side] };
        };
        let (ladder, diag) = match decided.no_quote {
            None => self.wanted(market, &decided.params, &decided.state),
            Some(reason) => (Ladder::none(reason), QuoteDiag::default()),
        };
        let sides = Side::BOTH.map(|side| {
            let allowed = decided.sides[side.index()];
            let targets = if allowed { ladder.side(side) } else { &[] };
            let quotes = self.explained(side, targets, |target| {
                explain(self.spec(), &decided.params, &decided.state, &diag, (side, target))
            });
            let absent = quotes.is_empty().then(|| {
                let reason = ladder.reason.map(|reason| self.no_quote_text(reason, gate));
                reason.unwrap_or_else(|| self.absence(side, allowed, targets, gate))
            });
            WhySide { quotes, absent, caps: self.caps(&decided, diag.rho, side, targets) }
        });
        Why { diag, levers: Some(decided.levers), sides }
    }

    /// Our orders of a side, each with the terms of the target that it stands for.
    fn explained(
        &self,
        side: Side,
        targets: &[Target],
        terms: impl Fn(&Target) -> Vec<Term>,
    ) -> Vec<WhyQuote> {
        let mut orders: Vec<&Order> = self.orders().live().filter(|o| o.side == side).collect();
        orders.sort_by_key(|order| -side.sign() * order.px.0);
        let row = |order: &&Order| {
            let ends = matches!(order.state, OrderState::Canceling { .. });
            let target = targets.iter().find(|t| t.level == order.level).filter(|_| !ends);
            let mut terms = target.map_or_else(Vec::new, &terms);
            if let Some(target) = target.filter(|target| target.px != order.px) {
                let value = term_value(self.spec(), order.px) - term_value(self.spec(), target.px);
                terms.push(Term { name: "kept: too near to be worth a new place", value });
            }
            let (level, px, left) = (order.level, order.px, order.left());
            WhyQuote { level, px, left, state: state_name(order.state), terms }
        };
        orders.iter().map(row).collect()
    }

    fn no_quote_text(&self, reason: NoQuote, gate: &Gate) -> String {
        let text = match reason {
            NoQuote::EmptyBook => "the book is empty",
            NoQuote::OneSidedBook => "one side of the book is empty",
            NoQuote::CrossedBook => "the book is crossed or locked",
            NoQuote::NoFairPrice => "there is no fair price",
            NoQuote::NoVolatility => "the volatility is not known yet: it needs 20 samples of 5 s",
            NoQuote::StaleData => "nothing was heard of the market for longer than stale_ms",
            NoQuote::Gap => "the book is void after a gap in the data",
            NoQuote::Halted => return format!("halted: {}", self.last_cause(gate)),
        };
        text.to_owned()
    }

    /// What last changed the state of this symbol or of the account.
    fn last_cause(&self, gate: &Gate) -> String {
        let symbol = self.orders().symbol();
        let mut mine = gate.changes().iter().rev();
        let last = mine.find(|change| change.symbol.is_none_or(|at| at == symbol));
        last.map_or("a limit".to_owned(), |change| change.cause.to_string())
    }

    /// Why a side has no order although the quoting function made quotes.
    fn absence(&self, side: Side, allowed: bool, targets: &[Target], gate: &Gate) -> String {
        let position = self.spec().size(self.account().position());
        if !allowed {
            return match gate.state(self.orders().symbol()) {
                RiskState::Active => format!(
                    "the sizer stops at the day's greatest loss; only the position of {position} \
                     is reduced"
                ),
                RiskState::Reducing | RiskState::Halted => {
                    format!("only reducing is left: {}", self.last_cause(gate))
                }
            };
        }
        if targets.is_empty() {
            let name = if side == Side::Bid { "buying" } else { "selling" };
            let model = match self.judge() {
                Some(_) => ", or the fill model finds no quote worth its fee",
                None => "",
            };
            return format!(
                "the position of {position} leaves no room for {name}, or less than the smallest \
                 order{model}"
            );
        }
        let refused: Vec<String> =
            self.orders().refusals().iter().map(|(name, n)| format!("{name} {n}")).collect();
        if refused.is_empty() {
            return "an order is wanted and not placed yet".to_owned();
        }
        format!("an order is wanted; the gate refused so far: {}", refused.join(", "))
    }

    /// Targets of a side that are below what the levers ask for.
    fn caps(&self, decided: &Decided, rho: f64, side: Side, targets: &[Target]) -> Vec<String> {
        let Decided { params, state, .. } = decided;
        let skew = 1.0 - side.sign() as f64 * params.size_skew_factor * rho;
        let missing = params.num_levels.saturating_sub(targets.len());
        let mut caps = Vec::new();
        for target in targets.iter().filter(|target| params.order_lots == 0 && !target.takes) {
            let decay = libm::pow(params.size_decay, f64::from(target.level));
            let wanted = params.order_size_usd * state.m_size * decay * skew.clamp(0.0, 2.0);
            let cash = self.spec().notional(target.px, target.size);
            let got = cash.map_or(0.0, |cash| self.spec().usd(cash));
            if got < CUT * wanted {
                let level = target.level;
                caps.push(format!(
                    "level {level}: {got:.2} of {wanted:.2} USD, what the position leaves room for"
                ));
            }
        }
        if missing > 0 && !targets.is_empty() && !targets[0].takes {
            caps.push(format!("{missing} of {} levels found no room", params.num_levels));
        }
        caps
    }
}

fn state_name(state: OrderState) -> &'static str {
    match state {
        OrderState::Placing { .. } => "placing",
        OrderState::Working { .. } => "working",
        OrderState::Canceling { .. } => "canceling",
        OrderState::Unknown { .. } => "unknown",
        OrderState::Done(_) => "done",
    }
}
