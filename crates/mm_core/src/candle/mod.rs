//! candle — to be filled.
