//! Statistics — what a run earned, and how sure one may be of it.

mod special;

pub use special::gamma_tail;
pub use special::normal_cdf;
pub use special::normal_quantile;
