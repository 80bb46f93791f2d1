//! Text — small files that a run is made of, read whole.

use crate::error::CoreError;
use std::fs;

/// The text of a model file.
///
/// # Errors
/// [`CoreError::Model`] naming the file where it cannot be read.
pub fn read_model(file: &str) -> Result<String, CoreError> {
    fs::read_to_string(file)
        .map_err(|error| CoreError::Model { file: file.to_owned(), why: error.to_string() })
}
