//! Properties — invariants over generated sequences.

use mm_core::account::Account;
use mm_core::account::HalfCash;
use mm_core::event::Fill;
use mm_core::fees::FeeSchedule;
use mm_core::fees::Liquidity;
use mm_core::instrument::InstrumentSpec;
use mm_core::instrument::Venue;
use mm_core::units::Cash;
use mm_core::units::Cloid;
use mm_core::units::Lots;
use mm_core::units::Px;
use mm_core::units::Side;
use mm_core::units::SymbolIx;
use mm_core::units::TradeId;
use proptest::prelude::*;

/// One thing that can happen to an account.
#[derive(Clone, Debug)]
enum Happening {
    Mark { mid2: i64 },
    Fill { mid2: i64, px: i64, size: i64, buy: bool, maker: bool, fee: Option<i64> },
    Funding { received: i64 },
}

fn happening() -> impl Strategy<Value = Happening> {
    let mid2 = 190_000_i64..210_000;
    let fill =
        (mid2.clone(), 90_000_i64..110_000, 1_i64..5_000, any::<bool>(), any::<bool>())
            .prop_flat_map(|(mid2, px, size, buy, maker)| {
                proptest::option::of(-9_000_000_i64..9_000_000)
                    .prop_map(move |fee| Happening::Fill { mid2, px, size, buy, maker, fee })
            });
    prop_oneof![
        3 => mid2.prop_map(|mid2| Happening::Mark { mid2 }),
        5 => fill,
        1 => (-1_000_000_i64..1_000_000).prop_map(|received| Happening::Funding { received }),
    ]
}

fn instruments() -> [InstrumentSpec; 3] {
    [
        InstrumentSpec::hyperliquid(5),
        InstrumentSpec::fixed(Venue::Binance, 2, 3, 10),
        InstrumentSpec::fixed(Venue::Other, 4, 6, 1),
    ]
}

fn fill(side: Side, px: i64, size: i64) -> Fill {
    Fill {
        symbol: SymbolIx(0),
        cloid: Cloid(1),
        trade: TradeId(1),
        side,
        px: Px(px),
        size: Lots(size),
        liquidity: Liquidity::Maker,
        fee: None,
    }
}

/// The ledger again, from its definition alone: what was paid and what is held.
#[derive(Default)]
struct Plain {
    cash: i128,
    fees: i128,
    funding: i128,
    held: i128,
    mid2: i128,
}

impl Plain {
    fn apply(&mut self, event: &Happening, fee: Cash) {
        match *event {
            Happening::Mark { mid2 } => self.mid2 = i128::from(mid2),
            Happening::Fill { mid2, px, size, buy, .. } => {
                let signed = i128::from(if buy { size } else { -size });
                self.mid2 = i128::from(mid2);
                self.cash -= signed * i128::from(px);
                self.held += signed;
                self.fees += i128::from(fee.0);
            }
            Happening::Funding { received } => self.funding += i128::from(received),
        }
    }

