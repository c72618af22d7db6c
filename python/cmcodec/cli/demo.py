"""``cmc demo``: a batch of requests made here, three of them broken, and what verifying it says."""

from __future__ import annotations

import hashlib
import secrets
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import click
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from cmcodec import asn1, types
from cmcodec.batch import default_threads, verify_batch
from cmcodec.cli import demo_keys, report
from cmcodec.cli.common import Misuse, backend_option, printable
from cmcodec.cli.progress import Bar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cmcodec.batch import BatchReport
    from cmcodec.cli.demo_keys import PrivateKey

BROKEN: Final = {
    "signature": "signature_invalid",
    "content": "digest_mismatch",
    "proof": "pop_invalid",
}
"""What is broken in three of the requests, and the reason each must fail for."""

_REQUEST_ID: Final = 3


@click.command("demo", short_help="Make, break and verify a batch, offline.")
@click.option(
    "--size",
    type=click.IntRange(len(BROKEN), 100_000),
    default=200,
    show_default=True,
    help="Requests in the batch.",
)
@click.option("--threads", type=click.IntRange(1, 1024), metavar="N", help="Threads: one per core.")
@click.option("--keep", metavar="FILE", help="Where to write the batch, in DER.")
@backend_option
def command(size: int, threads: int | None, keep: str | None) -> int:
    """Make keys and a batch of certification requests, break three of them, and verify it.

    Needs no files and no network. The exit status is 0 where exactly the three broken requests
    failed, each for the right reason.
    """
    broken = {100 + size * place // 3: what for place, what in enumerate(BROKEN)}
    since = time.perf_counter()
    batch = make_batch(size, broken).to_der()
    click.echo(
        f"{size:,} Full PKI Requests in one batch signed by an RA, {len(batch):,} octets, made in "
        f"{time.perf_counter() - since:.1f} s"
    )
    for number, what in broken.items():
        click.echo(f"request {number} is broken: its {what}")
    if keep is not None:
        _write(keep, batch)
    threads = threads or default_threads()
    since = time.perf_counter()
    with Bar() as bar:
        verdicts = verify_batch(batch, threads=threads, progress=bar)
    run = report.Run([keep or "batch"], [batch], time.perf_counter() - since, threads)
    tally = report.Tally()
    for row in verdicts:
        tally.add(row)
    report.write_table(tally, run)
    return 0 if _as_expected(verdicts, size, broken) else 1


def _as_expected(verdicts: BatchReport, size: int, broken: dict[int, str]) -> bool:
    failed = {row.path: row.reason for row in verdicts.failures()}
    expected = {(number,): BROKEN[what] for number, what in broken.items()}
    if len(verdicts) == size + 1 and failed == expected:
        click.echo("\nExactly the broken requests failed, each for the right reason.")
        return True
    click.echo("cmc: the verdicts are not what they must be", err=True)
    return False


def _write(name: str, octets: bytes) -> None:
    try:
        with open(name, "wb") as file:
            file.write(octets)
    except OSError as error:
        raise Misuse(f"{printable(name)}: {error.strerror or error}") from None


# --- making the messages -----------------------------------------------------------------------


def make_batch(size: int, broken: dict[int, str]) -> types.ContentInfo:
    """A Full PKI Request of an RA around ``size`` requests with ids from 100 on."""
    members = [
        types.TaggedContentInfo(
            body_part_id=number, content_info=make_request(key, number, broken.get(number, ""))
        )
        for number, key in enumerate(demo_keys.generate(size), 100)
    ]
    content = types.PKIData(
        control_sequence=(
            *_transaction(),
            types.TaggedAttribute(
                body_part_id=9,
                attr_type="1.3.6.1.5.5.7.7.28",
                attr_values=(types.BodyPartList(tuple(m.body_part_id for m in members)),),
            ),
        ),
        req_sequence=(),
        cms_sequence=tuple(members),
        other_msg_sequence=(),
    )
    key = demo_keys.p256()
    certificate = types.Certificate(demo_keys.certificate(key))
    return sign(content, key, demo_keys.key_identifier(key), [certificate])


def make_request(key: PrivateKey, number: int, broken: str = "") -> types.ContentInfo:
    """A Full PKI Request around a PKCS#10 request, signed by the key that it asks for."""
    request = types.CertificationRequest.from_der(demo_keys.pkcs10(key, f"device-{number}"))
    if broken == "proof":
        bits = request.signature
        request = replace(request, signature=replace(bits, data=_changed(bits.data)))
    content = types.PKIData(
        control_sequence=_transaction(),
        req_sequence=(
            types.TaggedRequest(
                tcr=types.TaggedCertificationRequest(
                    body_part_id=_REQUEST_ID, certification_request=request
                )
            ),
        ),
        cms_sequence=(),
        other_msg_sequence=(),
    )
    message = sign(content, key, demo_keys.key_identifier(key))
    signed = message.content
    if not isinstance(signed, types.SignedData):
        raise TypeError("signing gave no SignedData")
    if broken == "signature":
        (signer,) = signed.signer_infos
        signer = replace(signer, signature=_changed(signer.signature))
        return replace(message, content=replace(signed, signer_infos=(signer,)))
    if broken == "content":
        nonce = content.control_sequence[1].attr_values[0].to_der()
        octets = content.to_der().replace(nonce, _changed(nonce))
        wrapped = replace(signed.encap_content_info, e_content=octets)
        return replace(message, content=replace(signed, encap_content_info=wrapped))
    return message


def sign(
    content: types.PKIData,
    key: PrivateKey,
    key_identifier: bytes,
    certificates: Sequence[types.Certificate] = (),
) -> types.ContentInfo:
    """The content in a SignedData, its one signer named by ``key_identifier`` (RFC 5652 §5)."""
    content_type = "1.3.6.1.5.5.7.12.2"
    octets = content.to_der()
    digest, signature_algorithm = _algorithms(key)
    attributes = (
        types.Attribute(
            attr_type="1.2.840.113549.1.9.3", attr_values=(types.ContentType(content_type),)
        ),
        types.Attribute(
            attr_type="1.2.840.113549.1.9.4",
            attr_values=(types.MessageDigest(hashlib.new(digest, octets).digest()),),
        ),
    )
    digest_algorithm = types.AlgorithmIdentifier(algorithm=_DIGESTS[digest])
    return types.ContentInfo(
        content_type="1.2.840.113549.1.7.2",
        content=types.SignedData(
            version=3,
            digest_algorithms=(digest_algorithm,),
            encap_content_info=types.EncapsulatedContentInfo(
                e_content_type=content_type, e_content=octets
            ),
            certificates=tuple(types.CertificateChoices(certificate=c) for c in certificates)
            or None,
            signer_infos=(
                types.SignerInfo(
                    version=3,
                    sid=types.SignerIdentifier(subject_key_identifier=key_identifier),
                    digest_algorithm=digest_algorithm,
                    signed_attrs=attributes,
                    signature_algorithm=signature_algorithm,
                    signature=_signature(key, _set_of(attributes)),
                ),
            ),
        ),
    )


_DIGESTS: Final = {"sha256": "2.16.840.1.101.3.4.2.1", "sha512": "2.16.840.1.101.3.4.2.3"}


def _set_of(attributes: Sequence[types.Attribute]) -> bytes:
    """What is signed: the attributes as a SET OF in DER, with its own tag (RFC 5652 §5.4)."""
    octets = b"".join(sorted(attribute.to_der() for attribute in attributes))
    size = len(octets)
    header = bytes([0x31, size]) if size < 0x80 else bytes([0x31, 0x82]) + size.to_bytes(2, "big")
    return header + octets


def _algorithms(key: PrivateKey) -> tuple[str, types.AlgorithmIdentifier]:
    """The digest and the signature algorithm that go with a key (SPEC D.3)."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return "sha256", types.AlgorithmIdentifier(algorithm="1.2.840.10045.4.3.2")
    if isinstance(key, rsa.RSAPrivateKey):
        null = asn1.TLV(b"\x05\x00")
        return "sha256", types.AlgorithmIdentifier(
            algorithm="1.2.840.113549.1.1.11", parameters=null
        )
    return "sha512", types.AlgorithmIdentifier(algorithm="1.3.101.112")


def _signature(key: PrivateKey, octets: bytes) -> bytes:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(octets, ec.ECDSA(hashes.SHA256()))
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(octets, padding.PKCS1v15(), hashes.SHA256())
    return key.sign(octets)


def _transaction() -> tuple[types.TaggedAttribute, ...]:
    return (
        types.TaggedAttribute(
            body_part_id=1,
            attr_type="1.3.6.1.5.5.7.7.5",
            attr_values=(types.TransactionId(secrets.randbits(63)),),
        ),
        types.TaggedAttribute(
            body_part_id=2,
            attr_type="1.3.6.1.5.5.7.7.6",
            attr_values=(types.SenderNonce(secrets.token_bytes(16)),),
        ),
    )


def _changed(octets: bytes) -> bytes:
    """The octets with one bit changed: of a signature, within the first number it holds."""
    place = len(octets) // 4
    return octets[:place] + bytes([octets[place] ^ 1]) + octets[place + 1 :]
