"""PEP 517: an engine wheel by maturin where cargo is there, a pure wheel by hatchling where not.

``CMCODEC_BUILD`` is ``auto``, ``rust`` (fails without cargo) or ``pure``. The source distribution
is the same whatever there is: hatchling makes it.
"""

import os
import shutil
import sys
from importlib import import_module

HATCHLING = ["hatchling>=1.27"]

wanted = os.environ.get("CMCODEC_BUILD", "auto")
if wanted not in ("auto", "rust", "pure"):
    raise SystemExit(f"CMCODEC_BUILD={wanted}: not one of auto, rust, pure")
with_engine = wanted == "rust" or (wanted == "auto" and shutil.which("cargo") is not None)


def get_requires_for_build_sdist(config_settings=None):
    return HATCHLING


def build_sdist(directory, config_settings=None):
    return import_module("hatchling.build").build_sdist(directory, config_settings)


def get_requires_for_build_wheel(config_settings=None):
    kind = "with the Rust engine" if with_engine else "the pure package"
    print(f"cmcodec: building {kind}", file=sys.stderr)
    return ["maturin>=1.16,<2"] if with_engine else HATCHLING


get_requires_for_build_editable = get_requires_for_build_wheel


def __getattr__(hook):
    # Build requirements are installed between the first hook and the others.
    return getattr(import_module("maturin" if with_engine else "hatchling.build"), hook)
