//! wire — to be filled.
