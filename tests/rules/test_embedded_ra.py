"""The RA of a folder: between its clients and the URL of the next server."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

import cmcodec
from cmcodec import keys, types
from cmcodec.embedded import EmbeddedRA, FolderError, FolderReason, create_ra
from cmcodec.transports import TransportError, http
from kit.embedded import SECRET, Lab, answer, ended, fail_info, folder, new
from kit.keys import key, name
from kit.tokens import PIN
from kit.transports import asgi_server, messages, tcp_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cryptography import x509

    from cmcodec.embedded import EmbeddedCA
    from kit.tokens import HSM


class Front:
    """An RA in a folder, with a certificate of the CA behind it."""

    def __init__(
        self, lab: Lab, ca: EmbeddedCA, path: Path, upstream: str, number: int = 40, *,
        private: Any = None, **more: Any,
    ) -> None:  # fmt: skip
        self.lab, self.path = lab, path
        ca.add_secret(f"ra {number}", SECRET, profile="ra")
        client, private = lab.client(f"ra {number}"), private or key("p-256", number)
        (self.certificate,) = ended(
            client.enroll(new(f"RA {number}", key=private)), ca.respond
        ).certificates
        own = {"certificate": self.certificate, "key": keys.FileKey(private)}
        create_ra(path, upstream=upstream, **{**own, "trust": [lab.anchor], **more})

    @contextmanager
    def ra(self, **options: Any) -> Iterator[EmbeddedRA]:
        ra = EmbeddedRA(path=self.path, **{"clock": self.lab.clock, **options})
        try:
            yield ra
        finally:
            ra.close()


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(folder(tmp_path))


def encrypted_for(certificate: x509.Certificate) -> dict[str, Any]:
    from cmcodec.cms import Recipient

    return {"encrypt_to": [Recipient.from_certificate(certificate)]}


def test_each_request_goes_up_at_once(lab: Lab, tmp_path: Path) -> None:
    """R-165: the RA knows the secret, the CA does not; the answer comes in the same call."""
    with lab.ca() as ca, asgi_server(http.asgi(ca.respond)) as url:
        front = Front(lab, ca, tmp_path / "ra", url)
        with front.ra() as ra:
            ra.add_secret("person", SECRET)
            exchange = ended(lab.client("person").enroll(new("person")), ra.respond)
            assert exchange.state == "done"
            assert exchange.certificates[0].subject == name("person")
            wrong = ended(lab.client("person", secret=b"no").enroll(new("person")), ra.respond)
            assert fail_info(wrong) is not None
        by = {each.requester for each in ca.certificates()}
    assert by == {"none", "secret ra 40", "ra CN=RA 40"}


def test_encrypted_on_both_ways_through(lab: Lab, tmp_path: Path) -> None:
    """R-175, R-245: for the RA by its clients, for the CA by the RA."""
    with lab.ca() as ca, tcp_server(ca.respond) as port:
        front = Front(
            lab, ca, tmp_path / "ra", f"cmc://127.0.0.1:{port}", encrypt_to=[lab.server]
        )  # fmt: skip
        with front.ra() as ra:
            ra.add_secret("person", SECRET)
            client = lab.client("person", **encrypted_for(front.certificate))
            assert ended(client.enroll(new("person")), ra.respond).state == "done"


def test_two_ras_in_a_row(lab: Lab, tmp_path: Path) -> None:
    """RFC 10002 §8: the message of one is a request of the other."""
    with lab.ca() as ca, asgi_server(http.asgi(ca.respond)) as url:
        inner = Front(lab, ca, tmp_path / "inner", url)
        outer_authorised: list[x509.Certificate] = []
        outer = Front(lab, ca, tmp_path / "outer", "http://127.0.0.1:9/", 41)
        outer_authorised.append(outer.certificate)
        with (
            inner.ra(authorised_ras=outer_authorised) as second,
            asgi_server(http.asgi(second.respond)) as through,
        ):
            config = outer.path / "config.toml"
            config.write_text(config.read_text().replace("http://127.0.0.1:9/", through))
            with outer.ra() as first:
                first.add_secret("person", SECRET)
                exchange = ended(lab.client("person").enroll(new("person")), first.respond)
    assert exchange.state == "done"


def test_collected_for_a_batch(lab: Lab, tmp_path: Path) -> None:
    """R-155: tryLater until the answer is there, for the same octets.

    The last one of a batch sends it, and has its answer at once.
    """
    with lab.ca() as ca, asgi_server(http.asgi(ca.respond)) as url:
        front = Front(lab, ca, tmp_path / "ra", url)
        with front.ra(batch=3) as ra:
            exchanges = []
            for number in range(3):
                ra.add_secret(f"person {number}", SECRET)
                exchange = lab.client(f"person {number}").enroll(new(f"person {number}", number))
                exchanges.append(exchange.receive(ra.respond(exchange.request or b"")))
            assert [each.state for each in exchanges] == ["wait", "wait", "done"]
            lab.clock.advance(minutes=10)
            exchanges = [ended(each.due(), ra.respond) for each in exchanges]
            assert {each.state for each in exchanges} == {"done"}
            ra.add_secret("late", SECRET)
            late = lab.client("late").enroll(new("late"))
            late = late.receive(ra.respond(late.request or b""))
            assert late.state == "wait"
            ra.tick()
            lab.clock.advance(minutes=10)
            assert ended(late.due(), ra.respond).state == "done"


def test_a_batch_that_nobody_takes_is_sent_again(
    lab: Lab, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """R-155: its clients are told tryLater; once the next server is there, a tick sends it."""
    with lab.ca() as ca:
        front = Front(lab, ca, tmp_path / "ra", "cmc://127.0.0.1:9")
        with front.ra(batch=1) as ra:
            ra.add_secret("person", SECRET)
            exchange = lab.client("person").enroll(new("person"))
            exchange = exchange.receive(ra.respond(exchange.request or b""))
            assert exchange.state == "wait"
        assert "a batch is sent again: TransportError" in caplog.text
        config = front.path / "config.toml"
        text = config.read_text()
        lab.clock.advance(minutes=2)
        with tcp_server(ca.respond) as port:
            config.write_text(text.replace("127.0.0.1:9", f"127.0.0.1:{port}"))
            with front.ra(batch=1) as ra:
                ra.tick()
                assert ended(exchange.due(), ra.respond).state == "done"


def test_an_answer_in_parts_is_asked_for(lab: Lab, tmp_path: Path) -> None:
    """R-142: in the same tick, where the next server has said that there is more."""
    config = lab.path / "config.toml"
    config.write_text(config.read_text().replace("[rules]\n", "[rules]\nsplit_after = 1\n"))
    sent: list[bytes] = []

    def respond(octets: bytes) -> bytes:
        sent.append(octets)
        return ca.respond(octets)

    with lab.ca() as ca, tcp_server(respond) as port:
        front = Front(lab, ca, tmp_path / "ra", f"cmc://127.0.0.1:{port}")
        with front.ra(batch=2) as ra:
            exchanges = []
            for number in range(2):
                ra.add_secret(f"person {number}", SECRET)
                exchange = lab.client(f"person {number}").enroll(new(f"person {number}", number))
                exchanges.append(exchange)
                ra.role.receive(exchange.request or b"")
            ra.tick()
            found = [each.receive(ra.role.respond(each.request or b"")) for each in exchanges]
            assert [each.state for each in found] == ["done", "done"]
    contents: Any = [cmcodec.load(each).unverified_content for each in sent]
    assert [len(each.find(types.QueryPending)) for each in contents] == [0, 1]


@pytest.mark.parametrize("kind", ["p-256", "rsa-2048"])
def test_the_key_of_an_ra_is_in_a_token(
    lab: Lab, tmp_path: Path, hsm: HSM, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Its folder has none; what is encrypted for it is opened where the token's key decrypts."""
    monkeypatch.setenv("CMC_PKCS11_PIN", PIN)
    with lab.ca() as ca, asgi_server(http.asgi(ca.respond)) as url:
        front = Front(
            lab, ca, tmp_path / "ra", url, private=key(kind, 7), key=keys.read(hsm.uri(kind)),
            key_uri=hsm.uri(kind),
        )  # fmt: skip
        assert not (front.path / "ra-key.pem").exists()
        with front.ra() as ra:
            ra.add_secret("person", SECRET)
            assert ended(lab.client("person").enroll(new("person")), ra.respond).state == "done"
            if kind == "p-256":
                return
            ra.add_secret("other", SECRET)
            client = lab.client("other", **encrypted_for(front.certificate))
            assert ended(client.enroll(new("other", 2)), ra.respond).state == "done"


