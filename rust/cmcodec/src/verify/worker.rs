//! What one thread keeps from message to message.

use super::config::Config;
use super::keyring::Keyring;

/// What one thread keeps from message to message.
#[derive(Debug)]
pub(super) struct Worker<'a> {
    pub(super) config: &'a Config,
    pub(super) keyring: Keyring<'a>,
    /// Signed attributes under the tag that was signed.
    pub(super) attributes: Vec<u8>,
}

impl<'a> Worker<'a> {
    pub(super) fn new(config: &'a Config) -> Self {
        Self { config, keyring: Keyring::new(config.legacy), attributes: Vec::new() }
    }
}
