"""Somebody between end entities, RAs and a CA who reads everything, and says what he likes.

He has what anybody may have: a certificate and a shared secret for his own name, keys, and a CA
that nobody trusts. He changes messages, signs them again, puts parts of some into others, and sends
all of it to anybody, as a request or as an answer.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric import ec

import cmcodec
from cmcodec import cms, oids, types
from cmcodec.builders import NewRequest, RequestBuilder, ResponseBuilder, certs_only
from cmcodec.cms.signing import around, sign_octets
from cmcodec.errors import CMCError, DecryptionError
from cmcodec.roles import Client, Issue, Refuse, Rules
from cmcodec.stores import add_secret

from .asking import spki
from .authority import USAGES, anchor, certified, opener, signer
from .chains import DAY, NOW, Issued, issue
from .der import integer, seq
from .keys import key, name
from .mutants import mutant
from .network import Network
from .registration import EKU
from .registration import ra as ra_of
from .trees import Tree, parse, tree, walk

if TYPE_CHECKING:
    from random import Random

    from cryptography import x509

    from cmcodec.roles import Application, Decision, Revocation

    from .asking import Asking, Packet
    from .twins import Twins

NAME, SECRET = "mallory", b"the secret of mallory"
CONTENT_TYPES = (oids.ID_CCT_PKI_DATA, oids.ID_CCT_PKI_RESPONSE)
HEARD = 200
"""So many messages are remembered at most."""
PARTS = 400
"""So many parts of them at most, of a kind."""


@cache
def insider() -> Issued:
    """What he has of the CA."""
    return certified(NAME, number=70, usages=USAGES)


@cache
def outsider() -> Issued:
    """A CA of the same name, which nobody trusts."""
    return issue("CA", own=key("p-256", 71), usages=USAGES, identified=True, until=NOW + 90 * DAY)


@cache
def impostor() -> Issued:
    """An RA of that one, named like the RA that is one."""
    return issue("RA 0", outsider(), key("p-256", 72), ca=None, identified=True,
                 until=NOW + 90 * DAY, extensions=((EKU, False),))  # fmt: skip


class Adversary(Network):
    """A network that he is in.

    ``tried``: what he has sent, by what it was and what came of it. ``own``: his keys, ``his`` the
    certificates that he got for them, by application.
    """

    def __init__(self, ras: int = 1, *, twins: Twins | None = None, **rules: Any):
        """``twins``: what is done beside every call of a role, and has to say the same."""
        self.twins = twins
        self.tried: Counter[str] = Counter()
        self.own: set[bytes] = set()
        self.his: dict[bytes, x509.Certificate] = {}
        self.heard: list[bytes] = []
        self.controls: list[Tree] = []
        self.requests: list[Tree] = []
        self._read: set[bytes] = set()
        self._about: bytes | None = None
        # Whoever guesses locks a secret, as is documented: here nobody is locked out.
        super().__init__(ras, secret_attempts=1_000_000, **rules)
        for place in range(ras + 1):
            self.add_secret(place, NAME, SECRET, subject=name(NAME), uses=1_000_000)

    def restart(self) -> None:
        if self.twins is None:
            super().restart()
        else:
            self.ca, self.ras = self.twins.restarted(self.stores, self._roles)

    def add_secret(self, place: int, identification: str, secret: bytes, **more: Any) -> None:
        super().add_secret(place, identification, secret, **more)
        if self.twins is not None:
            add_secret(self.twins.stores[place], identification, secret, **more)

    @property
    def ra_rules(self) -> Rules:
        return Rules(iterations=1, secret_attempts=1_000_000)

    # --- what may be -----------------------------------------------------------------------------

    def _hold(self, application: Application) -> Decision:
        key, is_bare = spki(application.public_key), application.transaction_id is None
        if key not in self.ways:
            is_known = application.requester.kind != "none" or not is_bare
            return Issue() if is_known else Refuse(types.CMCFailInfo.BAD_IDENTITY)
        return super()._hold(application)

    def _decide(self, application: Application) -> Decision:
        key, kind = spki(application.public_key), application.requester.kind
        is_simple = any(key in each.keys and each.kind.startswith("simple") for each in self.all)
        if kind == "none" and not is_simple:
            return Refuse(types.CMCFailInfo.BAD_IDENTITY)
        return super()._decide(application) if key in self.ways else Issue()

    def _issue(self, application: Application, template: types.CertTemplate) -> x509.Certificate:
        assert self._is_rightful(application), application
        if spki(application.public_key) not in self.own:
            return super()._issue(application, template)
        return self.his.setdefault(application.id, self._certified(application))

    def _check_new(self, made: x509.Certificate) -> None:
        # A bare PKCS#10 that was issued to whoever brings it is issued to whoever brings it again.
        if not self._asking(made).kind.startswith("simple"):
            super()._check_new(made)

    def _is_rightful(self, application: Application) -> bool:
        """Whether somebody may have this: their own name, by what they alone have."""
        requester = application.requester
        if spki(application.public_key) in self.own:
            return application.subject == name(NAME)
        asking = self._of_key(application.public_key)
        is_own = requester.identification in (None, asking.identification)
        match requester.kind:
            case "none":
                is_own = asking.kind.startswith("simple")
            case "certificate":
                is_own = requester.certificate == asking.old
            case "secret":
                is_own = requester.identification == asking.identification
        return is_own and application.subject == asking.subject and not asking.is_hopeless

    def _revoke(self, revocation: Revocation) -> None:
        serial = revocation.certificate.serial_number
        his = [insider().certificate, *self.his.values()]
        if serial not in [each.serial_number for each in his]:
            super()._revoke(revocation)

    # --- what he hears ---------------------------------------------------------------------------

    def deliver(self, packet: Packet) -> None:
        self.hear(packet.octets)
        super().deliver(packet)

    def hear(self, octets: bytes) -> None:
        """Remembers a message, and its parts."""
        if octets in self._read or len(self.heard) >= HEARD:
            return
        self._read.add(octets)
        self.heard.append(octets)
        content = _content(octets)
        if content is None or len(self.controls) >= PARTS:
            return
        sequences = content.trees
        if len(sequences) in (3, 4):
            self.controls += sequences[0].trees
        if len(sequences) == 4:
            self.requests += sequences[1].trees

    # --- what he says ----------------------------------------------------------------------------

    def attack(self, random: Random) -> None:
        """Sends something to somebody."""
        for packet in self.bag:
            self.hear(packet.octets)
        what = random.choice(
            (
                "mutant", "made", "made", "replayed", "own", "as_ra", "alone", "answering",
                "answering",
            )
        )  # fmt: skip
        self._about = None
        octets = getattr(self, f"_{what}")(random)
        if octets is None:
            return
        to = random.choice(("ca", "ra", "ra", "up", "through", "ee", "ee"))
        if what == "own" and to == "ee":
            to = "ca"
        if what == "answering":
            to = random.choice(("ee", "ee", "up"))
        try:
            came = getattr(self, f"_to_{to}")(random, octets)
            assert what != "as_ra" or came not in ("SUCCESS", "goes on", "taken", "delivered")
        except Exception as error:
            error.add_note(f"{what} to {to}: {octets.hex()}")
            raise
        self.tried[f"{what} to {to}: {came}"] += 1

    def _base(self, random: Random) -> bytes | None:
        return random.choice(self.heard) if self.heard else None

    def _mutant(self, random: Random) -> bytes | None:
        """What he heard, changed."""
        octets = self._base(random)
        return None if octets is None else mutant(random, octets)

    def _replayed(self, random: Random) -> bytes | None:
        """What he heard, as it was, or in an envelope for somebody else."""
        octets = self._base(random)
        return (
            octets if octets is None or random.random() < 0.8 else self._enveloped(random, octets)
        )

    def _alone(self, random: Random) -> bytes | None:
        """Certificates and nobody who says anything."""
        known = [*self.book.values(), insider().certificate, outsider().certificate]
        chosen = random.sample(known, min(len(known), random.randrange(1, 4)))
        octets = certs_only([*chosen, anchor().certificate])
        return octets if random.random() < 0.8 else mutant(random, octets)

    def _own(self, random: Random) -> bytes:
        """What he may ask for, or may not: with his own key, under this name or another one."""
        own = ec.generate_private_key(ec.SECP256R1())
        self.own.add(spki(own.public_key()))
        names = [NAME, NAME, "CA", "RA 0", *self._names]
        request = NewRequest(
            key=own, subject=name(random.choice(names)), form=random.choice(("pkcs10", "crmf"))
        )
        clients = (
            {"signer": signer(insider())},
            {"secret": SECRET, "identification": NAME},
            {"secret": SECRET, "identification": NAME, "mac": True},
            {"secret": SECRET, "identification": random.choice(self._identifications)},
            {},
        )
        client = Client(
            trust=[anchor().certificate], iterations=1, clock=lambda: self.now,
            random=self.random, **random.choice(clients),
        )  # fmt: skip
        try:
            octets = client.enroll(request).request
        except CMCError:
            return self._own(random)
        assert octets is not None
        self.hear(octets)
        return octets

    def _as_ra(self, random: Random) -> bytes:
        """A request for his own name, and what only an RA may say: that it is for another one."""
        own = ec.generate_private_key(ec.SECP256R1())
        self.own.add(spki(own.public_key()))
        subject = types.Name.from_cryptography(name(random.choice([NAME, *self._names])))
        change = types.ModCertTemplate(
            pki_data_reference=types.BodyPartPath((0,)),
            cert_references=types.BodyPartList((1,)),
            cert_template=types.CertTemplate(subject=subject),
        )
        request = NewRequest(key=own, subject=name(NAME), body_part_id=1)
        made = RequestBuilder(random=self.random).transaction().add_request(request)
        return made.add_control(change).sign(signer(insider()))

    def _answering(self, random: Random) -> bytes | None:
        """What a server might say to a request, in its conversation."""
        octets = random.choice(
            [b"", *(each.exchange.request or b"" for each in self.all), *self.heard]
        )
        content = _content(octets)
        if content is None or len(content.trees) != 4:
            return None
        self._about = octets
        message = cmcodec.load(octets)
        made, number = ResponseBuilder().for_request(message), random.choice((0, 1, 2))
        certificate = random.choice(
            [*self.book.values(), *self.his.values(), insider().certificate, *self._forged()]
        )
        say = random.choice((
            lambda: made.status(types.CMCStatus.SUCCESS, number),
            lambda: made.fail(types.CMCFailInfo.BAD_REQUEST, number),
            lambda: made.pend(random.choice(self._tokens), self.now, number),
            lambda: made.add_certificates(certificate).status(
                types.CMCStatus.CONFIRM_REQUIRED, number
            ),
            lambda: made.issue(certificate, number),
            lambda: made.issue(certificate, number),
        ))  # fmt: skip
        try:
            said = say()
        except CMCError:
            return None
        return said.sign(random.choice(self._signers), certificates=[anchor().certificate])

    def _forged(self) -> list[x509.Certificate]:
        """Certificates for the keys of others by the CA that nobody trusts."""
        return [
            issue(each.subject, outsider(), request.key, ca=None, identified=True).certificate
            for each in self.all
            for request in each.requests
            if hasattr(request.key, "curve")
        ]

    @property
    def _names(self) -> list[str]:
        """Those of the others."""
        return [_text(each.subject) for each in self.all]

    @property
    def _identifications(self) -> list[str]:
        return [NAME, *(each.identification for each in self.all if each.identification)]

    def _made(self, random: Random) -> bytes | None:
        """A content of parts of several messages, under what he has to sign it with."""
        octets = self._base(random)
        content = None if octets is None else _content(octets)
        if octets is None or content is None:
            return None
        content_type = CONTENT_TYPES[len(content.trees) == 3]
        if len(content.trees) in (3, 4):
            self._change(random, content)
        written = content.encode()
        if random.random() < 0.2:
            written = mutant(random, written)
        if random.random() < 0.05:
            content_type = random.choice(CONTENT_TYPES)
        made = self._sealed(random, octets, content_type, written)
        return made if random.random() < 0.9 else self._enveloped(random, made)

    def _change(self, random: Random, content: Tree) -> None:
        """Other controls, requests and messages in it."""
        controls = content.trees[0].trees
        for _ in range(random.choice((0, 1, 1, 2, 3))):
            if controls and random.random() < 0.3:
                controls.pop(random.randrange(len(controls)))
            made = self._control(random, content)
            if made is not None:
                same = [each for each in controls if each.trees[1:2] == made.trees[1:2]]
                if same and random.random() < 0.7:
                    controls.remove(random.choice(same))
                controls.append(made)
        if len(content.trees) == 4 and self.requests and random.random() < 0.4:
            wanted = content.trees[1].trees
            if wanted and random.random() < 0.6:
                wanted.clear()
            wanted.append(random.choice(self.requests))
        if self.heard and random.random() < 0.2:
            member = seq(integer(random.randrange(60, 66)), random.choice(self.heard))
            content.trees[-2].trees.append(_one(member))

    def _control(self, random: Random, content: Tree) -> Tree | None:
        """One that he heard, or that an RA or somebody else might send."""
        if self.controls and random.random() < 0.5:
            heard = random.choice(self.controls)
            number = random.choice((None, *range(50, 58)))
            if number is None or not heard.trees:
                return heard
            return tree(heard.tag, [_one(integer(number)), *heard.trees[1:]])
        ids = [
            int.from_bytes(found.content, "big")
            for part in content.trees for each in part.trees
            for found in each.trees[:1] if found.tag == 0x02
        ]  # fmt: skip
        some = random.choice((ids[:1] or [1], ids[-1:] or [1], [60], [61], [1], [2, 3]))
        certificates = [*self.book.values(), *self.his.values(), insider().certificate]
        certificate, made = random.choice(certificates), RequestBuilder(random=self.random)
        match random.randrange(10):
            case 0:
                made = made.confirm(certificate)
            case 1:
                made = made.reject(certificate)
            case 2:
                made = made.revoke(certificate, types.CRLReason.KEY_COMPROMISE)
            case _:
                return self._said_by_an_ra(random, some)
        (*_, control) = made.content().control_sequence
        return _one(control.to_der())

    def _said_by_an_ra(self, random: Random, ids: list[int]) -> Tree:
        path, listed = types.BodyPartPath((ids[0],)), types.BodyPartList(tuple(ids))
        parts = tuple(types.BodyPartReference(body_part_id=each) for each in ids)
        subject = name(random.choice([NAME, *self._names]))
        template = types.CertTemplate(subject=types.Name.from_cryptography(subject))
        who = types.Identification(random.choice(self._identifications))
        attr_type, value = random.choice((
            (oids.ID_CMC_QUERY_PENDING, types.QueryPending(random.choice(self._tokens))),
            (oids.ID_CMC_RA_IDENTITY_WITNESS, path),
            (oids.ID_CMC_RESPONSE_BODY, path),
            (oids.ID_CMC_BATCH_REQUESTS, listed),
            (oids.ID_CMC_BATCH_RESPONSES, listed),
            (oids.ID_CMC_CONTROL_PROCESSED, types.ControlsProcessed(body_list=parts)),
            (oids.ID_CMC_IDENTIFICATION, who),
            (oids.ID_CMC_LRA_POP_WITNESS,
             types.LraPopWitness(pki_data_bodyid=0, body_ids=tuple(ids))),
            (oids.ID_CMC_MOD_CERT_TEMPLATE,
             types.ModCertTemplate(pki_data_reference=path, cert_references=listed,
                                   cert_template=template)),
        ))  # fmt: skip
        control = types.TaggedAttribute(
            body_part_id=random.randrange(70, 90), attr_type=attr_type, attr_values=(value,)
        )
        return _one(control.to_der())

    @property
    def _tokens(self) -> list[bytes]:
        """Those that pending answers had, and the ids of what was issued."""
        return [b"none", *self.book, *self.his, *self._pending_tokens]

    @property
    def _pending_tokens(self) -> list[bytes]:
        return [
            each.content for each in walk(self.controls)
            if each.tag == 0x04 and len(each.content) == 16
        ][-20:]  # fmt: skip

    # --- under what he says it -------------------------------------------------------------------

    @cached_property
    def _signers(self) -> list[cms.SigningKey]:
        found = [signer(each) for each in (insider(), insider(), outsider(), impostor())]
        # The certificate of the RA, and not its key.
        return [*found, replace(signer(insider()), certificate=ra_of().certificate, check=False)]

    def _sealed(self, random: Random, octets: bytes, content_type: str, content: bytes) -> bytes:
        match random.randrange(8):
            case 0:
                return _replaced(octets, content)
            case 1:
                named = types.ContentType(content_type).to_der()
                return around(named, b"\x31\0", content, b"", b"\x31\0")
            case 2:
                kind = types.PKIData if content_type == oids.ID_CCT_PKI_DATA else types.PKIResponse
                try:
                    who = random.choice(self._identifications)
                    by = cms.Recipient.from_password(SECRET, who, iterations=1)
                    return cms.authenticate(kind.from_der(content), by)
                except CMCError:
                    pass
        by_two = random.random() < 0.1
        signers = random.sample(self._signers, 2) if by_two else random.choice(self._signers)
        return sign_octets(content_type, content, signers, certificates=[anchor().certificate])

    def _enveloped(self, random: Random, octets: bytes) -> bytes:
        reader = random.choice((anchor(), ra_of(), insider()))
        try:
            return cms.encrypt(octets, [cms.Recipient.from_certificate(reader.certificate)])
        except CMCError:
            return octets

    # --- the end ---------------------------------------------------------------------------------

    def finish(self) -> None:
        """He is gone: whoever asked goes on, and others come."""
        for is_direct in (True, False):
            self.begin("secret", is_direct=is_direct, ca_knows=False)
        super().finish()

    def _check_end(self, asking: Asking) -> None:
        # In another envelope a message counts as another one, and the first as the later: its nonce
        # or its secret is used, and who sent the other one has the answer.
        said = [status.status_string for status in asking.exchange.statuses]
        asking.is_excused |= not {"nonce_wrong", "identity_proof_wrong"}.isdisjoint(said)
        super()._check_end(asking)

    # --- to whom ---------------------------------------------------------------------------------

    def _to_ca(self, _: Random, octets: bytes) -> str:
        return self._check_answer(self.ca.respond(octets))

    def _to_ra(self, random: Random, octets: bytes) -> str:
        """As a client; what goes on is in the next batch."""
        received = random.choice(self.ras).receive(octets)
        return "goes on" if received.answer is None else self._check_answer(received.answer)

    def _to_through(self, random: Random, octets: bytes) -> str:
        """As a client, at once, to an RA that asks the next server or somebody who says he is."""
        place = random.randrange(len(self.ras))
        answers = [self._said(random), b"", b"\x30\0"]
        is_true = random.random() < 0.6

        def upstream(sent: bytes) -> bytes:
            self.hear(sent)
            if not is_true:
                return random.choice(answers)
            return (
                self.ca.respond(sent) if place == len(self.ras) - 1 else self.ras[-1].respond(sent)
            )

        before = len(self.wrong)
        answer = self.ras[place].respond(octets, upstream)
        # That the next server says nothing good is logged, and is no fault of the RA.
        self.wrong[before:] = [x for x in self.wrong[before:] if not isinstance(x, CMCError)]
        return self._check_answer(answer)

    def _said(self, random: Random) -> bytes:
        octets = self._made(random) if random.random() < 0.5 else self._mutant(random)
        return octets or b""

    def _to_up(self, random: Random, octets: bytes) -> str:
        """As the server behind an RA."""
        ra = random.choice(self.ras)
        try:
            deliveries = ra.deliver(octets)
        except CMCError as error:
            return type(error).__name__
        assert not deliveries or self._is_faithful(octets)
        return "delivered"

    def _to_ee(self, random: Random, octets: bytes) -> str:
        """As the answer to what an end entity has asked."""
        if not self.all:
            return "nobody"
        asked = [each for each in self.all if each.exchange.request == self._about]
        asking = random.choice(asked or self.all)
        before, saved = asking.exchange, asking.exchange.save()
        try:
            after = before.receive(octets)
        except CMCError as error:
            assert before.save() == saved
            return type(error).__name__
        except ValueError:
            assert before.request is None
            return "nothing was asked"
        assert asking.kind.startswith("simple") or asking.is_by_secret or self._is_faithful(octets)
        asking.is_excused = True
        asking.exchange, asking.saved = after, [*asking.saved, saved]
        for each in after.certificates:
            assert spki(each.public_key()) in asking.keys
            assert each.subject == asking.subject
            assert each in self.book.values()
        return "taken"

    def _is_faithful(self, octets: bytes) -> bool:
        """Whether it says what somebody said who may."""
        content = _content(octets)
        if content is None:
            # Under a MAC or encrypted: nobody else could have made it.
            return True
        said = content.encode()
        return any(
            found is not None and found.encode() == said
            for found in map(_content, (each.octets for each in self.answers))
        ) or any(octets == each for each in self.heard)

    def _check_answer(self, octets: bytes) -> str:
        """An answer that opens, and is the server's; or none."""
        if not octets:
            return "no answer"
        message = cmcodec.load(octets, strict=True)
        self.hear(octets)
        if message.kind == "simple-response":
            return "certificates"
        trust = [anchor().certificate]
        keys = [cms.RecipientKey.from_password(SECRET, NAME), opener(insider())]
        try:
            opened = message.open(keys, trust=trust, at=self.now)
        except DecryptionError:
            return "encrypted"
        assert isinstance(opened.inner, types.PKIResponse)
        statuses = cmcodec.controls.statuses.read(opened)
        return " ".join(sorted({each.cmc_status.name for each in statuses})) or "nothing"


def _text(subject: x509.Name) -> str:
    (common_name,) = subject
    return str(common_name.value)


def _one(octets: bytes) -> Tree:
    (found,) = parse(octets)
    return found


def _content(octets: bytes) -> Tree | None:
    """What a message says that is signed or nothing at all; None where it does not show."""
    try:
        message = cmcodec.load(octets)
    except CMCError:
        return None
    content = message.unverified_content
    if not isinstance(content, types.PKIData | types.PKIResponse):
        return None
    return _one(content.to_der())


def _replaced(octets: bytes, content: bytes) -> bytes:
    """A message with another content, under the signature that it had."""
    message = _one(octets)
    for each in walk([message]):
        if each.tag == 0x04 and len(each.trees) == 1:
            each.inside = content
            break
    return message.encode()
