//! Proofs of possession of the requested keys (rules V1, R1, R2, R6).

use super::algorithm::{AlgorithmName, Scheme, SignatureAlgorithm};
use super::job::Ticket;
use super::report::{Fault, PopState};
use super::worker::Worker;
use crate::der::Tlv;
use crate::error::Reason;
use crate::generated::algorithm_tables::DH_PROOFS;
use crate::view::{
    AlgorithmIdentifier, CertReqMsg, CertificationRequest, ProofOfPossession, TaggedRequest,
};

/// What is known of the possession of a requested key.
pub(super) struct Possession {
    /// The algorithm of the signature that is to prove it, if there is one.
    pub algorithm: Option<AlgorithmName>,
    /// The state of the proof, or why it fails.
    pub state: Result<PopState, Fault>,
}

/// Has lanes look at the signature that is to prove possession, if there is one.
pub(super) fn ask<'a>(
    data: &'a [u8],
    request: &TaggedRequest,
    worker: &mut Worker<'a>,
) -> Option<Ticket> {
    let proof = match request {
        TaggedRequest::Tcr(tagged) => Proof::of_pkcs10(&tagged.certification_request),
        // Who is authorised changes nothing of a signature.
        TaggedRequest::Crm(message) => match r6_proof_form(message, false) {
            Form::Signature(proof) => proof,
            Form::Settled(_) => return None,
        },
        TaggedRequest::Orm(_) => return None,
    };
    let algorithm = proof.algorithm(data, worker).ok()?;
    let (spki, signature) = (proof.key?.octets(data), proof.octets(data)?);
    let (signed, mut left) = (proof.signed.octets(data), usize::MAX);
    worker.verifier.ask(spki, &algorithm, signed, signature, &mut left)
}

/// The signature of a PKCS#10 request by its own key, over the received
/// certificationRequestInfo (RFC 2986 §4.2, R1).
///
/// `offset` is where the request stands, for the fault; `ticket` where lanes
/// say whether it is good.
pub(super) fn pkcs10<'a>(
    data: &'a [u8],
    request: &CertificationRequest,
    offset: usize,
    ticket: Option<Ticket>,
    worker: &mut Worker<'a>,
) -> Possession {
    let version = v1_request_version(data, Some(request.certification_request_info.version), 0);
    Proof::of_pkcs10(request).evaluate(data, version, offset, ticket, worker)
}

/// The popo of a CRMF request (RFC 4211 §4, RFC 10002 §3.2.1.2.2). `authorised`: whether an authorised registration authority
/// signed the message (R2).
pub(super) fn crmf<'a>(
    data: &'a [u8],
    request: &CertReqMsg,
    offset: usize,
    authorised: bool,
    ticket: Option<Ticket>,
    worker: &mut Worker<'a>,
) -> Possession {
    let version = v1_request_version(data, request.cert_req.cert_template.version, 2);
    match r6_proof_form(request, authorised) {
        Form::Settled(state) => Possession { algorithm: None, state: version.map(|()| state) },
        Form::Signature(proof) => proof.evaluate(data, version, offset, ticket, worker),
    }
}

/// V1: the version, which the proof covers: 0 in PKCS#10, 2 or none in a
/// CertTemplate (RFC 2986 §4.1, RFC 4211 §5).
fn v1_request_version(data: &[u8], version: Option<Tlv>, expected: u8) -> Result<(), Fault> {
    version.map_or(Ok(()), |it| {
        Fault::unless(it.value(data) == [expected], Reason::VersionMismatch, it.start())
    })
}

/// What the popo of a CRMF request is.
enum Form {
    /// Nothing that needs a key.
    Settled(PopState),
    /// A signature over certReq.
    Signature(Proof),
}

