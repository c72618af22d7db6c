"""The layers of a message: made and opened (RFC 5652, RFC 5083, RFC 10002 §3.2 and §5).

`SigningKey` is who signs, `sign` makes one signed message, `sign_many` makes many in parallel. A
`Draft` is a content with the certificates and CRLs that only its own message carries::

    from cmcodec import cms, types

    signer = cms.SigningKey.from_private_key(key, certificate)
    response = types.PKIResponse(control_sequence=(), cms_sequence=(), other_msg_sequence=())
    octets = cms.sign(response, signer, certificates=[issued])
    signed = cms.sign_many([cms.Draft(response, certificates=[issued])], signer)

`encrypt` puts an envelope around a signed message for some `Recipient`, `authenticate` a MAC by a
password around a content. `Message.open` opens them with a `RecipientKey`::

    octets = cms.encrypt(octets, cms.Recipient.from_certificate(of_the_server))
    opened = cmcodec.load(octets).open(cms.RecipientKey.from_private_key(key, of_the_server))

Every message is DER. `cmcodec.load` accepts it, and `Message.verify` or `Message.open` too unless
what a PKIData asks for has a wrong proof of possession.
"""

from __future__ import annotations

from cmcodec.cms.authenticated import authenticate
from cmcodec.cms.envelopes import Decrypted, decrypt, encrypt, sign_envelope
from cmcodec.cms.opening import Layer, Opened, Unsigned
from cmcodec.cms.recipients import Recipient, RecipientKey
from cmcodec.cms.signing import Content, Draft, SigningKey, sign, sign_many

__all__ = [
    "Content",
    "Decrypted",
    "Draft",
    "Layer",
    "Opened",
    "Recipient",
    "RecipientKey",
    "SigningKey",
    "Unsigned",
    "authenticate",
    "decrypt",
    "encrypt",
    "sign",
    "sign_envelope",
    "sign_many",
]
