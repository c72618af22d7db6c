//! What a row says in words and numbers, for whoever writes it down.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::config::Config;
use super::report::{
    CertificateSource, MessageKind, PopState, Request, RequestForm, Row, Signer, SignerKey,
    Verdict, fingerprint,
};
use super::rows::Report;
use crate::der::Elements;
use crate::der::oid::dotted;
use crate::error::Reason;
use crate::generated::schema::EXT_KEY_USAGE_SYNTAX;
use crate::load::Encoding;
use crate::schema::walk::{Options, validate};
use crate::view::certificate::Certificate;

named! {
    /// What is known of a signer's certificate (rule V13).
    pub enum Chain {
        /// The caller trusts nobody.
        Unchecked = "unchecked",
        /// It leads to somebody whom the caller trusts.
        Trusted = "trusted",
        /// It does not.
        Untrusted = "untrusted",
    }
}

named! {
    /// Whose key is good for a message (rule V13).
    pub enum Origin {
        /// That of a certificate.
        Certificate = "certificate",
        /// That of a request of the message itself, which anybody can make.
        RequestKey = "request-key",
    }
}

/// A row, whoever found what it says.
#[derive(Clone, Debug)]
pub struct Told<'a> {
    /// Which of the items it is, or is part of.
    pub item: usize,
    /// Body part ids from the outermost message.
    pub path: Cow<'a, [u32]>,
    /// Which message it is.
    pub kind: MessageKind,
    /// How it was encoded.
    pub encoding: Encoding,
    /// What is to be thought of it.
    pub verdict: Verdict,
    /// Why, with the rule.
    pub reason: Option<Reason>,
    /// The element at fault.
    pub offset: Option<usize>,
    /// Where the message stands.
    pub span: Range<usize>,
    /// Its SignerInfos.
    pub signers: Vec<ToldSigner<'a>>,
    /// Its requests.
    pub requests: Vec<ToldRequest<'a>>,
    /// The transactionId in hexadecimal.
    pub transaction_id: Option<String>,
    /// What is odd and changes no verdict: of which body part, and why.
    pub notes: Vec<(Option<u32>, Reason)>,
}

/// A SignerInfo.
#[derive(Clone, Debug)]
pub struct ToldSigner<'a> {
    /// The name of the signature algorithm.
    pub algorithm: Option<Cow<'a, str>>,
    /// The SHA-256 of the certificate that verified it.
    pub certificate: Option<[u8; 32]>,
    /// Or the request of which the key did.
    pub request_id: Option<u32>,
    /// What is known of the certificate.
    pub chain: Option<Chain>,
    /// The SHA-256 of the anchor of a trusted chain.
    pub anchor: Option<[u8; 32]>,
    /// Why no key is good.
    pub reason: Option<Reason>,
    /// Why a chain is untrusted.
    pub detail: Option<Cow<'a, str>>,
    /// The extended key usages of the certificate.
    pub purposes: Arc<[String]>,
}

/// A request.
#[derive(Clone, Debug)]
pub struct ToldRequest<'a> {
    /// Its body part id.
    pub id: u32,
    /// Its form.
    pub form: RequestForm,
    /// The algorithm of its proof of possession.
    pub algorithm: Option<Cow<'a, str>>,
    /// The state of that proof.
    pub pop: PopState,
}

impl<'a> Told<'a> {
    /// What `row` says; `der` is the DER form of its item.
    pub fn of(row: &'a Row, der: &[u8], config: &Config, named: &mut Named) -> Self {
        let finding = &row.finding;
        let content = finding.transaction_id.clone().and_then(|range| der.get(range));
        let signer = |signer: &Signer| ToldSigner::of(signer, der, config, named);
        Self {
            item: row.item,
            path: Cow::Borrowed(&row.path),
            kind: finding.kind,
            encoding: row.encoding,
            verdict: finding.verdict,
            reason: finding.fault.map(|fault| fault.reason),
            offset: finding.fault.and_then(|fault| fault.offset),
            span: row.span.clone(),
            signers: finding.signers.iter().map(signer).collect(),
            requests: finding.requests.iter().map(|it| ToldRequest::of(it, der)).collect(),
            transaction_id: content.map(hexadecimal),
            notes: finding
                .has_other_version
                .then_some((None, Reason::VersionMismatch))
                .into_iter()
                .collect(),
        }
    }

    /// Whose key is good for the message; None where no signer is good.
    pub fn origin(&self) -> Option<Origin> {
        if self.signers.iter().any(|signer| signer.certificate.is_some()) {
            return Some(Origin::Certificate);
        }
        let is_bare = self.kind == MessageKind::SimpleRequest;
        let proves = is_bare && self.requests.iter().any(|it| it.pop == PopState::Verified);
        let signs = self.signers.iter().any(|signer| signer.request_id.is_some());
        (signs || proves).then_some(Origin::RequestKey)
    }
}

