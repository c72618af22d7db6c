"""Shared secrets under a key that is not in the database."""

from __future__ import annotations

from contextlib import closing

import pytest
import sqlalchemy as sa

from cmcodec.stores import Kind, SQLStore, StoreError

BOTH_BACKENDS = False

KEY = bytes(range(32))
SECRET = b"a secret of twenty-nine octets"


def values(url: str) -> dict[tuple[str, bytes], bytes]:
    """What is in the database."""
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        rows = connection.execute(sa.text("SELECT kind, key, value FROM cmcodec")).all()
    engine.dispose()
    return {(kind, bytes(key)): bytes(value) for kind, key, value in rows}


def change(url: str, old: bytes, new: bytes) -> None:
    """Puts the value of one secret in the place of another's."""
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        statement = sa.text(
            "UPDATE cmcodec SET value = :value WHERE kind = 'secret' AND key = :key"
        )
        connection.execute(statement, {"key": new, "value": values(url)["secret", old]})
    engine.dispose()


def put(url: str, key: bytes | None, *names: bytes) -> None:
    with closing(SQLStore(url, key)) as store, store.transaction() as transaction:
        for name in names:
            transaction.put(Kind.SECRET, name, SECRET)


@pytest.mark.parametrize("length", [16, 24, 32])
def test_secrets_are_sealed(url: str, length: int) -> None:
    """With a nonce each; by get, get_many and scan they come as they were put."""
    put(url, KEY[:length], b"a", b"b")
    kept = values(url)
    sealed = [kept["secret", name] for name in (b"a", b"b")]
    assert all(len(value) == 12 + len(SECRET) + 16 for value in sealed)
    assert len({value[:12] for value in sealed}) == 2
    assert not any(SECRET[:8] in value for value in kept.values())
    with closing(SQLStore(url, KEY[:length])) as store, store.transaction() as transaction:
        assert transaction.get(Kind.SECRET, b"a") == SECRET
        assert transaction.get("secret", b"b") == SECRET
        both = {b"a": SECRET, b"b": SECRET}
        assert transaction.get_many(Kind.SECRET, [b"a", b"b"]) == both
        assert transaction.scan(Kind.SECRET) == sorted(both.items())


def test_other_kinds_are_not(url: str) -> None:
    """An operator can read them."""
    with closing(SQLStore(url, KEY)) as store, store.transaction() as transaction:
        transaction.put(Kind.APPLICATION, b"a", b"{}")
    assert values(url)["application", b"a"] == b"{}"


def test_without_a_key_they_are_as_they_are(url: str) -> None:
    """That is what the documentation says a sealing key is for."""
    put(url, None, b"a")
    assert values(url)["secret", b"a"] == SECRET


@pytest.mark.parametrize("other", [None, KEY[:16], KEY[::-1]])
def test_the_same_key_is_needed(url: str, other: bytes | None) -> None:
    """Told at start; the key itself is in no message."""
    put(url, KEY, b"a")
    with pytest.raises(StoreError, match="sealing_key") as caught:
        SQLStore(url, other)
    assert KEY.hex() not in str(caught.value)
    put(url, KEY, b"b")


def test_a_key_comes_before_the_first_secret(url: str) -> None:
    """A store with none may get one; one with secrets in the clear may not."""
    with closing(SQLStore(url)) as store, store.transaction() as transaction:
        transaction.put(Kind.NONCE, b"a", b"")
    put(url, KEY, b"")
    with pytest.raises(StoreError, match="missing"):
        SQLStore(url)


def test_secrets_in_the_clear_are_not_taken_for_sealed(url: str) -> None:
    """The empty identification counts too."""
    put(url, None, b"")
    with pytest.raises(StoreError, match="without a sealing_key"):
        SQLStore(url, KEY)


def test_a_sealed_value_has_its_place(url: str) -> None:
    """Whoever writes to the database cannot give one client the secret of another."""
    put(url, KEY, b"a", b"b")
    change(url, b"a", b"b")
    with closing(SQLStore(url, KEY)) as store:
        with store.transaction() as transaction:
            assert transaction.get(Kind.SECRET, b"a") == SECRET
        with pytest.raises(StoreError, match="changed"), store.transaction() as transaction:
            transaction.get(Kind.SECRET, b"b")


@pytest.mark.parametrize(
    ("key", "error"), [(b"", ValueError), (bytes(17), ValueError), ("0123456789abcdef", TypeError)]
)
def test_a_key_is_of_aes(url: str, key: bytes, error: type[Exception]) -> None:
    """16, 24 or 32 octets."""
    with pytest.raises(error, match="sealing_key") as caught:
        SQLStore(url, key)
    assert "0123456789abcdef" not in str(caught.value)
