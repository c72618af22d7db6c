//! What no input may do to the engine, as functions that panic where one does.
//!
//! | Module | Holds |
//! |---|---|
//! | `parsing` | the properties of `load` and of the BER converter |
//! | `rebuild` | a message written anew from what the declarations say of it |
//! | `verifying` | the properties of verdicts: single, batch, requests |
//! | `lanes` | lanes against one another, whole numbers, and aws-lc |
//! | `oracle` | V4 to V6 in a few lines that share nothing with the engine |
//! | `tree`, `mutate`, `sign` | mutants that stay readable, and that are signed again |
//! | `ring` | the keys that all of it is signed and verified with |

pub mod lanes;
pub mod mutate;
pub mod oracle;
pub mod parsing;
pub mod random;
pub mod rebuild;
pub mod ring;
pub mod sign;
pub mod tree;
pub mod verifying;

/// A target: a property, which inputs are readable, and whether mutants are signed again.
#[macro_export]
macro_rules! target {
    ($property:path, $is_readable:path, signed: $signed:literal) => {
        libfuzzer_sys::fuzz_target!(|data: &[u8]| -> libfuzzer_sys::Corpus {
            $property(data);
            $crate::mutate::kept(data, $is_readable)
        });
        libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
            $crate::mutate::mutant(data, size, max_size, seed, $is_readable, $signed)
        });
        libfuzzer_sys::fuzz_crossover!(|one: &[u8], other: &[u8], out: &mut [u8], seed: u32| {
            $crate::mutate::cross(one, other, out, seed)
        });
    };
}
