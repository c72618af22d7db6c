"""Opening encrypted requests against bare decryptions and verifications, in one run.

    python -m benches.opening [COUNT] [--rounds N]

Distinct requests of the workload, each encrypted to one RSA key of 2048 bits (AES-256-GCM). Ours is
`cmcodec.load` and `Message.open` of each, with the signature and the proof of possession in it. The
other side decrypts the same keys and contents and verifies the same signatures with
``cryptography``: octets and keys are at hand, and nothing is parsed, checked or returned. Ends with
status 1 where less than `AT_LEAST` of its speed is left.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.serialization import load_der_public_key

import cmcodec
from benches import measure, workload
from benches.peers.signatures import check_digest, check_signature
from cmcodec import cms, types

if TYPE_CHECKING:
    from cmcodec.message import Message

AT_LEAST = 0.75
COUNT = 1_000
_PKCS1 = padding.PKCS1v15()


class Bare(NamedTuple):
    """What there is to compute for one message."""

    encrypted_key: bytes
    nonce: bytes
    encrypted: bytes
    tag: bytes
    attributes: bytes
    content: bytes
    digest: tuple[str, bytes]
    signatures: tuple[tuple[Any, str, bytes, bytes], ...]


class Inputs(NamedTuple):
    """The same messages for both sides."""

    messages: list[bytes]
    bare: list[Bare]
    key: rsa.RSAPrivateKey


def inputs(count: int) -> Inputs:
    """So many encrypted requests; making them is not timed."""
    key = rsa.generate_private_key(65537, 2048)
    recipient = cms.Recipient.from_public_key(key.public_key(), key_identifier=b"server")
    plain = [message for _, message in cmcodec.load(workload.batch(count)).unverified_messages]
    messages = [cms.encrypt(message, recipient) for message in plain]
    pairs = zip(messages, plain, strict=True)
    return Inputs(messages, [_bare(octets, inner) for octets, inner in pairs], key)


def _bare(octets: bytes, inner: Message) -> Bare:
    message = cmcodec.load(octets)
    structure: Any = message.unverified_structure
    layer = structure.content
    held = layer.auth_encrypted_content_info
    parameters = held.content_encryption_algorithm.parameters
    signed: Any = inner.unverified_structure
    (info,) = signed.content.signer_infos
    path = "content.signerInfos[0].signedAttrs"
    digest = next(a for a in info.signed_attrs if a.attr_type.endswith(".9.4")).attr_values[0]
    signature = (
        _signer_key(inner),
        info.signature_algorithm.algorithm,
        info.signature,
        _as_set(inner.octets(path)),
    )
    return Bare(
        layer.recipient_infos[0].ktri.encrypted_key,
        types.GCMParameters.from_der(parameters.der).aes_nonce,
        held.encrypted_content,
        layer.mac,
        _as_set(message.octets("content.authAttrs")),
        signed.content.encap_content_info.e_content,
        (info.digest_algorithm.algorithm, digest.value),
        (signature, _proof(inner)),
    )


def _as_set(octets: bytes | None) -> bytes:
    assert octets is not None
    return b"\x31" + octets[1:]


def _signer_key(inner: Message) -> Any:
    signer = inner.verify().signers[0]
    if signer.certificate is not None:
        return signer.certificate.to_cryptography().public_key()
    return _proof(inner)[0]


def _proof(inner: Message) -> tuple[Any, str, bytes, bytes]:
    """Key, algorithm, signature and signed octets of the proof of possession."""
    content: Any = inner.unverified_content
    (request,) = content.req_sequence
    at = "content.encapContentInfo.eContent.reqSequence[0]"
    if request.tcr is not None:
        asked = request.tcr.certification_request
        spki = asked.certification_request_info.subject_public_key_info
        path = f"{at}.tcr.certificationRequest.certificationRequestInfo"
        algorithm, signature = asked.signature_algorithm.algorithm, asked.signature.data
    else:
        spki = request.crm.cert_req.cert_template.public_key
        path = f"{at}.crm.certReq"
        proof = request.crm.popo.signature
        algorithm, signature = proof.algorithm_identifier.algorithm, proof.signature.data
    octets = inner.octets(path)
    assert octets is not None
    return load_der_public_key(spki.to_der()), algorithm, signature, octets


def opened(given: Inputs) -> int:
    """Opens each message; how many were opened."""
    key = cms.RecipientKey.from_private_key(given.key, key_identifier=b"server")
    return len([cmcodec.load(octets).open(key) for octets in given.messages])


def decrypted(given: Inputs) -> int:
    """Decrypts and verifies what is in each, and nothing else; how many there were."""
    for one in given.bare:
        key = given.key.decrypt(one.encrypted_key, _PKCS1)
        mode = modes.GCM(one.nonce, one.tag, len(one.tag))
        context = Cipher(algorithms.AES(key), mode).decryptor()
        context.authenticate_additional_data(one.attributes)
        context.update(one.encrypted)
        context.finalize()
        algorithm, digest = one.digest
        check_digest(algorithm, digest, one.content)
        for signature in one.signatures:
            public, name, value, octets = signature
            check_signature(public, name, value, octets)
    return len(given.bare)


def measured(count: int, rounds: int) -> measure.Ratio:
    """How many times as fast as bare work opening is."""
    given = inputs(count)
    works = (opened, decrypted)
    assert [work(given) for work in works] == [count, count]
    sides = [measure.Side(work.__name__, measure.timed(work, lambda: given)) for work in works]
    ours, theirs = measure.alternate(sides, rounds)
    for side in (ours, theirs):
        print(f"{side.side:10} {side.best / count * 1e6:8.0f} us")
    return measure.Ratio.between(ours, theirs)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", nargs="?", type=int, default=COUNT)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    print(f"{cmcodec.backend}, load average {measure.load_average():.1f}")
    ratio = measured(arguments.count, arguments.rounds)
    print(f"ratio {ratio.best:.2f} of bests, {ratio.median:.2f} of medians, at least {AT_LEAST}")
    return 0 if ratio.best >= AT_LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
