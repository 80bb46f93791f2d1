//! Orders and risk — what must hold whatever the venue answers and whatever is wished.

use mm_core::command::Command;
use mm_core::command::Place;
use mm_core::event::CancelReason;
use mm_core::event::Fill;
use mm_core::event::OrderAnswer;
use mm_core::event::RejectReason;
use mm_core::fees::Liquidity;
use mm_core::instrument::InstrumentSpec;
use mm_core::order::FillVerdict;
use mm_core::order::OrderManager;
use mm_core::order::OrderState;
use mm_core::order::RequoteRules;
use mm_core::order::Wishes;
use mm_core::quote::quote;
use mm_core::quote::Ladder;
use mm_core::quote::NoQuote;
use mm_core::quote::QuoteState;
use mm_core::quote::Target;
use mm_core::risk::AccountLimits;
use mm_core::risk::Gate;
use mm_core::risk::MicroUsd;
use mm_core::risk::Refusal;
use mm_core::risk::SymbolLimits;
use mm_core::risk::View;
use mm_core::strategy::Params;
use mm_core::units::Cloid;
use mm_core::units::Lots;
use mm_core::units::Px;
use mm_core::units::Side;
use mm_core::units::SymbolIx;
use mm_core::units::TradeId;
use mm_core::units::UnixNanos;
use mm_core::units::VenueOrderId;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

const IX: SymbolIx = SymbolIx(0);
const STEP: i64 = 100_000_000;
const START: i64 = 1_700_000_000_000_000_000;

/// SplitMix64: the same numbers on every machine.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From `low` to `high`, both included.
    fn within(&mut self, low: i64, high: i64) -> i64 {
        low + (self.next() % (high - low + 1) as u64) as i64
    }

    fn chance(&mut self, percent: i64) -> bool {
        self.within(1, 100) <= percent
    }
}

/// ETH-like: four size decimals, so prices in hundredths; about 3,000 dollars.
fn spec() -> InstrumentSpec {
    InstrumentSpec::hyperliquid(4)
}

fn view(now: UnixNanos) -> View {
    View { bid: Px(299_990), ask: Px(300_010), heard: now, ..View::default() }
}

fn gate() -> Gate {
    let params = Params::default();
    let limits = params.account_limits().expect("default limits");
    let mut gate = Gate::new(limits, MicroUsd::from_usd(1_000.0), UnixNanos(START)).expect("valid");
    gate.add(spec(), params.symbol_limits().expect("default limits")).expect("valid");
    gate
}

fn ladder(bids: &[(i64, i64)], asks: &[(i64, i64)]) -> Ladder {
    let mut ladder = Ladder::default();
    for (side, rows) in [(Side::Bid, bids), (Side::Ask, asks)] {
        for (level, &(px, size)) in rows.iter().enumerate() {
            let target = Target { level: level as u8, px: Px(px), size: Lots(size), takes: false };
            ladder.push(side, target);
        }
    }
    ladder
}

/// A maker as the engine wires it.
struct Bot {
    orders: OrderManager,
    gate: Gate,
    wishes: Wishes,
    position: Lots,
}

impl Bot {
    fn new(gate: Gate) -> Self {
        let orders = OrderManager::new(IX, 77, RequoteRules::default());
        Self { orders, gate, wishes: Wishes::default(), position: Lots(0) }
    }

    /// One decision step; what went out, and how many wishes were refused.
    fn step(&mut self, ladder: &Ladder, view: &View, now: UnixNanos) -> (Vec<Command>, usize) {
        let on = self.orders.exposure(self.position);
        self.gate.observe(IX, view, &on, now);
        self.orders.reconcile(ladder, &spec(), now, &mut self.wishes);
        let (mut out, mut refused) = (Vec::new(), 0);
        for wish in self.wishes.as_slice() {
            let on = self.orders.exposure(self.position);
            match self.gate.admit(*wish, &on, now) {
                Ok(approved) => {
                    self.orders.sent(&approved, now);
                    out.push(*approved.get());
                }
                Err(refusal) => {
                    self.orders.refused(refusal);
                    refused += 1;
                }
            }
        }
        (out, refused)
    }

    fn on_fill(&mut self, fill: &Fill, now: UnixNanos) -> FillVerdict {
        let verdict = self.orders.on_fill(fill, now);
        if verdict == FillVerdict::New {
            self.position += Lots(fill.side.sign() * fill.size.0);
        }
        verdict
    }
}

