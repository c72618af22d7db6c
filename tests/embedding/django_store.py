"""The store of docs/embedding.md over a Django model does what every store does."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import django
import pytest
from django.conf import settings
from django.core.management import call_command
from psycopg import IsolationLevel
from sqlalchemy import make_url

url = make_url(os.environ["DATABASE"])
options: dict[str, Any] = {"transaction_mode": "IMMEDIATE", "timeout": 30}
if url.drivername != "sqlite":
    options = {"isolation_level": IsolationLevel.SERIALIZABLE}
database = {
    "ENGINE": f"django.db.backends.{'sqlite3' if url.drivername == 'sqlite' else 'postgresql'}",
    "NAME": url.database,
    "USER": url.username or "",
    "HOST": url.query.get("host", ""),
    "OPTIONS": options,
}
settings.configure(INSTALLED_APPS=["cmc"], USE_TZ=True, DATABASES={"default": database})
django.setup()
call_command("migrate", run_syncdb=True, verbosity=0)

from cmc.models import Kept
from cmc.store import DjangoStore

from stores.test_stores import *  # noqa: F403

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def store() -> Iterator[DjangoStore]:
    Kept.objects.all().delete()
    made = DjangoStore()
    yield made
    made.close()
