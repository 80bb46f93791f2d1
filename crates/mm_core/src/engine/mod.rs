//! engine — to be filled.
