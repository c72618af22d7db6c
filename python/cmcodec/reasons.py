"""Every rule and every reason, once: its code, what it means, and which rule it belongs to.

The rules say what is accepted. A reason is the stable code with which a rule refuses. Where a code
serves several rules, the first one named is the usual one; reports say which it was.
``tools/generate.py`` writes the engine's reasons, ``docs/reasons.md`` and the tables of
``docs/rules.md`` from here.
"""

# The sentences of rules are long, and some are signs of mathematics.
# ruff: noqa: RUF001

from __future__ import annotations

from enum import StrEnum
from typing import Self

__all__ = ["Reason", "Rule"]


class Rule(StrEnum):
    """A rule; `order` is its place among the checks, of which the first that fails is reported."""

    P1 = "P1"
    """The whole input is validated before an object is made. At most 32 elements inside one another
    within a message layer, values of unknown type included.
    """
    P2 = "P2"
    """A length never exceeds the octets that remain, and has at most four octets; nothing is
    allocated from a declared length.
    """
    P3 = "P3"
    """Canonical DER only: minimal lengths and INTEGERs, BOOLEAN 00 or FF, no indefinite length,
    primitive strings, SET OF in order, DEFAULT left out, zero padding bits. Exceptions: the CMS
    wrapper may be BER and is converted first; inside certificates of all kinds and CRLs, and in the
    issuer of an IssuerAndSerialNumber, which is a copy, a SET OF may be in any order and a DEFAULT
    written out, `strict` or not, while a certificate has the fields and types of RFC 5280;
    `critical` FALSE may be written out in any Extension, unless `strict`, and is encoded as
    received.
    """
    P4 = "P4"
    """Nothing follows the value."""
    P5 = "P5"
    """OBJECT IDENTIFIERs of at most 128 octets and arcs below 2^128, INTEGERs of at most 16,384
    bits, tag numbers below 2^31.
    """
    P6 = "P6"
    """Body part ids from 1 to 2^32-1, unique over all sequences of a PKIData or PKIResponse; 8
    messages inside one another (at most 32), 1,000,000 body parts, 512 MiB.
    """
    P7 = "P7"
    """Every pass is linear; order is compared with the element before, never sorted on reading."""
    P8 = "P8"
    """Extra memory at most 4 × the input for loading and verifying."""
    P9 = "P9"
    """Only the exceptions of `cmcodec.errors` leave the package for bad input."""
    P10 = "P10"
    """Reading derives no key and checks no signature."""
    P11 = "P11"
    """`bytes` are read in place; buffers that can change are copied first."""
    P12 = "P12"
    """The fallback bounds lengths, tags, identifiers and numbers before asn1crypto reads them."""
    V1 = "V1"
    """The content is there, and a PKIData, a PKIResponse or an encrypted layer; or nothing at all,
    for certs-only; or a PKCS#10 in id-data, where the caller expects one. A PKCS#10 has version 0,
    a CertTemplate version 2 or none. Those of SignedData and SignerInfo, which no signature covers,
    are 0 to 5; where the content calls for another of these, it is a note on the message, never a
    change of verdict; `strict` refuses it.
    """
    V2 = "V2"
    """At least one SignerInfo, at most 64."""
    V3 = "V3"
    """Every SignerInfo has a verdict; the message is verified if all are good."""
    V4 = "V4"
    """Signed attributes are there, sorted as received; contentType and messageDigest exactly once
    with one value (signingTime and CMSAlgorithmProtection at most once). Over id-data, a wrapped
    request, there may be none.
    """
    V5 = "V5"
    """The contentType attribute equals eContentType."""
    V6 = "V6"
    """messageDigest equals the digest of the content octets, full length."""
    V7 = "V7"
    """Digest, signature algorithm, PSS parameters and CMSAlgorithmProtection agree and are on
    offer; digestAlgorithms lists the digest. With ML-DSA the digest is as strong as the parameter
    set (RFC 9882 §3.3): SHA-512, for 65 also SHA-384, for 44 also SHA-384 and SHA-256.
    """
    V8 = "V8"
    """The key is found by the sid: this message's certificates, then the caller's (four candidates
    at most), then the one request with that subject key identifier, and then as the only signer.
    Never an outer layer's certificates.
    """
    V9 = "V9"
    """RSA 2048 to 8192 bits, modulus and exponent odd, exponent 3 to 2^33; EC points uncompressed
    and on the curve; Ed25519 canonical and of large order; ML-DSA of the exact length, without
    parameters.
    """
    V10 = "V10"
    """The signature is over the received attributes under tag 31; PKCS#1 v1.5 compares the whole
    encoding; PSS parameters explicit; ECDSA values strict DER, NULL beside them read as absent;
    Ed25519 cofactorless with s below the order; ML-DSA pure, with the empty context, of the exact
    length.
    """
    V10A = "V10a"
    """`legacy` adds RSA PKCS#1 v1.5 with SHA-1, also under OIW's number, and 1024-bit keys with
    SHA-1, SHA-256 and SHA-512; nothing else.
    """
    V11 = "V11"
    """Unsigned attributes change no verdict; signing times are never trusted."""
    V12 = "V12"
    """id-alg-noSignature makes nothing valid."""
    V13 = "V13"
    """Chains are unchecked unless the caller says whom to trust, and then they count. A key that
    only a request of the same message has authenticates nobody: then such a message and a bare
    PKCS#10 fail, unless `request_keys` says otherwise. A chain is a path of RFC 5280 §6.1 with
    signatures of rules V9 and V10, eight CAs between anchor and signer at most. Every issuer, the
    anchor too, is a CA, with keyCertSign where it has a keyUsage; the signer, where it has one, has
    digitalSignature or nonRepudiation. Names chain as octets; name constraints count; a path that
    needs an explicit policy, and a critical extension that is not processed, are refused.
    `Signer.detail` says why a chain is untrusted. Revocation is not checked.
    """
    V14 = "V14"
    """Single, batch, any number of threads, both backends: same verdict, same reason."""
    V15 = "V15"
    """The work is linear in the input. The search for chains in a message has 128 steps, and two
    more for each certificate, for issuers and as many for signers.
    """
    R1 = "R1"
    """Proof of possession is checked over the received certificationRequestInfo or certReq."""
    R2 = "R2"
    """raVerified counts inside a message of a signer the caller declared an authorised RA."""
    R3 = "R3"
    """Secrets are compared in constant time and full length."""
    R4 = "R4"
    """References that lead nowhere, repeat, or lead a batch control to a member that is no PKI
    message are notes on their control, and so are controls that stand more often in one
    controlSequence than they may; two extensions of one OBJECT IDENTIFIER in a request are a note
    on the request. None changes a verdict. A transaction id that stands twice is none.
    """
    R5 = "R5"
    """A nested message's verdict is its own; an error behind a sound body part id is one malformed
    row. A good signature over encrypted content is unverified: nobody has seen what it says.
    """
    R6 = "R6"
    """A present but wrong proof fails its message; an absent one and a needed challenge do not;
    POPOSigningKeyInput is refused.
    """

    @property
    def order(self) -> int:
        """Its place among the checks."""
        return _ORDER[self]


