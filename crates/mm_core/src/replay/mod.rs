//! replay — to be filled.
