"""Signed messages: a content in a SignedData by one signer, or many on all cores (RFC 5652 §5).

`SigningKey` is who signs, `sign` makes one message, `sign_many` makes many in parallel. A `Draft`
is a content with the certificates and CRLs that only its own message carries::

    from cmcodec import cms, types

    signer = cms.SigningKey.from_private_key(key, certificate)
    response = types.PKIResponse(control_sequence=(), cms_sequence=(), other_msg_sequence=())
    octets = cms.sign(response, signer, certificates=[issued])
    signed = cms.sign_many([cms.Draft(response, certificates=[issued])], signer)

Every message is DER. `cmcodec.load` accepts it, and `Message.verify` too unless what a PKIData asks
for has a wrong proof of possession.
"""

from __future__ import annotations

from cmcodec.cms.signing import Content, Draft, SigningKey, sign, sign_many

__all__ = ["Content", "Draft", "SigningKey", "sign", "sign_many"]
