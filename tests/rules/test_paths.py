"""V13, V15: certification paths, which RFC 5280 §6.1 describes, and how they are searched for."""

from __future__ import annotations

import ipaddress
import lzma
import random
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from asn1crypto import parser
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import verification
from cryptography.x509.name import _ASN1Type

import cmcodec
from cmcodec import _backend, cms, oids, types
from cmcodec.limits import CHAIN_STEPS, CHAIN_STEPS_PER_CERTIFICATE, MAX_CHAIN_AUTHORITIES
from cmcodec.verify.trust import Checker
from kit.chains import DAY, NOW, Issued, chain, issue, why
from kit.der import identifier, integer, seq, tlv
from kit.keys import key
from kit.vectors import VECTORS, manifest, shared

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")


def extension(number: str, value: str, *, critical: bool = False) -> tuple[Any, bool]:
    """An extension, octet by octet."""
    return x509.UnrecognizedExtension(x509.ObjectIdentifier(number), bytes.fromhex(value)), critical


# --- one certificate after the other ---------------------------------------------------------


def test_v13_names_chain() -> None:
    """V13: subject and issuer are the same octets; the wrong order or another case is none."""
    root = issue("root")
    middle = issue("middle", root)
    leaf = issue("leaf", middle, ca=None)
    assert why(leaf, [root], [middle]) is None
    assert why(leaf, [root], [middle, issue("middle"), root]) is None
    assert why(leaf, [root]) == "no trust anchor issued CN=leaf"
    assert why(leaf, [issue("other")], [middle]) == "no trust anchor issued CN=middle"
    assert why(leaf, [issue("other")], [middle, root]) == "no trust anchor issued CN=root"
    shouted = issue("leaf", middle, ca=None, issuer="MIDDLE")
    assert why(shouted, [root], [middle]) == "no trust anchor issued CN=leaf"
    nameless = issue(x509.Name([]))
    assert why(issue("leaf", nameless, ca=None), [nameless]) == "a CA has no name"


@pytest.mark.parametrize("kind", ["rsa-2048", "p-256", "p-384", "p-521", "ed25519"])
def test_v13_issuers_with_every_kind_of_key(kind: str) -> None:
    """V13: what verifies a message verifies a certificate, whatever ``cryptography`` thinks."""
    root = issue("root", None, key(kind))
    middle = issue("middle", root, key(kind, 1))
    leaf = issue("leaf", middle, ca=None)
    assert chain(leaf, [root], [middle]).anchor_sha256 == root.sha256
    forged = issue("middle", Issued(root.certificate, key(kind, 2)), key(kind, 1))
    assert why(leaf, [root], [forged]) == (
        "the signature of CN=middle under the key of CN=root: signature_invalid"
    )


def test_v13_issuers_that_are_not_on_offer() -> None:
    """V13, V10a: neither other algorithms nor short keys, whatever the message may use."""
    for kind, reason in (("ed448", "unsupported_algorithm"), ("rsa-1024", "key_rejected")):
        root = issue("root", None, key(kind))
        leaf = issue("leaf", root, ca=None)
        assert why(leaf, [root]) == f"the signature of CN=leaf under the key of CN=root: {reason}"


def test_v13_times() -> None:
    """V13: each certificate is valid, the anchor too; both ends of the time are included."""
    late, early = {"until": NOW - DAY / 2}, {"since": NOW + DAY / 2}
    for time, text in ((late, "expired on 2026-12-31T12:00:00Z"), (early, "is not valid before")):
        root, good = issue("root", **time), issue("root")
        middle = issue("middle", good, **time)
        assert (why(issue("leaf", root, ca=None), [root]) or "").startswith(f"CN=root {text}")
        leaf = issue("leaf", middle, ca=None)
        assert (why(leaf, [good], [middle]) or "").startswith(f"CN=middle {text}")
        leaf = issue("leaf", good, ca=None, **time)
        assert (why(leaf, [good]) or "").startswith(f"CN=leaf {text}")
    root = issue("root")
    for ends in ({"until": NOW}, {"since": NOW}):
        assert why(issue("leaf", root, ca=None, **ends), [root]) is None


def test_v13_an_expired_twin_spoils_nothing() -> None:
    """V13: a CA that was renewed is found, in whatever order the two stand."""
    root = issue("root")
    old, new = issue("middle", root, until=NOW - DAY / 2), issue("middle", root)
    leaf = issue("leaf", new, ca=None)
    for carried in ([old, new], [new, old]):
        assert why(leaf, [root], carried) is None
    assert why(leaf, [root], [old]) == "CN=middle expired on 2026-12-31T12:00:00Z"


def test_v13_authorities_say_so() -> None:
    """V13: cA is TRUE in every issuer; FALSE that is written out is FALSE."""
    root = issue("root")
    for ca, extensions in ((None, ()), (False, ()), (None, [extension("2.5.29.19", "3003010100")])):
        middle = issue("middle", root, ca=ca, extensions=extensions)
        leaf = issue("leaf", middle, ca=None)
        text = "CN=middle is no CA: its basicConstraints lack cA"
        assert why(leaf, [root], [middle]) == why(leaf, [middle]) == text
        assert why(middle, [root]) is None


def test_v13_path_length() -> None:
    """V13: as many CAs as a pathLenConstraint allows; those issued to themselves do not count."""
    root = issue("root", path_length=1)
    first = issue("first", root)
    second = issue("second", first)
    assert why(issue("leaf", first, ca=None), [root], [first]) is None
    assert why(issue("leaf", second, ca=None), [root], [first, second]) == (
        "a pathLenConstraint allows no CA below CN=first: CN=second"
    )
    # A new key of a CA, certified by the old one.
    again = issue("first", first, key("p-256", 98))
    leaf = issue("leaf", again, ca=None)
    assert why(leaf, [root], [first, again]) is None
    assert why(issue("leaf", second, ca=None), [first], [second]) is None
    none = issue("none", issue("root"), path_length=0)
    assert why(issue("leaf", none, ca=None), [issue("root")], [none]) is None
    assert why(second, [root], [first, second]) is None  # a CA that signs messages is no issuer


