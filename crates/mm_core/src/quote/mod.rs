//! quote — to be filled.
