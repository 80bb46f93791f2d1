//! The seam for a quoting rule that is not built in: when it is asked, and what becomes of it.

use mm_core::account::Account;
use mm_core::book::BookRow;
use mm_core::command::Command;
use mm_core::engine::Attention;
use mm_core::engine::Commands;
use mm_core::engine::Maker;
use mm_core::engine::MakerConfig;
use mm_core::engine::Market;
use mm_core::engine::Quoter;
use mm_core::engine::Seen;
use mm_core::engine::Warmth;
use mm_core::error::CoreError;
use mm_core::event::Fill;

use mm_core::event::RowKind;
use mm_core::fees::Liquidity;
use mm_core::instrument::InstrumentSpec;
use mm_core::order::OrderManager;
use mm_core::quote::Ladder;
use mm_core::risk::Gate;
use mm_core::risk::MicroUsd;
use mm_core::strategy::Params;
use mm_core::units::Cloid;
use mm_core::units::Lots;
use mm_core::units::Px;
use mm_core::units::Side;
use mm_core::units::SymbolIx;
use mm_core::units::TradeId;
use mm_core::units::UnixNanos;

const NOW: UnixNanos = UnixNanos(1_770_854_400_000_000_000);

/// Wants one quote a side at the touch, of so many lots; fails where that is none.
#[derive(Debug)]
struct AtTouch {
    lots: Option<i64>,
    asked: u32,
}

impl Quoter for AtTouch {
    fn quote(&mut self, seen: &Seen<'_>) -> Result<Ladder, CoreError> {
        self.asked += 1;
        let failed = |why| CoreError::Strategy { ts: seen.now.0, why };
        let lots = self.lots.ok_or_else(|| failed("it had enough".to_owned()))?;
        let touch = seen.touch.touch;
        let (bid, ask) = ([(touch.bid, Lots(lots))], [(touch.ask, Lots(lots))]);
        Ladder::of(seen.market.book().spec(), &bid, &ask).map_err(failed)
    }
}

/// One maker, its market and its gate.
struct Desk {
    maker: Maker,
    market: Market,
    gate: Gate,
}

impl Desk {
    fn new(bid: i64, ask: i64) -> Self {
        let (spec, params) = (InstrumentSpec::hyperliquid(2), Params::default());
        let limits = params.account_limits().expect("limits");
        let mut gate = Gate::new(limits, MicroUsd::from_usd(1_000.0), NOW).expect("a gate");
        let symbol = gate.add(spec, params.symbol_limits().expect("limits")).expect("room");
        let maker = Maker::new(MakerConfig {
            symbol,
            spec,
            judge: None,
            orders: OrderManager::new(symbol, 1, params.requote_rules()),
            account: Account::new(spec, params.fees()),
            params,
        });
        let mut market = Market::new(spec, Attention::Book, Warmth::default());
        for (side, px) in [(1, bid), (-1, ask)] {
            let row = BookRow { kind: RowKind::Level, side, px, qty: 50_000, n: 1, flags: 0 };
            market.on_row(row, 0);
        }
        market.hear(NOW);
        Self { maker: maker.led(), market, gate }
    }

    fn step(&mut self, quoter: &mut AtTouch) -> Result<Vec<(Side, Px, Lots)>, CoreError> {
        let (mut out, mut prints) = (Commands::new(), Vec::new());
        let Self { maker, market, gate } = self;
        maker.follow((quoter, &mut prints), market, gate, (NOW, &mut out))?;
        let places = out.iter().filter_map(|approved| match approved.get() {
            Command::Place(place) => Some((place.side, place.px, place.size)),
            Command::Cancel { .. } | Command::CancelAll { .. } | Command::ScheduleCancel { .. } => {
                None
            }
        });
        Ok(places.collect())
    }
}

#[test]
fn what_a_quoter_wants_is_placed_once() {
    let (mut desk, mut quoter) =
        (Desk::new(1_800_000, 1_800_100), AtTouch { lots: Some(20), asked: 0 });
    let placed = desk.step(&mut quoter).expect("a step");
    let wanted = [(Side::Bid, Px(1_800_000), Lots(20)), (Side::Ask, Px(1_800_100), Lots(20))];
    assert_eq!(placed, wanted);
    assert_eq!(desk.step(&mut quoter), Ok(Vec::new()), "the orders are under way");
    assert_eq!(quoter.asked, 2);
}

#[test]
fn the_gate_has_the_last_word() {
    let (mut desk, mut quoter) =
        (Desk::new(1_800_000, 1_800_100), AtTouch { lots: Some(1_000_000), asked: 0 });
    assert_eq!(desk.step(&mut quoter), Ok(Vec::new()));
    assert!(!desk.maker.orders().refusals().is_empty());
}

#[test]
fn an_account_that_may_only_reduce_is_held_to_its_position() {
    let (mut desk, mut quoter) =
        (Desk::new(1_800_000, 1_800_100), AtTouch { lots: Some(20), asked: 0 });
    let fill = Fill {
        symbol: SymbolIx(0),
        cloid: Cloid(1),
        trade: TradeId(1),
        side: Side::Bid,
        px: Px(1_800_000),
        size: Lots(7),
        liquidity: Liquidity::Maker,
        fee: None,
    };
    desk.maker.on_foreign(&fill, 3_600_100, &mut desk.gate, NOW).expect("a fill");
    desk.gate.on_equity(MicroUsd::from_usd(970.0), NOW);
    assert_eq!(desk.step(&mut quoter), Ok(vec![(Side::Ask, Px(1_800_100), Lots(7))]));
}

#[test]
fn a_failure_is_told_and_nothing_is_sent() {
    for (lots, why) in [(None, "it had enough"), (Some(-1), "bid 0: size -1 is negative")] {
        let (mut desk, mut quoter) = (Desk::new(1_800_000, 1_800_100), AtTouch { lots, asked: 0 });
        let told = CoreError::Strategy { ts: NOW.0, why: why.to_owned() };
        assert_eq!(desk.step(&mut quoter), Err(told));
        assert_eq!(desk.maker.orders().live().count(), 0);
    }
    let told = CoreError::Strategy { ts: NOW.0, why: "why".to_owned() }.to_string();
    assert_eq!(told, "step 1770854400000000000 (2026-02-12 00:00:00 UTC): why");
}

#[test]
fn a_book_that_may_not_be_quoted_on_asks_nobody() {
    for (bid, ask) in [(1_800_100, 1_800_100), (1_800_200, 1_800_100)] {
        let (mut desk, mut quoter) = (Desk::new(bid, ask), AtTouch { lots: Some(20), asked: 0 });
        assert_eq!(desk.step(&mut quoter), Ok(Vec::new()));
        assert_eq!(quoter.asked, 0);
    }
}
