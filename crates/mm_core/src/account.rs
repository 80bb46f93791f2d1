//! Account — to be filled.