def test_v13_the_longest_path() -> None:
    """V13: no more CAs between anchor and signer than the bound."""
    line = [issue("anchor")]
    for number in range(MAX_CHAIN_AUTHORITIES + 1):
        line.append(issue(f"ca {number}", line[-1]))
    anchor, *authorities = line
    for last, good in ((authorities[-2], True), (authorities[-1], False)):
        for order in (authorities, authorities[::-1]):
            text = why(issue("leaf", last, ca=None), [anchor], order)
            assert text == (
                None if good else "more than 8 CAs stand between a trust anchor and CN=ca 8"
            )


def test_v13_anchors_within_a_line() -> None:
    """V13: an anchor need not have issued itself, and may be the signer."""
    root = issue("root")
    middle = issue("middle", root)
    leaf = issue("leaf", middle, ca=None)
    assert chain(leaf, [middle]).anchor_sha256 == middle.sha256
    assert chain(leaf, [root, middle], [middle]).anchor_sha256 == middle.sha256
    assert chain(leaf, [leaf]).anchor_sha256 == leaf.sha256
    assert why(issue("leaf", middle, ca=None), [leaf]) == "no trust anchor issued CN=leaf"
    late = issue("leaf", middle, ca=None, until=NOW - DAY / 2)
    assert why(late, [late]) == "CN=leaf expired on 2026-12-31T12:00:00Z"


def test_v13_key_usages() -> None:
    """V13: keyCertSign of issuers, digitalSignature or nonRepudiation of signers."""
    root = issue("root", usages=["key_cert_sign"])
    assert why(issue("leaf", root, ca=None, usages=["content_commitment"]), [root]) is None
    text = "the keyUsage of CN=leaf lacks digitalSignature and nonRepudiation"
    assert why(issue("leaf", root, ca=None, usages=["key_agreement"]), [root]) == text
    middle = issue("middle", root, usages=["digital_signature"])
    text = "the keyUsage of CN=middle lacks keyCertSign"
    assert why(issue("leaf", middle, ca=None), [root], [middle]) == text


def test_v13_a_certificate_that_signs_nothing_has_a_chain_too() -> None:
    """V13: where nothing is signed, the keyUsage of the end does not count; the rest does."""
    root = issue("root", usages=["key_cert_sign"])
    for usages in (["key_agreement"], ["key_encipherment"], None):
        leaf = issue("leaf", root, ca=None, usages=usages)
        assert why(leaf, [root], signs=False) is None
    assert why(root, [root], signs=False) is None
    assert why(root, [root]) == "the keyUsage of CN=root lacks digitalSignature and nonRepudiation"
    old = issue("leaf", root, ca=None, usages=["key_agreement"], until=NOW - DAY / 2)
    assert why(old, [root], signs=False) == "CN=leaf expired on 2026-12-31T12:00:00Z"
    middle = issue("middle", root, usages=["digital_signature"])
    text = "the keyUsage of CN=middle lacks keyCertSign"
    assert why(issue("leaf", middle, ca=None), [root], [middle], signs=False) == text


POLICY = "needs an explicit policy, and policies are not processed"


