//! risk — to be filled.
