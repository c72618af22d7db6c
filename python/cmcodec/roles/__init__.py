"""End entities, registration and certification authorities (RFC 10002), without any I/O.

A role takes octets and gives octets. What it decides by, keeps and reads the time from is passed
in: a policy, a store, a clock.
"""

from __future__ import annotations

from cmcodec.roles.applications import Application, Issuer, Requester, Revocation
from cmcodec.roles.ca import CertificationAuthority, Outcome, Processed
from cmcodec.roles.decisions import (
    Challenge,
    Decision,
    Issue,
    Pend,
    Policy,
    Refuse,
    default_policy,
)
from cmcodec.roles.ee import Client
from cmcodec.roles.end_entity.exchange import Exchange
from cmcodec.roles.ra import Batch, Delivery, Received, RegistrationAuthority
from cmcodec.roles.rules import Rules
from cmcodec.roles.service.issued import IssuedCertificate

__all__ = [
    "Application",
    "Batch",
    "CertificationAuthority",
    "Challenge",
    "Client",
    "Decision",
    "Delivery",
    "Exchange",
    "Issue",
    "IssuedCertificate",
    "Issuer",
    "Outcome",
    "Pend",
    "Policy",
    "Processed",
    "Received",
    "Refuse",
    "RegistrationAuthority",
    "Requester",
    "Revocation",
    "Rules",
    "default_policy",
]
