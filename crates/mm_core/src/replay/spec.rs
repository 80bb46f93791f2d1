//! What a run is made of, read from JSON and from the tapes themselves.

use super::models::Models;
use super::signals::read_signals;
use super::signals::warmth_of;
use super::signals::Minute;
use crate::account::Account;
use crate::engine::Judge;
use crate::engine::Maker;
use crate::engine::MakerConfig;
use crate::engine::Quoter;
use crate::engine::Warmth;
use crate::error::CoreError;
use crate::fees::FeeSchedule;
use crate::instrument::InstrumentSpec;
use crate::instrument::PriceRule;
use crate::instrument::Venue;
use crate::order::OrderManager;
use crate::queue::QueueModel;
use crate::risk::Gate;
use crate::risk::MicroUsd;
use crate::sim::Latency;
use crate::sim::LatencyModel;
use crate::sim::Recorded;
use crate::sim::VenueConfig;
use crate::strategy::Params;
use crate::tape::GapSpan;
use crate::tape::Projection;
use crate::tape::TapeInfo;
use crate::tape::TapeSeries;
use crate::units::SymbolIx;
use crate::units::UnixNanos;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// A whole run, ready to be replayed.
#[derive(Debug)]
pub struct RunSpec {
    pub(super) lanes: Vec<LaneSpec>,
    pub(super) gate: Gate,
    pub(super) clocks: SpecClocks,
    pub(super) capital: MicroUsd,
}

/// One symbol of a run.
#[derive(Debug)]
pub struct LaneSpec {
    pub(super) tape: OpenTape,
    pub(super) seat: SeatSpec,
    /// What leads the maker; `None` where it quotes by itself.
    pub(super) quoter: Option<Box<dyn Quoter>>,
}

/// The tapes of one symbol, opened and checked: the same for every maker.
#[derive(Debug)]
pub(super) struct OpenTape {
    pub(super) series: TapeSeries,
    pub(super) disorder_ns: i64,
    pub(super) instrument: InstrumentSpec,
    pub(super) warmth: Warmth,
    pub(super) about: About,
}

/// What one maker of a symbol is made of.
#[derive(Debug)]
pub(super) struct SeatSpec {
    pub(super) symbol: SymbolIx,
    pub(super) instrument: InstrumentSpec,
    pub(super) fees: FeeSchedule,
    pub(super) maker: Maker,
    pub(super) venue: VenueConfig,
    pub(super) latency: Latency,
    pub(super) block_ns: i64,
    pub(super) shared_arrival: bool,
}

/// Many parameter sets over the tapes of one run.
#[derive(Debug)]
pub struct SweepSpec {
    pub(super) tapes: Vec<OpenTape>,
    pub(super) sets: Vec<SetSpec>,
    pub(super) clocks: SpecClocks,
    pub(super) capital: MicroUsd,
    pub(super) threads: usize,
    /// Rows of a stretch, about; results do not depend on it.
    pub(super) stretch_rows: Option<usize>,
    pub(super) keep_fills: bool,
}

/// One parameter set of a sweep.
#[derive(Debug)]
pub(super) enum SetSpec {
    /// Its makers share the market with those of other sets.
    Shared(Vec<SeatSpec>, Box<Gate>),
    /// It looks at more than a shared market holds: a run of its own, with tapes of its own.
    Alone(Box<RunSpec>),
}

/// When a run begins, ends, trades and samples, as it is told.
#[derive(Clone, Copy, Debug)]
pub(super) struct SpecClocks {
    pub(super) from: i64,
    pub(super) to: i64,
    pub(super) warmup: i64,
    pub(super) step: i64,
    pub(super) sample_every: i64,
}

