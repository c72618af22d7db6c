"""A store whose errors are counted."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, final

from cmcodec.roles.store import StoreConflictError, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cmcodec.roles.store import Store, Transaction

__all__ = ["CountedStore", "uncounted"]


def uncounted() -> None:
    """What is called where nobody counts."""


@final
class CountedStore:
    """Another store, and a function that is called for each transaction that it fails.

    A conflict is no failure: the transaction runs again.
    """

    def __init__(self, store: Store, failed: Callable[[], None]) -> None:
        self._store, self._failed = store, failed

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """As `Store.transaction` says."""
        try:
            with self._store.transaction() as transaction:
                yield transaction
        except StoreConflictError:
            raise
        except StoreError:
            self._failed()
            raise

    def close(self) -> None:
        self._store.close()
