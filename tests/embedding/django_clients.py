"""Asks the Django view of docs/embedding.md, in a project on sqlite."""

from __future__ import annotations

from unittest.mock import patch

import django
from django.conf import settings
from django.core.management import call_command
from django.urls import path

settings.configure(
    SECRET_KEY="none",
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["testserver"],
    INSTALLED_APPS=["cmc"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": "django.db",
            "ATOMIC_REQUESTS": True,
            "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 30},
        }
    },
    USE_TZ=True,
)
django.setup()
call_command("migrate", run_syncdb=True, verbosity=0)

from cmc import views
from cmc.models import Authority, Certificate, Client
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.test import Client as Browser

from cmcodec.builders import NewRequest
from cmcodec.types import CMCFailInfo
from embedding.scene import asked, ca, client, once, valid
from kit.chains import issue, named
from kit.keys import key

urlpatterns = [path("cmc/<name>/", views.view)]

anchor = ca(key("p-256"))
Authority.objects.create(
    name="ca",
    certificate=anchor.der,
    key=anchor.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
)


def post(octets: bytes) -> bytes:
    url, kind = "/cmc/ca/", "application/pkcs7-mime"
    response = Browser().post(url, octets, content_type=kind)
    assert (response.status_code, response["Content-Type"]) == (200, kind)
    return response.content


NAMES = x509.Extension(
    x509.SubjectAlternativeName.oid,
    False,
    x509.SubjectAlternativeName([x509.DNSName("device-1.example")]),
)
USAGE = x509.Extension(x509.BasicConstraints.oid, True, x509.BasicConstraints(True, None))
agent, stranger = (issue(who, ca=None, **valid()) for who in ("agent", "stranger"))
Client.objects.create(
    fingerprint=agent.certificate.fingerprint(SHA256()),
    copied_extensions=[NAMES.oid.dotted_string],
)

# Two requests in one message, PKCS#10 and CRMF; a CA nobody becomes by asking for it.
requests = [
    NewRequest(key=key("p-256", 1), subject=named("device-1"), extensions=[NAMES, USAGE]),
    NewRequest(key=key("p-256", 2), subject=named("device-2"), form="crmf"),
]
with patch.object(views, "issue", once(views.issue)):
    exchange = asked(client(anchor, agent).enroll(*requests), post)
assert exchange.state == "done"
for certificate, request in zip(exchange.certificates, requests, strict=True):
    certificate.verify_directly_issued_by(anchor.certificate)
    assert certificate.subject == request.subject
    kept = Certificate.objects.get(serial=f"{certificate.serial_number:x}")
    assert x509.load_der_x509_certificate(bytes(kept.octets)) == certificate
first = exchange.certificates[0].extensions
assert NAMES in list(first)
assert not first.get_extension_for_class(x509.BasicConstraints).value.ca

# The same octets get the same answer, and nothing is issued for them.
again = client(anchor, agent).enroll(NewRequest(key=key("p-256", 3), subject=named("device-3")))
assert again.request is not None
assert post(again.request) == post(again.request)
assert Certificate.objects.count() == 3

# Who is not in the table gets nothing, signed or not.
for who in (client(anchor, stranger), client(anchor)):
    wanted = NewRequest(key=key("p-256", 4), subject=named("device-4"))
    refused = asked(who.enroll(wanted), post)
    (status,) = refused.statuses
    assert refused.state == "failed"
    assert status.other_info is not None
    assert status.other_info.fail_info == CMCFailInfo.BAD_IDENTITY
assert Certificate.objects.count() == 3
assert views.authority("ca").settle() == 0
