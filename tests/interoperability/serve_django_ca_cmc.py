"""Serves django-ca-cmc, as it is: a CA with an RSA key that django-ca makes, in a new database.

    python serve_django_ca_cmc.py FOLDER

FOLDER has ``client.pem``, the certificate of who may ask; ``ca.pem`` is written into it, and the
database. The URL is printed once it answers. It ends with its standard input.
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from wsgiref.simple_server import make_server

import django
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.urls import include, path

FOLDER = Path(sys.argv[1])
OPTIONS = ("--algorithm", "SHA-256", "--key-usage", "keyCertSign", "cRLSign", "digitalSignature")
"""What its answers need of the CA's certificate, as its key signs them.

They say that their digest is SHA-256, and by default certificates of CAs do not allow signatures.
"""

settings.configure(
    SECRET_KEY="dummy",
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["127.0.0.1"],
    USE_TZ=True,
    INSTALLED_APPS=[
        "django.contrib.auth", "django.contrib.contenttypes", "django_ca", "django_ca_cmc",
    ],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": FOLDER / "database"}},
    STORAGES={
        "django-ca": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": FOLDER / "keys"},
        }
    },
)  # fmt: skip
django.setup()

urlpatterns = [
    path("django_ca/", include("django_ca.urls")),
    path("", include("django_ca_cmc.urls")),
]

from django_ca.models import CertificateAuthority

call_command("migrate", verbosity=0)
call_command("init_ca", "CA", "CN=django-ca", *OPTIONS, verbosity=0)
call_command("cmc_add_client", str(FOLDER / "client.pem"), stdout=sys.stderr)
authority = CertificateAuthority.objects.get()
(FOLDER / "ca.pem").write_text(authority.pub.pem, encoding="ascii")
with make_server("127.0.0.1", 0, get_wsgi_application()) as server:
    threading.Thread(target=server.serve_forever).start()
    print(f"http://127.0.0.1:{server.server_port}/{authority.serial}/", flush=True)
    sys.stdin.read()
    server.shutdown()
