//! book — to be filled.