@pytest.mark.parametrize(
    ("critical", "known"),
    [
        (UNKNOWN, False),
        (x509.CRLDistributionPoints([
            x509.DistributionPoint([x509.DNSName("a")], None, None, None)
        ]), False),
        (x509.OCSPNoCheck(), False),
        (x509.ExtendedKeyUsage([x509.ObjectIdentifier("1.2.3")]), True),
        (x509.SubjectAlternativeName([x509.DNSName("a")]), True),
        (x509.CertificatePolicies([
            x509.PolicyInformation(x509.ObjectIdentifier("1.2.3"), None)
        ]), True),
        (x509.InhibitAnyPolicy(0), True),
        (x509.SubjectKeyIdentifier(b"a"), True),
        (x509.NameConstraints([x509.DNSName("a")], None), True),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_v13_critical_extensions(critical: Any, known: bool) -> None:
    """V13: what is critical and not processed is refused, in anchors, CAs and signers."""
    root = issue("root")
    for is_critical in (True, False):
        good = known or not is_critical
        extensions = [(critical, is_critical)]
        anchor = issue("it", extensions=extensions)
        middle = issue("it", root, extensions=extensions)
        leaf = issue("it", root, ca=None, extensions=extensions)
        for found in (
            why(issue("leaf", anchor, ca=None), [anchor]),
            why(issue("leaf", middle, ca=None), [root], [middle]),
            why(leaf, [root]),
        ):
            number = critical.oid.dotted_string
            text = f"CN=it has a critical extension that is not processed: {number}"
            assert found == (None if good else text)


def test_v13_explicit_policies_are_refused() -> None:
    """V13: policies are not processed, so none may be needed; how far away it is, counts."""
    root = issue("root")
    for skip, good in ((0, False), (1, False), (2, True), (9, True)):
        needed = [(x509.PolicyConstraints(skip, None), True)]
        middle = issue("middle", root, extensions=needed)
        text = why(issue("leaf", middle, ca=None), [root], [middle])
        assert text == (None if good else f"CN=leaf {POLICY}")
    below = issue(
        "below", issue("middle", root, extensions=[(x509.PolicyConstraints(0, None), True)])
    )
    middle = issue("middle", root, extensions=[(x509.PolicyConstraints(0, None), True)])
    leaf = issue("leaf", below, ca=None)
    assert why(leaf, [root], [middle, below]) == f"CN=below {POLICY}"
    own = issue("leaf", root, ca=None, extensions=[(x509.PolicyConstraints(0, None), True)])
    assert why(own, [root]) == f"CN=leaf {POLICY}"
    mapping = issue("middle", root, extensions=[(x509.PolicyConstraints(None, 0), True)])
    assert why(issue("leaf", mapping, ca=None), [root], [mapping]) is None


@pytest.mark.parametrize(
    "value",
    [
        [extension("2.5.29.19", "0500")], [extension("2.5.29.15", "0500")],
        [extension("2.5.29.30", "0500")], [extension("2.5.29.36", "3003800180"[:-2] + "ff")],
        [extension("2.5.29.19", "3006020180010100")], [extension("2.5.29.35", "0500")],
        [extension("2.5.29.15", "")], [extension("2.5.29.30", "")], [extension("2.5.29.19", "")],
    ],
    ids=[
        "basic", "usage", "names", "policy", "order", "key", "no usage", "no names", "no basic",
    ],
)  # fmt: skip
def test_v13_what_cannot_be_read_is_not_trusted(value: Any) -> None:
    """V13, P9: an extension that counts and is malformed, in signers and in CAs."""
    root = issue("root")
    leaf = issue("leaf", root, ca=None, extensions=value)
    assert why(leaf, [root]) == "the certificate is not readable"
    middle = issue("middle", root, ca=None, extensions=value)
    assert why(issue("leaf", middle, ca=None), [root], [middle]) == "CN=middle is not readable"
    assert why(leaf, [leaf]) == "the certificate is not readable"
    anchor = issue("root", ca=None, extensions=value)
    assert why(issue("leaf", anchor, ca=None), [anchor]) == "CN=root is not readable"


def test_v13_extensions_stand_once() -> None:
    """V13, RFC 5280 §4.2: of two extensions of one type nobody knows which counts."""
    root = issue("root")
    one, other = ("0603" + number for number in ("2a0304", "2a0305"))
    private = [extension(number, "0500") for number in ("1.2.3.4", "1.2.3.5")]
    leaf = issue("leaf", root, ca=None, extensions=private)
    assert why(leaf, [root]) is None
    twice = leaf.der.replace(bytes.fromhex(other), bytes.fromhex(one))
    assert twice != leaf.der
    found = Checker([root.der], [], NOW).paths([twice]).chain(twice)
    assert found.detail == "the certificate is not readable"


@pytest.mark.parametrize("value", ["3004a3023000", "3004a5023000", "0500"])
def test_v13_names_that_nobody_constrains_are_not_read(value: str) -> None:
    """V13, P9: an x400Address is no obstacle, unless names are constrained."""
    root = issue("root")
    extensions = [extension("2.5.29.17", value)]
    assert why(issue("leaf", root, ca=None, extensions=extensions), [root]) is None
    root = issue("root", extensions=[(x509.NameConstraints([x509.DNSName("a")], None), True)])
    text = why(issue("leaf", root, ca=None, extensions=extensions), [root])
    good = None if value != "0500" else "the names of CN=leaf are not readable"
    assert text == good


# --- name constraints --------------------------------------------------------------------------

DNS, MAIL, URI, OTHER = (
    x509.DNSName, x509.RFC822Name, x509.UniformResourceIdentifier,
    lambda number: x509.OtherName(x509.ObjectIdentifier(number), b"\x05\x00"),
)  # fmt: skip


def NET(text: str) -> x509.IPAddress:  # noqa: N802 - one of these names of kinds
    """A network, as constraints have it."""
    return x509.IPAddress(ipaddress.ip_network(text))


def HOST(text: str) -> x509.IPAddress:  # noqa: N802 - one of these names of kinds
    """An address, as certificates have it."""
    return x509.IPAddress(ipaddress.ip_address(text))


def DN(*parts: str) -> x509.DirectoryName:  # noqa: N802 - one of these names of kinds
    """Organisation and units."""
    kinds = (x509.NameOID.ORGANIZATION_NAME, *[x509.NameOID.ORGANIZATIONAL_UNIT_NAME] * 9)
    attributes = (x509.NameAttribute(kind, part) for kind, part in zip(kinds, parts, strict=False))
    return x509.DirectoryName(x509.Name(attributes))


@pytest.mark.parametrize(
    ("base", "inside", "beyond"),
    [
        (DNS("example.com"), ["example.com", "a.example.com", "A.B.EXAMPLE.COM", "*.example.com"],
         ["example.org", "anexample.com", "com"]),
        (DNS(".example.com"), ["a.example.com"], ["example.com"]),
        (DNS(""), ["example.com"], []),
        (MAIL("a@example.com"), ["a@example.com", "a@EXAMPLE.com"],
         ["A@example.com", "b@example.com", "a@b.example.com"]),
        (MAIL("example.com"), ["a@example.com", "b@EXAMPLE.COM"], ["a@b.example.com", "a@com"]),
        (MAIL(".example.com"), ["a@b.example.com"], ["a@example.com"]),
        (URI("example.com"), ["http://example.com/x", "https://u@EXAMPLE.com:1/"],
         ["http://a.example.com", "http://example.org/example.com"]),
        (URI(".example.com"), ["http://a.example.com"], ["http://example.com"]),
    ],
    ids=repr,
)  # fmt: skip
def test_v13_name_constraints(base: Any, inside: list[str], beyond: list[str]) -> None:
    """V13, RFC 5280 §4.2.1.10: names within what is permitted, and outside what is excluded."""
    kind = {"DNSName": "dNSName", "RFC822Name": "rfc822Name"}.get(
        type(base).__name__, "uniformResourceIdentifier"
    )
    no = f"the name constraints above CN=leaf do not allow its {kind}"
    for name in (*inside, *beyond):
        found = constrained([type(base)(name)], permitted=[base])
        assert found == (None if name in inside else no)
        found = constrained([type(base)(name)], excluded=[base])
        assert found == (no if name in inside else None)
    assert constrained([], permitted=[base]) is None
    assert constrained([OTHER("1.2.3")], permitted=[base], excluded=[base]) is None


def constrained(
    names: Sequence[Any], *, permitted: Sequence[Any] = (), excluded: Sequence[Any] = (),
    subject: Any = "leaf",
) -> str | None:  # fmt: skip
    """What is said about a signer with these names below a CA with these constraints."""
    constraints = x509.NameConstraints(permitted or None, excluded or None)
    root = issue("root")
    middle = issue("middle", root, extensions=[(constraints, True)])
    own = [(x509.SubjectAlternativeName(names), False)] if names else []
    return why(issue(subject, middle, ca=None, extensions=own), [root], [middle])


def test_v13_constraints_on_addresses() -> None:
    """V13: networks of one version, told apart by their masks."""
    no = "the name constraints above CN=leaf do not allow its iPAddress"
    for net, inside, beyond in (
        ("10.0.0.0/8", "10.1.2.3", "11.0.0.1"), ("10.0.0.0/8", "10.255.255.255", "::1"),
        ("2001:db8::/32", "2001:db8::1", "2001:db9::1"), ("0.0.0.0/0", "1.2.3.4", "::1"),
    ):  # fmt: skip
        assert constrained([HOST(inside)], permitted=[NET(net)]) is None
        assert constrained([HOST(beyond)], permitted=[NET(net)]) == no
        assert constrained([HOST(beyond)], excluded=[NET(net)]) is None
        assert constrained([HOST(beyond), HOST(inside)], excluded=[NET(net)]) == no


@pytest.mark.parametrize("base", ["87080a000000ff00ff00", "87080a000000000000ff", "87040a000000"])
def test_v13_masks_that_are_none_allow_nothing(base: str) -> None:
    """V13: a mask with holes, the wrong way round, or missing."""
    subtree = "30" + f"{len(base) // 2:02x}" + base
    value = "a0" + f"{len(subtree) // 2:02x}" + subtree
    root = issue("root", extensions=[extension("2.5.29.30", f"30{len(value) // 2:02x}{value}")])
    own = [(x509.SubjectAlternativeName([HOST("10.0.0.1")]), False)]
    text = why(issue("leaf", root, ca=None, extensions=own), [root])
    assert text == "the name constraints above CN=leaf do not allow its iPAddress"


def test_v13_constraints_on_directory_names() -> None:
    """V13: whole relative names from the first on; case, spaces and string types do not count."""
    for subject, good in (
        (DN("Acme", "ra", "one"), True), (DN("Acme", "ra"), True), (DN("ACME", "r a"), False),
        (DN("acme", "RA"), True), (DN("Acme"), False), (DN("Acme", "ca"), False),
        (DN("Other", "ra"), False),
    ):  # fmt: skip
        name = subject.value
        text = constrained([], permitted=[DN("Acme", "ra")], subject=name)
        assert (text is None) is good
        assert text is None or text.endswith("do not allow its directoryName")
        assert (constrained([], excluded=[DN("Acme", "ra")], subject=name) is None) is not good
    assert constrained([DN("Acme", "x")], permitted=[DN("Acme")], subject=DN("Acme").value) is None
    assert constrained([DN("Other")], permitted=[DN("Acme")], subject=DN("Acme").value) is not None
    spaced = x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, " Ac  me ")])
    assert constrained([], permitted=[DN("ac me")], subject=spaced) is None


