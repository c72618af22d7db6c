"""Where roles keep what must not be lost: in a database, or in memory for tests.

`Store` and `Transaction` are all that a role knows of a store, so that a program may keep it all
where it keeps its own.
"""

from __future__ import annotations

from cmcodec.roles.public_keys import block_key
from cmcodec.roles.secrets import add_secret
from cmcodec.roles.store import (
    Kind,
    Store,
    StoreConflictError,
    StoreError,
    Transaction,
    attempting,
)
from cmcodec.stores.memory import MemoryStore
from cmcodec.stores.sql import SQLStore

__all__ = [
    "Kind",
    "MemoryStore",
    "SQLStore",
    "Store",
    "StoreConflictError",
    "StoreError",
    "Transaction",
    "add_secret",
    "attempting",
    "block_key",
]