_AHEAD = {Rule.V7: 4.1, Rule.V12: 4.2}
"""Rules that are checked before those with lower numbers: algorithms before their results."""


def _place(rule: Rule) -> tuple[int, float]:
    number = float(rule.value[1:].rstrip("a"))
    return "PVR".index(rule.value[0]), _AHEAD.get(rule, number)


_ORDER = {rule: place for place, rule in enumerate(sorted(Rule, key=_place))}


class Reason(StrEnum):
    """Why an input is refused, a message is not verified, or a value has no encoding.

    ``rules`` are the rules that it belongs to, the usual one first; none where nothing is broken.
    """

    rules: tuple[Rule, ...]

    def __new__(cls, code: str, *rules: Rule) -> Self:
        """A reason: its code, and its rules."""
        made = str.__new__(cls, code)
        made._value_ = code
        made.rules = rules
        return made

    TRUNCATED = "truncated", Rule.P2
    """A length exceeds the octets that remain."""
    LIMIT = "limit", Rule.P2, Rule.P5, Rule.P6, Rule.V2, Rule.V15
    """A length, number, count or nesting is beyond its bound."""
    NOT_CANONICAL = "not_canonical", Rule.P3
    """Valid BER at best, not DER."""
    BAD_TAG = "bad_tag", Rule.P3
    """Another element than the type has at this place, or none."""
    BAD_VALUE = "bad_value", Rule.P3, Rule.P4
    """A value outside the range, size, alphabet or calendar of its type."""
    BAD_TYPE = ("bad_type",)
    """A Python object of another type than the field has."""
    TRAILING_DATA = "trailing_data", Rule.P4
    """Octets after the end of a complete value."""
    DEPTH = "depth", Rule.P1
    """Nested deeper than the bound."""
    DUPLICATE_BODY_PART_ID = "duplicate_body_part_id", Rule.P6
    """Two elements of one PKIData or PKIResponse share an id."""
    WRONG_CONTENT_TYPE = "wrong_content_type", Rule.V1
    """The content type cannot carry a CMC signature."""
    CONTENT_MISSING = "content_missing", Rule.V1
    """A signature is over content that is not in the message."""
    VERSION_MISMATCH = "version_mismatch", Rule.V1
    """A version number is not the one that the content or the type calls for."""
    NO_SIGNER = "no_signer", Rule.V2
    """There is no SignerInfo."""
    ATTRIBUTE_MISSING = "attribute_missing", Rule.V4
    """A mandatory signed attribute is missing."""
    ATTRIBUTE_DUPLICATE = "attribute_duplicate", Rule.V4
    """A signed attribute stands twice or has not exactly one value."""
    ATTRIBUTES_UNSORTED = "attributes_unsorted", Rule.V4
    """Signed attributes are not in DER order as received."""
    CONTENT_TYPE_MISMATCH = "content_type_mismatch", Rule.V5
    """The contentType attribute differs from eContentType."""
    DIGEST_MISMATCH = "digest_mismatch", Rule.V6
    """The messageDigest attribute differs from the digest of eContent."""
    UNSUPPORTED_ALGORITHM = "unsupported_algorithm", Rule.V7
    """The algorithm, its parameters or its combination is not on offer."""
    ALGORITHM_MISMATCH = "algorithm_mismatch", Rule.V7
    """The algorithms of one SignerInfo contradict each other."""
    SIGNER_NOT_FOUND = "signer_not_found", Rule.V8
    """No certificate and no request matches the signer identifier."""
    SIGNER_AMBIGUOUS = "signer_ambiguous", Rule.V8
    """Two requests match the signer identifier."""
    REQUEST_KEY_NOT_SOLE_SIGNER = "request_key_not_sole_signer", Rule.V8
    """A signature by a requested key stands beside another signature."""
    KEY_REJECTED = "key_rejected", Rule.V9
    """The public key is malformed, weak or out of bounds."""
    SIGNATURE_INVALID = "signature_invalid", Rule.V10
    """The signature does not verify."""
    NO_SIGNATURE = "no_signature", Rule.V12
    """id-alg-noSignature authenticates nothing."""
    UNTRUSTED_CHAIN = "untrusted_chain", Rule.V13
    """The signer's certificate leads to nobody whom the caller trusts."""
    UNTRUSTED_REQUEST_KEY = "untrusted_request_key", Rule.V13
    """A key that only the message's own request has signed it, and authenticates nobody."""
    POP_INVALID = "pop_invalid", Rule.R1, Rule.R6
    """A proof of possession is present and wrong."""
    DANGLING_REFERENCE = "dangling_reference", Rule.R4
    """A control refers to a body part that is not there."""
    DUPLICATE_REFERENCE = "duplicate_reference", Rule.R4
    """A control refers to a body part twice."""
    NOT_A_MESSAGE = "not_a_message", Rule.R4
    """A batch control refers to a member that is no PKI message."""
    DUPLICATE_CONTROL = "duplicate_control", Rule.R4
    """A control stands more often than it may."""
    DUPLICATE_EXTENSION = "duplicate_extension", Rule.R4
    """A request asks for two extensions of one OBJECT IDENTIFIER."""
    ENCRYPTED = ("encrypted",)
    """There is nothing to verify before decryption."""
    MAC_UNCHECKED = ("mac_unchecked",)
    """There is nothing to verify without the secret of the MAC."""
    IDENTITY_PROOF_MISSING = "identity_proof_missing", Rule.R3
    """No control proves that whoever asks has the shared secret."""
    IDENTITY_PROOF_WRONG = "identity_proof_wrong", Rule.R3
    """An identity proof was made with another secret, or over other requests."""
    POP_LINK_MISSING = "pop_link_missing", Rule.R3
    """A request has no witness that links it to the identity proof."""
    POP_LINK_WRONG = "pop_link_wrong", Rule.R3
    """A witness was made with another secret or another random value."""
    NAME_MISMATCH = "name_mismatch", Rule.R3
    """A request asks for another name than that of whoever asks."""
    POP_WRONG = "pop_wrong", Rule.R3
    """An answer to a challenge does not prove possession."""
    CHALLENGE_WRONG = "challenge_wrong", Rule.R3
    """A challenge cannot be decrypted, or does not hold what it says."""
    TEMPLATE_CONFLICT = "template_conflict", Rule.R4
    """Controls of one message demand different things of one request."""
    CONTROL_MISPLACED = "control_misplaced", Rule.R4
    """A control stands where it may not, or has not exactly one value."""
    NONCE_WRONG = ("nonce_wrong",)
    """recipientNonce is not the senderNonce that was sent."""
    TRANSACTION_WRONG = ("transaction_wrong",)
    """The transaction id is another one."""
    NOT_NEWER = ("not_newer",)
    """A list of trust anchors is not newer than the last one."""
    NOT_CURRENT = ("not_current",)
    """The signing time is missing or too far from now."""
    NOT_PERMITTED = ("not_permitted",)
    """The signer may not do this."""
    AUTH_DATA_WRONG = ("auth_data_wrong",)
    """An AuthenticatedData that a control refers to cannot be opened."""
    UNSIGNED_DATA_WRONG = ("unsigned_data_wrong",)
    """CMC Unsigned Data stands twice, without a value, or not alike in all SignerInfos."""
    NO_RECIPIENT = ("no_recipient",)
    """None of the keys is that of a recipient."""
    DECRYPTION_FAILED = ("decryption_failed",)
    """A key, a padding, a tag or a MAC is wrong."""
    FORBIDDEN = ("forbidden",)
    """A standard forbids that it is made."""

    @property
    def rule(self) -> Rule | None:
        """The usual rule; None where nothing is broken."""
        return self.rules[0] if self.rules else None