def test_v13_values_of_names_that_are_no_text() -> None:
    """V13, P9: they are equal octet for octet, and in words a name with one is not readable."""

    def unique(octets: bytes) -> x509.Name:
        return x509.Name([
            x509.NameAttribute(x509.NameOID.X500_UNIQUE_IDENTIFIER, octets, _ASN1Type.BitString),
        ])  # fmt: skip

    base = x509.DirectoryName(unique(b"\0A"))
    assert constrained([], permitted=[base], subject=unique(b"\0A")) is None
    assert constrained([], permitted=[base], subject=unique(b"\0B")) is not None
    assert constrained([], excluded=[base], subject=unique(b"\0A")) == (
        "the name constraints above a certificate whose name is not readable "
        "do not allow its directoryName"
    )


def test_v13_mail_addresses_in_subjects() -> None:
    """V13: an address in the subject is one, too."""
    for address, good in (("a@example.com", True), ("a@example.org", False)):
        mail = x509.Name([
            x509.NameAttribute(x509.NameOID.COMMON_NAME, "leaf"),
            x509.NameAttribute(x509.NameOID.EMAIL_ADDRESS, address),
        ])  # fmt: skip
        assert (constrained([], permitted=[MAIL("example.com")], subject=mail) is None) is good


def test_v13_constraints_that_cannot_be_judged() -> None:
    """V13: then no name of that kind will do; where there is none, nothing is lost."""
    for names, base in (
        ([OTHER("1.2.3")], OTHER("1.2.4")),
        ([x509.RegisteredID(x509.ObjectIdentifier("1.2.3"))],
         x509.RegisteredID(x509.ObjectIdentifier("1.2.4"))),
        ([URI("urn:a:b")], URI("example.com")), ([URI("http://1.2.3.4/")], URI("example.com")),
        ([URI("http://[::1]/")], URI("example.com")), ([MAIL("a")], MAIL("example.com")),
        ([DNS("example.org.")], DNS("example.com")),
    ):  # fmt: skip
        assert constrained(names, permitted=[base]) is not None
        assert constrained(names, excluded=[base]) is not None
        assert (
            constrained([DNS("a")] if base != DNS("example.com") else [], permitted=[base]) is None
        )
    root = issue("root", extensions=[extension("2.5.29.30", "300aa0083006820161800101")])
    own = [(x509.SubjectAlternativeName([DNS("a")]), False)]
    assert why(issue("leaf", root, ca=None, extensions=own), [root]) is not None
    assert why(issue("leaf", root, ca=None), [root]) is None


