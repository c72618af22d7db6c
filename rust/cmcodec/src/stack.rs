//! A stack that the deepest message fits in.

/// Octets of stack that a walk through every layer takes at most, and a
/// verification with every algorithm.
const ENOUGH: usize = 256 * 1024;

/// Does `work` on this stack if there is enough of it, else on one of its own:
/// a thread of the caller may have 64 KiB.
pub(crate) fn on_enough<T>(work: impl FnOnce() -> T) -> T {
    stacker::maybe_grow(ENOUGH, 4 * ENOUGH, work)
}