fn cancelled(left: Option<i64>) -> OrderAnswer {
    OrderAnswer::Cancelled { reason: CancelReason::Asked, left: left.map(Lots) }
}

fn resting(left: i64) -> OrderAnswer {
    OrderAnswer::Resting { oid: VenueOrderId(1), left: Lots(left) }
}

fn fill_of(order: &Place, trade: u64, size: i64) -> Fill {
    Fill {
        symbol: IX,
        cloid: order.cloid,
        trade: TradeId(trade),
        side: order.side,
        px: order.px,
        size: Lots(size),
        liquidity: Liquidity::Maker,
        fee: None,
    }
}

fn at(step: i64) -> UnixNanos {
    UnixNanos(START + step * STEP)
}

fn placed(out: &[Command]) -> Vec<Place> {
    out.iter()
        .filter_map(|command| match command {
            Command::Place(place) => Some(*place),
            Command::Cancel { .. } | Command::CancelAll { .. } | Command::ScheduleCancel { .. } => {
                None
            }
        })
        .collect()
}

const BIDS: [(i64, i64); 2] = [(299_980, 500), (299_950, 500)];
const ASKS: [(i64, i64); 2] = [(300_020, 500), (300_050, 500)];

#[test]
fn the_default_configuration_quotes_and_then_rests() {
    let mut bot = Bot::new(gate());
    let quotes = ladder(&BIDS, &ASKS);
    let (out, refused) = bot.step(&quotes, &view(at(0)), at(0));
    let orders = placed(&out);
    assert_eq!((orders.len(), refused), (4, 0));
    let sides: Vec<_> = orders.iter().map(|order| (order.side, order.px.0)).collect();
    let want = [(Side::Bid, 299_980), (Side::Ask, 300_020), (Side::Bid, 299_950)];
    assert_eq!(sides[..3], want, "innermost first, both sides");
    for order in &orders {
        bot.orders.on_answer(order.cloid, &resting(500), at(1));
    }
    assert_eq!(bot.step(&quotes, &view(at(1)), at(1)), (Vec::new(), 0), "nothing to do");
}

#[test]
fn default_parameters_pass_their_own_gate_in_every_shipped_market() {
    // Size decimals and a touch of BTC, ETH, SOL and XRP, in price units.
    let markets = [(5, 970_000, 970_010), (4, 301_230, 301_240), (2, 1_873_100, 1_873_200)];
    for (size_decimals, bid, ask) in markets.into_iter().chain([(0, 2_184_100, 2_184_200)]) {
        let (spec, params) = (InstrumentSpec::hyperliquid(size_decimals), Params::default());
        let equity = MicroUsd::from_usd(params.capital_usd);
        let mut gate = Gate::new(account_limits(), equity, at(0)).expect("valid");
        gate.add(spec, symbol_limits()).expect("valid");
        let mut orders = OrderManager::new(IX, 1, params.requote_rules());
        let view = View { bid: Px(bid), ask: Px(ask), ..view(at(0)) };
        let flat = orders.exposure(Lots(0));
        gate.observe(IX, &view, &flat, at(0));
        let state = QuoteState {
            best_bid: Some(view.bid),
            best_ask: Some(view.ask),
            fair: Some(spec.price(Px(bid + ask)) / 2.0),
            sigma: Some(9e-5),
            ..QuoteState::default()
        };
        let (quotes, _) = quote(&spec, &params.quoting(), &state);
        let mut wishes = Wishes::default();
        orders.reconcile(&quotes, &spec, at(0), &mut wishes);
        assert_eq!(wishes.as_slice().len(), 4, "two levels a side");
        for wish in wishes.as_slice() {
            let on = orders.exposure(Lots(0));
            let verdict = gate.admit(*wish, &on, at(0));
            orders.sent(&verdict.expect("the default configuration quotes"), at(0));
        }
    }
}

