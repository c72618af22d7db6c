"""Valid messages in which as much as possible is of the kind that costs most."""

from __future__ import annotations

from tests.kit.der import NULL, integer, oid, seq, tlv
from tests.kit.messages import content_info, control, pki_data, tagged_content_info

from benches.workload import certificates, keys
from benches.workload.mixes import FIRST_ID, Facts
from benches.workload.parts import signed
from benches.workload.requests import message, pkcs10
from cmcodec import oids, types
from cmcodec.limits import MAX_DEPTH
from cmcodec.types import controls

UNKNOWN = 9999
"""The number of a control that nobody knows."""


def _key(number: int = 0) -> keys.PrivateKey:
    return keys.key("p-256", "worst", number)


def _certificate(number: int = 0) -> bytes:
    return certificates.chain(_key(number), f"worst {number}", number)[0]


def _signed(content: bytes) -> bytes:
    return signed(content, _key(), certificates=[_certificate()])


def _batch(count: int, element: bytes) -> bytes:
    """A batch of ``count`` times the same."""
    numbers = range(FIRST_ID, FIRST_ID + count)
    return _signed(pki_data(members=[tagged_content_info(element, n) for n in numbers]))


def many_controls(count: int) -> bytes:
    """A message of ``count`` small controls."""
    value = controls.DataReturn(b"\0")
    return _signed(pki_data(controls=[control(n, 4, value) for n in range(1, count + 1)]))


def many_values(count: int) -> bytes:
    """A control of ``count`` values, whose order must be checked."""
    values = [integer(number) for number in range(count)]
    return _signed(pki_data(controls=[control(1, UNKNOWN, *values)]))


def many_references(count: int) -> bytes:
    """A control that names ``count`` messages, of which none is there."""
    named = types.BodyPartList(tuple(range(FIRST_ID, FIRST_ID + count)))
    return _signed(pki_data(controls=[control(1, 28, named)]))


def many_requests(count: int) -> bytes:
    """A message of ``count`` PKCS#10 requests, each with a proof of possession."""
    requests = []
    for number in range(count):
        key = keys.key("ed25519", "requested", number)
        requests.append(pkcs10(key, f"device-{number}", number, FIRST_ID + number))
    return _signed(pki_data(requests=requests))


def many_others(count: int) -> bytes:
    """A message of ``count`` small elements in otherMsgSequence."""
    kind = oid(f"{oids.ID_CMC}.{UNKNOWN}")
    others = [seq(integer(number), kind, NULL) for number in range(1, count + 1)]
    return _signed(pki_data(others=others))


def many_data(count: int) -> bytes:
    """A batch of ``count`` of the smallest elements, which are no messages."""
    return _batch(count, content_info(oids.ID_DATA, tlv(0x04)))


def many_empty(count: int) -> bytes:
    """A batch of ``count`` of the smallest messages: certificates only, and none of them."""
    parts = integer(1), tlv(0x31), seq(oid(oids.ID_DATA)), tlv(0x31)
    return _batch(count, content_info(oids.ID_SIGNED_DATA, seq(*parts)))


def many_certificates(count: int) -> bytes:
    """A message with ``count`` certificates, one of which is the signer's."""
    carried = [_certificate(number) for number in range(count)]
    return signed(pki_data(), _key(count // 2), certificates=carried)


def many_signers(count: int) -> bytes:
    """A message that ``count`` keys sign."""
    signers = [_key(number) for number in range(count)]
    carried = [_certificate(number) for number in range(count)]
    return signed(pki_data(), *signers, certificates=carried)


def deep_values(count: int) -> bytes:
    """A message of ``count`` controls, each as deep as it may be."""
    value = NULL
    # PKIData, controlSequence, the control and its attrValues are four levels already.
    for _ in range(MAX_DEPTH - 5):
        value = seq(value)
    return _signed(pki_data(controls=[control(n, UNKNOWN, value) for n in range(1, count + 1)]))


def deep_layers(count: int) -> bytes:
    """A request in batches in one another: ``count`` messages, each signed."""
    der = message(Facts(0, "p-256", "request-key", "pkcs10"), keys.FEW_RSA_KEYS)
    for number in range(1, count):
        carried = [_certificate(number)]
        content = pki_data(members=[tagged_content_info(der, FIRST_ID)])
        der = signed(content, _key(number), certificates=carried)
    return der
