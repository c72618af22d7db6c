"""Makes links of what the texts name: rules, requirements, traps, RFCs, and Python's names.

"rule V13", "R-057", "T-06" and "RFC 10002 §6.6" become links wherever they stand in a sentence;
pages and docstrings are written without markup for them. So are names between single backticks:
one that is documented becomes a link, one that is not (a parameter, most often) stays code.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx import addnodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx.application import Sphinx
    from sphinx.domains.python import PythonDomain
    from sphinx.environment import BuildEnvironment

PACKAGE = Path(__file__).resolve().parents[2] / "python" / "cmcodec"

_log = logging.getLogger(__name__)

# --- rules, requirements, RFCs ---

_ID = r"(?:[PVR]\d{1,2}a?|R-\d{3}|T-\d{2})\b"
_SECTION = r"[A-Z\d]\d*(?:\.\d+)*"
_AND = r"(?:, and |, | and | or | to |\u2013)"
_NAMED = re.compile(
    rf"\bRFC (?P<rfc>\d+)(?: §{_SECTION}(?:{_AND}§{_SECTION})*)?"
    rf"|\b[Rr]ules? {_ID}(?:{_AND}{_ID})*"
    r"|\b[PV](?:1[0-5]|[1-9])a?\b|\bR-\d{3}\b|\bT-\d{2}\b"
)
"""What is named in a sentence, with all that follows in one list."""

_PARTS = re.compile(rf"\b{_ID}|\bRFC \d+(?: §{_SECTION})?|§{_SECTION}")

_LEFT = (
    *(nodes.literal, nodes.literal_block, nodes.doctest_block, nodes.reference, nodes.title),
    *(addnodes.pending_xref, addnodes.desc_signature, nodes.raw),
)
"""Nodes in which nothing is named, or which lead somewhere already."""

_TABLES = ("rules", "requirements")
"""Pages whose tables begin with what is named: their rows are where links lead."""

_SECTIONS = ("reasons",)
"""Pages whose headings are codes."""


def _label(name: str) -> str:
    """Where a rule, a requirement or a code stands: a label of the site."""
    return f"code-{name}".lower()


class Named(SphinxPostTransform):
    """Links for rules, requirements, traps and RFCs; and none that is a guess."""

    default_priority = 5

    def run(self, **_: Any) -> None:
        # A name in an annotation means one thing, which `find_name` knows, and not the first that
        # ends alike.
        for link in self.document.findall(addnodes.pending_xref):
            if not link.get("refspecific"):
                link.attributes.pop("refspecific", None)
        for text in list(self.document.findall(nodes.Text)):
            if _NAMED.search(text) and not any(isinstance(each, _LEFT) for each in _around(text)):
                text.parent.replace(text, list(_linked(str(text), self.env.docname)))
        if "/api/" not in f"/{self.env.docname}":
            self._link_code()

    def _link_code(self) -> None:
        """On pages in Markdown, where no backtick asks for it: names and codes that are known."""
        objects = self.env.domains.python_domain.objects
        for code in list(self.document.findall(nodes.literal)):
            shown = code.astext()
            name = shown if shown.startswith("cmcodec.") else f"cmcodec.{shown}"
            if any(isinstance(each, _LEFT) for each in _around(code)):
                continue
            if name in objects:
                link = addnodes.pending_xref(
                    "", code.deepcopy(), refdomain="py", reftype="obj", reftarget=name,
                    refdoc=self.env.docname, refwarn=True,
                )  # fmt: skip
                code.replace_self(link)
            elif "_" in shown and shown in _codes():
                code.replace_self(_link(shown, None, self.env.docname, code.deepcopy()))


def _around(node: nodes.Node) -> Iterator[nodes.Node]:
    while node.parent is not None:
        node = node.parent
        yield node


def _linked(text: str, page: str) -> Iterator[nodes.Node]:
    """A sentence, with a link for each part of what is named in it."""
    done = 0
    for found in _NAMED.finditer(text):
        for part in _PARTS.finditer(text, found.start(), found.end()):
            yield nodes.Text(text[done : part.start()])
            yield _link(part[0], found["rfc"], page)
            done = part.end()
    yield nodes.Text(text[done:])


def _link(shown: str, rfc: str | None, page: str, content: nodes.Node | None = None) -> nodes.Node:
    if rfc is None:
        link = addnodes.pending_xref(
            "", refdoc=page, refdomain="std", reftype="ref", refexplicit=True, refwarn=True,
            reftarget=_label(shown),
        )  # fmt: skip
        link += content or nodes.inline(shown, shown)
        return link
    section = shown.partition("§")[2]
    kind = "section" if section[:1].isdigit() else "appendix"
    where = f"#{kind}-{section}" if section else ""
    return nodes.reference(shown, shown, refuri=f"https://www.rfc-editor.org/rfc/rfc{rfc}{where}")


def label_codes(app: Sphinx, doctree: nodes.document) -> None:
    """Labels the rows of tables and the sections that links lead to."""
    page = app.env.docname
    found: list[tuple[str, nodes.Element]] = []
    if page in _TABLES:
        for row in doctree.findall(nodes.row):
            found += [(each, row) for each in re.findall(rf"\b{_ID}", row[0].astext())]
    if page in _SECTIONS:
        found = [(each[0].astext(), each) for each in doctree.findall(nodes.section)]
    for name, node in found:
        node["ids"].append(_label(name))
        app.env.domains.standard_domain.anonlabels[_label(name)] = (page, _label(name))
        app.env.domains.standard_domain.labels[_label(name)] = (page, _label(name), name)


@cache
def _codes() -> frozenset[str]:
    from cmcodec.reasons import Reason

    return frozenset(Reason)


# --- the files around the pages ---


def link_outside(app: Sphinx, page: str, source: list[str]) -> None:
    """What a page says of files outside of this folder, leads into the repository."""
    if "/" not in page:
        base = f"{app.config.repository}/blob/main/"
        source[0] = re.sub(r"\]\(\.\./(?=\w)", f"]({base}", source[0])


# --- names of Python ---


def find_name(
    app: Sphinx, env: BuildEnvironment, node: addnodes.pending_xref, content: nodes.TextElement
) -> nodes.Node | None:
    """Where a name leads that Sphinx does not find as it is written; code, where nowhere."""
    if node.get("refdomain") != "py":
        return None
    target = node["reftarget"]
    domain: PythonDomain = env.domains.python_domain
    for name in _candidates(target):
        made = _documented(domain, name, node, content, app) or _elsewhere(env, name, node, content)
        if made is not None:
            return made
    if not re.fullmatch(r"[A-Za-z_][\w.]*", target) or target.rpartition(".")[2] in _words():
        return content
    return None


def _candidates(target: str) -> Iterator[str]:
    """What a name may be in full: as the package imports it, and as it stands."""
    first, dot, rest = target.partition(".")
    for full in _imports().get(first, ()):
        yield f"{full}{dot}{rest}"
    yield target
    yield f"cmcodec.{target}"


def _documented(
    domain: PythonDomain,
    name: str,
    node: addnodes.pending_xref,
    content: nodes.TextElement,
    app: Sphinx,
) -> nodes.Node | None:
    """A name of this package, under whichever public module it is documented."""
    if name not in domain.objects and name.startswith("cmcodec."):
        # Where it is defined is not where it is public.
        name = next((known for known in domain.objects if _is_same(known, name)), name)
    elif name not in domain.objects:
        ends = [known for known in domain.objects if known.endswith(f".{name}")]
        name = ends[0] if len(ends) == 1 else name
    if name not in domain.objects:
        return None
    entry = domain.objects[name]
    where = app.builder.get_relative_uri(node["refdoc"], entry.docname)
    made = nodes.reference("", "", internal=True, refuri=f"{where}#{entry.node_id}", reftitle=name)
    made += content
    return made


def _is_same(known: str, name: str) -> bool:
    """Whether a documented name is another's, of a module further in."""
    package, _, last = known.rpartition(".")
    return name.endswith(f".{last}") and name.startswith(f"{package}.")