#[test]
fn only_an_answer_that_says_what_was_asked_for_is_expected() {
    let mut bot = Bot::new(gate());
    let id = placed(&bot.step(&ladder(&BIDS, &ASKS), &view(at(0)), at(0)).0)[0].cloid;
    let cancelled = cancelled(None);
    assert!(bot.orders.is_content() && bot.orders.expects(id, &resting(500)));
    assert!(!bot.orders.expects(id, &resting(400)), "some of it traded on arrival");
    assert!(!bot.orders.expects(id, &cancelled), "nobody asked for it");
    assert!(!bot.orders.expects(Cloid(1), &resting(500)), "not an order of ours");
    bot.step(&Ladder::none(NoQuote::Gap), &view(at(2)), at(2));
    assert!(bot.orders.expects(id, &cancelled));
    assert!(!bot.orders.expects(id, &OrderAnswer::CancelRefused));
}

#[test]
fn orders_off_their_targets_or_refused_leave_something_to_decide() {
    let mut bot = Bot::new(gate());
    bot.step(&ladder(&BIDS, &[]), &view(at(0)), at(0));
    // The outer order stays, a step off its target.
    let (out, _) = bot.step(&ladder(&[BIDS[0], (299_940, 500)], &[]), &view(at(9)), at(9));
    assert!(out.is_empty() && !bot.orders.is_content());
    let (_, refused) = bot.step(&ladder(&[(299_980, 900_000)], &[]), &view(at(18)), at(18));
    assert!(refused == 1 && !bot.orders.is_content());
}

#[test]
fn small_moves_outside_keep_their_place_in_the_queue() {
    let mut bot = Bot::new(gate());
    bot.step(&ladder(&BIDS, &ASKS), &view(at(0)), at(0));
    let moved = ladder(&[(299_980, 590), (299_940, 410)], &[(300_030, 500), (300_060, 500)]);
    let (out, _) = bot.step(&moved, &view(at(2)), at(2));
    let orders = placed(&out);
    assert_eq!(orders.len(), 1, "an inner price moved a step, an outer one and sizes by less");
    assert_eq!((orders[0].side, orders[0].px), (Side::Ask, Px(300_030)));
    let (out, refused) = bot.step(
        &ladder(&[(299_980, 601), (299_930, 500)], &[(300_030, 500), (300_060, 500)]),
        &view(at(4)),
        at(4),
    );
    assert_eq!(out.len() + refused, 4, "a size by more than a fifth, an outer price by two steps");
}

#[test]
fn an_order_serves_the_level_that_comes_to_it() {
    let mut bot = Bot::new(gate());
    let (out, _) = bot.step(&ladder(&BIDS, &[]), &view(at(0)), at(0));
    let outer = placed(&out)[1];
    let lower = ladder(&[(299_950, 500), (299_920, 500)], &[]);
    let (out, _) = bot.step(&lower, &view(at(1)), at(1));
    assert_eq!(out.len(), 2, "one cancel, one new outer order: {out:?}");
    let kept = bot.orders.get(outer.cloid).expect("remembered");
    assert_eq!((kept.level, kept.state.is_quoting()), (0, true));
}

#[test]
fn a_pull_only_cancels() {
    let mut bot = Bot::new(gate());
    bot.step(&ladder(&BIDS, &ASKS), &view(at(0)), at(0));
    let (out, _) = bot.step(&Ladder::none(NoQuote::StaleData), &view(at(1)), at(1));
    assert_eq!(out.len(), 4);
    assert!(placed(&out).is_empty());
    let (out, _) = bot.step(&Ladder::none(NoQuote::StaleData), &view(at(2)), at(2));
    assert!(out.is_empty(), "no second cancel while the first is on its way");
}

#[test]
fn a_replacement_waits_when_the_worst_case_has_no_room() {
    let mut bot = Bot::new(gate());
    let (out, _) = bot.step(&ladder(&BIDS, &[]), &view(at(0)), at(0));
    let old = placed(&out);
    let lower = ladder(&[(299_900, 500), (299_870, 500)], &[]);
    let (out, refused) = bot.step(&lower, &view(at(1)), at(1));
    assert_eq!((placed(&out).len(), refused), (1, 1), "450 of 500 dollars may fill, not 600");
    assert!(!bot.orders.restless(at(1)), "nothing but the cancels' word can lift it");
    assert_eq!(bot.orders.refusals().get("position"), Some(&1));
    for order in &old {
        bot.orders.on_answer(order.cloid, &cancelled(Some(500)), at(2));
    }
    let (out, refused) = bot.step(&lower, &view(at(2)), at(2));
    assert_eq!((placed(&out).len(), refused), (1, 0));
}

