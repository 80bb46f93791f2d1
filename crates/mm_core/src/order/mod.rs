//! order — to be filled.