def _elsewhere(
    env: BuildEnvironment, name: str, node: addnodes.pending_xref, content: nodes.TextElement
) -> nodes.Node | None:
    """A name of another project, as that documents it."""
    from sphinx.ext.intersphinx import resolve_reference_any_inventory

    asked = node.deepcopy()
    asked["reftarget"], asked["reftype"] = name, "obj"
    return resolve_reference_any_inventory(env, True, asked, content)


@cache
def _trees() -> tuple[ast.Module, ...]:
    return tuple(ast.parse(path.read_text(encoding="utf-8")) for path in PACKAGE.rglob("*.py"))


@cache
def _imports() -> dict[str, tuple[str, ...]]:
    """What each name means that some module imports."""
    found: dict[str, dict[str, None]] = {}
    for tree in _trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    full = f"{node.module}.{alias.name}"
                    found.setdefault(alias.asname or alias.name, {})[full] = None
    return {name: tuple(full) for name, full in found.items()}


@cache
def _words() -> frozenset[str]:
    """Every name in the package: of a module, a parameter, a field, a local alias, a code."""
    found = {path.stem for path in PACKAGE.rglob("*.py")}
    for tree in _trees():
        for node in ast.walk(tree):
            match node:
                case ast.Name(id=name) | ast.arg(arg=name) | ast.Attribute(attr=name):
                    found.add(name)
                case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                    found.add(name)
                case ast.keyword(arg=str(name)) | ast.Constant(value=str(name)):
                    found.add(name)
    return frozenset(found)


def setup(app: Sphinx) -> dict[str, Any]:
    """Sphinx calls it."""
    app.add_config_value("repository", "", "env", str)
    app.add_post_transform(Named)
    app.connect("source-read", link_outside)
    app.connect("doctree-read", label_codes)
    # Before intersphinx, for which `datetime` is a module.
    app.connect("missing-reference", find_name, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "env_version": 1}
