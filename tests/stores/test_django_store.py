"""The store of docs/embedding.md over a Django model passes the tests of every store."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from embedding.document import Document, needs
from kit.vectors import ROOT

if TYPE_CHECKING:
    from pathlib import Path

BOTH_BACKENDS = False


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_django_store(
    database: str, tmp_path: Path, backend: str, request: pytest.FixtureRequest
) -> None:
    """Set up as the document says; PostgreSQL runs work again where it met another transaction."""
    needs("Django", find_spec("django"))
    url = "sqlite:///store.db"
    if database == "postgresql":
        url = request.getfixturevalue("postgresql_server").new()
    program = ROOT / "tests" / "embedding" / "django_store.py"
    arguments = ("-m", "pytest", "-q", "-c", os.devnull, "-p", "no:cacheprovider", program)
    Document(tmp_path, backend).run(*arguments, DATABASE=url)
