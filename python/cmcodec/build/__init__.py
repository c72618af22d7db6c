"""Building messages: one content signed, many signed on all cores, and a batch around them.

    from cmcodec import build

    signer = build.SigningKey.from_private_key(key, certificate)
    octets = build.sign(response, signer, certificates=[issued])

    drafts = [build.Draft(response, certificates=[issued]) for response, issued in answers]
    signed = build.sign_many(drafts, signer)
    octets = build.batch_responses(signed, signer, controls=[status])

What is built is DER. `cmcodec.load` accepts it, and `Message.verify` too unless what a PKIData asks
for has a wrong proof of possession.
"""

from __future__ import annotations

from cmcodec.build.batches import batch_requests, batch_responses
from cmcodec.build.signing import Content, Draft, SigningKey, sign, sign_many

__all__ = [
    "Content",
    "Draft",
    "SigningKey",
    "batch_requests",
    "batch_responses",
    "sign",
    "sign_many",
]
