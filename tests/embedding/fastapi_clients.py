"""Asks the FastAPI application of docs/embedding.md, whose key is in a token."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import app
from app import authority
from cryptography import x509
from fastapi.testclient import TestClient

from cmcodec.builders import NewRequest
from cmcodec.stores import add_secret
from embedding.scene import asked, client, once
from kit.chains import Issued, named
from kit.keys import key

SECRET = b"correct horse battery"

anchor = Issued(app.ca, None)
app.authority = replace(authority, issue=once(authority.issue))
add_secret(authority.store, "device-1", SECRET, subject=named("device-1"))
with TestClient(app.app) as browser:

    def post(octets: bytes) -> bytes:
        kind = {"Content-Type": "application/pkcs7-mime"}
        response = browser.post("/cmc", content=octets, headers=kind)
        assert (response.status_code, response.headers["Content-Type"]) == (200, *kind.values())
        return response.content

    own = key("p-256", 1)
    wanted = NewRequest(key=own, subject=named("device-1"))
    first = client(anchor, secret=SECRET, identification="device-1").enroll(wanted)
    (certificate,) = asked(first, post).certificates
    certificate.verify_directly_issued_by(app.ca)

    # Many at once, of which each gets its own.
    renewing = client(anchor, Issued(certificate, own))
    exchanges = [
        renewing.renew(certificate, NewRequest(key=key("p-256", number))) for number in range(2, 18)
    ]
    with ThreadPoolExecutor(8) as pool:
        renewed = list(pool.map(lambda exchange: asked(exchange, post), exchanges))
    found = [each for exchange in renewed for each in exchange.certificates]
    assert len({each.serial_number for each in found}) == len(exchanges)
    for each in found:
        each.verify_directly_issued_by(app.ca)
        assert each.subject == certificate.subject

    # Nobody becomes a CA by asking for it.
    more = x509.Extension(x509.BasicConstraints.oid, True, x509.BasicConstraints(True, None))
    wanted = NewRequest(key=key("p-256", 18), extensions=[more])
    refused = asked(renewing.renew(certificate, wanted), post)
    (status,) = refused.statuses
    assert (refused.state, status.status_string) == ("failed", "no extensions here")
