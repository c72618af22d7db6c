"""The site: Sphinx, furo and myst-parser, from the pages beside this and the docstrings.

    sphinx-build -W docs build/site

Every warning is an error, and a name that leads nowhere is a warning. Nothing is fetched, neither
when the site is built nor when it is read.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "docs" / "_ext"), str(ROOT / "python")]

_PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

project = _PROJECT["name"]
version = release = _PROJECT["version"]
author = "the authors of cmcodec"
project_copyright = author
language = "en"
# `--json` is no dash.
smartquotes = False

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.doctest",
    "sphinx.ext.intersphinx",
    "links",
    "listings",
]
exclude_patterns = ["_*", "status.md"]
nitpicky = True

# --- docstrings ---

# `name` in a docstring is a Python name; `links` leaves others as they are.
default_role = "py:obj"
add_module_names = False
autodoc_member_order = "bysource"
autodoc_default_options = {
    "members": True,
    "undoc-members": True,
    # What a class has from a base that is not public itself; not from these.
    "inherited-members": "Asn1, Choice, Elements, Exception, Enum, object, str, int, tuple",
}
autodoc_typehints_format = "short"
maximum_signature_line_length = 88
toc_object_entries = False
autodoc_preserve_defaults = True

# The inventories are here, so that a build needs no network.
intersphinx_mapping = {
    "python": ("https://docs.python.org/3", "inventories/python.inv"),
    "cryptography": ("https://cryptography.io/en/latest/", "inventories/cryptography.inv"),
}

# --- pages ---

myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]

# Programs on pages run in a folder of their own, with the examples and `cmc` in it.
doctest_global_setup = f"""
import contextlib, io, os, tempfile
_folder = tempfile.TemporaryDirectory()
os.chdir(_folder.name)
os.symlink({str(ROOT / "examples")!r}, "examples")

def cmc(*arguments):
    from cmcodec.cli import main
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
        main(arguments)
"""
doctest_global_cleanup = f"""
os.chdir({str(ROOT)!r})
_folder.cleanup()
"""

# What a page links to outside of `docs`.
repository = _PROJECT["urls"]["Repository"]

html_theme = "furo"
html_title = f"{project} {release}"
html_copy_source = False
html_show_sphinx = False
html_theme_options = {
    "source_repository": repository,
    "source_branch": "main",
    "source_directory": "docs/",
}
