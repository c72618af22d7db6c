"""What each code means, in words: for ``cmc explain`` and the pages of the manual.

The sentence of a rule or a reason is the docstring under it in `cmcodec.reasons`, that of a
failInfo stands here, and so do the examples and what to do. ``import cmcodec`` does not load this.
"""

from __future__ import annotations

import ast
import inspect
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from cmcodec import reasons
from cmcodec.reasons import Reason, Rule

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["CODES", "Explanation", "docstrings", "explain"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What a code means.

    ``sentence`` is that of the rules' page. ``rules`` are those that a reason belongs to, the usual
    one first, ``reasons`` those with which a rule refuses. ``example`` is a case in which a program
    meets the code and ``advice`` what to do then; a rule has neither. Words between single
    backticks are code.
    """

    code: str
    sentence: str
    rules: tuple[Rule, ...] = ()
    reasons: tuple[Reason, ...] = ()
    example: str = ""
    advice: str = ""


def explain(code: str) -> Explanation:
    """What a reason, a rule or a failInfo means, each by the code that reports print.

    The case of letters does not count. Raises `KeyError` for another code than those of `CODES`.
    """
    found = _FOLDED[code.casefold()]
    match found:
        case Rule():
            refuses = tuple(reason for reason in Reason if found in reason.rules)
            return Explanation(code=found, sentence=_sentence(found), reasons=refuses)
        case Reason():
            example, advice = _REASONS[found]
            text = _sentence(found)
            return Explanation(
                code=found, sentence=text, rules=found.rules, example=example, advice=advice
            )
    sentence, example, advice = _FAIL_INFOS[found]
    return Explanation(code=found, sentence=sentence, example=example, advice=advice)


@cache
def docstrings(module: ModuleType, cls: str | None = None) -> dict[str, str]:
    """The docstring under each name of a module, or of one of its classes, in one line.

    Double backticks become single ones.
    """
    body = ast.parse(inspect.getsource(module)).body
    if cls is not None:
        body = next(n.body for n in body if isinstance(n, ast.ClassDef) and n.name == cls)
    found = {}
    for item, following in pairwise(body):
        match item, following:
            case (
                ast.Assign(targets=[ast.Name(name)]) | ast.AnnAssign(target=ast.Name(name)),
                ast.Expr(ast.Constant(str(text))),
            ):
                found[name] = " ".join(text.split()).replace("``", "`")
    return found


def _sentence(of: Reason | Rule) -> str:
    return docstrings(reasons, type(of).__name__)[of.name]


_REASONS: Final[dict[Reason, tuple[str, str]]] = {
    Reason.TRUNCATED: (
        "The first octets are `30 82 10 00`, a SEQUENCE of 4,096 octets, and the file ends after"
        " 4,000.",
        "Fetch or copy the message again, as binary. `offset` is where the element begins whose"
        " end is missing.",
    ),
    Reason.LIMIT: (
        "A message has 65 SignerInfos, or an OBJECT IDENTIFIER of more than 128 octets.",
        "Refuse the message: no sender in use needs as much. Where your own are larger, raise"
        " `max_size` or `max_layers`; the other bounds of `cmcodec.limits` are fixed.",
    ),
    Reason.NOT_CANONICAL: (
        "A length of 5 is written as `81 05` rather than `05`.",
        "Ask the sender for DER. Only the CMS around a PKIData or PKIResponse may be BER, and only"
        " without `strict`.",
    ),
    Reason.BAD_TAG: (
        "The file holds a certificate, where a message is expected.",
        "Read the hint, which says what the file is, where that is known. Else look at the element"
        " that `path` and `offset` name: it is not the one that the type has there.",
    ),
    Reason.BAD_VALUE: (
        "A UTCTime says 31 February, or the text between the lines of a PEM is not base64.",
        "Look at the element that `path` names, and at the range that its type gives. A builder"
        " that raises it got a value that cannot be encoded.",
    ),
    Reason.BAD_TYPE: (
        'The field `pend_token` of a PendInfo is `"token"`, a str, where an OCTET STRING is bytes.',
        "Give the field that `path` names the type that its class declares.",
    ),
    Reason.TRAILING_DATA: (
        "A file holds two DER messages, one behind the other.",
        "Split the octets, and give each message by itself. `offset` is where the first one ends.",
    ),
    Reason.DEPTH: (
        "A value of unknown type has 40 SEQUENCEs inside one another.",
        "Refuse the message: those in use stay below 20. In the fallback it may also be the stack"
        " of your program that is nearly full: call it from fewer frames.",
    ),
    Reason.DUPLICATE_BODY_PART_ID: (
        "A control and a request of one PKIData both have the body part id 1.",
        "Have the sender count anew: a builder of `cmcodec.builders` numbers by itself. A server"
        " answers badRequest.",
    ),
    Reason.WRONG_CONTENT_TYPE: (
        "The message is SignedData over id-data, as S/MIME mail is.",
        "Check that it is a CMC message. A PKCS#10 inside, as Windows renews, is read with"
        " `wrapped=True`, for commands `--wrapped`.",
    ),
    Reason.CONTENT_MISSING: (
        "The signature is detached: the SignedData has no eContent.",
        "Ask the sender for a message with its content inside; CMC knows no detached signatures.",
    ),
    Reason.VERSION_MISMATCH: (
        "A PKCS#10 request has version 1, which no version of PKCS#10 is.",
        "Refuse the request, and tell the sender. As a note on a message it only says that"
        " SignedData or SignerInfo has another version than its content calls for, which Dogtag's"
        " tools are known for: nothing is to do.",
    ),
    Reason.NO_SIGNER: (
        "The set signerInfos of a PKIResponse is empty.",
        "Act on nothing in it: nobody says so. A server without a key sends such a message to say"
        " internalCAError. Certificates only are `unsigned` and not a failure.",
    ),
    Reason.ATTRIBUTE_MISSING: (
        "A SignerInfo has signed attributes, and messageDigest is not among them.",
        "Have the sender sign contentType and messageDigest (RFC 5652 §5.3).",
    ),
    Reason.ATTRIBUTE_DUPLICATE: (
        "messageDigest stands twice in the signed attributes, or has two values.",
        "Refuse the message: it is not clear which digest is signed. Have the sender write each"
        " attribute once, with one value.",
    ),
    Reason.ATTRIBUTES_UNSORTED: (
        "The signed attributes are in the order in which a program added them.",
        "Have the sender write the SET OF in the order of DER: the signature is over that form.",
    ),
    Reason.CONTENT_TYPE_MISMATCH: (
        "eContentType is id-cct-PKIData, and the signed attribute contentType says id-data.",
        "Refuse the message: somebody may have given signed octets another meaning. Have the sender"
        " write the same identifier in both places.",
    ),
    Reason.DIGEST_MISMATCH: (
        "One octet of the content was changed after it was signed.",
        "Refuse the message, and fetch it again. Where each message of one sender fails, it"
        " digests other octets than the content of the OCTET STRING, its header included, for"
        " example.",
    ),
    Reason.UNSUPPORTED_ALGORITHM: (
        "The message is signed with RSA and MD5.",
        "Have the sender use an algorithm of the README's table. For RSA with SHA-1 of old devices"
        " there is `legacy=True`, for commands `--legacy`.",
    ),
    Reason.ALGORITHM_MISMATCH: (
        "digestAlgorithm is SHA-256, and signatureAlgorithm is ECDSA with SHA-384.",
        "Have the sender name one digest everywhere, in digestAlgorithms and"
        " CMSAlgorithmProtection too. A private key that raises it is not the one that the"
        " algorithm is for.",
    ),
    Reason.SIGNER_NOT_FOUND: (
        "The sender left its certificate out of the message.",
        "Give it in `certificates`, for commands `--certificates`. Else look whether the signer"
        " identifier names the issuer and serial number of a certificate in the message.",
    ),
    Reason.SIGNER_AMBIGUOUS: (
        "Two requests have the subject key identifier that the SignerInfo names.",
        "Have the sender give each request an identifier of its own, or sign with a certificate.",
    ),
    Reason.REQUEST_KEY_NOT_SOLE_SIGNER: (
        "An RA's signature stands beside one by the key of a request in the message.",
        "Have the RA put the client's message into one of its own, rather than sign beside it"
        " (R-022).",
    ),
    Reason.KEY_REJECTED: (
        "The signer has an RSA key of 1,024 bits, or a CA finds a key that is known to all.",
        "Have the sender make a new key. For signatures by RSA keys of 1,024 bits there is"
        " `legacy=True`, for commands `--legacy`.",
    ),
    Reason.SIGNATURE_INVALID: (
        "The certificate in the message is not that of the key that signed.",
        "Refuse the message, and fetch it again. Where each message of one sender fails, it may"
        " sign the attributes under the tag A0, where the signature is over tag 31 (RFC 5652"
        " §5.4).",
    ),
    Reason.NO_SIGNATURE: (
        "A client without a key that signs sends SignedData with id-alg-noSignature.",
        "Believe nothing in it because of the signature. An identity proof in it may be checked"
        " with the shared secret: `Message.open`, for commands `cmc open --secret-file`.",
    ),
    Reason.UNTRUSTED_CHAIN: (
        "The certificate of the signer expired yesterday, or another CA issued it.",
        "Read `Signer.detail`, which says what is wrong with the chain. Add the right anchor to"
        " `trust`, missing CAs to `certificates`, or give `at`, a time at which the chain was"
        " valid.",
    ),
    Reason.UNTRUSTED_REQUEST_KEY: (
        "A device without a certificate signs its first request with the key that it asks for.",
        "Check who it is by another way: an identity proof, or the signature of an RA around it."
        ' Where an RA vouches, `request_keys="nested"` accepts such messages inside others.',
    ),
    Reason.POP_INVALID: (
        "The public key of a PKCS#10 request was exchanged after the request was signed.",
        "Refuse the request: whoever asks may not have the private key. Have the client sign the"
        " request again, over certificationRequestInfo, or certReq with CRMF.",
    ),
    Reason.DANGLING_REFERENCE: (
        "batchRequests names the body part 7, and cmsSequence has none of that id.",
        "Have the sender name body parts that are in its message. A server answers badRequest.",
    ),
    Reason.DUPLICATE_REFERENCE: (
        "batchRequests names the body part 7 twice.",
        "Have the sender name each body part once. The verdict is the same.",
    ),
    Reason.NOT_A_MESSAGE: (
        "batchRequests names a member of cmsSequence that is id-data.",
        "Have the sender name PKI messages only. The verdicts of the other members are the same.",
    ),
    Reason.DUPLICATE_CONTROL: (
        "A PKIData has two senderNonce controls.",
        "Have the sender write the control once. As a note it changes no verdict.",
    ),
    Reason.DUPLICATE_EXTENSION: (
        "A request asks for two subjectAltName extensions, each with one name.",
        "Have the client put all names into one extension. A CA says which of them counts, or"
        " refuses.",
    ),
    Reason.ENCRYPTED: (
        "The message is EnvelopedData, for the key of an RA.",
        "Open it with that key: `Message.open`, for commands `cmc open --key`.",
    ),
    Reason.MAC_UNCHECKED: (
        "The message is AuthenticatedData under a shared secret.",
        "Open it with the secret: `Message.open`, for commands `cmc open --password-file`.",
    ),
    Reason.IDENTITY_PROOF_MISSING: (
        "A server checks a secret, and the message has no identityProofV2 control.",
        "Have the client ask with its secret and its identification.",
    ),
    Reason.IDENTITY_PROOF_WRONG: (
        "The file with the secret ends in a space, or requests were added behind the proof.",
        "Compare secret and identification on both sides, octet for octet. For clients of Dogtag"
        " there is `compatibility=True`, for commands `--compatibility`.",
    ),
    Reason.POP_LINK_MISSING: (
        "A PKIData has popLinkRandom, and a request in it no popLinkWitnessV2.",
        "Have the client put a witness into each request.",
    ),
    Reason.POP_LINK_WRONG: (
        "A request was copied from another message, with its witness.",
        "Have the client make the requests of a message for its own popLinkRandom, with the secret"
        " of its identity proof. For clients of Dogtag there is `compatibility=True`.",
    ),
    Reason.NAME_MISMATCH: (
        "Whoever has the certificate of `CN=printer-7` asks for `CN=printer-8`.",
        "Have the client ask for the name that it has, or register the other name for its secret.",
    ),
    Reason.POP_WRONG: (
        "A client answers a challenge, and cannot decrypt with the key that it asks for.",
        "Have the client answer the newest challenge with the private key of its request.",
    ),
    Reason.CHALLENGE_WRONG: (
        "The challenge in encryptedPOP is for another key than that of the request.",
        "Ask the server again. Look whether the client kept the key that the request was made"
        " with.",
    ),
    Reason.TEMPLATE_CONFLICT: (
        "Two addExtensions controls ask for different keyUsages in one request.",
        "Have the RA say each field and each extension once for a request (RFC 10002 §6.5.2).",
    ),
    Reason.CONTROL_MISPLACED: (
        "popLinkWitnessV2 stands in the controlSequence, rather than in a request.",
        "Have the sender put the control where the table of controls has it, with one value.",
    ),
    Reason.NONCE_WRONG: (
        "An answer from last week is sent again.",
        "Take the answer for no answer to your request, and ask again.",
    ),
    Reason.TRANSACTION_WRONG: (
        "A file with the answer to another request is read.",
        "Look for the answer with your transaction id. A server that changes the id breaks"
        " RFC 10002 §6.6.",
    ),
    Reason.NOT_NEWER: (
        "A list of trust anchors with the seqNumber 4 comes after the one with 5.",
        "Keep the list that you have. Where you publish lists, count up.",
    ),
    Reason.NOT_CURRENT: (
        "The clock of a client is an hour wrong.",
        "Set the clock, and sign again. `tolerance` says how far a signing time may be from now.",
    ),
    Reason.NOT_PERMITTED: (
        "A client asks to revoke a certificate that is not its own.",
        "Send the message with the key of somebody who may, or change what the server permits.",
    ),
    Reason.AUTH_DATA_WRONG: (
        "An authData control refers to an AuthenticatedData under a password that you lack.",
        "Give `open` the password or key of that layer as well.",
    ),
    Reason.UNSIGNED_DATA_WRONG: (
        "Two SignerInfos carry CMC Unsigned Data, each another.",
        "Have the sender write the attribute once, alike in all SignerInfos (RFC 10002 §3.2.3).",
    ),
    Reason.NO_RECIPIENT: (
        "The message is encrypted for a CA's certificate of last year.",
        "Give the private key of the certificate that a RecipientInfo names, together with that"
        " certificate: `cmc inspect` shows them.",
    ),
    Reason.DECRYPTION_FAILED: (
        "The password is another one, or an octet of the ciphertext was changed.",
        "Compare password or key on both sides. The code does not say more, as whoever is told"
        " more can decrypt with the answers.",
    ),
    Reason.FORBIDDEN: (
        "A builder is to give the same body part id to two controls (R-055).",
        "Look up the requirement that the exception names in its `rule`, and build otherwise.",
    ),
}

_FAIL_INFOS: Final[dict[str, tuple[str, str, str]]] = {
    "badAlg": (
        "An algorithm is unrecognized or unsupported.",
        "The request is signed with an algorithm that the server does not offer.",
        "Sign with another algorithm, or ask for a key of another kind.",
    ),
    "badMessageCheck": (
        "The integrity check failed.",
        "The signature or the MAC of the request does not verify, or the server cannot decrypt it.",
        "Look at your message with `cmc verify`: it names the reason.",
    ),
    "badRequest": (
        "The transaction is not permitted or supported.",
        "A control refers to a body part that is not there.",
        "Look at the body parts that the status names, and at its statusString.",
    ),
    "badTime": (
        "The message time is not close enough to the server's.",
        "The clock of a client is an hour wrong.",
        "Set the clock, and sign again.",
    ),
    "badCertId": (
        "No certificate can be identified that matches what is given.",
        "A certificate is looked up by a serial number that was never issued.",
        "Compare issuer and serial number with those of the certificate.",
    ),
    "unsupportedExt": (
        "A requested X.509 extension is not supported by the CA.",
        "A request asks for an extension that the CA's profile does not have.",
        "Ask without it, or have the profile changed.",
    ),
    "mustArchiveKeys": (
        "Private key material must be supplied.",
        "The CA archives private keys, and the request has none.",
        "Send the private key in an archive control, if you accept that, or ask another CA.",
    ),
    "badIdentity": (
        "The identity proof failed.",
        "The shared secret is another one, or the signer is nobody whom the server trusts.",
        "Compare secret and identification, and look whether your certificate is still valid.",
    ),
    "popRequired": (
        "The server requires a proof of possession before it issues.",
        "A key that can only encrypt is asked for, without a proof.",
        "Answer the challenge that comes with it, if there is one; else send a proof.",
    ),
    "popFailed": (
        "The proof of possession failed.",
        "The signature of a PKCS#10 request is not by the key in it.",
        "Make the request again with the private key of its public key.",
    ),
    "noKeyReuse": (
        "The policy of the server does not allow the key to be used again.",
        "A certificate is renewed with the key that it has.",
        "Make a new key, and ask with it.",
    ),
    "internalCAError": (
        "The CA has an internal failure.",
        "The key of the CA is in a token that does not answer.",
        "Ask again later, and tell whoever runs the CA.",
    ),
    "tryLater": (
        "The server is to be asked again later.",
        "Too many requests arrive at once.",
        "Send the same request again after a while.",
    ),
    "authDataFail": (
        "The authData that a control refers to cannot be validated.",
        "The AuthenticatedData is under a password that the server does not know.",
        "Compare the password with the server's.",
    ),
}
"""RFC 10002 §6.1.4, by the names of the standard; the members of `types.CMCFailInfo`."""

CODES: Final = (*Reason, *Rule, *_FAIL_INFOS)
"""Every code that `explain` knows: reasons, rules, failInfos."""

_FOLDED: Final[dict[str, str]] = {str(code).casefold(): code for code in CODES}