    /// Twice the profit, in half cash units.
    fn total(&self, cash_per_unit: i64) -> i128 {
        let traded = 2 * self.cash + self.held * self.mid2;
        traded * i128::from(cash_per_unit) + 2 * (self.funding - self.fees)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn ledger_sums_exactly_at_every_event(events in prop::collection::vec(happening(), 1..200)) {
        for spec in instruments() {
            let mut account = Account::new(spec, FeeSchedule { maker: 150_000, taker: 450_000 });
            let mut plain = Plain::default();
            let (mut peak, mut deepest) = (0, 0);
            for event in &events {
                let mut booked = Cash(0);
                match *event {
                    Happening::Mark { mid2 } => account.mark(mid2),
                    Happening::Funding { received } => account.on_funding(Cash(received)),
                    Happening::Fill { mid2, px, size, buy, maker, fee } => {
                        let side = if buy { Side::Bid } else { Side::Ask };
                        let liquidity = if maker { Liquidity::Maker } else { Liquidity::Taker };
                        let fee = fee.map(Cash);
                        let one = Fill { liquidity, fee, ..fill(side, px, size) };
                        booked = account.on_fill(&one, mid2).expect("fits the cash unit");
                        prop_assert!(fee.is_none_or(|named| named == booked));
                    }
                }
                plain.apply(event, booked);
                let total = plain.total(spec.cash_per_unit());
                prop_assert!(account.balances());
                prop_assert_eq!(account.pnl(), HalfCash(total));
                prop_assert_eq!(i128::from(account.position().0), plain.held);
                peak = peak.max(total);
                deepest = deepest.max(peak - total);
                prop_assert!(account.peak().0 >= peak, "a fill marks before it trades");
                prop_assert!(account.drawdown().0 >= deepest);
            }
            // Flat, the whole profit is realised.
            let held = account.position();
            if held.0 != 0 {
                let side = if held.0 > 0 { Side::Ask } else { Side::Bid };
                account.on_fill(&fill(side, 100_000, held.0.abs()), 200_000).expect("fits");
            }
            let parts = account.parts();
            let gross = parts.capture.0 + parts.inventory.0;
            prop_assert_eq!(2 * account.realised(), gross);
            prop_assert_eq!(account.average_entry(), None);
        }
    }
}

#[test]
fn a_round_trip_is_split_into_its_parts() {
    let spec = InstrumentSpec::hyperliquid(5);
    let mut account = Account::new(spec, FeeSchedule { maker: 150_000, taker: 450_000 });
    account.mark(200_001); // 100000 / 100001, in tenths of a dollar
    let fee = account.on_fill(&fill(Side::Bid, 100_000, 1_500), 200_001).expect("fits");
    assert_eq!(fee, Cash(22_500), "150 dollars at 1.5 bp");
    assert_eq!(account.average_entry(), Some(10_000.0));
    account.mark(199_981);
    assert_eq!(account.parts().capture, HalfCash(1_500));
    assert_eq!(account.parts().inventory, HalfCash(-20 * 1_500));
    assert_eq!(account.drawdown(), HalfCash(45_000 - 1_500 + 30_000));
    account.on_fill(&fill(Side::Ask, 99_995, 500), 199_981).expect("fits");
    assert_eq!(account.realised(), -2_500, "a third went for 0.5 dollars less");
    account.on_funding(Cash(-700));
    assert_eq!(account.parts().funding, HalfCash(-1_400));
    assert_eq!(account.turnover().fills(), 2);
    assert_eq!(account.turnover().volume(), 150_000_000 + 49_997_500);
    // 2 * (cash 49997500 - 150000000 - fees 22500 - 7499 - 700) + 1000 lots * 199981
    assert_eq!(account.pnl(), HalfCash(2 * (49_997_500 - 150_000_000 - 30_699) + 199_981_000));
}

#[test]
fn a_reversal_opens_the_other_side_at_its_own_price() {
    let spec = InstrumentSpec::hyperliquid(5);
    let mut account = Account::new(spec, FeeSchedule { maker: 0, taker: 0 });
    account.on_fill(&fill(Side::Ask, 101_000, 300), 202_000).expect("fits");
    account.on_fill(&fill(Side::Bid, 100_000, 1_000), 200_000).expect("fits");
    assert_eq!(account.position(), Lots(700));
    assert_eq!(account.realised(), 300_000);
    assert_eq!(account.average_entry(), Some(10_000.0));
}

#[test]
fn a_bad_fill_changes_nothing() {
    let spec = InstrumentSpec::hyperliquid(5);
    let mut account = Account::new(spec, FeeSchedule { maker: 150_000, taker: 450_000 });
    account.on_fill(&fill(Side::Bid, 100_000, 10), 200_000).expect("fits");
    let before = format!("{account:?}");
    let huge = i64::MAX / 200_000;
    let cases = [
        (fill(Side::Bid, 0, 10), 200_000, "px: "),
        (fill(Side::Bid, 100_000, 0), 200_000, "size: "),
        (fill(Side::Bid, 100_000, -4), 200_000, "had -4"),
        (fill(Side::Bid, 100_000, 10), 0, "mid2: "),
        (fill(Side::Bid, 100_000, 2 * huge), 200_000, "does not fit the cash unit"),
        (fill(Side::Bid, 100_000, huge), 200_000, "does not fit the cash unit"),
    ];
    for (bad, mid2, text) in cases {
        let error = account.on_fill(&bad, mid2).expect_err(text).to_string();
        assert!(error.contains(text), "{error}");
        assert_eq!(format!("{account:?}"), before, "{text}");
    }
}
