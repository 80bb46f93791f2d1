//! Text — small files that a run is made of, read whole.

use crate::error::CoreError;
use std::fs;

/// The bytes of a small file.
///
/// # Errors
/// Why it cannot be read.
pub(crate) fn read_bytes(file: &str) -> Result<Vec<u8>, String> {
    fs::read(file).map_err(|error| error.to_string())
}

/// The text of a model file.
///
/// # Errors
/// [`CoreError::Model`] naming the file where it cannot be read.
pub fn read_model(file: &str) -> Result<String, CoreError> {
    fs::read_to_string(file)
        .map_err(|error| CoreError::Model { file: file.to_owned(), why: error.to_string() })
}
