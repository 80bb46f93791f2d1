//! sim — to be filled.
