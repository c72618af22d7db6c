"""Every test runs on the engine and on the fallback; Hypothesis runs alike everywhere in CI."""

from __future__ import annotations

import os
import signal
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

import cmcodec
from cmcodec import _backend
from kit.command import Run, inside, running
from kit.console import shell  # noqa: F401 - a fixture
from kit.postgresql import postgresql_server  # noqa: F401 - a fixture
from kit.tokens import hsm  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from collections.abc import Iterator

BACKENDS = ("rust", "pure")

OWN_FIXTURE = {"test_signatures", "test_wycheproof"}
"""Modules that choose what they test themselves; others say so with ``BOTH_BACKENDS = False``."""

settings.register_profile(
    "cmcodec",
    deadline=None,
    max_examples=int(os.environ.get("CMCODEC_EXAMPLES", "25")),
    # The backend is the only fixture, and the same for all examples of a test.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.register_profile("cmcodec-ci", settings.get_profile("cmcodec"), derandomize=True)
settings.load_profile("cmcodec-ci" if os.environ.get("CI") else "cmcodec")


def pytest_configure() -> None:
    """Lets an interrupt interrupt: a shell has what runs in its background ignore it.

    Processes that tests start have it from this one.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    module = metafunc.module
    if module.__name__ not in OWN_FIXTURE and getattr(module, "BOTH_BACKENDS", True):
        metafunc.parametrize("backend", BACKENDS, indirect=True)


@pytest.fixture(autouse=True)
def backend(request: pytest.FixtureRequest) -> Iterator[str]:
    """The backend under test, which is the one of the package until the test ends.

    ``CMCODEC_BACKEND=rust`` makes an engine that is not installed a failure.
    """
    wanted = getattr(request, "param", None)
    if wanted is None:
        yield cmcodec.backend
        return
    if wanted == "rust" and find_spec("cmcodec._rust") is None:
        if os.environ.get("CMCODEC_BACKEND") == "rust":
            pytest.fail("CMCODEC_BACKEND=rust and no engine is installed")
        pytest.skip("the engine is not installed")
    before = cmcodec.backend
    _backend.use(wanted)
    yield wanted
    _backend.use(before)


@pytest.fixture
def cmc(backend: str) -> Run:
    """Runs ``cmc`` on the backend under test."""
    return running(backend)


@pytest.fixture
def cmc_inside(backend: str, capsys: pytest.CaptureFixture[str]) -> Run:
    """The same in this process."""
    return inside(capsys)
