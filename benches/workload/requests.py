"""Full PKI Requests, and batches of them."""

from __future__ import annotations

import hashlib
import hmac
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from tests.kit.der import seq
from tests.kit.keys import HMAC_SHA256
from tests.kit.messages import control, pki_data, tagged_content_info

import cmcodec
from benches.workload import certificates, keys, store
from benches.workload.mixes import BATCH, FIRST_ID, MIXED, Facts, Mix, octets
from benches.workload.parts import signed
from cmcodec import types
from cmcodec.asn1 import BitString
from cmcodec.types import controls

if TYPE_CHECKING:
    from pathlib import Path

REQUEST_ID = 101


def pkcs10(
    key: keys.PrivateKey, common_name: str, index: int, request_id: int = REQUEST_ID
) -> bytes:
    """A request in a TaggedRequest."""
    subject = certificates.subject(common_name, index)
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    for extension, critical in certificates.extensions(key, common_name, index):
        builder = builder.add_extension(extension, critical=critical)
    der = builder.sign(key, **keys.signing(key)).public_bytes(serialization.Encoding.DER)
    request = types.CertificationRequest.from_der(der)
    tagged = types.TaggedCertificationRequest(
        body_part_id=request_id, certification_request=request
    )
    return types.TaggedRequest(tcr=tagged).to_der()


def crmf(key: keys.PrivateKey, common_name: str, index: int) -> bytes:
    """A request in a TaggedRequest."""
    template = types.CertTemplate(
        subject=types.Name.from_cryptography(certificates.subject(common_name, index)),
        public_key=types.SubjectPublicKeyInfo.from_der(keys.spki(key)),
        extensions=tuple(
            types.Extension(
                extn_id=extension.oid.dotted_string,
                critical=critical,
                extn_value=extension.public_bytes(),
            )
            for extension, critical in certificates.extensions(key, common_name, index)
        ),
    )
    request = types.CertRequest(cert_req_id=REQUEST_ID, cert_template=template)
    proof = types.POPOSigningKey(
        algorithm_identifier=keys.algorithms(key)[1],
        signature=BitString(keys.sign(key, request.to_der())),
    )
    popo = types.ProofOfPossession(signature=proof)
    return types.TaggedRequest(crm=types.CertReqMsg(cert_req=request, popo=popo)).to_der()


def _identity(it: Facts, requests: bytes) -> tuple[bytes, bytes]:
    """Who makes a first request, and the proof of it with a shared secret (RFC 10002 §6.2.1)."""
    secret = octets("secret", it.index, 12).hex()
    key = hashlib.sha256(f"{secret}{it.common_name}".encode()).digest()
    proof = controls.IdentityProofV2(
        proof_alg_id=keys.SHA256,
        mac_alg_id=HMAC_SHA256,
        witness=hmac.digest(key, requests, "sha256"),
    )
    return control(3, 2, controls.Identification(it.common_name)), control(4, 34, proof)


def message(it: Facts, rsa_number: int) -> bytes:
    """The Full PKI Request of which these are the facts."""
    key = keys.key(it.key_type, "requested", it.index, rsa_number)
    request = (pkcs10 if it.form == "pkcs10" else crmf)(key, it.common_name, it.index)
    parts = [
        control(1, 5, controls.TransactionId(it.transaction_id)),
        control(2, 6, controls.SenderNonce(it.sender_nonce)),
    ]
    signer = key
    chain: tuple[bytes, ...] = ()
    if it.signer == "request-key":
        parts += _identity(it, seq(request))
    else:
        # Half of all keys away, so that renewing changes an RSA key too.
        index = it.index + rsa_number // 2
        signer = keys.key(it.key_type, "certified", index, rsa_number)
        chain = certificates.chain(signer, it.common_name, it.index)
    content = pki_data(controls=parts, requests=[request])
    return signed(content, signer, certificates=chain)


def single(key_type: str, form: str, signer: str = "request-key") -> bytes:
    """A Full PKI Request by itself."""
    return message(Facts(0, key_type, signer, form), keys.FEW_RSA_KEYS)


# --- batches ---------------------------------------------------------------------------------


def _members(numbers: range, mix: Mix, rsa_number: int) -> list[bytes]:
    return [tagged_content_info(message(mix.facts(n), rsa_number), FIRST_ID + n) for n in numbers]


def rsa_number(count: int) -> int:
    """How many RSA keys there are in a batch."""
    return keys.RSA_KEYS if count >= BATCH else keys.FEW_RSA_KEYS


def chunks(count: int) -> list[range]:
    """The numbers of messages, as they are shared out among processes."""
    step = max(1, min(1000, count // 16))
    return [range(start, min(start + step, count)) for start in range(0, count, step)]


def make_batch(count: int, mix: Mix) -> bytes:
    number = rsa_number(count)
    keys.rsa_keys(number)
    ranges = chunks(count)
    others = len(ranges) * [mix], len(ranges) * [number]
    with ProcessPoolExecutor() as pool:
        members = [each for some in pool.map(_members, ranges, *others) for each in some]
    parts = [
        control(1, 5, controls.TransactionId(count)),
        control(2, 6, controls.SenderNonce(octets("nonce", -1, 16))),
        control(3, 28, types.BodyPartList(tuple(range(FIRST_ID, FIRST_ID + count)))),
    ]
    key = keys.key("p-256", "registration authority", 0)
    chain = certificates.chain(key, "Example Devices RA", -1)
    return signed(pki_data(controls=parts, members=members), key, certificates=chain)


def batch_file(count: int, mix: Mix = MIXED) -> Path:
    """Where `batch` keeps it."""
    return store.kept(f"batch-{mix.name}-{count}", lambda: make_batch(count, mix))


def batch(count: int, mix: Mix = MIXED) -> bytes:
    """A batch of ``count`` messages signed by a registration authority."""
    return batch_file(count, mix).read_bytes()


def describe(count: int, mix: Mix = MIXED) -> str:
    """What is in a batch, in a few lines."""
    file = batch_file(count, mix)
    messages = cmcodec.load(file.read_bytes()).unverified_messages
    sizes: dict[tuple[str, str, str], list[int]] = {}
    for index, (_, nested) in enumerate(messages):
        it = mix.facts(index)
        start, end = nested.span
        sizes.setdefault((it.key_type, it.signer, it.form), []).append(end - start)
    total = sum(map(sum, sizes.values()))
    lines = [f"{file}", f"{count} messages of {total // count} octets on average"]
    lines += [
        f"  {len(some):6} {' '.join(kind):32} {min(some)} to {max(some)}"
        for kind, some in sorted(sizes.items())
    ]
    return "\n".join(lines)
