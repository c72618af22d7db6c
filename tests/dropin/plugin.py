"""Pytest plugin for the suites of others: ``python_cmc`` is ours, and it is March 2026.

python_cmc's suite imports it as ``src.python_cmc``, from the layout of its repository.
"""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError, distribution
from types import ModuleType
from typing import TYPE_CHECKING

import freezegun
import pytest

import cmcodec
from cmcodec.compat import python_cmc

if TYPE_CHECKING:
    from collections.abc import Generator

NOW = "2026-03-01"
"""Within the validity of the certificates in the suites."""


def _stand_in() -> None:
    try:
        found = distribution("python_cmc")
    except PackageNotFoundError:
        python_cmc.install()
        layout = ModuleType("src")
        sys.modules.update({"src": layout, "src.python_cmc": python_cmc})
        sys.modules.update(
            {f"src.{name}": sys.modules[name] for name in ("python_cmc.cmc", "python_cmc.crmf")}
        )
    else:
        raise pytest.UsageError(f"python_cmc {found.version} is installed: what would be tested?")


_stand_in()


def pytest_report_header() -> str:
    return f"python_cmc: {python_cmc.__file__} on the {cmcodec.backend} backend"


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop() -> Generator[None, object, object]:
    """Stops the calendar, once everything that looks at the class ``datetime`` is imported."""
    if "django" in sys.modules:
        from django.urls import get_resolver

        assert get_resolver().url_patterns
    # It ticks: certificates are valid after, not at, the second in which they are made.
    with freezegun.freeze_time(NOW, tick=True):
        return (yield)
