"""Where others may say something else: bounds and decisions of ours that no standard demands."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from cmcodec.reasons import Reason, Rule

if TYPE_CHECKING:
    from hostile import Case


class Ours(NamedTuple):
    """A decision of ours, and the cases that it decides.

    They have its reason, None where nothing is refused, and where it says so its rule, what is to
    be found in their titles, and a fault elsewhere than in ``but``.
    """

    why: str
    reason: Reason | None
    title: str = ""
    rule: Rule | None = None
    but: str = ""


NOT_EVEN_BER = (
    r"(INTEGER|ENUMERATED|id) with (a zero|ones) before|leading zeros|in the long form|high tag"
    r"|salt not minimal|(without|with half) an end|an end that has"
    r"|GeneralizedTime '(Z?|.*\.Z|.*\\n|.*[^\x20-\x7e]Z|\+.*)'$"
)
"""Titles of what X.690 has in no encoding."""

OURS = (
    Ours("no standard bounds the depth", Reason.DEPTH),
    Ours("no standard bounds lengths, identifiers and numbers", Reason.LIMIT,
         r"octets of length|of five octets|\d octets|arc of|first INTEGER|bits|tag number"),
    Ours("no standard bounds sizes and layers", Reason.LIMIT, r"layers of|octet more", Rule.P6),
    Ours("no standard bounds the number of signers", Reason.LIMIT, "", Rule.V2),
    Ours("what may stand around a message as text", Reason.BAD_VALUE, "", Rule.P4),
    Ours("what may stand behind a message", Reason.TRAILING_DATA, r"^a message and", Rule.P4),
    Ours("DER in what the standards let be BER", Reason.NOT_CANONICAL,
         rf"^(?!.*({NOT_EVEN_BER}))", but=r"signedAttrs|certificates\["),
    Ours("which strings may be in segments where the standards let them be BER", Reason.BAD_TAG,
         r"^(an OCTET STRING|a BIT STRING|a key identifier) in segments$"),
    Ours("how deep strings may stand in strings", Reason.BAD_TAG, r"strings in one another"),
    Ours("which algorithms are on offer", Reason.UNSUPPORTED_ALGORITHM,
         r"^(rsaEncryption, its hash SHA-1|SHA-1 with)"),
    Ours("DER in parameters, which others read as BER", Reason.UNSUPPORTED_ALGORITHM,
         r"trailer DEFAULT|^a key .*salt DEFAULT|salt of 20 written out"),
    Ours("digestAlgorithms need not be complete (RFC 5652 §5.1)", Reason.ALGORITHM_MISMATCH,
         r"^digestAlgorithms"),
    Ours("which RSA keys are strong enough, or too slow", Reason.KEY_REJECTED,
         r"^\d+ bits|^RSA of .*(65537|8589934593)$"),
    Ours("compressed points may be offered (RFC 5480 §2.2)", Reason.KEY_REJECTED, r"compressed"),
    Ours("keys of small order are not forbidden (RFC 8032 §5.1.7)", Reason.KEY_REJECTED,
         r"Ed25519 key of order"),
    Ours("whether BER is read in a signature of ECDSA", Reason.SIGNATURE_INVALID,
         r"^ECDSA, (a zero before r|a length that is not minimal)"),
    Ours("whether a DigestInfo needs NULL (RFC 8017 B.1)", Reason.SIGNATURE_INVALID,
         r"^PKCS#1 .*without NULL$"),
    Ours("attributes that are not to be unsigned (RFC 5652 §11) may be refused", None,
         r"^unsigned attributes: .*(contentType|messageDigest|signingTime)"),
    Ours("a certificate with an extension twice (RFC 5280 §4.2) may be refused", None,
         r"^a certificate with .*(twice|behind its own)$"),
    Ours("a CA may take another proof than a signature", Reason.NO_SIGNATURE, r"a hash$"),
    Ours("names are compared as octets", Reason.SIGNER_NOT_FOUND, r"in another case"),
    Ours("which of two requests with one identifier is meant", Reason.SIGNER_AMBIGUOUS),
    Ours("whom a key that only a request has stands for", Reason.UNTRUSTED_REQUEST_KEY),
    Ours("no standard bounds the length of a path", Reason.UNTRUSTED_CHAIN, r"nine CAs"),
    Ours("no signature covers these versions", Reason.VERSION_MISMATCH,
         r"^(SignedData|SignerInfo) version"),
)  # fmt: skip


def why(case: Case, place: str) -> str | None:
    """What decides a case, where no standard does. ``place`` is the path of what is refused."""
    reasons = {case.refused, *(row.reason for row in case.rows)} - {None} or {None}
    for ours in OURS:
        if (
            ours.reason in reasons
            and ours.rule in {None, case.rule}
            and re.search(ours.title, case.title)
            and not (ours.but and re.search(ours.but, place))
        ):
            return ours.why
    return None
