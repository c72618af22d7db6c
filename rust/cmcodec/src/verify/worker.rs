//! What one thread keeps from message to message.

use super::algorithm::SignatureAlgorithm;
use super::config::Config;
use super::job::{self, Disagreement, Machine, Queue, Ticket};
use super::key::PublicKey;
use super::keyring::Keyring;
use crate::error::Reason;

/// What one thread keeps from message to message.
pub(super) struct Worker<'a> {
    pub(super) config: &'a Config,
    pub(super) verifier: Verifier<'a>,
    /// Signed attributes under the tag that was signed.
    pub(super) attributes: Vec<u8>,
}

impl<'a> Worker<'a> {
    pub(super) fn new(config: &'a Config) -> Self {
        let queue = config.machine().map(Queue::new);
        let verifier = Verifier { keyring: Keyring::new(config.legacy), queue };
        Self { config, verifier, attributes: Vec::new() }
    }
}

/// Verifies signatures: in lanes, where they are in use and find one good, else by the library.
pub(super) struct Verifier<'a> {
    keyring: Keyring<'a>,
    queue: Option<Queue>,
}

impl<'a> Verifier<'a> {
    /// Whether messages are to be begun before others are finished.
    pub(super) fn has_lanes(&self) -> bool {
        self.queue.is_some()
    }

    /// Whether what was begun is to be finished first.
    pub(super) fn is_full(&self) -> bool {
        self.queue.as_ref().is_some_and(Queue::is_full)
    }

    /// Has lanes look at a signature later, if they may know it, and the work is within `left`.
    pub(super) fn ask(
        &mut self,
        spki: &'a [u8],
        algorithm: &SignatureAlgorithm,
        message: &[u8],
        signature: &[u8],
        left: &mut usize,
    ) -> Option<Ticket> {
        let queue = self.queue.as_mut()?;
        let key = self.keyring.shape(spki).ok()?;
        *left = left.checked_sub(key.work())?;
        Some(queue.add(key.job(algorithm, message, signature)?))
    }

    /// Has lanes look at all that they were asked about.
    pub(super) fn answer(&mut self) {
        if let Some(queue) = &mut self.queue {
            queue.answer();
        }
    }

    /// Forgets what lanes found, when no message is under way.
    pub(super) fn clear(&mut self) {
        if let Some(queue) = &mut self.queue {
            queue.clear();
        }
    }

    /// Whether the key may be used at all.
    pub(super) fn check_key(&mut self, spki: &'a [u8]) -> Result<(), Reason> {
        self.keyring.get(spki).map(drop)
    }

    /// V9, V10: whether the key verifies the signature; else why not, and what that has cost.
    pub(super) fn verify(
        &mut self,
        spki: &'a [u8],
        algorithm: &SignatureAlgorithm,
        message: &[u8],
        signature: &[u8],
        ticket: Option<Ticket>,
    ) -> Result<(), (Reason, usize)> {
        let good = self.queue.as_mut().zip(ticket).filter(|(queue, it)| queue.is_good(*it));
        let is_good = good.is_some();
        if good.is_some_and(|(queue, _)| !queue.is_watched()) {
            return Ok(());
        }
        let verified = match self.keyring.get(spki) {
            Ok(key) => {
                key.verify(algorithm, message, signature).map_err(|reason| (reason, key.work()))
            }
            Err(reason) => Err((reason, 0)),
        };
        if is_good && verified.is_err() {
            let [key, message, signature] = [spki, message, signature].map(<[u8]>::to_vec);
            job::stop(Disagreement { key, algorithm: algorithm.name(), message, signature });
        }
        verified
    }
}

/// Which of these signatures a machine finds good: each by its key, its algorithm, what was signed,
/// and its octets. What it does not find good may be good as well.
pub fn find_good<'a>(
    machine: Machine,
    signatures: impl IntoIterator<Item = (&'a PublicKey, SignatureAlgorithm, &'a [u8], &'a [u8])>,
) -> Vec<bool> {
    let mut queue = Queue::new(machine);
    let asked: Vec<Option<Ticket>> = signatures
        .into_iter()
        .map(|(key, algorithm, message, signature)| {
            key.job(&algorithm, message, signature).map(|job| queue.add(job))
        })
        .collect();
    queue.answer();
    asked.into_iter().map(|it| it.is_some_and(|ticket| queue.is_good(ticket))).collect()
}
