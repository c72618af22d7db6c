"""Directives that list what a module has, in an order that autodoc does not know.

``types-by-section`` has every class of `cmcodec.types` under the section of its standard. The first
sentence of a class says which that is, or that of its module does. Of ``Annotated`` the Python type
is shown: the rest is in the ASN.1 of each class. ``identifiers`` has those of `cmcodec.oids`,
``aliases`` what a package has from its modules that is neither class nor function.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from dataclasses import fields, is_dataclass
from importlib import import_module
from itertools import pairwise
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from sphinx.util.docutils import SphinxDirective

from cmcodec import oids, types

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docutils import nodes
    from sphinx.application import Sphinx

_PLACE = re.compile(r"(RFC \d+|MS-WCCE)(?: §([\w.]+))?")
_FIRST = "RFC 10002"


def places() -> dict[str, dict[str, list[str]]]:
    """The names of classes by standard, and by section: RFC 10002 first, others by number."""
    found: dict[str, dict[str, list[str]]] = {}
    for name in types.__all__:
        cls = getattr(types, name)
        if isinstance(cls, type):
            standard, section = _place(cls)
            found.setdefault(standard, {}).setdefault(section, []).append(name)

    def order(standard: str) -> tuple[object, ...]:
        kind, _, number = standard.partition(" ")
        return standard != _FIRST, not number, number.zfill(5), kind

    return {
        standard: dict(sorted(found[standard].items(), key=lambda item: _order(item[0])))
        for standard in sorted(found, key=order)
    }


def _place(cls: type) -> tuple[str, str]:
    """Where a class is defined: in which standard, and in which section of it."""
    for told in (cls, sys.modules[cls.__module__]):
        place = _PLACE.search(str(told.__doc__).partition("\n\n")[0])
        if place is not None:
            return place[1], place[2] or ""
    raise ValueError(f"the first sentence of {cls.__name__} names no standard")


def _order(section: str) -> tuple[str, ...]:
    """10 stands behind 9, and appendices behind sections."""
    return tuple(part.zfill(3) if part.isdigit() else f"~{part}" for part in section.split("."))


class TypesBySection(SphinxDirective):
    """A heading for each standard and section, and the classes below it."""

    def run(self) -> list[nodes.Node]:
        lines: list[str] = []
        for standard, sections in places().items():
            lines += [standard, "-" * len(standard), ""]
            for section, names in sections.items():
                if section:
                    title = f"{standard} §{section}"
                    lines += [title, "~" * len(title), ""]
                for name in names:
                    lines += _class(name)
        return self.parse_text_to_nodes("\n".join(lines), allow_section_headings=True)


def _class(name: str) -> Iterator[str]:
    yield f".. autoclass:: cmcodec.types.{name}"
    cls = getattr(types, name)
    if is_dataclass(cls):
        yield "   :no-undoc-members:"
        yield ""
        for field in fields(cls):
            yield f"   .. py:attribute:: {field.name}"
            yield f"      :type: {_without_notation(str(field.type))}"
            yield ""
    yield ""


def tell_nothing_of_defaults(
    _app: Sphinx, _what: str, name: str, of: object, _options: object, lines: list[str]
) -> None:
    """A field whose default is a function has not the docstring of that function."""
    is_function = isinstance(of, FunctionType | BuiltinFunctionType)
    if is_function and of.__name__ != name.rpartition(".")[2]:
        lines.clear()


class _Bare(ast.NodeTransformer):
    """Takes the Python type out of each ``Annotated``."""

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        self.generic_visit(node)
        match node:
            case ast.Subscript(value=ast.Name(id="Annotated"), slice=ast.Tuple(elts=[bare, *_])):
                return bare
        return node


def _without_notation(annotation: str) -> str:
    return ast.unparse(_Bare().visit(ast.parse(annotation, mode="eval")))


def shorten(
    _app: Sphinx, _what: str, _name: str, of: object, _options: object, shown: str, returns: str
) -> tuple[str, str] | None:
    """The signature of a type without its notation, and functions by their names."""
    if isinstance(of, type) and is_dataclass(of) and of.__module__.startswith("cmcodec.types"):
        bare = {each.name: _without_notation(str(each.type)) for each in fields(of)}
        parameters = [
            each.replace(
                annotation=_Shown(bare[each.name]),
                default=each.default if isinstance(each.default, _PLAIN) else _Shown("..."),
            )
            for each in inspect.signature(of).parameters.values()
        ]
        return str(inspect.Signature(parameters)), returns
    return (re.sub(r"<function (\w+)[^>]*>", r"\1", shown), returns) if shown else None


_PLAIN = (int, str, type(None), type)
"""Defaults that are shown: `inspect.Parameter.empty` is a class."""


class _Shown(str):
    """What stands in a signature as it is."""

    __slots__ = ()
    __repr__ = str.__str__


class Identifiers(SphinxDirective):
    """Each constant with its value, and below it the standard's name."""

    def run(self) -> list[nodes.Node]:
        lines: list[str] = []
        for name, value in vars(oids).items():
            if name.isupper() and isinstance(value, str):
                lines += [f".. py:data:: {name}", f"   :value: {value!r}", ""]
                lines += [f"   {oids.name(value)}", ""]
        return self.parse_text_to_nodes("\n".join(lines))


class Aliases(SphinxDirective):
    """The aliases and constants of a package, with their docstrings from where they are defined.

    The argument is the package; without a content all of it, else the names that stand there.
    """

    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        package = import_module(self.arguments[0])
        lines: list[str] = []
        for name in " ".join(self.content).split() or _values(package):
            kind, shown, told = _assigned(_home(package, name), name)
            lines += [f".. py:{kind}:: {name}", f"   :{_SHOWN[kind]}: {shown}", ""]
            lines += [f"   {line}" for line in told.splitlines()]
            lines.append("")
        return self.parse_text_to_nodes("\n".join(lines))


def _values(package: ModuleType) -> Iterator[str]:
    for name in package.__all__:
        known = isinstance(getattr(package, name), type | FunctionType | ModuleType)
        if not known and name[0] != "_":
            yield name


def _home(package: ModuleType, name: str) -> ModuleType:
    """The module that a package has a name from."""
    for node in ast.walk(ast.parse(inspect.getsource(package))):
        if isinstance(node, ast.ImportFrom) and name in {alias.name for alias in node.names}:
            return import_module(str(node.module))
    return package


_SHOWN = {"type": "canonical", "data": "value"}


def _assigned(module: ModuleType, wanted: str) -> tuple[str, str, str]:
    """What is assigned to a name of a module, as a type or not, and the docstring below it."""
    for item, following in pairwise(ast.parse(inspect.getsource(module)).body):
        match item, following:
            case (
                ast.Assign(targets=[ast.Name(name)], value=value)
                | ast.AnnAssign(target=ast.Name(name), value=ast.expr() as value),
                ast.Expr(ast.Constant(str(text))),
            ) if name == wanted:
                is_type = isinstance(item, ast.AnnAssign) and "TypeAlias" in ast.dump(
                    item.annotation
                )
                kind = "type" if is_type else "data"
                return kind, ast.unparse(value).strip("'"), inspect.cleandoc(text)
    raise ValueError(f"{module.__name__}.{wanted} has no docstring")


def setup(app: Sphinx) -> dict[str, Any]:
    """Sphinx calls it."""
    app.add_directive("types-by-section", TypesBySection)
    app.add_directive("identifiers", Identifiers)
    app.add_directive("aliases", Aliases)
    app.connect("autodoc-process-signature", shorten)
    app.connect("autodoc-process-docstring", tell_nothing_of_defaults)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