def test_v13_a_wildcard_touches_what_is_excluded() -> None:
    """V13: what ``*`` stands for may be what is excluded."""
    no = "the name constraints above CN=leaf do not allow its dNSName"
    assert constrained([DNS("*.example.com")], excluded=[DNS("a.example.com")]) == no
    assert constrained([DNS("*.example.com")], excluded=[DNS("a.example.org")]) is None
    assert constrained([DNS("*.example.com")], permitted=[DNS("a.example.com")]) == no


def test_v13_constraints_add_up() -> None:
    """V13: of every CA and the anchor; a CA issued to itself need not obey, a signer must."""
    root = issue("root", extensions=[(x509.NameConstraints([DNS("example.com")], None), True)])
    middle = issue(
        "middle", root, extensions=[(x509.NameConstraints(None, [DNS("a.example.com")]), True)]
    )
    for name, good in (("b.example.com", True), ("a.example.com", False), ("b.org", False)):
        own = [(x509.SubjectAlternativeName([DNS(name)]), False)]
        leaf = issue("leaf", middle, ca=None, extensions=own)
        assert (why(leaf, [root], [middle]) is None) is good
        again = issue("root", root, key("p-256", 98), extensions=own)
        assert why(issue("leaf", again, ca=None), [root], [again]) is None
        assert (why(again, [root]) is None) is (name != "b.org")
        below = issue("below", root, extensions=own)
        assert (why(issue("leaf", below, ca=None), [root], [below]) is None) is (name != "b.org")


# --- the search ------------------------------------------------------------------------------


def steps(signers: Sequence[Issued], anchors: Iterable[Issued], carried: Sequence[Issued]) -> Any:
    """What signers lead to, and how many signatures were looked at."""
    octets = [each.der for each in (*signers, *carried)]
    checked: list[Any] = []
    real = _backend.certificate_signature

    def counting(*question: bytes) -> Any:
        checked.append(question)
        return real(*question)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_backend, "certificate_signature", counting)
        checker = Checker([anchor.der for anchor in anchors], [], NOW)
        paths = checker.paths(octets)
        found = [paths.chain(signer.der) for signer in signers]
    assert max(Counter(checked).values(), default=1) == 1
    limit = 2 * (CHAIN_STEPS + CHAIN_STEPS_PER_CERTIFICATE * len(octets))
    assert len(checked) <= limit
    return found, len(checked)


SIZE = 60
ROOT = issue("root")


def mesh(keys: int, *, identified: bool = False, by_root: bool = True) -> list[Issued]:
    """CAs of one name, each with one of some keys and issued by the next."""
    made = []
    for number in range(SIZE):
        by = Issued(issue("mesh").certificate, key("p-256", (number + 1) % keys))
        made.append(issue("mesh", by, key("p-256", number % keys), identified=identified))
    first = issue("mesh", ROOT, key("p-256", 0), identified=identified)
    return [*made, first] if by_root else made


def signers(count: int, mesh_keys: int) -> list[Issued]:
    """Signers that keys of the mesh issued."""
    return [
        issue(f"leaf {n}", Issued(issue("mesh").certificate, key("p-256", n % mesh_keys)), ca=None)
        for n in range(count)
    ]


@pytest.mark.parametrize("count", [1, 16])
@pytest.mark.parametrize("identified", [False, True])
def test_v15_a_mesh_of_one_name_and_key(count: int, identified: bool) -> None:
    """V15: an issuer is a name and a key: where one certificate leads, no other leads further."""
    leaves = signers(count, 1)
    found, checked = steps(leaves, [ROOT], mesh(1, identified=identified))
    assert {each.anchor_sha256 for each in found} == {ROOT.sha256}
    assert checked == 1 + count
    found, checked = steps(leaves, [ROOT], mesh(1, identified=identified, by_root=False))
    assert {each.detail for each in found} == {"no trust anchor issued CN=mesh"}
    assert checked == 0


@pytest.mark.parametrize("count", [1, 16])
@pytest.mark.parametrize("keys", [2, 7, SIZE])
@pytest.mark.parametrize("identified", [False, True])
def test_v15_a_mesh_of_one_name_and_many_keys(count: int, keys: int, identified: bool) -> None:
    """V15: the chain that is there is found; keys that no anchor certified cost no step."""
    leaves = signers(count, keys)
    found, _ = steps(leaves, [ROOT], mesh(keys, identified=identified))
    assert found[0].anchor_sha256 == ROOT.sha256
    found, checked = steps(leaves, [ROOT], mesh(keys, identified=identified, by_root=False))
    assert {each.detail for each in found} == {"no trust anchor issued CN=mesh"}
    assert checked == 0


def test_v15_steps_that_are_spent_are_said() -> None:
    """V15: more keys of one name than the certificates allow for, none of which is the signer's."""
    carried = [issue("mesh", ROOT, key("p-256", number)) for number in range(SIZE)]
    stranger = issue("leaf", issue("mesh", own=key("p-256", 98)), ca=None)
    crossed = mesh(SIZE)
    (found,), _ = steps([stranger], [ROOT], [*carried, *crossed])
    assert (
        found.detail
        == "the search for a chain took more steps than suit the number of certificates"
    )
    good = issue("leaf", carried[3], ca=None)
    (_, found), _ = steps([stranger, good], [ROOT], [*carried, *crossed])
    assert found.detail or found.anchor_sha256


