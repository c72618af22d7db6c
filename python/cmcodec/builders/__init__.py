"""What is made of messages: batches of requests and of responses (RFC 10002 §6.17).

`batch_requests` puts requests into a PKIData, `batch_responses` responses into a PKIResponse; both
allocate the body part ids and sign the whole with a `cmcodec.cms.SigningKey`::

    from cmcodec import builders, cms, types

    signer = cms.SigningKey.from_private_key(key, certificate)
    response = types.PKIResponse(control_sequence=(), cms_sequence=(), other_msg_sequence=())
    octets = builders.batch_responses(cms.sign_many([response, response], signer), signer)
"""

from __future__ import annotations

from cmcodec.builders.batches import batch_requests, batch_responses

__all__ = ["batch_requests", "batch_responses"]
