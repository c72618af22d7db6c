//! Proofs of possession of the requested keys (RULES R1, R2, R6).

use super::algorithm::{Scheme, SignatureAlgorithm};
use super::message::Worker;
use super::report::{Fault, PopState, Rule};
use crate::der::Tlv;
use crate::error::Reason;
use crate::view::AlgorithmIdentifier;
use crate::view::crmf::{CertReqMsg, PopoSigningKey, ProofOfPossession};
use crate::view::pkcs10::CertificationRequest;

/// The signature of a PKCS#10 request by its own key, over the received
/// certificationRequestInfo (RFC 2986 section 4.2, R1).
///
/// `offset` is where the request stands, for the fault.
pub(super) fn pkcs10<'a>(
    data: &'a [u8],
    request: &CertificationRequest,
    offset: usize,
    worker: &mut Worker<'a>,
) -> Result<PopState, Fault> {
    let proof = Proof {
        algorithm: request.signature_algorithm,
        key: Some(request.subject_public_key_info),
        signed: request.certification_request_info,
        signature: request.signature,
    };
    proof.verify(data, offset, worker)
}

/// The popo of a CRMF request (RFC 4211 section 4, RFC 10002 section
/// 3.2.1.2.2). `authorised`: whether an authorised registration authority
/// signed the message (R2).
pub(super) fn crmf<'a>(
    data: &'a [u8],
    request: &CertReqMsg,
    offset: usize,
    authorised: bool,
    worker: &mut Worker<'a>,
) -> Result<PopState, Fault> {
    let key: PopoSigningKey = match request.popo {
        None => return Ok(PopState::Absent),
        Some(ProofOfPossession::RaVerified) if authorised => return Ok(PopState::RaAsserted),
        Some(ProofOfPossession::RaVerified) => return Ok(PopState::Absent),
        Some(ProofOfPossession::PrivateKey) => return Ok(PopState::ChallengeNeeded),
        Some(ProofOfPossession::Signature(key)) => key,
    };
    if key.poposk_input.is_some() {
        return Err(Fault::under(Rule::R6, Reason::PopInvalid, offset));
    }
    let proof = Proof {
        algorithm: key.algorithm_identifier,
        key: request.public_key,
        signed: request.cert_req,
        signature: key.signature,
    };
    proof.verify(data, offset, worker)
}

/// A signature by a requested key.
struct Proof {
    algorithm: AlgorithmIdentifier,
    key: Option<Tlv>,
    signed: Tlv,
    /// BIT STRING.
    signature: Tlv,
}

impl Proof {
    fn verify<'a>(
        &self,
        data: &'a [u8],
        offset: usize,
        worker: &mut Worker<'a>,
    ) -> Result<PopState, Fault> {
        let fault = |reason| match reason {
            Reason::SignatureInvalid => Fault::new(Reason::PopInvalid, offset),
            reason => Fault::new(reason, offset),
        };
        let (oid, parameters) = (self.algorithm.oid(data), self.algorithm.parameters(data));
        let algorithm =
            SignatureAlgorithm::from_identifier(oid, parameters, None, worker.config.legacy);
        // R6: no signature is no proof, and none that fails.
        if algorithm.is_ok_and(|algorithm| algorithm.scheme() == Scheme::NoSignature) {
            return Ok(PopState::Absent);
        }
        let spki = self.key.ok_or_else(|| fault(Reason::SignatureInvalid))?;
        let algorithm = algorithm.map_err(fault)?;
        let key = worker.keyring.get(spki.octets(data)).map_err(fault)?;
        // No algorithm on offer has signatures that end within an octet.
        let signature = match self.signature.value(data) {
            [0, octets @ ..] => octets,
            _ => return Err(fault(Reason::SignatureInvalid)),
        };
        key.verify(&algorithm, self.signed.octets(data), signature).map_err(fault)?;
        Ok(PopState::Verified)
    }
}