def test_what_goes_up_at_once_is_left_to_its_client(lab: Lab, tmp_path: Path) -> None:
    """A tick between its arrival and its sending takes it from nobody; a later one does.

    Else the client would be told tryLater, and an RA that died would keep what it has received.
    """
    with lab.ca() as ca, asgi_server(http.asgi(ca.respond)) as url:
        front = Front(lab, ca, tmp_path / "ra", url)
        with front.ra() as ra:
            ra.add_secret("person", SECRET)
            exchange = lab.client("person").enroll(new("person"))
            octets = exchange.request or b""
            assert ra.role.receive(octets).answer is None
            ra.tick()
            assert ra.gauges() == {"cmc_messages_waiting": 1}
            lab.clock.advance(seconds=ra.role.rules.claim_for.total_seconds())
            ra.tick()
            assert ra.gauges() == {"cmc_messages_waiting": 0}
            assert exchange.receive(ra.role.respond(octets)).state == "done"


def test_the_next_server_is_down(lab: Lab, tmp_path: Path) -> None:
    """Nothing is lost: tryLater, and the same message is sent when it is there again."""
    with lab.ca() as ca:
        front = Front(lab, ca, tmp_path / "ra", "http://127.0.0.1:9/")
        with front.ra() as ra:
            ra.add_secret("person", SECRET)
            exchange = lab.client("person").enroll(new("person"))
            exchange = exchange.receive(ra.respond(exchange.request or b""))
            assert exchange.state == "wait"
        with front.ra(batch=10) as ra:
            lab.clock.advance(minutes=2)
            with pytest.raises(TransportError):
                ra.tick()
        config = front.path / "config.toml"
        with asgi_server(http.asgi(ca.respond)) as url:
            config.write_text(config.read_text().replace("http://127.0.0.1:9/", url))
            with front.ra() as ra:
                lab.clock.advance(minutes=10)
                assert ended(exchange.due(), ra.respond).state == "done"