/// What a report says of a symbol before anything was replayed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct About {
    pub(super) symbol: String,
    pub(super) venue: String,
    pub(super) tier: String,
    pub(super) source: String,
    pub(super) gaps: Vec<(i64, i64, u64)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RunText {
    symbols: Vec<SymbolText>,
    account: AccountText,
    sim: SimText,
    fees: Option<FeesText>,
    from: Option<i64>,
    to: Option<i64>,
    #[serde(default)]
    warmup_ns: i64,
    step_ms: f64,
    equity_interval_s: f64,
    max_gap_s: f64,
    #[serde(default)]
    bridge_gaps: bool,
    #[serde(default)]
    seed: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SymbolText {
    symbol: String,
    venue: String,
    tapes: Vec<String>,
    #[serde(default)]
    params: BTreeMap<String, Value>,
    /// Minutes that closed before the run: open time in Unix ms, open, high, low, close, volume.
    #[serde(default)]
    candles: Vec<Minute>,
    /// A file of signals that an earlier run ended with.
    #[serde(default)]
    signals: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SweepText {
    run: RunText,
    sets: Vec<SetText>,
    #[serde(default)]
    threads: usize,
    #[serde(default)]
    stretch_rows: Option<usize>,
    #[serde(default)]
    keep_fills: bool,
}

/// What a set has of its own; everything else is the run's.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetText {
    /// Parameters by symbol, in the order of the run.
    params: Vec<BTreeMap<String, Value>>,
    sim: Option<SimText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountText {
    capital_usd: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FeesText {
    maker: f64,
    taker: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SimText {
    queue: String,
    latency: LatencyText,
    partial_fills: bool,
    through_fill: String,
    #[serde(default)]
    block_ns: i64,
    #[serde(default = "shared")]
    arrival: String,
}

#[derive(Deserialize)]
#[serde(tag = "model", rename_all = "snake_case", deny_unknown_fields)]
enum LatencyText {
    Constant {
        entry_ns: i64,
        response_ns: i64,
        #[serde(default = "one")]
        scale: f64,
    },
    Feed {
        entry_multiplier: f64,
        entry_ns: i64,
        response_multiplier: f64,
        response_ns: i64,
        #[serde(default = "one")]
        scale: f64,
    },
    Recorded {
        rows: Vec<[i64; 3]>,
        #[serde(default = "one")]
        scale: f64,
    },
}

fn one() -> f64 {
    1.0
}

fn shared() -> String {
    "shared".to_owned()
}

impl RunSpec {
    /// Read a run from JSON and open its tapes.
    ///
    /// # Errors
    /// [`CoreError::BadArgument`] naming the field, [`CoreError::Gap`] for a silence longer than
    /// accepted, [`CoreError::Unsupported`] for inverse contracts, and what the tapes refuse.
    pub fn from_json(text: &str) -> Result<Self, CoreError> {
        let run: RunText = parsed("run", text)?;
        let tapes = open_tapes(&run)?;
        let (seats, gate) = seats(&run, &run.sim, &[], &tapes, &mut Models::default())?;
        run_of(&run, tapes, seats, gate)
    }

    /// The same run, led by one quoter a symbol in place of the shipped quoting function.
    ///
    /// # Errors
    /// [`CoreError::BadArgument`] for another number of quoters, or a `fill_model` beside them.
    pub fn led_by(mut self, quoters: Vec<Box<dyn Quoter>>) -> Result<Self, CoreError> {
        let refused = |name, why| Err(CoreError::BadArgument { name, why });
        if quoters.len() != self.lanes.len() {
            let (many, symbols) = (quoters.len(), self.lanes.len());
            return refused("strategies", format!("{many} for {symbols} symbols"));
        }
        if self.lanes.iter().any(|lane| lane.seat.maker.judge().is_some()) {
            let why = "judges the shipped quotes only; a strategy of one's own goes without it";
            return refused("fill_model", why.to_owned());
        }
        for (lane, quoter) in self.lanes.iter_mut().zip(quoters) {
            lane.quoter = Some(quoter);
        }
        Ok(self)
    }
}

impl SweepSpec {
    /// Read a run and its parameter sets from JSON, and open the tapes once for all.
    ///
    /// # Errors
    /// As [`RunSpec::from_json`], the number of the set named.
    pub fn from_json(text: &str) -> Result<Self, CoreError> {
        let sweep: SweepText = parsed("sweep", text)?;
        let run = &sweep.run;
        let tapes = open_tapes(run)?;
        let mut models = Models::default();
        let mut sets = Vec::with_capacity(sweep.sets.len());
        for (number, set) in sweep.sets.iter().enumerate() {
            let sim = set.sim.as_ref().unwrap_or(&run.sim);
            let made = seats(run, sim, &set.params, &tapes, &mut models);
            let (seats, gate) = made.map_err(|error| CoreError::BadArgument {
                name: "sets",
                why: format!("set {number}: {error}"),
            })?;
            let shares = seats.iter().all(|seat| !seat.maker.is_alone());
            sets.push(match shares {
                true => SetSpec::Shared(seats, Box::new(gate)),
                false => SetSpec::Alone(Box::new(run_of(run, open_tapes(run)?, seats, gate)?)),
            });
        }
        Ok(Self {
            tapes,
            sets,
            clocks: clocks(run)?,
            capital: MicroUsd::from_usd(run.account.capital_usd),
            threads: sweep.threads,
            stretch_rows: sweep.stretch_rows,
            keep_fills: sweep.keep_fills,
        })
    }
}

fn run_of(
    run: &RunText,
    tapes: Vec<OpenTape>,
    seats: Vec<SeatSpec>,
    gate: Gate,
) -> Result<RunSpec, CoreError> {
    let lanes =
        tapes.into_iter().zip(seats).map(|(tape, seat)| LaneSpec { tape, seat, quoter: None });
    let (clocks, capital) = (clocks(run)?, MicroUsd::from_usd(run.account.capital_usd));
    Ok(RunSpec { lanes: lanes.collect(), gate, clocks, capital })
}

fn parsed<'a, T: Deserialize<'a>>(name: &'static str, text: &'a str) -> Result<T, CoreError> {
    serde_json::from_str(text).map_err(|e| CoreError::BadArgument { name, why: e.to_string() })
}

fn clocks(run: &RunText) -> Result<SpecClocks, CoreError> {
    Ok(SpecClocks {
        from: run.from.unwrap_or(i64::MIN),
        to: run.to.unwrap_or(i64::MAX),
        warmup: run.warmup_ns,
        step: nanos("step_ms", run.step_ms * 1e6)?,
        sample_every: nanos("equity_interval_s", run.equity_interval_s * 1e9)?,
    })
}

fn open_tapes(run: &RunText) -> Result<Vec<OpenTape>, CoreError> {
    run.symbols.iter().map(|symbol| open_tape(symbol, run)).collect()
}

/// The makers of one account, and the gate that they share; `own` are parameters by symbol that
/// replace the run's.
fn seats(
    run: &RunText,
    sim: &SimText,
    own: &[BTreeMap<String, Value>],
    tapes: &[OpenTape],
    models: &mut Models,
) -> Result<(Vec<SeatSpec>, Gate), CoreError> {
    let nothing = BTreeMap::new();
    let (mut gate, mut seats) = (None, Vec::with_capacity(tapes.len()));
    for (i, (symbol, tape)) in run.symbols.iter().zip(tapes).enumerate() {
        let params = params(symbol, own.get(i).unwrap_or(&nothing), run)?;
        let gate = match &mut gate {
            Some(gate) => gate,
            None => gate.insert(account_gate(&params, run.account.capital_usd, run.from)?),
        };
        let judge = models.judge(&params)?;
        seats.push(seat(tape, (&params, judge), (sim, run.seed), gate)?);
    }
    let gate = gate.ok_or_else(|| CoreError::BadArgument {
        name: "symbols",
        why: "a run needs at least one".to_owned(),
    })?;
    Ok((seats, gate))
}

fn nanos(name: &'static str, value: f64) -> Result<i64, CoreError> {
    if value.is_finite() && (1.0..9e18).contains(&value) {
        return Ok(libm::rint(value) as i64);
    }
    Err(CoreError::BadArgument { name, why: format!("{value} ns is not a positive duration") })
}

fn account_gate(params: &Params, capital: f64, from: Option<i64>) -> Result<Gate, CoreError> {
    let now = UnixNanos(from.unwrap_or(0));
    Gate::new(params.account_limits()?, MicroUsd::from_usd(capital), now)
}

fn params(
    symbol: &SymbolText,
    own: &BTreeMap<String, Value>,
    run: &RunText,
) -> Result<Params, CoreError> {
    let fees = run.fees.as_ref().map(|fees| (fees.maker, fees.taker));
    params_of(symbol.params.iter().chain(own), run.account.capital_usd, fees)
}

/// Defaults with these values set, then what the run says for all symbols.
///
/// # Errors
/// [`CoreError::BadArgument`] for an unknown name and for a value outside its bounds.
pub(crate) fn params_of<'a>(
    values: impl IntoIterator<Item = (&'a String, &'a Value)>,
    capital_usd: f64,
    fees: Option<(f64, f64)>,
) -> Result<Params, CoreError> {
    let mut params = Params::default();
    params.set_values(values)?;
    params.set_number("capital_usd", capital_usd)?;
    if let Some((maker, taker)) = fees {
        params.set_number("maker_fee", maker)?;
        params.set_number("taker_fee", taker)?;
    }
    Ok(params)
}

/// The venue's clock waits for rows that run back, with all that came since in memory; the merger
/// lets no venue time be further than ten minutes from ours.
const DISORDER_NS_MAX: i64 = 3_600_000_000_000;

fn open_tape(text: &SymbolText, run: &RunText) -> Result<OpenTape, CoreError> {
    let from = UnixNanos(run.from.unwrap_or(i64::MIN));
    let to = UnixNanos(run.to.unwrap_or(i64::MAX));
    let mut series = TapeSeries::open(&text.tapes, Projection::Replay)?;
    if run.from.is_some() || run.to.is_some() {
        series.set_range(from, to);
    }
    let info = series.infos()[0].clone();
    let instrument = instrument(&info)?;
    if instrument.inverse {
        let why = format!(
            "{} {} is an inverse contract: it can be imported and looked at, not replayed",
            text.venue, text.symbol
        );
        return Err(CoreError::Unsupported { why });
    }
    let gaps = gaps(&series, text, (from, to), run)?;
    let disorder_ns = series.disorder_ns()?;
    if disorder_ns > DISORDER_NS_MAX {
        let tapes = text.tapes.join(", ");
        let why = format!(
            "{tapes}: venue times run back by up to {:.0} s, which cannot be replayed in bounded \
             memory: import the recording anew with --force, which replaces times that are none",
            disorder_ns as f64 * 1e-9
        );
        return Err(CoreError::Unsupported { why });
    }
    let meta = |key: &str| info.meta.get(key).cloned().unwrap_or_default();
    let about = About {
        symbol: text.symbol.clone(),
        venue: text.venue.clone(),
        tier: meta("tier"),
        source: meta("source"),
        gaps: gaps.iter().map(|g| (g.from.0, g.to.0, g.cause)).collect(),
    };
    let saved = match &text.signals {
        Some(path) => read_signals(path)?,
        None => Vec::new(),
    };
    let file = text.signals.as_deref().map(|path| (path, &saved[..]));
    let warmth = warmth_of(file, &text.candles, (&text.symbol, &text.venue))?;
    Ok(OpenTape { series, disorder_ns, instrument, warmth, about })
}

fn seat(
    tape: &OpenTape,
    (params, judge): (&Params, Option<Judge>),
    (sim, seed): (&SimText, u64),
    gate: &mut Gate,
) -> Result<SeatSpec, CoreError> {
    let instrument = tape.instrument;
    let symbol = gate.add(instrument, params.symbol_limits()?)?;
    let fees = params.fees();
    let maker = Maker::new(MakerConfig {
        symbol,
        spec: instrument,
        params: params.clone(),
        judge,
        orders: OrderManager::new(symbol, seed, params.requote_rules()),
        account: Account::new(instrument, fees),
    });
    Ok(SeatSpec {
        symbol,
        instrument,
        fees,
        maker,
        venue: venue(sim)?,
        latency: latency(&sim.latency)?,
        block_ns: sim.block_ns,
        shared_arrival: arrival(sim)?,
    })
}

/// Scales and grids as the tape's metadata states them.
fn instrument(info: &TapeInfo) -> Result<InstrumentSpec, CoreError> {
    let refuse = |why: String| CoreError::Tape { path: info.path.clone(), why };
    let text = |key: &str| info.meta.get(key).map(|t| t.trim_matches('"')).unwrap_or_default();
    let venue = match text("venue") {
        "hyperliquid" => Venue::Hyperliquid,
        "binance" => Venue::Binance,
        "bybit" => Venue::Bybit,
        _ => Venue::Other,
    };
    let (px_decimals, size_decimals) = (info.px_decimals()?, info.size_decimals()?);
    let rule = text("price_rule");
    let mut spec = match rule.strip_prefix("fixed:") {
        None if rule == "five_figures" => {
            let mut spec = InstrumentSpec::fixed(venue, px_decimals, size_decimals, 1);
            spec.rule = PriceRule::FiveFigures;
            spec
        }
        None => return Err(refuse(format!("its metadata has price_rule = {rule:?}"))),
        Some(step) => {
            let step = step.parse().map_err(|_| refuse(format!("bad price step {step:?}")))?;
            InstrumentSpec::fixed(venue, px_decimals, size_decimals, step)
        }
    };
    if venue == Venue::Hyperliquid {
        spec.min_notional = InstrumentSpec::hyperliquid(size_decimals).min_notional;
    }
    spec.inverse = text("inverse") == "true";
    Ok(spec)
}

/// The silences of the range; one longer than accepted refuses the run.
fn gaps(
    series: &TapeSeries,
    text: &SymbolText,
    (from, to): (UnixNanos, UnixNanos),
    run: &RunText,
) -> Result<Vec<GapSpan>, CoreError> {
    let limit = nanos("max_gap_s", run.max_gap_s * 1e9)?;
    let mut gaps = series.gaps()?;
    gaps.retain(|gap| gap.to > from && gap.from < to);
    match gaps.iter().find(|gap| gap.to.since(gap.from).0 > limit) {
        Some(gap) if !run.bridge_gaps => {
            let of = format!("{}/{}", text.venue, text.symbol);
            Err(CoreError::Gap { of, from: gap.from.0, to: gap.to.0, limit })
        }
        Some(_) | None => Ok(gaps),
    }
}

fn venue(sim: &SimText) -> Result<VenueConfig, CoreError> {
    let through_volume = match sim.through_fill.as_str() {
        "volume" => true,
        "full" => false,
        other => {
            let why = format!("{other:?} is neither volume nor full");
            return Err(CoreError::BadArgument { name: "through_fill", why });
        }
    };
    let queue = QueueModel::parse(&sim.queue)?;
    Ok(VenueConfig { queue, partial_fills: sim.partial_fills, through_volume })
}

/// Whether an order between two frames meets its share of what changes between them.
fn arrival(sim: &SimText) -> Result<bool, CoreError> {
    match sim.arrival.as_str() {
        "shared" => Ok(true),
        "last" => Ok(false),
        other => {
            let why = format!("{other:?} is neither shared nor last");
            Err(CoreError::BadArgument { name: "arrival", why })
        }
    }
}

fn latency(text: &LatencyText) -> Result<Latency, CoreError> {
    let (model, scale) = match text {
        LatencyText::Constant { entry_ns, response_ns, scale } => {
            (LatencyModel::Constant { entry_ns: *entry_ns, response_ns: *response_ns }, *scale)
        }
        LatencyText::Feed {
            entry_multiplier,
            entry_ns,
            response_multiplier,
            response_ns,
            scale,
        } => {
            let entry = (*entry_multiplier, *entry_ns as f64);
            let response = (*response_multiplier, *response_ns as f64);
            (LatencyModel::Feed { entry, response }, *scale)
        }
        LatencyText::Recorded { rows, scale } => {
            let row = |r: &[i64; 3]| Recorded { request: r[0], exchange: r[1], response: r[2] };
            (LatencyModel::Recorded(rows.iter().map(row).collect()), *scale)
        }
    };
    Latency::new(model, scale)
}
