//! Work for several threads that exist no longer than the call.
//!
//! A pool that outlived the call would not survive `fork`.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Slots that a thread takes at a time where each is quickly done: few, so that
/// all end together.
pub(crate) const MAX_CHUNK: usize = 32;

/// Time between two reports of progress.
const INTERVAL: Duration = Duration::from_millis(50);

/// What a mutex holds. A thread that panicked leaves it as it was between two
/// operations, and its panic is told when it is joined.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The caller's progress function said to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cancelled;

impl fmt::Display for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("verification was cancelled")
    }
}

impl std::error::Error for Cancelled {}

/// Does `work` on each slot once, from the first on, on up to `threads`
/// threads, of which the calling one is the first. Each has a `state` of its
/// own, and takes up to `chunk` slots at a time.
///
/// `work` tells its last argument how much more it has done, and goes on as
/// long as that answers true. `settle` sees the slots that were taken at a time
/// when there was work on each, and tells the same. `progress` is called with the sum, only on the
/// calling thread, every 50 milliseconds while that has work, and at the end;
/// false ends the work.
pub(crate) fn for_each<T: Send, S>(
    slots: &mut [T],
    threads: usize,
    chunk: usize,
    state: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, &mut T, &mut dyn FnMut(usize) -> bool) + Sync,
    settle: impl Fn(&mut S, &mut [T], &mut dyn FnMut(usize) -> bool) + Sync,
    progress: &dyn Fn(usize) -> bool,
) -> Result<(), Cancelled> {
    let chunk = (slots.len() / threads.max(1) / 8).clamp(1, chunk);
    let helpers = threads.min(slots.len().div_ceil(chunk)).saturating_sub(1);
    let queue = Mutex::new(slots.chunks_mut(chunk));
    let next = || locked(&queue).next();
    let done = AtomicUsize::new(0);
    let stop = AtomicBool::new(false);
    let run = |tick: &mut dyn FnMut()| {
        let mut state = state();
        let mut more = |count| {
            done.fetch_add(count, Ordering::Relaxed);
            tick();
            !stop.load(Ordering::Relaxed)
        };
        while let Some(chunk) = next() {
            for slot in &mut *chunk {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                work(&mut state, slot, &mut more);
            }
            settle(&mut state, chunk, &mut more);
        }
    };
    let report = || {
        if !progress(done.load(Ordering::Relaxed)) {
            stop.store(true, Ordering::Relaxed);
        }
    };
    thread::scope(|scope| {
        for _ in 0..helpers {
            let name = String::from("cmcodec");
            // Where the system has no thread to give, the others do the work.
            let _ = thread::Builder::new().name(name).spawn_scoped(scope, || run(&mut || {}));
        }
        let mut last = Instant::now();
        run(&mut || {
            if last.elapsed() >= INTERVAL {
                report();
                last = Instant::now();
            }
        });
    });
    report();
    if stop.load(Ordering::Relaxed) { Err(Cancelled) } else { Ok(()) }
}
