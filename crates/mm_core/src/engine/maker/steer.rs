//! Steer — what a daemon tells a maker from outside: foreign fills, a hold, other parameters.

use super::Adaptation;
use super::Fill;
use super::Gate;
use super::Maker;
use super::Params;
use super::UnixNanos;
use crate::error::CoreError;
use crate::order::RequoteRules;
use crate::risk::MicroUsd;
use crate::strategy::Scope;
use crate::units::DurationNanos;
use serde_json::Value;
use std::collections::BTreeMap;

impl Maker {
    /// An order traded that this maker did not send: the ledger counts it all the same.
    ///
    /// # Errors
    /// As [`Self::on_fill`].
    pub fn on_foreign(
        &mut self,
        fill: &Fill,
        mid2: i64,
        gate: &mut Gate,
        now: UnixNanos,
    ) -> Result<(), CoreError> {
        self.own_events += 1;
        self.config.account.on_fill(fill, mid2)?;
        gate.on_fill(fill, now);
        Ok(())
    }

    /// A position that came without executions is ours: no rule about fills hears of it.
    ///
    /// # Errors
    /// As [`Self::on_fill`].
    pub fn on_held(&mut self, held: &Fill) -> Result<(), CoreError> {
        self.own_events += 1;
        self.config.account.take_over(held)
    }

    /// The position was told as of a time: orders that were over before wait for no fill.
    pub fn settled(&mut self, before: UnixNanos) {
        self.own_events += 1;
        self.config.orders.settled(before);
    }

    /// Whether nothing may be quoted, whatever the market and the gate say.
    pub fn hold(&mut self, on: bool) {
        self.held = on;
    }

    /// Whether nothing is wanted but to close the position, clip by clip.
    pub fn flatten(&mut self, on: bool) {
        self.flattens = on;
    }

    /// How long an order that is too far from the touch stays, so that actions are saved.
    pub fn be_patient(&mut self, patience: DurationNanos) {
        let rules = RequoteRules { patience, ..self.config.params.requote_rules() };
        self.config.orders.set_rules(rules);
        self.patience = patience;
    }

    /// Sizes become a multiple of the configured ones, at 0 only the position is closed. Limits
    /// stay: no order passes the largest order value, no position the greatest one.
    ///
    /// # Errors
    /// [`CoreError::BadArgument`] for what is no multiple, or carries orders past their limit.
    pub fn scale(&mut self, scale: f64) -> Result<(), CoreError> {
        let most = self.config.params.order_value_factor;
        if !(0.0..=most).contains(&scale) {
            let why = format!("sizes can be 0 to {most} (order_value_factor) times, not {scale}");
            return Err(CoreError::BadArgument { name: "scale", why });
        }
        self.scale = scale;
        Ok(())
    }

    /// What earlier runs earned: compounding goes on from there.
    pub fn retain(&mut self, earned: MicroUsd) {
        if let Some(adaptation) = &mut self.adaptation {
            adaptation.retain(earned);
        }
    }

    /// Mark the ledger to twice the mid.
    pub fn mark(&mut self, mid2: i64) {
        self.config.account.mark(mid2);
    }

    /// Go on with other values of the parameters that may change while running. What was learned
    /// begins anew, what was earned stays; limits of the gate stay as they are.
    ///
    /// # Errors
    /// [`CoreError::BadArgument`] for an unknown name, a value outside its bounds, or a parameter
    /// that is set before a start only; nothing changed then.
    pub fn reload(&mut self, values: &BTreeMap<String, Value>) -> Result<(), CoreError> {
        for name in values.keys() {
            if Params::spec(name)?.scope != Scope::Live {
                let why = format!("`{name}` is set before a start, not while running");
                return Err(CoreError::BadArgument { name: "params", why });
            }
        }
        let mut params = self.config.params.clone();
        params.set_values(values)?;
        self.quoting = params.quoting();
        self.stale = params.stale();
        self.adaptation = match &self.adaptation {
            Some(before) => before.renewed(&params),
            None => Adaptation::new(&params),
        };
        self.config.params = params;
        self.be_patient(self.patience);
        self.last = None;
        Ok(())
    }
}
