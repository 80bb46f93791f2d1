//! tape — to be filled.
