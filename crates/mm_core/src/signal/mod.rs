//! signal — to be filled.