def test_a_bad_answer_holds_nothing_else_up(lab: Lab, tmp_path: Path) -> None:
    """The next batch of the same tick is answered; what had no good answer is sent again."""
    bad = [messages()["full-response"]]
    with (
        lab.ca() as ca,
        asgi_server(http.asgi(lambda each: bad.pop() if bad else ca.respond(each))) as url,
    ):
        front = Front(lab, ca, tmp_path / "ra", url)
        with front.ra(batch=1) as ra:
            exchanges = []
            for number in range(2):
                ra.add_secret(f"person {number}", SECRET)
                exchanges.append(
                    lab.client(f"person {number}").enroll(new(f"person {number}", number))
                )
                ra.role.receive(exchanges[-1].request or b"")
            ra.tick()
            first, second = (
                each.receive(ra.role.respond(each.request or b"")) for each in exchanges
            )
            assert (first.state, second.state) == ("wait", "done")
            lab.clock.advance(minutes=1)
            ra.tick()
            assert ended(first.due(), ra.role.respond).state == "done"


def test_outcomes_of_answers(lab: Lab, tmp_path: Path) -> None:
    """As its answers say; what is sealed is for the client alone."""
    with lab.ca() as ca, asgi_server(http.asgi(ca.respond)) as url:
        front = Front(lab, ca, tmp_path / "ra", url)
        with front.ra() as ra:
            ra.add_secret("person", SECRET, uses=3)
            plain = lab.client("person").enroll(new("person")).request or b""
            assert answer(ra, plain).outcome == "success"
            wrong = lab.client("person", secret=b"no").enroll(new("person")).request or b""
            assert answer(ra, wrong).outcome == "badIdentity"
            client = lab.client("person", **encrypted_for(front.certificate))
            assert answer(ra, client.enroll(new("person")).request or b"").outcome == "sealed"
            assert ra.health() == {"store": True, "keys": True}
            assert ra.gauges() == {"cmc_messages_waiting": 0}
        with front.ra(batch=10) as ra:
            ra.add_secret("another", SECRET)
            waits = lab.client("another").enroll(new("another")).request or b""
            assert answer(ra, waits).outcome == "tryLater"
            assert ra.gauges() == {"cmc_messages_waiting": 1}


def test_what_is_no_folder_of_an_ra(lab: Lab, tmp_path: Path) -> None:
    """Nothing is written over an RA; a key that is not the certificate's is told."""
    with pytest.raises(FolderError, match="cmc ra init"):
        EmbeddedRA(path=lab.path.parent)
    with lab.ca() as ca:
        front = Front(lab, ca, tmp_path / "ra", "file:somewhere")
        again: dict[str, Any] = {"upstream": "file:x", "certificate": front.certificate}
        with pytest.raises(FolderError, match="there is an RA already"):
            create_ra(front.path, key=keys.FileKey(key("p-256", 40)), **again)
        other = keys.FileKey(key("p-256", 41))
        with pytest.raises(FolderError) as caught:
            create_ra(tmp_path / "new", key=other, **again)
    assert caught.value.reason == FolderReason.KEY_MISMATCH
    assert not (tmp_path / "new" / "config.toml").exists()
    with pytest.raises(ValueError, match="url"):
        create_ra(tmp_path / "new", key=other, **{**again, "upstream": "gopher://x"})
