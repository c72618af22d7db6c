//! From Python values to DER: types are checked here, everything else by the
//! rules of the walk.
//!
//! What was written is only returned if the walk accepts it. Most of what the
//! walk looks at is plain while a value is written, and is tried on the spot by
//! the walk's own functions, element by element; `Encoder::all_valid` tells
//! whether that answered every question. Where it did not, the result is read
//! back as a whole, which also finds the reason and the path of a refusal.

pub mod cache;
mod content;
mod encoder;
mod refusal;

pub use encoder::Encoder;
pub use refusal::Refusal;
