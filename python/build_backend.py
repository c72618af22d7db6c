"""PEP 517: an engine wheel by maturin where cargo is there, a pure wheel by hatchling where not.

``CMCODEC_BUILD`` is ``auto``, ``rust`` (fails without cargo) or ``pure``.
"""

import os
import shutil
import sys

wanted = os.environ.get("CMCODEC_BUILD", "auto")
if wanted not in ("auto", "rust", "pure"):
    raise SystemExit(f"CMCODEC_BUILD={wanted}: not one of auto, rust, pure")
with_engine = wanted == "rust" or (wanted == "auto" and shutil.which("cargo") is not None)
kind = "with the Rust engine" if with_engine else "the pure package"
print(f"cmcodec: building {kind}", file=sys.stderr)


def _requires(config_settings=None):
    return ["maturin>=1.16,<2"] if with_engine else ["hatchling>=1.27"]


get_requires_for_build_wheel = get_requires_for_build_editable = _requires
get_requires_for_build_sdist = _requires


def __getattr__(hook):
    # Build requirements are installed between the first hook and the others.
    module = __import__("maturin" if with_engine else "hatchling.build", fromlist=["x"])
    return getattr(module, hook)
