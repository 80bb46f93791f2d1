//! Sources — where a coin's market comes from: the synthetic exchange, tapes, or a live feed.

use crate::book::Merger;
use crate::error::CoreError;
use crate::event::Rows;
use crate::instrument::InstrumentSpec;
use crate::instrument::Venue;
use crate::sim::exchange::spec::CoinSpec;
use crate::sim::exchange::spec::SourceSpec;
use crate::sim::Flow;
use crate::sim::FlowConfig;
use crate::sim::FlowLatency;
use crate::sim::FlowStreams;
use crate::tape::Projection;
use crate::tape::SeriesPlace;
use crate::tape::TapeSeries;
use crate::units::DurationNanos;
use crate::units::UnixNanos;
use crate::wire;
use crate::wire::Decoded;
use crate::wire::Scales;
use serde::Deserialize;
use serde::Serialize;

/// Nothing is on its way from the synthetic exchange: it is this one.
const AT_ONCE: FlowLatency =
    FlowLatency { floor: DurationNanos(0), jitter: DurationNanos(0), spread: 0.0 };

/// Where rows come from.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Source {
    Synthetic(Box<Flow>),
    Tape(Box<Played>),
    Pushed(Box<Merger>),
}

/// Tapes whose first row happens at the start of the exchange.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Played {
    paths: Vec<String>,
    /// Where reading goes on after the batch.
    place: SeriesPlace,
    /// Opened when it is read from.
    #[serde(skip)]
    series: Option<TapeSeries>,
    shift: i64,
    batch: Rows,
    at: usize,
}

impl Source {
    /// The source of a coin that begins at a time.
    ///
    /// # Errors
    /// A synthetic market outside its domain; tapes that cannot be read or are of other scales.
    pub(super) fn new(coin: &CoinSpec, seed: u64, start: UnixNanos) -> Result<Self, CoreError> {
        match &coin.source {
            SourceSpec::Synthetic(wish) => {
                let mut config = FlowConfig::preset(wish.preset.as_deref().unwrap_or(&coin.name))?;
                config.symbol.clone_from(&coin.name);
                config.size_decimals = coin.size_decimals;
                config.seed = wish.seed.unwrap_or(seed);
                config.start = start;
                config.streams = FlowStreams::Full;
                config.latency = AT_ONCE;
                config.price = wish.price.unwrap_or(config.price);
                config.sigma_bps = wish.sigma_bps.unwrap_or(config.sigma_bps);
                config.impact_bps = wish.impact_bps.unwrap_or(config.impact_bps);
                config.takers_per_s = wish.takers_per_s.unwrap_or(config.takers_per_s);
                config.adds_per_s = wish.adds_per_s.unwrap_or(config.adds_per_s);
                Ok(Self::Synthetic(Box::new(Flow::new(config)?)))
            }
            SourceSpec::Tape { paths } => {
                Ok(Self::Tape(Box::new(Played::new(coin, paths, start)?)))
            }
            SourceSpec::Pushed => Ok(Self::Pushed(Box::new(Merger::for_venue(Venue::Hyperliquid)))),
        }
    }

    /// Append what happened by a time and was not told before.
    ///
    /// # Errors
    /// As of the source.
    pub(super) fn pull(&mut self, until: UnixNanos, out: &mut Rows) -> Result<(), CoreError> {
        match self {
            Self::Synthetic(flow) => flow.step_until(until, out),
            Self::Tape(played) => played.pull(until, out),
            Self::Pushed(_) => Ok(()),
        }
    }

    /// News that moves what the market is worth, in basis points.
    ///
    /// # Errors
    /// Only a synthetic market can be told.
    pub(super) fn shock(&mut self, bps: f64) -> Result<(), CoreError> {
        match self {
            Self::Synthetic(flow) => {
                flow.shock(bps);
                Ok(())
            }
            Self::Tape(_) | Self::Pushed(_) => {
                let why = "only a synthetic market can be shocked".to_owned();
                Err(CoreError::Unsupported { why })
            }
        }
    }

    /// A frame of the live feed: append what it says.
    ///
    /// # Errors
    /// A frame that is none, or a source that is not fed.
    pub(super) fn push(
        &mut self,
        frame: &[u8],
        (name, spec): (&str, &InstrumentSpec),
        recv: UnixNanos,
        out: &mut Rows,
    ) -> Result<(), CoreError> {
        let Self::Pushed(merger) = self else {
            let why = format!("{name} is not fed from outside");
            return Err(CoreError::Unsupported { why });
        };
        let scales = Scales { px_decimals: spec.px_decimals, size_decimals: spec.size_decimals };
        let of = |symbol: &str| (symbol == name).then_some(scales);
        match wire::decode(Venue::Hyperliquid, frame, &of)? {
            Decoded::Feed { message, .. } => merger.on_message(&message, recv, out),
            Decoded::Orders(_) | Decoded::Fills { .. } | Decoded::Control(_) | Decoded::Ignored => {
                Ok(())
            }
        }
    }
}

impl Played {
    fn new(coin: &CoinSpec, paths: &[String], start: UnixNanos) -> Result<Self, CoreError> {
        let series = TapeSeries::open(paths, Projection::All)?;
        let spec = InstrumentSpec::hyperliquid(coin.size_decimals);
        let info = &series.infos()[0];
        let scales = (info.px_decimals()?, info.size_decimals()?);
        if scales != (spec.px_decimals, spec.size_decimals) {
            let why = format!(
                "decimals of price and size {scales:?} where {} needs {:?}",
                coin.name,
                (spec.px_decimals, spec.size_decimals)
            );
            return Err(CoreError::BadArgument { name: "paths", why });
        }
        let (place, paths, batch) = (series.place(), paths.to_vec(), Rows::default());
        let mut played = Self { paths, place, series: Some(series), shift: 0, batch, at: 0 };
        played.read()?;
        played.shift = start.0 - played.batch.ts_recv.first().copied().unwrap_or(start.0);
        Ok(played)
    }

    /// The next batch; `false` at the end of the tapes.
    fn read(&mut self) -> Result<bool, CoreError> {
        self.batch.clear();
        self.at = 0;
        if self.series.is_none() {
            let mut series = TapeSeries::open(&self.paths, Projection::All)?;
            series.go_to(self.place)?;
            self.series = Some(series);
        }
        let Some(series) = &mut self.series else { return Ok(false) };
        let more = series.next(&mut self.batch)?;
        self.place = series.place();
        Ok(more)
    }

    fn pull(&mut self, until: UnixNanos, out: &mut Rows) -> Result<(), CoreError> {
        loop {
            let limit = until.0.saturating_sub(self.shift);
            let due = self.batch.ts_recv[self.at..].iter().take_while(|ts| **ts <= limit).count();
            let from = out.len();
            out.extend_range(&self.batch, self.at..self.at + due);
            out.ts_exch[from..].iter_mut().for_each(|ts| *ts += self.shift);
            out.ts_recv[from..].iter_mut().for_each(|ts| *ts += self.shift);
            self.at += due;
            if self.at < self.batch.len() || !self.read()? {
                return Ok(());
            }
        }
    }
}
