"""What is encrypted or authenticated here opens here, whatever the combination (Hypothesis)."""

from __future__ import annotations

from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st
from test_recipients import CURVE_KEYS, dh_key

import cmcodec
from cmcodec import cms, oids, types
from cmcodec.algorithms import AGREEMENTS, CONTENT_CIPHERS, KEY_WRAPS, MACS, Derivation
from cmcodec.cms import Recipient, RecipientKey
from cmcodec.cms.recipients import kem
from kit.controls import tagged_attribute
from kit.keys import certificate, key, key_identifier

CIPHERS = [oids.name(row.oid) for row in CONTENT_CIPHERS if not row.legacy]
WRAPS = [oids.name(row.oid) for row in KEY_WRAPS]
PRFS = [oids.name(row.oid) for row in MACS if row.made]
SIGNERS = ["p-256", "p-384", "rsa-2048", "ed25519"]
try:
    _DH = dh_key()
except (ImportError, AttributeError):
    # A later library has dropped it.
    _DH = None
AGREEING = [*CURVE_KEYS, *(["dh"] if _DH else [])]
KEMS = [
    getattr(pair[0], "generate", None)
    for pair in kem.kinds().values()
    if hasattr(pair[0], "generate")
]

names = st.binary(min_size=1, max_size=20)


def family(kind: str) -> Derivation:
    if kind == "dh":
        return Derivation.X942
    return Derivation.X963 if kind.startswith("p-") else Derivation.HKDF


@st.composite
def transported(draw: st.DrawFn) -> tuple[Recipient, RecipientKey]:
    algorithm = draw(st.sampled_from([None, "rsaEncryption", "id-RSAES-OAEP"]))
    number = draw(st.integers(0, 1))
    own = key("rsa-2048", number)
    if draw(st.booleans()):
        named = certificate("rsa-2048", number)
        wanted = Recipient.from_certificate(
            named, algorithm=algorithm, by_key_identifier=draw(st.booleans())
        )
        return wanted, RecipientKey.from_private_key(own, named)
    name = draw(names)
    wanted = Recipient.from_public_key(own.public_key(), key_identifier=name, algorithm=algorithm)
    return wanted, RecipientKey.from_private_key(own, key_identifier=name)


@st.composite
def agreeing(draw: st.DrawFn) -> tuple[Recipient, RecipientKey]:
    kind = draw(st.sampled_from(AGREEING))
    own = _DH if kind == "dh" else CURVE_KEYS[kind]()
    schemes = [
        oids.name(row.oid) for row in AGREEMENTS if row.made and row.derivation is family(kind)
    ]
    algorithm = draw(st.sampled_from([None, *schemes]))
    wrap = draw(st.sampled_from(WRAPS))
    name = draw(names)
    wanted = Recipient.from_public_key(
        own.public_key(), key_identifier=name, algorithm=algorithm, wrap=wrap
    )
    return wanted, RecipientKey.from_private_key(own, key_identifier=name)


@st.composite
def encapsulated(draw: st.DrawFn) -> tuple[Recipient, RecipientKey]:
    assume(KEMS)
    own: Any = draw(st.sampled_from(KEMS))()
    name = draw(names)
    wanted = Recipient.from_public_key(own.public_key(), key_identifier=name)
    return wanted, RecipientKey.from_private_key(own, key_identifier=name)


@st.composite
def by_password(draw: st.DrawFn) -> tuple[Recipient, RecipientKey]:
    secret = draw(st.binary(max_size=40))
    identification = draw(st.text(max_size=12).filter(lambda text: text.isprintable()))
    wanted = Recipient.from_password(
        secret,
        identification,
        wrap=draw(st.sampled_from([*WRAPS, "id-alg-PWRI-KEK"])),
        prf=draw(st.sampled_from(PRFS)),
        iterations=draw(st.integers(1, 50)),
    )
    return wanted, RecipientKey.from_password(secret, identification)


@st.composite
def by_kek(draw: st.DrawFn) -> tuple[Recipient, RecipientKey]:
    size = draw(st.sampled_from([16, 24, 32]))
    kek, name = draw(st.binary(min_size=size, max_size=size)), draw(names)
    return Recipient.from_kek(kek, name), RecipientKey.from_kek(kek, name)