#[test]
fn what_time_alone_may_lift_is_tried_again() {
    let mut bot = Bot::new(gate());
    let throttled = Refusal::Throttled { left: 3, reserve: 3 };
    bot.orders.refused(throttled);
    assert!(bot.orders.restless(at(1)));
    assert_eq!(bot.orders.wakes(), UnixNanos(i64::MIN));
    bot.step(&ladder(&[], &[]), &view(at(1)), at(1));
    assert!(!bot.orders.restless(at(1)), "a reconcile takes it up");
}

#[test]
fn a_fill_counts_once_in_any_order_of_events() {
    let mut bot = Bot::new(gate());
    let (out, _) = bot.step(&ladder(&BIDS, &[]), &view(at(0)), at(0));
    let order = placed(&out)[0];
    assert_eq!(bot.on_fill(&fill_of(&order, 1, 200), at(1)), FillVerdict::New, "before its ack");
    assert_eq!(bot.on_fill(&fill_of(&order, 1, 200), at(1)), FillVerdict::Duplicate);
    bot.orders.on_answer(order.cloid, &resting(500), at(1));
    let left = |bot: &Bot| bot.orders.get(order.cloid).map(|order| order.left());
    assert_eq!(left(&bot), Some(Lots(300)), "a late word does not undo a fill");
    bot.orders.on_answer(order.cloid, &OrderAnswer::Filled, at(2));
    let on = bot.orders.exposure(bot.position);
    assert_eq!(on.worst(Side::Bid), Lots(1_000), "filled, its fills still on their way");
    assert_eq!(bot.on_fill(&fill_of(&order, 2, 300), at(3)), FillVerdict::New);
    let on = bot.orders.exposure(bot.position);
    assert_eq!((on.position, on.worst(Side::Bid)), (Lots(500), Lots(1_000)));
    bot.orders.on_answer(order.cloid, &cancelled(Some(0)), at(3));
    assert_eq!(bot.orders.contradictions(), 0);
    let foreign = Fill { cloid: Cloid(5), ..fill_of(&order, 3, 1) };
    assert_eq!(bot.on_fill(&foreign, at(3)), FillVerdict::Foreign);
}

#[test]
fn an_unknown_order_is_live_for_limits_absent_for_quotes_and_asked_about_again() {
    let mut bot = Bot::new(gate());
    let one = ladder(&BIDS[..1], &[]);
    let (out, _) = bot.step(&one, &view(at(0)), at(0));
    let lost = placed(&out)[0];
    let (out, _) = bot.step(&one, &view(at(50)), at(50));
    assert!(out.is_empty(), "five seconds are waited for: {out:?}");
    assert_eq!([50, 51].map(|step| bot.orders.restless(at(step))), [false, true]);
    let (out, _) = bot.step(&one, &view(at(51)), at(51));
    assert_eq!(bot.orders.get(lost.cloid).map(|order| order.state), unknown(at(51)));
    assert_eq!(out[0], Command::Cancel { symbol: IX, cloid: lost.cloid });
    assert_eq!(placed(&out).len(), 1, "its level is quoted again");
    assert_eq!(bot.orders.exposure(Lots(0)).worst(Side::Bid), Lots(1_000));
    let (out, _) = bot.step(&one, &view(at(60)), at(60));
    assert!(out.is_empty(), "not more often than once a second");
    assert_eq!([60, 61].map(|step| bot.orders.restless(at(step))), [false, true]);
    let lost_answer = OrderAnswer::Rejected { reason: RejectReason::Lost };
    bot.orders.on_answer(lost.cloid, &lost_answer, at(60));
    assert_eq!(bot.orders.exposure(Lots(0)).worst(Side::Bid), Lots(500));
}

fn unknown(since: UnixNanos) -> Option<OrderState> {
    Some(OrderState::Unknown { since })
}

/// What the venue holds of one order.
#[derive(Clone, Copy)]
struct Held {
    order: Place,
    left: i64,
    /// `None` until the request arrives, then whether it still rests.
    open: Option<bool>,
}

#[derive(Clone, Copy)]
enum Message {
    Place(Place),
    Cancel(Cloid),
    Answer(Cloid, OrderAnswer),
    Fill(Fill),
}

