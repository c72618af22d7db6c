"""What an end entity has asked for, and what has become of each of it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias, final

from cmcodec import types
from cmcodec.cms import RecipientKey, SigningKey
from cmcodec.controls.requests import public_key_of

if TYPE_CHECKING:
    from datetime import datetime

    from cmcodec.builders import NewRequest

__all__ = ["Asked", "AskedFor", "AskedState"]

AskedFor: TypeAlias = types.TaggedRequest | types.GetCert | types.GetCRL | types.RevokeRequest

AskedState: TypeAlias = Literal[
    "open", "pending", "undecided", "accepted", "rejected", "done", "failed"
]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A certification request or a control that asks for something.

    ``number``: its body part id in the first message. ``what``: as it was sent, a shared secret
    left out. ``new``: where the key is known. ``state``: ``"open"``: not answered;
    ``"pending"``: to be asked for with ``token`` from ``due`` on; ``"undecided"``: issued, the
    caller says whether it is accepted; ``"accepted"`` and ``"rejected"``: the server is told so;
    ``"done"``; ``"failed"``. ``certificate``: what was issued, DER. ``text``: why it is rejected.
    """

    number: int
    what: AskedFor
    new: NewRequest | None = field(default=None, repr=False)
    state: AskedState = "open"
    certificate: bytes | None = None
    token: bytes | None = None
    due: datetime | None = None
    text: str | None = None

    @property
    def request(self) -> types.TaggedRequest:
        """The certification request that it is."""
        assert isinstance(self.what, types.TaggedRequest)
        return self.what

    @property
    def public_key(self) -> bytes | None:
        """The SubjectPublicKeyInfo that is to be certified; None for what is no such request."""
        if not isinstance(self.what, types.TaggedRequest):
            return None
        key = public_key_of(self.what)
        return None if key is None else key.to_der()

    @property
    def opener(self) -> RecipientKey | None:
        """What opens messages for its key; None for a key that is not known or opens nothing."""
        if self.new is None or isinstance(self.new.key, SigningKey):
            return None
        with suppress(TypeError):
            return RecipientKey.from_private_key(self.new.key, self.certificate)
        return None
