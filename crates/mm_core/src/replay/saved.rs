//! Saved — a run as bytes between two steps, to go on with later as if nothing had been.
//!
//! The bytes are for the same version, tapes and specification; who keeps them sees to that.

use super::drive::Replay;
use super::drive::Run;
use super::lane::Lane;
use super::spec::RunSpec;
use crate::error::CoreError;
use crate::tape::SeriesPlace;

impl Replay {
    /// The run as it stands, what was not taken out of its columns included.
    ///
    /// # Errors
    /// [`CoreError::BadArgument`] where a quoter leads a symbol: what it remembers is its own.
    pub fn save(&self) -> Result<Vec<u8>, CoreError> {
        let places = self.run.parts.iter().map(Lane::place).collect::<Result<Vec<_>, _>>()?;
        postcard::to_stdvec(&(places, self.first, &self.run)).map_err(|e| bad(&e))
    }

    /// Go on with a run that [`Self::save`] gave.
    ///
    /// # Errors
    /// [`CoreError::BadArgument`] for bytes of another version or run; else as [`Self::new`].
    pub fn resume(spec: RunSpec, saved: &[u8]) -> Result<Self, CoreError> {
        let fresh = Self::new(spec)?;
        let (places, first, mut run): (Vec<SeriesPlace>, i64, Run<Lane>) =
            postcard::from_bytes(saved).map_err(|e| bad(&e))?;
        let lanes = run.parts.len();
        if (lanes, places.len(), first) != (fresh.run.parts.len(), lanes, fresh.first) {
            let why = "it is of another run".to_owned();
            return Err(CoreError::BadArgument { name: "saved", why });
        }
        for ((lane, fresh), place) in run.parts.iter_mut().zip(fresh.run.parts).zip(places) {
            lane.reads(fresh, place)?;
        }
        Ok(Self { run, first })
    }
}

fn bad(error: &postcard::Error) -> CoreError {
    CoreError::BadArgument { name: "saved", why: error.to_string() }
}
