//! Judge — whether a quote's chance of a fill, times the edge to expect of it, is worth the fee.
//!
//! The edge to expect is the distance from the fair price, less the chance that the fill turns out
//! badly times what such fills lose. Two models of boosted trees tell the chances.

use crate::error::CoreError;
use crate::signal::Trees;
use serde::Deserialize;
use serde::Serialize;
use std::sync::Arc;

/// What judges quotes before they are placed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Judge {
    fill: Arc<Trees>,
    adverse: Option<Adverse>,
}

/// How likely a fill turns out badly, and what it loses then as a fraction of its value.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Adverse {
    trees: Arc<Trees>,
    loss: f64,
}

impl Judge {
    /// A model of fills and, where there is one, a model of adverse fills; both of one row of
    /// features.
    ///
    /// # Errors
    /// [`CoreError::BadArgument`] for a model of adverse fills that does not say what they lose.
    pub fn new(fill: Arc<Trees>, adverse: Option<Arc<Trees>>) -> Result<Self, CoreError> {
        let named = |trees: Arc<Trees>| match trees.loss_bps() {
            Some(bps) => Ok(Adverse { trees, loss: bps / 1e4 }),
            None => Err(CoreError::BadArgument {
                name: "adverse_model",
                why: "the file does not say what adverse fills lose (`loss_bps`)".to_owned(),
            }),
        };
        Ok(Self { fill, adverse: adverse.map(named).transpose()? })
    }

    /// Whether a quote of this `edge`, a fraction of the fair price, is worth the `fee`.
    ///
    /// # Errors
    /// A row of another length than the models'.
    pub fn pays(&self, row: &[f64], edge: f64, fee: f64) -> Result<bool, CoreError> {
        let lost = match &self.adverse {
            Some(Adverse { trees, loss }) => trees.probability(row)? * loss,
            None => 0.0,
        };
        Ok(self.fill.probability(row)? * (edge - lost) >= fee)
    }

    /// Digests of the models, fills and adverse fills, for reports and journals.
    #[must_use]
    pub fn digests(&self) -> (&str, Option<&str>) {
        (self.fill.sha256(), self.adverse.as_ref().map(|adverse| adverse.trees.sha256()))
    }
}
