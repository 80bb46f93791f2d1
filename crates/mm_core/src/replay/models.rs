//! Models — what judges the quotes of a parameter set, read from the files that it names.

use crate::engine::Judge;
use crate::error::CoreError;
use crate::signal::Trees;
use crate::signal::TICK_FEATURES;
use crate::strategy::Params;
use crate::tape::read_model;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Models by file: each is read once.
#[derive(Default)]
pub(crate) struct Models(BTreeMap<String, Arc<Trees>>);

impl Models {
    /// What judges the quotes of these parameters, where they name a file.
    pub(crate) fn judge(&mut self, params: &Params) -> Result<Option<Judge>, CoreError> {
        match (self.trees(&params.fill_model)?, self.trees(&params.adverse_model)?) {
            (Some(fill), adverse) => Judge::new(fill, adverse).map(Some),
            (None, None) => Ok(None),
            (None, Some(_)) => Err(CoreError::BadArgument {
                name: "adverse_model",
                why: "needs a fill_model beside it: it weighs what a fill is worth".to_owned(),
            }),
        }
    }

    fn trees(&mut self, file: &str) -> Result<Option<Arc<Trees>>, CoreError> {
        if file.is_empty() {
            return Ok(None);
        }
        if !self.0.contains_key(file) {
            let trees = Trees::from_json(file, &read_model(file)?, &TICK_FEATURES)?;
            self.0.insert(file.to_owned(), Arc::new(trees));
        }
        Ok(self.0.get(file).cloned())
    }
}