/// A venue that delays, reorders, repeats and keeps silent; it alone knows the truth.
struct Hostile {
    dice: Dice,
    book: BTreeMap<Cloid, Held>,
    mail: BTreeMap<(i64, u64), Message>,
    position: i64,
    posted: u64,
    trades: u64,
    faults: u64,
}

impl Hostile {
    fn new(seed: u64) -> Self {
        let dice = Dice(seed);
        let (book, mail) = (BTreeMap::new(), BTreeMap::new());
        Self { dice, book, mail, position: 0, posted: 0, trades: 0, faults: 0 }
    }

    fn post(&mut self, due: i64, message: Message) {
        self.posted += 1;
        self.mail.insert((due, self.posted), message);
    }

    /// Answers travel up to a second, some twice, some only after word that nothing is known.
    fn answer(&mut self, now: i64, cloid: Cloid, answer: OrderAnswer, after: i64) {
        if self.dice.chance(10) {
            self.faults += 1;
            let due = now + self.dice.within(0, 10) * STEP;
            self.post(due, Message::Answer(cloid, OrderAnswer::Unknown));
        }
        let due = after.max(now + self.dice.within(0, 10) * STEP);
        self.post(due, Message::Answer(cloid, answer));
        if self.dice.chance(10) {
            self.faults += 1;
            let again = due + self.dice.within(0, 20) * STEP;
            self.post(again, Message::Answer(cloid, answer));
        }
    }

    fn request(&mut self, now: i64, command: &Command) {
        let due = now + self.dice.within(1, 8) * STEP;
        match command {
            Command::Place(order) => {
                let held = Held { order: *order, left: order.size.0, open: None };
                assert!(self.book.insert(order.cloid, held).is_none(), "an id was used twice");
                self.post(due, Message::Place(*order));
            }
            Command::Cancel { cloid, .. } => self.post(due, Message::Cancel(*cloid)),
            Command::CancelAll { .. } | Command::ScheduleCancel { .. } => {}
        }
    }

    fn arrive(&mut self, now: i64, order: &Place) {
        if self.dice.chance(10) {
            self.book.remove(&order.cloid);
            let reason = RejectReason::WouldMatch { bid: Px(0), ask: Px(0) };
            self.answer(now, order.cloid, OrderAnswer::Rejected { reason }, now);
            return;
        }
        let held = self.book.get_mut(&order.cloid).expect("requested");
        held.open = Some(true);
        let left = held.left;
        self.answer(now, order.cloid, resting(left), now);
    }

    fn cancel(&mut self, now: i64, cloid: Cloid) {
        match self.book.get(&cloid).and_then(|held| held.open) {
            Some(true) => {
                let held = self.book.remove(&cloid).expect("it rests");
                // The word may come before the last fills; one in two does not say what was left.
                self.answer(now, cloid, cancelled(Some(held.left)), now);
                if self.dice.chance(50) {
                    self.answer(now, cloid, cancelled(None), now);
                }
            }
            Some(false) | None => self.answer(now, cloid, OrderAnswer::CancelRefused, now),
        }
    }

    /// Somebody trades with one of our orders.
    fn trade(&mut self, now: i64) {
        let open: Vec<Cloid> =
            self.book.iter().filter(|(_, h)| h.open == Some(true)).map(|(id, _)| *id).collect();
        if open.is_empty() {
            return;
        }
        let cloid = open[self.dice.within(0, open.len() as i64 - 1) as usize];
        let held = self.book[&cloid];
        let size = self.dice.within(1, held.left);
        self.trades += 1;
        self.position += held.order.side.sign() * size;
        let due = now + self.dice.within(0, 10) * STEP;
        let fill = fill_of(&held.order, self.trades, size);
        self.post(due, Message::Fill(fill));
        if self.dice.chance(20) {
            self.faults += 1;
            let again = due + self.dice.within(0, 30) * STEP;
            self.post(again, Message::Fill(fill));
        }
        if size == held.left {
            self.book.remove(&cloid);
            self.answer(now, cloid, OrderAnswer::Filled, now); // may come before its fills
        } else {
            self.book.get_mut(&cloid).expect("open").left -= size;
        }
    }

