//! strategy — to be filled.
