//! queue — to be filled.