    /// Both sides' worst case as the venue could execute it, half price units times lots.
    fn worst(&self, mid2: i64) -> i64 {
        let open = |side: Side| -> i64 {
            let of_side = self.book.values().filter(|held| held.order.side == side);
            of_side.map(|held| 2 * held.order.px.0 * held.left).sum::<i64>()
                + side.sign() * self.position * mid2
        };
        open(Side::Bid).max(open(Side::Ask))
    }
}

/// Quotes around a mid that stands still, so that only orders can move the worst case.
fn random_ladder(dice: &mut Dice) -> Ladder {
    if dice.chance(5) {
        return Ladder::none(NoQuote::NoVolatility);
    }
    let mut quotes = Ladder::default();
    for side in Side::BOTH {
        let mut px = Px(300_000 - side.sign() * dice.within(2, 6) * 10);
        for level in 0..dice.within(0, 3) as u8 {
            let size = Lots(dice.within(100, 600));
            quotes.push(side, Target { level, px, size, takes: false });
            px.0 -= side.sign() * dice.within(1, 5) * 10;
        }
    }
    quotes
}

#[test]
fn orders_never_double_and_exposure_holds_under_hostile_answers() {
    let limit = Params::default().symbol_limits().expect("valid").position.0 * 2;
    let (mut sent, mut fills, mut faults, mut most) = (0, 0, 0, 0);
    for seed in 0..40 {
        let mut venue = Hostile::new(seed);
        let mut bot = Bot::new(tireless());
        for step in 0..2_000 {
            let now = START + step * STEP;
            deliver(&mut venue, &mut bot, now);
            let quotes = random_ladder(&mut venue.dice);
            let quotes = if step < 1_900 { quotes } else { Ladder::none(NoQuote::Halted) };
            let (out, _) = bot.step(&quotes, &view(UnixNanos(now)), UnixNanos(now));
            for command in &out {
                sent += usize::from(matches!(command, Command::Place(_)));
                venue.request(now, command);
            }
            one_order_a_level(&bot.orders);
            if venue.dice.chance(40) {
                venue.trade(now);
            }
            let worst = venue.worst(600_000);
            assert!(worst <= limit, "seed {seed} step {step}: {worst} above {limit}");
            most = most.max(worst);
        }
        assert_eq!(bot.position, Lots(venue.position), "seed {seed}: fills counted once each");
        assert_eq!(bot.orders.live().count(), 0, "seed {seed}: every fate is known at the end");
        fills += venue.trades;
        faults += venue.faults;
    }
    assert!(sent > 10_000 && fills > 5_000 && faults > 5_000, "{sent} {fills} {faults}");
    assert!(most > limit * 9 / 10, "the limit was reached: {most} of {limit}");
}

/// The same gate without the stops that would end the test early.
fn tireless() -> Gate {
    let account = AccountLimits { actions_burst: 1_000, actions_per_s: 1_000, ..account_limits() };
    let symbol = SymbolLimits { repeat_fills: 256, ..symbol_limits() };
    let equity = MicroUsd::from_usd(1_000.0);
    let mut gate = Gate::new(account, equity, UnixNanos(START)).expect("valid");
    gate.add(spec(), symbol).expect("valid");
    gate
}

fn account_limits() -> AccountLimits {
    Params::default().account_limits().expect("valid")
}

fn symbol_limits() -> SymbolLimits {
    Params::default().symbol_limits().expect("valid")
}

fn deliver(venue: &mut Hostile, bot: &mut Bot, now: i64) {
    while let Some(entry) = venue.mail.first_entry() {
        let (due, _) = *entry.key();
        if due > now {
            return;
        }
        match entry.remove() {
            Message::Place(order) => venue.arrive(now, &order),
            Message::Cancel(cloid) => venue.cancel(now, cloid),
            Message::Answer(cloid, answer) => {
                bot.orders.on_answer(cloid, &answer, UnixNanos(now));
            }
            Message::Fill(fill) => {
                bot.on_fill(&fill, UnixNanos(now));
            }
        }
    }
}

fn one_order_a_level(orders: &OrderManager) {
    let quoting: Vec<_> = orders
        .live()
        .filter(|order| order.state.is_quoting())
        .map(|order| (order.side, order.level))
        .collect();
    let distinct: BTreeSet<_> = quoting.iter().collect();
    assert_eq!(distinct.len(), quoting.len(), "a level is quoted twice: {quoting:?}");
}
