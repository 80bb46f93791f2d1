//! One resting order against a short list of events: the cases that golden vectors are made of.
//!
//! The events go through the same merger, venue and queue models as a replay.

use crate::book::BookRow;
use crate::book::Merger;
use crate::command::Place;
use crate::command::Tif;
use crate::error::CoreError;
use crate::event::streams;
use crate::event::FeedMessage;
use crate::event::Frame;
use crate::event::FrameKind;
use crate::event::LevelQty;
use crate::event::OrderAnswer;
use crate::event::Print;
use crate::event::RejectReason;
use crate::event::RowKind;
use crate::event::Rows;
use crate::instrument::InstrumentSpec;
use crate::instrument::Venue;
use crate::queue::Arrival;
use crate::queue::QueueModel;
use crate::sim::FillWhy;
use crate::sim::LevelArrival;
use crate::sim::SimVenue;
use crate::sim::VenueConfig;
use crate::sim::VenueEvent;
use crate::units::Cloid;
use crate::units::Lots;
use crate::units::Px;
use crate::units::Side;
use crate::units::SymbolIx;
use crate::units::UnixNanos;
use serde::Deserialize;
use serde::Serialize;

/// Prices of cases have at most this many decimals.
const PX_DECIMALS: u32 = 2;
/// Quantities are followed to this many decimals, so that whole lots do not show.
const SIZE_DECIMALS: u32 = 12;
const MS: i64 = 1_000_000;

#[derive(Deserialize)]
struct CaseText {
    order: OrderText,
    events: Vec<EventText>,
    depth: u16,
    queue: String,
}

#[derive(Deserialize)]
struct OrderText {
    side: i8,
    px: f64,
    size: f64,
    effective: i64,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum EventText {
    Book { ts: i64, bids: Vec<(f64, f64, u32)>, asks: Vec<(f64, f64, u32)> },
    Trade { ts: i64, agg: i8, px: f64, sz: f64 },
}

impl EventText {
    fn ts(&self) -> i64 {
        match self {
            Self::Book { ts, .. } | Self::Trade { ts, .. } => *ts,
        }
    }
}

#[derive(Serialize)]
struct FillText {
    ts: i64,
    qty: f64,
    why: &'static str,
}

#[derive(Serialize)]
struct TraceText {
    ts: i64,
    #[serde(rename = "type")]
    kind: &'static str,
    ahead: Option<f64>,
    rem: Option<f64>,
}

#[derive(Serialize)]
struct Outcome {
    status: &'static str,
    fills: Vec<FillText>,
    remaining: f64,
    trace: Vec<TraceText>,
}

struct Case {
    text: CaseText,
    side: Side,
    px: Px,
    venue: SimVenue,
    merger: Merger,
    rows: Rows,
    outcome: Outcome,
    ahead: Option<f64>,
    arrived: bool,
}

/// Run a case given as JSON with `order`, `events`, `depth` and `queue`; returns status, fills,
/// remaining size and the trace after each event, as JSON.
///
/// # Errors
/// [`CoreError::BadArgument`] when the case is malformed.
pub fn replay_case(json: &str) -> Result<String, CoreError> {
    let refuse = |why: String| CoreError::BadArgument { name: "case", why };
    let text: CaseText = serde_json::from_str(json).map_err(|e| refuse(e.to_string()))?;
    let side = Side::from_sign(text.order.side).ok_or_else(|| refuse("side".to_owned()))?;
    let queue = QueueModel::parse(&text.queue)?;
    let config = VenueConfig { queue, partial_fills: true, through_volume: true };
    let spec = InstrumentSpec::fixed(Venue::Other, PX_DECIMALS, SIZE_DECIMALS, 1);
    let remaining = text.order.size;
    let mut case = Case {
        side,
        px: Px(units(text.order.px, PX_DECIMALS)),
        venue: SimVenue::new(spec, config),
        merger: Merger::default(),
        rows: Rows::default(),
        outcome: Outcome { status: "pending", fills: Vec::new(), remaining, trace: Vec::new() },
        ahead: None,
        arrived: false,
        text,
    };
    for at in 0..case.text.events.len() {
        case.event(at)?;
    }
    case.arrive(i64::MAX, case.text.events.len());
    serde_json::to_string(&case.outcome).map_err(|e| refuse(e.to_string()))
}

fn units(value: f64, decimals: u32) -> i64 {
    libm::rint(value * libm::pow(10.0, f64::from(decimals))) as i64
}

fn size(lots: i64) -> f64 {
    lots as f64 / libm::pow(10.0, f64::from(SIZE_DECIMALS))
}

impl Case {
    fn event(&mut self, at: usize) -> Result<(), CoreError> {
        let ts = self.text.events[at].ts();
        self.arrive(ts, at);
        if self.is_over() {
            return Ok(());
        }
        let message = self.message(at);
        self.rows.clear();
        self.merger.on_message(&message, UnixNanos(ts * MS), &mut self.rows)?;
        for i in 0..self.rows.len() {
            let rows = &self.rows;
            let row = BookRow {
                kind: RowKind::from_u8(rows.kind[i]).unwrap_or(RowKind::Context),
                side: rows.side[i],
                px: rows.px[i],
                qty: rows.qty[i],
                n: rows.n[i],
                flags: rows.flags[i],
            };
            self.venue.on_row(row, ts * MS);
        }
        self.listen(ts);
        let kind = match &self.text.events[at] {
            EventText::Book { .. } => "book",
            EventText::Trade { .. } => "trade",
        };
        let rem = self.arrived.then_some(self.outcome.remaining);
        self.outcome.trace.push(TraceText { ts, kind, ahead: self.ahead, rem });
        Ok(())
    }