/// R6: which form of proof there is (RFC 4211 §4).
fn r6_proof_form(request: &CertReqMsg, authorised: bool) -> Form {
    match request.popo {
        Some(ProofOfPossession::RaVerified(_)) if authorised => Form::Settled(PopState::RaAsserted),
        None | Some(ProofOfPossession::RaVerified(_)) => Form::Settled(PopState::Absent),
        Some(ProofOfPossession::KeyEncipherment(_) | ProofOfPossession::KeyAgreement(_)) => {
            Form::Settled(PopState::ChallengeNeeded)
        }
        Some(ProofOfPossession::Signature(key)) => Form::Signature(Proof {
            algorithm: key.algorithm_identifier,
            key: request.cert_req.cert_template.public_key,
            signed: request.cert_req.tlv,
            signature: key.signature,
            poposk_input: key.poposk_input,
        }),
    }
}

/// A signature by a requested key.
struct Proof {
    algorithm: AlgorithmIdentifier,
    key: Option<Tlv>,
    signed: Tlv,
    /// BIT STRING.
    signature: Tlv,
    poposk_input: Option<Tlv>,
}

impl Proof {
    fn of_pkcs10(request: &CertificationRequest) -> Self {
        Self {
            algorithm: request.signature_algorithm,
            key: Some(request.public_key()),
            signed: request.certification_request_info.tlv,
            signature: request.signature,
            poposk_input: None,
        }
    }

    fn algorithm(&self, data: &[u8], worker: &Worker<'_>) -> Result<SignatureAlgorithm, Reason> {
        let (oid, parameters) = (self.algorithm.oid(data), self.algorithm.parameters(data));
        SignatureAlgorithm::from_identifier(oid, parameters, None, worker.config.legacy)
    }

    /// The octets of the signature. No algorithm on offer has one that ends within an octet.
    fn octets<'a>(&self, data: &'a [u8]) -> Option<&'a [u8]> {
        match self.signature.value(data) {
            [0, octets @ ..] => Some(octets),
            _ => None,
        }
    }

    /// What it is worth in a request at `offset`, of which `version` says whether it may be read.
    fn evaluate<'a>(
        &self,
        data: &'a [u8],
        version: Result<(), Fault>,
        offset: usize,
        ticket: Option<Ticket>,
        worker: &mut Worker<'a>,
    ) -> Possession {
        let read = self.algorithm(data, worker);
        let state = version
            .and_then(|()| self.r6_poposk_input(offset))
            .and_then(|()| self.r1_proof(data, read, offset, ticket, worker));
        let algorithm = AlgorithmName::from_reading(read, data, self.algorithm, None);
        Possession { algorithm: Some(algorithm), state }
    }

    /// R6: RFC 10002 §3.2.1.2.2 refuses poposkInput.
    fn r6_poposk_input(&self, offset: usize) -> Result<(), Fault> {
        Fault::unless(self.poposk_input.is_none(), Reason::PopInvalidR6, offset)
    }

    /// R1: whether the requested key made it.
    fn r1_proof<'a>(
        &self,
        data: &'a [u8],
        algorithm: Result<SignatureAlgorithm, Reason>,
        offset: usize,
        ticket: Option<Ticket>,
        worker: &mut Worker<'a>,
    ) -> Result<PopState, Fault> {
        let fault = |reason| match reason {
            Reason::SignatureInvalid => Fault::new(Reason::PopInvalid, offset),
            reason => Fault::new(reason, offset),
        };
        // R6: no signature is no proof, and none that fails. Nor is what is for its recipient
        // alone (RFC 6955).
        let is_absent = match algorithm {
            Ok(algorithm) => algorithm.scheme() == Scheme::NoSignature,
            Err(_) => DH_PROOFS.contains(&self.algorithm.oid(data)),
        };
        if is_absent {
            return Ok(PopState::Absent);
        }
        let spki = self.key.ok_or_else(|| fault(Reason::SignatureInvalid))?;
        let algorithm = algorithm.map_err(fault)?;
        let (spki, signed) = (spki.octets(data), self.signed.octets(data));
        let Some(signature) = self.octets(data) else {
            // A key that is no good comes first.
            let key = worker.verifier.check_key(spki);
            return Err(fault(key.err().unwrap_or(Reason::SignatureInvalid)));
        };
        let verified = worker.verifier.verify(spki, &algorithm, signed, signature, ticket);
        verified.map_err(|(reason, _)| fault(reason)).map(|()| PopState::Verified)
    }
}
