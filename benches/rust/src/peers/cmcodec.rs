//! This library, without Python.

use std::borrow::Cow;

use ::cmcodec::{self as engine, Config, Item, Options, PopState, Report, SignerKey};

use super::limits::members;
use super::{Outcome, measured};
use crate::Result;

/// Validates everything.
pub fn load(data: &[u8]) -> Result<Outcome> {
    let work =
        || engine::load(data, Options::default()).map_err(|error| format!("{error:?}").into());
    measured(work, |loaded| {
        let messages = members(&loaded.der).ok_or("not a PKIData")?;
        Ok((messages, messages.into()))
    })
}

/// Verifies signers and proofs of possession of every message.
pub fn verify(data: &[u8], threads: usize) -> Result<Outcome> {
    let config = Config { threads, ..Config::default() };
    let work = || Ok(engine::verify(&[Item::Received(data)], &config, &|_, _| true)?);
    let mut signatures = 0;
    let outcome = measured(work, |report| {
        signatures = verifications(report, data);
        let [verified, ..] = report.counts();
        Ok((report.len() - 1, verified.into()))
    })?;
    Ok(outcome.with("verifications", signatures))
}

/// Signatures of messages, and those that prove possession.
fn verifications(report: &Report, der: &[u8]) -> usize {
    let count = |row: Cow<'_, engine::Row>| {
        let signed = |key| matches!(key, &Ok(SignerKey::Certificates(_) | SignerKey::Request(_)));
        let finding = &row.finding;
        finding.signers.iter().filter(|signer| signed(&signer.key)).count()
            + finding.requests.iter().filter(|it| it.pop == PopState::Verified).count()
    };
    report.rows(|_| der).map(count).sum()
}
