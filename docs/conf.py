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

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.doctest",
    "sphinx.ext.intersphinx",
    "links",
    "sections",
]
exclude_patterns = ["_*"]
nitpicky = True

# --- docstrings ---

# `name` in a docstring is a Python name; `links` leaves others as they are.
default_role = "py:obj"
add_module_names = False
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "undoc-members": True}
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
myst_links_external_new_tab = False
suppress_warnings: list[str] = []

doctest_global_setup = f"""
import os
os.chdir({str(ROOT)!r})
"""

# What a page links to outside of `docs`.
repository = "https://github.com/cmcodec/cmcodec"

html_theme = "furo"
html_title = f"{project} {release}"
html_copy_source = False
html_show_sphinx = False
html_theme_options = {
    "source_repository": repository,
    "source_branch": "main",
    "source_directory": "docs/",
}