def test_v15_steps_of_signers_are_spent_by_themselves() -> None:
    """V15: as many anchors of one name as nobody needs, none of which has the signer's key."""
    own, stranger = (issue("root", own=key("p-256", number)) for number in (1, 2))
    leaf = issue("leaf", own, ca=None)
    spent = "the search for a chain took more steps than suit the number of certificates"
    steps_there = CHAIN_STEPS + CHAIN_STEPS_PER_CERTIFICATE
    for count, text in ((steps_there - 1, None), (steps_there, spent)):
        others = [issue("root", own=stranger.key, serial=number) for number in range(1, count + 1)]
        assert why(leaf, [*others, own]) == text


def test_v15_what_anybody_may_add_hides_no_chain() -> None:
    """V15: the issuers of a good chain are found among forged ones of their names and keys."""
    root = issue("root", own=key("p-256", 1), identified=True)
    middle = issue("middle", root, key("p-256", 2), identified=True)
    low = issue("low", middle, key("p-256", 3), identified=True)
    leaf = issue("leaf", low, ca=None, identified=True)
    for identified in (True, False):
        forged = [
            issue(name, Issued(by.certificate, key("p-256", 50 + n % 30)), key("p-256", n % 40),
                  identified=identified)
            for n in range(SIZE) for name, by in (("middle", root), ("low", middle), ("low", low))
        ]  # fmt: skip
        for carried in ([*forged, middle, low], [low, middle, *forged]):
            (found,), _ = steps([leaf], [root], carried)
            assert found.anchor_sha256 == root.sha256


def test_v15_loops_end() -> None:
    """V15: CAs that certified each other, with an anchor behind them and without."""
    one, two = issue("one"), issue("two")
    crossed = [issue("one", two), issue("two", one), issue("one", one), issue("two", two)]
    leaf = issue("leaf", one, ca=None)
    assert (why(leaf, [ROOT], crossed) or "").startswith("no trust anchor issued CN=")
    assert why(leaf, [ROOT], [*crossed, issue("two", ROOT)]) is None
    assert why(leaf, [two], crossed) is None


def test_v15_a_way_that_allows_more_is_another_way() -> None:
    """V13, V15: an issuer reached first with constraints is reached again without."""
    narrow = (x509.NameConstraints([DNS("example.com")], None), True)
    other = issue("other")
    bridged = [issue("middle", ROOT, extensions=[narrow]), issue("middle", other, path_length=0)]
    free = issue("middle", issue("far", ROOT))
    low = issue("low", free)
    own = [(x509.SubjectAlternativeName([DNS("example.org")]), False)]
    leaf = issue("leaf", low, ca=None, extensions=own)
    for carried in (bridged, bridged[::-1]):
        assert why(leaf, [ROOT, other], [*carried, low]) is not None
        assert why(leaf, [ROOT, other], [*carried, low, free, issue("far", ROOT)]) is None


def test_v15_another_key_is_tried_last() -> None:
    """V13: what a certificate says about its issuer's key decides the order, not the answer."""
    root = issue("root", own=key("p-256", 1), identified=True)
    wrong = [(x509.AuthorityKeyIdentifier(b"wrong", None, None), False)]
    middle = issue("middle", root, extensions=wrong)
    leaf = issue("leaf", middle, ca=None, extensions=wrong)
    assert why(leaf, [root], [middle]) is None


def test_v15_certificates_of_the_caller_are_issuers() -> None:
    """V13: what `certificates` holds completes a chain, and is tried before what a message has."""
    middle = issue("middle", ROOT)
    leaf = issue("leaf", middle, ca=None)
    assert why(leaf, [ROOT], known=[middle]) is None
    low = issue("low", middle)
    assert why(issue("leaf", low, ca=None), [ROOT], [middle], known=[low]) is None
    assert why(issue("leaf", low, ca=None), [ROOT], [low], known=[middle]) is None


def test_v15_many_names_under_many_constraints_are_bounded() -> None:
    """V15: comparisons count as steps."""
    many = [DNS(f"{number}.example.com") for number in range(400)]
    root = issue("root", extensions=[(x509.NameConstraints(many, None), True)])
    for count, good in ((10, True), (400, False)):
        own = [(x509.SubjectAlternativeName(many[:count]), False)]
        text = why(issue("leaf", root, ca=None, extensions=own), [root])
        assert (text is None) is good
        middle = issue("middle", root, extensions=own)
        assert (why(issue("leaf", middle, ca=None), [root], [middle]) is None) is good


# --- the judgement of others -----------------------------------------------------------------


def test_v13_nist() -> None:
    """V13, RFC 5280 §6.1: the certification path tests of NIST, but for revocation."""
    folder = VECTORS / "pkits"
    octets = lzma.decompress((folder / "certificates.der.xz").read_bytes())
    certificates = []
    while octets:
        end = parser.peek(octets)
        certificates.append(octets[:end])
        octets = octets[end:]
    rows = manifest(folder=folder)
    carried, anchor = certificates[len(rows) : -1], certificates[-1]
    checker = Checker([anchor], [], NOW.replace(year=2020))
    for row, signer in zip(rows, certificates, strict=False):
        found = checker.paths([signer, *carried]).chain(signer)
        assert (found.anchor_sha256 is not None) is (row["chain"] == "trusted"), row
        assert row["says"] in (found.detail or ""), (row, found)
        assert (row["note"] == "") is ((row["nist"] == "valid") is (row["chain"] == "trusted")), row
    assert Counter(row["nist"] for row in rows) == {"valid": 64, "invalid": 68}
    assert not any(row["nist"] == "invalid" and row["chain"] == "trusted" for row in rows)


