//! stats — to be filled.