    /// Whether the order is filled or was refused: the trace ends there.
    fn is_over(&self) -> bool {
        let status = self.outcome.status;
        status == "filled" || status.starts_with("rejected")
    }

    fn message(&self, at: usize) -> FeedMessage {
        let level = |&(px, qty, n): &(f64, f64, u32)| LevelQty {
            px: Px(units(px, PX_DECIMALS)),
            qty: Lots(units(qty, SIZE_DECIMALS)),
            n,
        };
        match &self.text.events[at] {
            EventText::Book { ts, bids, asks } => FeedMessage::Book(Frame {
                kind: FrameKind::Snapshot { depth: self.text.depth },
                ts_exch: UnixNanos(ts * MS),
                seq: 0,
                stream: streams::BOOK,
                bids: bids.iter().map(level).collect(),
                asks: asks.iter().map(level).collect(),
            }),
            EventText::Trade { ts, agg, px, sz } => FeedMessage::Trades(vec![Print {
                ts_exch: UnixNanos(ts * MS),
                side: Side::from_sign(*agg).unwrap_or(Side::Bid),
                px: Px(units(*px, PX_DECIMALS)),
                qty: Lots(units(*sz, SIZE_DECIMALS)),
                id: at as u64 + 1,
            }]),
        }
    }

    /// Place the order once its time has come, before the event `at` of time `ts`.
    fn arrive(&mut self, ts: i64, at: usize) {
        let effective = self.text.order.effective;
        if self.arrived || ts < effective {
            return;
        }
        self.arrived = true;
        let place = Place {
            symbol: SymbolIx(0),
            cloid: Cloid(1),
            side: self.side,
            px: self.px,
            size: Lots(units(self.text.order.size, SIZE_DECIMALS)),
            tif: Tif::PostOnly,
            reduce_only: false,
        };
        let interval = self.interval(at).map(|qty| LevelArrival { qty, count: None });
        self.venue.place(&place, interval, effective * MS);
        self.listen(effective);
    }

    /// The frames around the arrival, which comes before event `at`.
    fn interval(&self, at: usize) -> Option<Arrival> {
        let events = &self.text.events;
        let is_book = |e: &&EventText| matches!(e, EventText::Book { .. });
        let before = events[..at].iter().rposition(|e| is_book(&e))?;
        let after = at + events[at..].iter().position(|e| is_book(&e))?;
        let traded = |part: &[EventText]| -> f64 { part.iter().map(|e| self.against(e)).sum() };
        let (from, to) = (events[before].ts(), events[after].ts());
        let elapsed = (self.text.order.effective - from) as f64 / (to - from).max(1) as f64;
        Some(Arrival {
            start: self.level(&events[before])?,
            end: self.level(&events[after])?,
            before: traded(&events[before..at]),
            total: traded(&events[before..after]),
            elapsed: elapsed.clamp(0.0, 1.0),
        })
    }

    fn against(&self, event: &EventText) -> f64 {
        match event {
            EventText::Trade { agg, px, sz, .. }
                if *agg == -self.text.order.side && units(*px, PX_DECIMALS) == self.px.0 =>
            {
                units(*sz, SIZE_DECIMALS) as f64
            }
            EventText::Trade { .. } | EventText::Book { .. } => 0.0,
        }
    }

    fn level(&self, event: &EventText) -> Option<f64> {
        let EventText::Book { bids, asks, .. } = event else { return None };
        let levels = if self.side == Side::Bid { bids } else { asks };
        let ours = |l: &&(f64, f64, u32)| units(l.0, PX_DECIMALS) == self.px.0;
        Some(levels.iter().find(ours).map_or(0.0, |l| units(l.1, SIZE_DECIMALS) as f64))
    }

    fn listen(&mut self, ts: i64) {
        if let Some(order) = self.venue.orders().first() {
            self.ahead = order.is_known().then(|| order.ahead() / size_scale());
        }
        let events: Vec<(i64, VenueEvent)> = self.venue.drain().collect();
        for (_, event) in events {
            match event {
                VenueEvent::Answer(_, OrderAnswer::Resting { .. }) => {
                    self.outcome.status = "resting";
                }
                VenueEvent::Answer(_, OrderAnswer::Rejected { reason }) => {
                    self.outcome.status = match reason {
                        RejectReason::NoBook => "rejected_no_book",
                        _ => "rejected_post_only",
                    };
                }
                VenueEvent::Answer(..) => {}
                VenueEvent::Fill(fill, left) => {
                    let why = match fill.why {
                        FillWhy::Queue => "queue",
                        FillWhy::Through => "through",
                        FillWhy::Crossed => "crossed",
                        FillWhy::Taker => "taker",
                    };
                    self.outcome.fills.push(FillText { ts, qty: size(fill.size.0), why });
                    self.outcome.remaining = size(left.0);
                    if left.0 == 0 {
                        self.outcome.status = "filled";
                        self.ahead =
                            self.ahead.map(|a| if fill.why == FillWhy::Crossed { a } else { 0.0 });
                    }
                }
            }
        }
    }
}

fn size_scale() -> f64 {
    libm::pow(10.0, f64::from(SIZE_DECIMALS))
}