@pytest.mark.skipif(
    not hasattr(verification, "ExtensionPolicy"), reason="cryptography 45 has policies"
)
def test_v13_another_implementation() -> None:
    """V13: the same answer as ``cryptography`` where both can judge, in small random PKIs."""
    chance = random.Random(10)
    answers: Counter[bool] = Counter()
    for _ in range(400):
        certificates = _random_pki(chance)
        anchors = certificates[: chance.choice((1, 1, 2))]
        signer, carried = certificates[-1], certificates[1:-1]
        chance.shuffle(carried)
        found = chain(signer, anchors, carried).anchor_sha256 is not None
        answers[found] += 1
        assert found is _theirs(signer, anchors, carried)
    assert min(answers.values()) > 80


def _random_pki(chance: random.Random) -> list[Issued]:
    """A few certificates, each mostly by the one before it, in which something may be wrong.

    The last are twins of one name. There are no two things about which ``cryptography`` thinks
    otherwise: CAs issued to themselves, which it counts, and own names of CAs with constraints, to
    which it applies them.
    """
    made: list[Issued] = []
    count = chance.randint(2, 5)
    for number in range(count + chance.randint(0, 2)):
        above = made[: count - 1]
        by = (above[-1] if chance.random() < 0.8 else chance.choice(above)) if above else None
        if by and chance.random() < 0.05:
            by = Issued(by.certificate, key("p-256", 98))
        is_signer = number >= count - 1
        ca = chance.choice((None, True)) if is_signer else chance.random() < 0.96
        extensions: list[tuple[Any, bool]] = []
        if chance.random() < 0.2 and not is_signer:
            bases = [DNS(chance.choice(("example.com", "a.example.com", "example.org")))], None
            extensions.append((x509.NameConstraints(*bases[:: chance.choice((1, -1))]), True))
        elif chance.random() < 0.5:
            name = chance.choice(("example.com", "b.example.com", "x.a.example.com"))
            extensions.append((x509.SubjectAlternativeName([DNS(name)]), False))
        if chance.random() < 0.03:
            extensions.append((UNKNOWN, chance.random() < 0.7))
        usages = chance.choice((["key_cert_sign", "digital_signature"], ["crl_sign"]))
        made.append(
            issue(
                f"ca {min(number, count - 1)}", by, key("p-256", number), ca=ca,
                path_length=chance.choice((None, None, None, 0, 1)) if ca else None,
                usages=usages if chance.random() < 0.3 else None,
                extensions=extensions, identified=chance.random() < 0.5,
                until=NOW + (-DAY / 2 if chance.random() < 0.03 else DAY),
            )
        )  # fmt: skip
    return made


def _theirs(signer: Issued, anchors: Sequence[Issued], carried: Sequence[Issued]) -> bool:
    """Whether the verifier of ``cryptography`` finds a chain, with the policy that ours has."""
    policy, agnostic = verification.ExtensionPolicy, verification.Criticality.AGNOSTIC

    def certifies(_: object, __: object, usage: x509.KeyUsage | None) -> None:
        if usage is not None and not usage.key_cert_sign:
            raise ValueError("keyCertSign")

    def signs(_: object, __: object, usage: x509.KeyUsage | None) -> None:
        if usage is not None and not (usage.digital_signature or usage.content_commitment):
            raise ValueError("digitalSignature")

    authorities = policy.permit_all().require_present(x509.BasicConstraints, agnostic, None)
    verifier = (
        verification.PolicyBuilder()
        .store(verification.Store([anchor.certificate for anchor in anchors]))
        .time(NOW.replace(tzinfo=None))
        .extension_policies(
            ca_policy=authorities.may_be_present(x509.KeyUsage, agnostic, certifies),
            ee_policy=policy.permit_all().may_be_present(x509.KeyUsage, agnostic, signs),
        )
        .build_client_verifier()
    )
    try:
        verifier.verify(signer.certificate, [each.certificate for each in carried])
    except verification.VerificationError:
        return False
    return True


# --- who signed a certificate ----------------------------------------------------------------


def spki(issued: Issued) -> bytes:
    return issued.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def test_v13_certificate_signature() -> None:
    """V13: the interface says why a key did not sign a certificate."""
    root = issue("root", own=key("p-256", 1))
    ask = _backend.certificate_signature
    assert ask(root.der, spki(root)) is None
    assert ask(root.der, spki(issue("x", own=key("p-256", 2)))) == "signature_invalid"
    assert ask(root.der, spki(issue("x", own=key("ed25519")))) == "algorithm_mismatch"
    assert ask(root.der, spki(issue("x", own=key("ed448")))) == "unsupported_algorithm"
    assert ask(root.der, b"") == "key_rejected"
    assert ask(root.der[:-1], spki(root)) == ask(b"", spki(root)) == "bad_value"
    assert ask(root.der + b"\0", spki(root)) == "bad_value"
    inner = root.der.replace(
        bytes.fromhex("2a8648ce3d040302"), bytes.fromhex("2a8648ce3d040303"), 1
    )
    assert ask(inner, spki(root)) == "algorithm_mismatch"
    at = root.der.rindex(b"\x03", 0, -60)
    unused = root.der[: at + 2] + b"\1" + root.der[at + 3 :]
    assert ask(unused, spki(root)) == "signature_invalid"


