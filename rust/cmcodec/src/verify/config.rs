//! What the caller decides about a verification.

use std::collections::HashSet;

use cmcodec_lanes::Machine;

use super::certificates::KnownCertificates;
use super::job;
use super::report::fingerprint;
use crate::schema::walk::Options;

/// What the caller decides about a verification.
#[derive(Clone, Debug)]
pub struct Config {
    /// How the items are read. Their `members` are listed, whatever it says (rule R5).
    pub options: Options,
    /// Whether messages nested in a message get rows of their own.
    pub nested: bool,
    /// Whether SHA-1 and RSA keys of 1024 bits will do (rule V10a).
    pub legacy: bool,
    /// Where to look for signers after the message itself (rule V8).
    pub certificates: KnownCertificates,
    /// SHA-256 of the certificates of registration authorities whose
    /// raVerified counts (rule R2).
    pub authorised_ras: HashSet<[u8; 32]>,
    /// Threads, the calling one included; 0 stands for one per core.
    pub threads: usize,
    /// Whether lanes look at signatures first, where this processor has some.
    pub lanes: bool,
}

impl Config {
    /// The machine for lanes, where they are to be used and can be.
    pub(super) fn machine(&self) -> Option<Machine> {
        if self.lanes { job::machine() } else { None }
    }

    /// Whether the caller authorised the registration authority with this certificate (rule R2).
    pub(super) fn is_authorised_ra(&self, certificate: &[u8]) -> bool {
        !self.authorised_ras.is_empty() && self.authorised_ras.contains(&fingerprint(certificate))
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            options: Options::default(),
            nested: true,
            legacy: false,
            certificates: KnownCertificates::default(),
            authorised_ras: HashSet::new(),
            threads: 0,
            lanes: false,
        }
    }
}
