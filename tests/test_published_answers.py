"""The package computes each published answer from what the index says that it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import published
from cmcodec import oids, types
from cmcodec.algorithms import AGREEMENTS
from cmcodec.asn1 import TLV
from cmcodec.cms import derivation
from cmcodec.cms.ciphers import Wrapping
from cmcodec.controls import dh_pop, encrypted_pop, identity_proof, pop_link
from kit.der import identifier, tlv
from kit.messages import control
from kit.proofs import full_request

if TYPE_CHECKING:
    from collections.abc import Callable

    from published import Vector

BOTH_BACKENDS = False
ANSWERS = [each for each in published.kept() if each.kind == "answer"]


class Needs:
    """What an answer is computed from."""

    def __init__(self, needs: Any) -> None:
        self._needs = needs

    def octets(self, name: str) -> bytes:
        return bytes.fromhex(self._needs[name])

    @property
    def secret(self) -> bytes:
        """One that people know; `octets` has those that are agreed on."""
        return str(self._needs["secret"]).encode()

    @property
    def identification(self) -> str | None:
        found: str | None = self._needs.get("identification")
        return found

    @property
    def ukm(self) -> bytes | None:
        return self.octets("ukm") if "ukm" in self._needs else None

    @property
    def derivation(self) -> Any:
        """PBKDF2, or SHA-256 where nothing is said of it."""
        if "salt" not in self._needs:
            return "id-sha256"
        parameters = types.PBKDF2Params(
            salt=types.PBKDF2Salt(specified=self.octets("salt")),
            iteration_count=self._needs["iterations"],
            key_length=self._needs["octets"],
            prf=types.AlgorithmIdentifier(algorithm=oids.ID_HMAC_WITH_SHA256),
        )
        value = TLV(parameters.to_der())
        return types.AlgorithmIdentifier(algorithm=oids.ID_PBKDF2, parameters=value)

    @property
    def wrap(self) -> types.AlgorithmIdentifier:
        return types.AlgorithmIdentifier.from_der(self.octets("wrap"))


def agreed(oid: str) -> Callable[[Needs], bytes]:
    scheme = next(row for row in AGREEMENTS if row.oid == oid)
    return lambda it: derivation.agreed_key(scheme, it.octets("secret"), it.wrap, it.ukm, 32)


def wrapped(it: Needs, named: types.AlgorithmIdentifier) -> bytes:
    filling = it.octets("padding") if named.algorithm == oids.ID_ALG_PWRI_KEK else b""
    return Wrapping.read(named).wrap(
        it.octets("kek"), it.octets("key"), lambda size: filling[:size]
    )


def by_pwri_kek(it: Needs) -> bytes:
    cipher = TLV(identifier(oids.ID_AES256_CBC, tlv(0x04, it.octets("iv"))))
    named = types.AlgorithmIdentifier(algorithm=oids.ID_ALG_PWRI_KEK, parameters=cipher)
    return wrapped(it, named)


def challenged(it: Needs) -> bytes:
    request = types.TaggedRequest.from_der(published.encrypted.REQUEST)
    return encrypted_pop.challenge(request, value=it.octets("y"))[0].witness


COMPUTED: dict[str, Callable[[Needs], bytes]] = {
    "identityProof": lambda it: identity_proof.compute_v1(
        it.octets("reqSequence"), it.secret, it.identification).value,
    "identityProofV2": lambda it: identity_proof.compute(
        it.octets("reqSequence"), it.secret, it.identification).witness,
    "popLinkWitness": lambda it: pop_link.compute_v1(it.octets("popLinkRandom"), it.secret).value,
    "popLinkWitnessV2": lambda it: pop_link.compute(
        it.octets("popLinkRandom"), it.secret, key_gen=it.derivation).witness,
    "password": lambda it: derivation.password_key(
        it.derivation, (it.identification or "").encode() + it.secret, 32),
    "witness": challenged,
    "x963": agreed(oids.DH_SINGLE_PASS_STD_DH_SHA256KDF_SCHEME),
    "hkdf": agreed(oids.DH_SINGLE_PASS_STD_DH_HKDF_SHA256_SCHEME),
    "esdh": agreed(oids.ID_ALG_ESDH),
    "kem": lambda it: derivation.encapsulated_key(it.octets("secret"), it.wrap, it.ukm, 32),
    "aes": lambda it: wrapped(it, types.AlgorithmIdentifier(algorithm=oids.ID_AES256_WRAP)),
    "pwri": by_pwri_kek,
    "dh": lambda it: dh_pop.static_value(
        "sha256", it.octets("secret"), it.octets("subject"), it.octets("issuer"),
        it.octets("certificationRequestInfo")),
}  # fmt: skip
"""What computes an answer, by the beginning of its name; `thePOP` is checked below."""


def begins(vector: Vector) -> str:
    return vector.id.removeprefix("answers/").partition("-")[0]


@pytest.mark.parametrize("vector", ANSWERS, ids=lambda each: each.id)
def test_answers_are_computed(vector: Vector) -> None:
    """R-025, R-088, R-091, R-100, R-103, R-124, R-198, R-199, R-227."""
    if begins(vector) != "thePOP":
        assert COMPUTED[begins(vector)](Needs(vector.needs)) == vector.octets
        return
    needs = Needs(vector.needs)
    mac = oids.ID_HMAC_WITH_SHA1 if vector.id.endswith("sha1") else oids.ID_HMAC_WITH_SHA256
    answer = types.DecryptedPOP(
        body_part_id=201,
        the_pop_alg_id=types.AlgorithmIdentifier(algorithm=mac),
        the_pop=vector.octets,
    )
    message = full_request([control(1, 10, answer)], [needs.octets("request")])
    encrypted_pop.verify(message, answer, needs.octets("y"))
