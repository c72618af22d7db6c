"""A new store of each sort, and a new database of each sort for those that are in one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cmcodec.stores import MemoryStore, SQLStore
from kit.stores import DictStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cmcodec.stores import Store

DATABASES = ("sqlite", "postgresql")


def new_url(database: str, request: pytest.FixtureRequest) -> str:
    if database == "postgresql":
        url: str = request.getfixturevalue("postgresql_server").new()
        return url
    folder: Path = request.getfixturevalue("tmp_path")
    return f"sqlite:///{folder / 'cmc.db'}"


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest) -> str:
    return new_url(request.param, request)


@pytest.fixture(params=("memory", "dict", *DATABASES))
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    made: Store
    if request.param == "memory":
        made = MemoryStore()
    elif request.param == "dict":
        made = DictStore()
    else:
        made = SQLStore(new_url(request.param, request))
    yield made
    made.close()
