"""Full PKI Responses to the requests, batches of them, and one that is large."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from tests.kit.messages import control, pki_response, tagged_content_info

from benches.workload import certificates, keys
from benches.workload.mixes import FIRST_ID, MIXED, Facts, octets
from benches.workload.parts import DAY, signed
from benches.workload.requests import REQUEST_ID, chunks, rsa_number
from cmcodec import oids, types
from cmcodec.types import controls


def _transaction(number: int, sender_nonce: bytes, recipient_nonce: bytes) -> list[bytes]:
    return [
        control(1, 5, controls.TransactionId(number)),
        control(2, 6, controls.SenderNonce(sender_nonce)),
        control(3, 7, controls.RecipientNonce(recipient_nonce)),
    ]


def _status(index: int, request_id: int) -> types.CMCStatusInfoV2:
    """Of ten requests eight succeed, one waits for approval, and one is refused."""
    status, text, other = types.CMCStatus.SUCCESS, None, None
    if index % 10 == 8:
        token = types.PendInfo(
            pend_token=octets("token", index, 16), pend_time=DAY + timedelta(hours=1)
        )
        status, other = types.CMCStatus.PENDING, types.OtherStatusInfo(pend_info=token)
    elif index % 10 == 9:
        status, text = types.CMCStatus.FAILED, "the device is not in the inventory"
        other = types.OtherStatusInfo(fail_info=types.CMCFailInfo.BAD_IDENTITY)
    return types.CMCStatusInfoV2(
        cmc_status=status,
        body_list=(types.BodyPartReference(body_part_id=request_id),),
        status_string=text,
        other_info=other,
    )


def _is_issued(index: int) -> bool:
    return index % 10 < 8


def _issued(it: Facts, rsa_number: int) -> bytes:
    """The certificate that was asked for."""
    key = keys.key(it.key_type, "requested", it.index, rsa_number)
    return certificates.chain(key, it.common_name, it.index)[0]


def response(index: int, rsa_number: int) -> bytes:
    """The response to message number ``index``, with the certificate and its issuer's."""
    it = MIXED.facts(index)
    parts = _transaction(it.transaction_id, octets("answer", index, 16), it.sender_nonce)
    parts.append(control(4, 25, _status(index, REQUEST_ID)))
    carried = [certificates.authority_certificate()]
    if _is_issued(index):
        carried.append(_issued(it, rsa_number))
    return _by_authority(pki_response(controls=parts), carried)


def _by_authority(content: bytes, carried: list[bytes], crls: tuple[bytes, ...] = ()) -> bytes:
    key = certificates.authority()
    return signed(
        content, key, content_type=oids.ID_CCT_PKI_RESPONSE, certificates=carried, crls=crls
    )


def _members(numbers: range, rsa_number: int) -> list[bytes]:
    return [tagged_content_info(response(index, rsa_number), FIRST_ID + index) for index in numbers]


def batch_response(count: int) -> bytes:
    """The responses to a batch, in one that the authority signs."""
    number = rsa_number(count)
    keys.rsa_keys(number)
    ranges = chunks(count)
    with ProcessPoolExecutor() as pool:
        made = pool.map(_members, ranges, len(ranges) * [number])
        members = [each for some in made for each in some]
    ids = range(FIRST_ID, FIRST_ID + count)
    parts = _transaction(count, octets("answer", -1, 16), octets("nonce", -1, 16))
    parts.append(control(4, 29, types.BodyPartList(tuple(ids))))
    content = pki_response(controls=parts, members=members)
    return _by_authority(content, [certificates.authority_certificate()])


def large_response(count: int) -> bytes:
    """The one response to a message with ``count`` requests, with the CRL of the authority."""
    number = keys.FEW_RSA_KEYS  # Nothing is verified with them.
    parts = _transaction(count, octets("answer", -2, 16), octets("nonce", -2, 16))
    parts += [control(4 + n, 25, _status(n, FIRST_ID + n)) for n in range(count)]
    carried = [certificates.authority_certificate()]
    carried += [_issued(MIXED.facts(n), number) for n in range(count) if _is_issued(n)]
    return _by_authority(pki_response(controls=parts), carried, (_crl(count),))


def _crl(count: int) -> bytes:
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(certificates.name(certificates.ISSUING))
        .last_update(DAY)
        .next_update(DAY + timedelta(days=7))
    )
    for index in range(count):
        revoked = (
            x509.RevokedCertificateBuilder()
            .serial_number(certificates.serial("revoked", index))
            .revocation_date(DAY - timedelta(days=1 + index % 300))
        )
        builder = builder.add_revoked_certificate(revoked.build())
    key = certificates.authority()
    signed_list = builder.sign(key, **keys.signing(key))
    return signed_list.public_bytes(serialization.Encoding.DER)
