"""What embedded servers make of answers, profiles and issuers that are unlike their own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509

from cmcodec import cms, types
from cmcodec.builders import ResponseBuilder, certs_only
from cmcodec.embedded import FolderError, FolderReason, create, outcomes
from cmcodec.embedded.config import read_ca
from cmcodec.embedded.folder import Folder
from cmcodec.embedded.issuing import Issuer
from cmcodec.embedded.profiles import Profile
from cmcodec.embedded.register import Revoked
from cmcodec.roles import Rules
from cmcodec.types import CMCStatus
from kit.authority import anchor, signer
from kit.chains import issue
from kit.embedded import folder
from kit.keys import name

if TYPE_CHECKING:
    from pathlib import Path

WHEN = datetime(2027, 1, 1, tzinfo=UTC)


def answered(made: ResponseBuilder) -> bytes:
    return made.sign(signer(anchor()))


def status(number: int, **fields: Any) -> bytes:
    value = types.CMCStatusInfoV2(
        cmc_status=number, body_list=(types.BodyPartReference(body_part_id=1),), **fields
    )
    content = types.PKIResponse(
        control_sequence=(
            types.TaggedAttribute(
                body_part_id=1, attr_type="1.3.6.1.5.5.7.7.25", attr_values=(value,)
            ),
        ),
        cms_sequence=(), other_msg_sequence=(),
    )  # fmt: skip
    return cms.sign(content, signer(anchor()))


@pytest.mark.parametrize(
    ("word", "octets"),
    [
        ("none", lambda: b""),
        ("malformed", lambda: b"\x30\x00"),
        ("success", lambda: certs_only([anchor().certificate])),
        ("success", lambda: answered(ResponseBuilder().issue(anchor().certificate))),
        ("success", lambda: answered(ResponseBuilder().issue(anchor().certificate, 1))),
        ("badRequest", lambda: answered(ResponseBuilder().fail(2, 1))),
        ("1500", lambda: answered(ResponseBuilder().fail(1500, 1))),
        ("failed", lambda: status(CMCStatus.FAILED)),
        ("no_support", lambda: status(CMCStatus.NO_SUPPORT)),
        ("pending", lambda: answered(ResponseBuilder().pend(b"x", WHEN, 1))),
    ],
)
def test_an_answer_in_a_word(word: str, octets: Any) -> None:
    """The first failure, by its name or its number; else what is not settled; else success."""
    assert outcomes.of_answer(octets()) == word


@pytest.mark.parametrize(
    ("says", "fields"),
    [
        ("days: at least 1", {"days": 0}),
        ("at least one of them", {"sign": False, "encrypt": False}),
        ("id-ce-keyUsage is the CA's", {"take": ("id-ce-keyUsage",)}),
        ("no name that is known, and no number", {"purposes": ("nobody",)}),
    ],
)
def test_profiles_that_are_none(says: str, fields: dict[str, Any]) -> None:
    """They are refused when they are read, not when somebody asks for one."""
    with pytest.raises(ValueError, match=says):
        Profile(**fields)


def test_a_ca_of_no_days_is_refused(tmp_path: Path) -> None:
    """Whoever makes one; nothing of it is left."""
    with pytest.raises(ValueError, match="days: at least 1"):
        create(tmp_path / "ca", subject=name("CA"), days=0, url="http://localhost/")
    assert not list((tmp_path / "ca").iterdir())


def test_what_stands_in_the_file_of_a_ca(tmp_path: Path) -> None:
    """Rules are not needed, two profiles are; an unknown word is refused (cmcodec.embedded)."""
    config = folder(tmp_path) / "config.toml"
    text = config.read_text()
    _, _, profiles = text.partition("[profiles.ee]")
    config.write_text(f"[profiles.ee]{profiles}")
    assert read_ca(Folder(config.parent)).rules == Rules()
    for wrong, says in (
        ("", r"\[profiles.ee\] is missing"),
        ("[profiles.ee]\n", r"\[profiles.server\] is missing"),
        (f"colour = 'red'\n{text}", "colour"),
    ):
        config.write_text(wrong)
        with pytest.raises(FolderError, match=says) as refused:
            read_ca(Folder(config.parent))
        assert refused.value.reason is FolderReason.MALFORMED


def test_an_issuer_without_key_identifier_has_that_of_its_key() -> None:
    """RFC 5280 §5.2.1: a CRL names the key; a reason that is none is left out (§5.3.1)."""
    plain = issue("CA", own=anchor().key)
    issuer = Issuer(plain.certificate, plain.key)
    revoked = Revoked(serial=7, date=WHEN, reason=200)
    crl = issuer.crl([revoked], number=1, now=WHEN, until=WHEN + timedelta(days=1))
    own = x509.SubjectKeyIdentifier.from_public_key(plain.key.public_key())
    named = crl.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    assert named.key_identifier == own.digest
    (entry,) = crl
    assert not list(entry.extensions)