pairs = st.one_of(
    transported(), agreeing(), by_password(), by_kek(), *([encapsulated()] if KEMS else [])
)


@st.composite
def contents(draw: st.DrawFn) -> types.PKIData | types.PKIResponse:
    controls = tuple(
        tagged_attribute(number, 19, types.ResponseInfo(octets))
        for number, octets in enumerate(draw(st.lists(st.binary(max_size=70), max_size=4)), 1)
    )
    if draw(st.booleans()):
        return types.PKIResponse(control_sequence=controls, cms_sequence=(), other_msg_sequence=())
    return types.PKIData(
        control_sequence=controls, req_sequence=(), cms_sequence=(), other_msg_sequence=()
    )


def signer(kind: str) -> cms.SigningKey:
    return cms.SigningKey.from_private_key(key(kind), certificate(kind))


@given(
    content=contents(),
    recipients=st.lists(pairs, min_size=1, max_size=3),
    algorithm=st.sampled_from(CIPHERS),
    inner=st.sampled_from(SIGNERS),
    outer=st.none() | st.sampled_from(SIGNERS),
)
def test_envelopes(
    content: types.PKIData | types.PKIResponse,
    recipients: list[tuple[Recipient, RecipientKey]],
    algorithm: str,
    inner: str,
    outer: str | None,
) -> None:
    """R-070, R-072, R-197 to R-199, R-228, R-229: every recipient opens every nesting."""
    signed = cms.sign(content, signer(inner))
    made = cms.encrypt(signed, [wanted for wanted, _ in recipients], algorithm=algorithm)
    if outer is not None:
        made = cms.sign_envelope(made, signer(outer))
    message = cmcodec.load(made, strict=True)
    for _, own in recipients:
        found = message.open(own)
        assert found.content == content
        assert found.message.to_der() == signed
        kinds = [layer.kind for layer in found.layers]
        middle = "enveloped" if algorithm.endswith("CBC") else "auth-enveloped"
        assert kinds == ["signed"] * (outer is not None) + [middle, "signed"]
        assert found.layers[-2].algorithm == algorithm
    assert message.to_der() == made


@given(content=contents(), pair=by_password(), mac=st.sampled_from(PRFS))
def test_macs(
    content: types.PKIData | types.PKIResponse, pair: tuple[Recipient, RecipientKey], mac: str
) -> None:
    """R-023 to R-025, R-199: every MAC and every password."""
    wanted, own = pair
    made = cms.authenticate(content, wanted, mac=mac)
    found = cmcodec.load(made, strict=True).open(own)
    assert (found.content, found.origin) == (content, "mac")
    assert found.layers[0].algorithm == mac


@given(pair=by_password(), values=st.lists(st.binary(max_size=9), min_size=1, max_size=3))
def test_unsigned_data(pair: tuple[Recipient, RecipientKey], values: list[bytes]) -> None:
    """RFC 10002 §3.2.3: unsigned data stands outside of the MAC."""
    wanted, own = pair
    unsigned = tuple(
        types.CMCUnsignedData(
            body_part_path=types.BodyPartPath((1,)), identifier=oids.ID_DATA, content=types.Data(it)
        )
        for it in values
    )
    content = types.PKIResponse(control_sequence=(), cms_sequence=(), other_msg_sequence=())
    made = cms.authenticate(content, wanted, unsigned_data=unsigned)
    message: Any = cmcodec.load(made).unverified_structure
    (attribute,) = message.content.unauth_attrs
    assert attribute.attr_type == oids.ID_AA_CMC_UNSIGNED_DATA
    assert len(attribute.attr_values) == len(values)
    assert cmcodec.load(made).open(own).content == content


@given(pair=pairs, algorithm=st.sampled_from(CIPHERS))
def test_request_keys(pair: tuple[Recipient, RecipientKey], algorithm: str) -> None:
    """R-021: a first request, signed by the key that it asks a certificate for, encrypted."""
    from kit.controls import request

    private = key("p-256", 6)
    own = cms.SigningKey.from_private_key(private, key_identifier=key_identifier(private))
    signed = cms.sign(request(private), own)
    wanted, opener = pair
    found = cmcodec.load(cms.encrypt(signed, wanted, algorithm=algorithm)).open(opener)
    assert found.origin == "request-key"
    assert [each.pop for each in found.requests] == ["verified"]
