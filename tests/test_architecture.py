"""The house: floors that import only downwards, one home for each fact, words with a target."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cmcodec import oids
from cmcodec.reasons import Reason, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

BOTH_BACKENDS = False
ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "python" / "cmcodec"
ENGINE = ROOT / "rust" / "cmcodec" / "src"

FLOORS = (
    (
        *("errors", "reasons", "explanations", "limits", "arguments", "durable", "metering"),
        *("oids", "algorithms", "_backend", "checked", "foreign"),
    ),
    ("asn1", "columns"),
    ("types", "verify.verdict", "verify.columns", "verify.lines"),
    ("_rust", "_pure"),
    ("hints", "received", "loaded", "message", "verify"),
    ("cms",),
    ("controls",),
    ("builders",),
    ("roles",),
    ("stores", "transports", "keys"),
    ("embedded",),
    ("cli", "compat", "arrow", ""),
)
"""Modules and packages below ``cmcodec``, from the ground up; the longest name that fits counts."""

pytestmark = pytest.mark.skipif(
    not ENGINE.is_dir(), reason="an installed package has no engine source"
)


# --- imports ---------------------------------------------------------------------------------


def modules() -> dict[str, Path]:
    """Every module of the package by its name below ``cmcodec``; a package is its ``__init__``."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def statements(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node but those that only the type checker reads."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            for other in node.orelse:
                yield from statements(other)
                yield other
            continue
        yield node
        yield from statements(node)