impl ToldSigner<'_> {
    fn of(signer: &Signer, der: &[u8], config: &Config, named: &mut Named) -> Self {
        let sources: &[CertificateSource] = match &signer.key {
            Ok(SignerKey::Certificates(sources)) => sources,
            _ => &[],
        };
        let octets = sources.first().and_then(|source| source.octets(der, &config.certificates));
        let facts = octets.map(|octets| named.facts(octets));
        Self {
            algorithm: Some(signer.algorithm.text(der)),
            certificate: facts.as_ref().map(|facts| facts.fingerprint),
            request_id: match signer.key {
                Ok(SignerKey::Request(id)) => Some(id),
                _ => None,
            },
            chain: facts.as_ref().map(|_| Chain::Unchecked),
            anchor: None,
            reason: signer.key.as_ref().err().copied(),
            detail: None,
            purposes: facts.map_or_else(Arc::default, |facts| facts.purposes),
        }
    }
}

impl ToldRequest<'_> {
    fn of(request: &Request, der: &[u8]) -> Self {
        let Request { id, form, algorithm, pop } = *request;
        Self { id, form, algorithm: algorithm.map(|name| name.text(der)), pop }
    }
}

/// What rows are told to.
pub trait Sink {
    /// Whether a message with so many around it is told of.
    fn wants(&self, _around: usize) -> bool {
        true
    }

    /// A message, before it is told of, if it is.
    fn enter(&mut self, _around: usize, _verdict: Verdict) {}

    /// That there is nothing to say of an item.
    fn skip(&mut self) {}

    /// What row number `index` says.
    fn take(&mut self, index: usize, told: &Told<'_>);
}

/// Tells `sink` of the rows of `report` in `range`.
///
/// `der` has the DER forms of the items; `amended` what is to be said of some rows instead, by
/// number: nothing at all, or what was found above the engine.
pub fn tell<'a>(
    report: &Report,
    range: Range<usize>,
    der: impl Fn(usize) -> &'a [u8],
    config: &Config,
    amended: &HashMap<usize, Option<Told<'_>>>,
    sink: &mut impl Sink,
) {
    let mut named = Named::default();
    for index in range {
        let Some((around, verdict)) = report.brief(index) else { return };
        match amended.get(&index) {
            Some(None) => {
                sink.enter(around, verdict);
                sink.skip();
            }
            Some(Some(told)) => {
                sink.enter(around, told.verdict);
                if sink.wants(around) {
                    sink.take(index, told);
                }
            }
            None => {
                sink.enter(around, verdict);
                if sink.wants(around) {
                    let der = report.item(index).map(&der).unwrap_or_default();
                    let Some(row) = report.row(index, der) else { return };
                    sink.take(index, &Told::of(&row, der, config, &mut named));
                }
            }
        }
    }
}

/// What a certificate is called by and for; that of the last one, which is mostly the next one's.
#[derive(Debug, Default)]
pub struct Named {
    last: Option<(Vec<u8>, Facts)>,
}

/// What is told of a certificate.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Its SHA-256.
    pub fingerprint: [u8; 32],
    /// Its extended key usages (RFC 5280 §4.2.1.12); none where they cannot be read.
    pub purposes: Arc<[String]>,
}

impl Named {
    /// That of a certificate, which was validated.
    pub fn facts(&mut self, certificate: &[u8]) -> Facts {
        if let Some((_, facts)) = self.last.as_ref().filter(|(octets, _)| octets == certificate) {
            return facts.clone();
        }
        let facts =
            Facts { fingerprint: fingerprint(certificate), purposes: purposes(certificate).into() };
        self.last = Some((certificate.to_vec(), facts.clone()));
        facts
    }
}

fn purposes(certificate: &[u8]) -> Vec<String> {
    let usage = Certificate::parse(certificate).and_then(|it| it.extended_key_usage(certificate));
    let usage =
        usage.filter(|usage| validate(&EXT_KEY_USAGE_SYNTAX, usage, Options::default()).is_ok());
    let Some(usage) = usage else { return Vec::new() };
    let identifiers = Elements::all(usage).only(0x30);
    let identifiers = identifiers.map(|list| Elements::of(usage, list));
    identifiers.into_iter().flatten().map(|oid| dotted(oid.value(usage))).collect()
}

/// The content octets of an INTEGER, as `0x1f` or `-0x1f`.
pub fn hexadecimal(content: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let is_negative = content.first().is_some_and(|first| first >> 7 == 1);
    let mut magnitude = content.to_vec();
    if is_negative {
        let mut carry = true;
        for octet in magnitude.iter_mut().rev() {
            (*octet, carry) = (!*octet).overflowing_add(u8::from(carry));
        }
    }
    let digits = magnitude.iter().flat_map(|octet| [octet >> 4, octet & 0xF]);
    let mut text = String::with_capacity(3 + 2 * content.len());
    text.push_str(if is_negative { "-0x" } else { "0x" });
    let start = text.len();
    let shown = digits.skip_while(|digit| *digit == 0);
    text.extend(shown.filter_map(|digit| DIGITS.get(usize::from(digit))).map(|it| char::from(*it)));
    if text.len() == start {
        text.push('0');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_in_hexadecimal() {
        for (content, text) in [
            (&[0][..], "0x0"),
            (&[0x1F], "0x1f"),
            (&[0, 0xFF], "0xff"),
            (&[0xFF], "-0x1"),
            (&[0x80], "-0x80"),
            (&[0xFF, 0x00], "-0x100"),
            (&[0x80, 0x00], "-0x8000"),
        ] {
            assert_eq!(hexadecimal(content), text);
        }
    }
}