def test_v13_what_has_not_the_fields_of_a_certificate_is_signed_by_nobody() -> None:
    """V13: `bad_value`, whatever is there instead; versions and extensions may be absent."""
    signed = identifier(oids.ECDSA_WITH_SHA256)
    version, serial = tlv(0xA0, integer(2)), integer(1)
    bits = tlv(0x03, b"\0", seq(integer(1), integer(1)))
    public = spki(issue("root", own=key("p-256", 1)))

    def said(*fields: bytes) -> str | None:
        return _backend.certificate_signature(seq(*fields), public)

    for tbs in (seq(version, serial, signed), seq(serial, signed)):
        assert said(tbs, signed, bits) == "signature_invalid"
        assert said(tbs, seq(), bits) == "algorithm_mismatch"
        assert said(tbs, signed) == said(tbs, signed, seq()) == "bad_value"
        assert said(tbs, signed, bits, bits) == said(tlv(0x31), signed, bits) == "bad_value"
    for tbs in (seq(), seq(version), seq(serial), seq(signed, signed), seq(serial, bits),
                seq(version, version, signed), seq(serial, tlv(0x31))):  # fmt: skip
        assert said(tbs, signed, bits) == "bad_value"
    for algorithm, reason in (
        (seq(), "bad_value"), (seq(integer(1)), "bad_value"),
        (seq(b"\x06\x01\x80"), "unsupported_algorithm"), (seq(b"\x06\0"), "unsupported_algorithm"),
    ):  # fmt: skip
        assert said(seq(serial, algorithm), algorithm, bits) == reason


def test_v13_certificates_with_rsassa_pss() -> None:
    """V13: whatever the salt; the hash of the signature is that of its mask."""
    private = key("rsa-2048")
    builder = (
        x509.CertificateBuilder()
        .subject_name(issue("leaf").certificate.subject)
        .issuer_name(issue("root").certificate.subject)
        .public_key(key("p-256").public_key())
        .serial_number(1)
        .not_valid_before(NOW - DAY)
        .not_valid_after(NOW + DAY)
    )
    root = issue("root", own=private)
    for salt in (32, 20, 0):
        pss = padding.PSS(padding.MGF1(SHA256()), salt)
        leaf = Issued(builder.sign(private, SHA256(), rsa_padding=pss), key("p-256"))
        assert why(leaf, [root]) is None


# --- what reports say ------------------------------------------------------------------------


def message(signer: Issued, *carried: Issued) -> bytes:
    """A Full PKI Request that a certificate signs."""
    content = types.PKIData(
        control_sequence=(), req_sequence=(), cms_sequence=(), other_msg_sequence=()
    )
    own = cms.SigningKey.from_private_key(signer.key, signer.certificate)
    return cms.sign(content, own, certificates=[each.certificate for each in carried])


def test_v13_detail() -> None:
    """V13: an untrusted signer says why, in rows and in what is made of them."""
    root = issue("root")
    middle = issue("middle", root, until=NOW - DAY / 2)
    signed = message(issue("leaf", middle, ca=None), middle)
    text = "CN=middle expired on 2026-12-31T12:00:00Z"
    row = cmcodec.verify_batch(signed, trust=[root.certificate], at=NOW)[0]
    (signer,) = row.signers
    assert (signer.chain, signer.detail, row.reason) == ("untrusted", text, "untrusted_chain")
    assert text in repr(row)
    assert list(row.to_dict()["signers"][0])[-2:] == ["reason", "detail"]
    assert row.to_dict()["signers"][0]["detail"] == text
    for decisions in ({}, {"trust": [root.certificate], "at": NOW - DAY / 2}):
        assert cmcodec.verify_batch(signed, **decisions)[0].signers[0].detail is None
    refused = cmcodec.verify_batch(signed, trust=lambda *_: False)[0]
    assert refused.signers[0].detail == "the callback answered False"
    assert cmcodec.verify_batch(signed, trust=lambda *_: True)[0].signers[0].detail is None


def test_v13_purposes() -> None:
    """V13: what a signer's key is for, in the order received; nothing where that is not said."""
    own = [oids.ID_KP_CMC_RA, oids.ID_KP_CMC_CA, "1.2.3"]
    said = (x509.ExtendedKeyUsage([x509.ObjectIdentifier(each) for each in own]), True)
    for extensions, purposes in (
        ([said], tuple(own)), ([], ()), ([extension("2.5.29.37", "0500")], ()),
        ([extension("2.5.29.37", "3000")], ()),
    ):  # fmt: skip
        leaf = issue("leaf", ROOT, ca=None, extensions=extensions)
        row = cmcodec.verify_batch(message(leaf), trust=[ROOT.certificate], at=NOW)[0]
        assert row.signers[0].purposes == purposes
        assert row.signers[0].chain == "trusted"
        assert "purposes" not in row.to_dict()["signers"][0]
    by_request_key = cmcodec.verify_batch(shared("signed/selfsigned-ski-p256.der"))[0]
    assert by_request_key.signers[0].purposes == ()


def test_v13_a_callback_is_asked_about_what_can_be_read() -> None:
    """V13, P9: what ``cryptography`` does not read is not asked about, and trusted by nobody."""
    checker = Checker(lambda *_: True, [b"0\0"], NOW)
    found = checker.paths([b"\x30\x00"]).chain(b"\x30\x00")
    assert found == (None, "the certificate is not readable")
    assert checker.paths([]).chain(ROOT.der) == ("", None)
    assert Checker([], [], NOW).paths([b""]).chain(b"") == found


def test_v15_the_same_certificates_are_searched_once() -> None:
    """V15: messages with the same certificates cost one search."""
    middle = issue("middle", ROOT)
    leaf = issue("leaf", middle, ca=None)
    signed = message(leaf, middle)
    asked: list[Any] = []
    real = _backend.certificate_signature
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_backend, "certificate_signature", lambda *q: asked.append(q) or real(*q))
        report = cmcodec.verify_batch([signed] * 5, trust=[ROOT.certificate], at=NOW)
    assert report.counts() == {"verified": 5}
    assert len(asked) == 2