def imports(path: Path, known: dict[str, Path]) -> set[str]:
    """The modules of the package that a file imports, inside functions too."""
    names: set[str] = set()
    for node in statements(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: relative imports are not used"
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                is_module = name.removeprefix("cmcodec").removeprefix(".") in known
                names.add(name if is_module or name == "cmcodec._rust" else str(node.module))
    return {
        name.removeprefix("cmcodec").removeprefix(".")
        for name in names
        if name.partition(".")[0] == "cmcodec"
    }


GRAPH = {name: imports(path, modules()) for name, path in modules().items()}


def floor(name: str) -> int:
    """The floor that a module stands on."""
    fitting = [
        (len(prefix), number)
        for number, prefixes in enumerate(FLOORS)
        for prefix in prefixes
        if not prefix or name == prefix or name.startswith(f"{prefix}.")
    ]
    return max(fitting)[1]


def test_files_import_only_from_floors_below() -> None:
    """A file imports from its own floor or from lower ones."""
    upwards = [
        f"{name} imports {other}"
        for name, others in GRAPH.items()
        for other in others
        if floor(other) > floor(name)
    ]
    assert upwards == []


def circles(graph: dict[str, set[str]]) -> list[str]:
    """The circles that a graph has."""
    done: set[str] = set()
    found: list[str] = []

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            found.append(" → ".join((*path[path.index(name) :], name)))
        elif name not in done:
            for other in sorted(graph.get(name, ())):
                visit(other, (*path, name))
            done.add(name)

    for name in sorted(graph):
        visit(name, ())
    return found


def test_there_are_no_circles() -> None:
    """No module imports itself by way of others."""
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b → c → b"]
    assert circles(GRAPH) == []


def test_the_fallback_is_reached_through_the_backend_interface() -> None:
    """Nothing above the interface imports ``_pure`` or ``_rust``."""
    backends = [
        f"{name} imports {other}"
        for name, others in GRAPH.items()
        for other in others
        if other.startswith(("_pure", "_rust")) and not name.startswith("_pure")
    ]
    assert backends == []


def test_the_command_line_reaches_into_no_private_module() -> None:
    """What `cmc` does, anyone can do with public names."""
    private = []
    for name, path in modules().items():
        if not name.startswith("cli"):
            continue
        private += [f"{name} imports {other}" for other in GRAPH[name] if "._" in f".{other}"]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith("cmcodec"):
                private += [f"{name} imports {a.name}" for a in node.names if a.name[0] == "_"]
    assert private == []


# --- the engine ------------------------------------------------------------------------------

CRATES = {"cmcodec": ENGINE, "cmcodec-python": ROOT / "rust" / "cmcodec-python" / "src"}


def rust_modules(source: Path) -> dict[tuple[str, ...], str]:
    """The modules of a crate, by path, and their texts without tests."""
    found = {}
    for path in source.rglob("*.rs"):
        parts = path.relative_to(source).with_suffix("").parts
        text = path.read_text(encoding="utf-8").partition("#[cfg(test)]")[0]
        found[() if parts == ("lib",) else parts] = re.sub(r"//.*", "", text)
    return found


def used(text: str) -> Iterator[tuple[str, ...]]:
    """Every path that the ``use`` declarations of a module name, braces opened."""

    def opened(path: str) -> Iterator[str]:
        inner = re.search(r"\{([^{}]*)\}", path)
        if inner is None:
            yield path
            return
        for part in inner[1].split(","):
            if part.strip():
                yield from opened(path[: inner.start()] + part.strip() + path[inner.end() :])

    for declared in re.findall(r"\buse ((?:crate|super|self)\b[^;]*);", text):
        for path in opened(re.sub(r"\s+", " ", declared)):
            yield tuple(part.strip() for part in path.partition(" as ")[0].split("::"))


def rust_graph(source: Path) -> dict[tuple[str, ...], set[tuple[str, ...]]]:
    """Which modules of a crate each module uses."""
    known = rust_modules(source)
    graph: dict[tuple[str, ...], set[tuple[str, ...]]] = {}
    for name, text in known.items():
        graph[name] = set()
        for path in used(text):
            base = {"crate": (), "self": name, "super": name[:-1]}[path[0]]
            rest = path[1:]
            while rest and rest[0] == "super":
                base, rest = base[:-1], rest[1:]
            target = (*base, *rest)
            while target not in known:
                target = target[:-1]
            graph[name] |= {target} - {name}
    return graph


@pytest.mark.parametrize("crate", CRATES)
def test_the_engine_has_no_circles(crate: str) -> None:
    """No module of the engine uses itself by way of others."""
    graph = rust_graph(CRATES[crate])
    assert len(graph) > 5
    assert circles({"::".join(k): {"::".join(o) for o in v} for k, v in graph.items()}) == []


# --- facts -----------------------------------------------------------------------------------


def python_strings() -> Iterator[tuple[Path, str]]:
    """Every string in the package that is no docstring and no part of a sentence."""
    for path in PACKAGE.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        sentences = {
            id(node.value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        }
        for node in ast.walk(tree):
            is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
            if is_text and id(node) not in sentences:
                yield path, node.value


def rust_sources() -> Iterator[tuple[Path, str]]:
    """The hand-written sources of the engine, without their tests."""
    for path in (ROOT / "rust").glob("*/src/**/*.rs"):
        if "generated" not in path.parts:
            yield path, path.read_text(encoding="utf-8").partition("#[cfg(test)]")[0]


DOTTED = re.compile(r"(?<![\d.])(?!0\.0\.0\.0\b|1\.2\.3\.4\b)[0-2](?:\.\d+){3,}\b")
"""An OBJECT IDENTIFIER, but neither any address of this machine nor an example of neither."""

OTHER_MEANINGS = {
    ("cli/show/report.py", "limit"),
    ("controls/__init__.py", "no_signature"),
    ("transports/limits.py", "limit"),
}
"""Words that are spelled as a reason is and mean something else, by file."""


def test_each_object_identifier_stands_in_one_file() -> None:
    """``oids.py``; the engine's are generated from it."""
    elsewhere = [
        f"{path.relative_to(ROOT)}: {text}"
        for path, text in python_strings()
        if DOTTED.search(text) and path.name != "oids.py"
    ]
    elsewhere += [
        f"{path.relative_to(ROOT)}: {found}"
        for path, text in rust_sources()
        for found in DOTTED.findall(text)
    ]
    assert elsewhere == []
    assert len(set(oids.NAMES)) == len(set(oids.NAMES.values())) > 200


def test_each_reason_stands_in_one_file() -> None:
    """``reasons.py``; the engine's are generated from it."""
    codes = {str(reason) for reason in Reason}
    elsewhere = [
        f"{path.relative_to(ROOT)}: {text}"
        for path, text in python_strings()
        if text in codes
        and path.name != "reasons.py"
        and (str(path.relative_to(PACKAGE)), text) not in OTHER_MEANINGS
    ]
    elsewhere += [
        f"{path.relative_to(ROOT)}: {code}"
        for path, text in rust_sources()
        for code in codes
        if f'"{code}"' in text
    ]
    assert elsewhere == []


RULE_FUNCTION = re.compile(r"\b(?:fn|def) ((?:p|v|r)[0-9]+[a-z]?_\w+)")


def test_rules_are_functions_of_one_name_in_both_backends() -> None:
    """V14: whoever changes a rule finds it under the same name twice."""
    engine = {name for _, text in rust_sources() for name in RULE_FUNCTION.findall(text)}
    fallback = {
        name
        for path in (PACKAGE / "_pure").rglob("*.py")
        for name in RULE_FUNCTION.findall(path.read_text(encoding="utf-8"))
    }
    assert engine == fallback
    assert {"v4_attributes", "v7_algorithms", "v8_find_key", "r1_proof"} <= engine
    assert {name.partition("_")[0].upper() for name in engine} <= set(Rule.__members__)


# --- words -----------------------------------------------------------------------------------


def texts() -> Iterator[tuple[Path, str]]:
    """Every text of the project that may name a rule, a requirement or a trap."""
    for folder in ("python", "rust", "tests", "benches", "docs", "tools", "examples"):
        for path in (ROOT / folder).rglob("*"):
            if path.suffix not in (".py", ".pyi", ".rs", ".md", ".toml") or "target" in path.parts:
                continue
            if not {".cache", "vectors", "record", "generated"} & set(path.parts):
                yield path, path.read_text(encoding="utf-8")
    for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"):
        yield ROOT / name, (ROOT / name).read_text(encoding="utf-8")


REFERENCE = re.compile(r"\b(?:R-\d{3}|T-\d{2}|[Rr]ules? (?:[PVR]\d+a?))\b")


def test_every_reference_has_its_target() -> None:
    """Each R-…, T-… and rule that a text names is listed in ``docs``."""
    requirements = (ROOT / "docs" / "requirements.md").read_text(encoding="utf-8")
    rules = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| (R-\d{3}) \|", requirements, re.M))
    listed |= set(re.findall(r"\bT-\d{2}\b", rules))
    listed |= {str(rule) for rule in Rule}
    missing = {
        f"{path.relative_to(ROOT)}: {found}"
        for path, text in texts()
        for found in REFERENCE.findall(text)
        if found.split()[-1] not in listed
    }
    assert missing == set()


def test_no_text_refers_to_what_is_not_here() -> None:
    """A stranger has this repository and the RFCs, and nothing else."""
    outside = re.compile(
        r"\b(?:SPEC|STYLE) [A-G]\b|\bRULES [PVRG]\b|\bRULES [PVRG]\d|\bDESIGN:|\b[A-Z]{4,}\.md §"
    )
    found = {
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path, text in texts()
        for line in text.splitlines()
        if outside.search(line) and path != Path(__file__)
    }
    assert found == set()
