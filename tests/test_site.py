"""The site is built without a warning, has a place for every public name, and loads nothing."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import fields, is_dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any
from zlib import decompress

import pytest

import cmcodec
from cmcodec.explanations import CODES, Explanation, explain
from embedding.document import needs
from kit.vectors import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

BOTH_BACKENDS = False

DOCS = ROOT / "docs"
PACKAGE = Path(cmcodec.__file__).parent

INTERNAL = {
    *("algorithms", "arguments", "checked", "cli", "columns", "durable", "foreign", "hints"),
    *("loaded", "message", "metering", "received", "verify"),
}
"""What a program has no need of: its public names are those of `cmcodec`."""


# --- the build -----------------------------------------------------------------------------------


def sphinx(builder: str, folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """Builds the site as CONTRIBUTING.md says."""
    command = [sys.executable, "-m", "sphinx", "-q", *more, "-b", builder]
    # The version of pygments or docutils may warn of itself: that is not of the site.
    return subprocess.run(
        [*command, "-d", str(folder / "doctrees"), str(DOCS), str(folder / builder)],
        check=False, capture_output=True, text=True, timeout=600, cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(PACKAGE.parent), "COLUMNS": "100"},
    )  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the site, built once for all tests."""
    needs("Sphinx", find_spec("sphinx"))
    folder = tmp_path_factory.mktemp("site")
    done = sphinx("html", folder, "-W", "--keep-going")
    assert (done.returncode, done.stderr) == (0, "")
    return folder / "html"


def test_programs_on_pages_run(site: Path) -> None:
    """Every doctest prints what the page shows."""
    done = sphinx("doctest", site.parent)
    assert done.returncode == 0, done.stdout + done.stderr
    summary = (site.parent / "doctest" / "output.txt").read_text(encoding="utf-8")
    tests = re.search(r"(\d+) tests?\n\s+0 failures in tests", summary)
    assert tests is not None
    assert int(tests[1]) > 50


LOADED = re.compile(
    r"""<(?:script|img|iframe|source|embed|audio|video)\b[^>]*\bsrc=["']?(?:https?:)?//[^"'> ]+"""
    r"""|<link\b(?![^>]*rel=["']?canonical)[^>]*\bhref=["']?(?:https?:)?//[^"'> ]+"""
    r"""|url\(\s*["']?(?:https?:)?//[^)]+|@import\s+["'](?:https?:)?//[^"']+"""
)
"""What a browser fetches by itself from elsewhere; a link waits for a click."""


def test_a_page_loads_nothing_from_elsewhere(site: Path) -> None:
    """No font, no script, no style, no image, in pages and in what they load."""
    assert LOADED.search('<script defer src="https://cdn.example/x.js">')
    assert LOADED.search("@font-face { src: url(//fonts.example/x) }")
    assert LOADED.search('<link rel="stylesheet" href="https://a.example/x.css">')
    assert not LOADED.search('<a href="https://www.rfc-editor.org/rfc/rfc10002">')
    found = {
        f"{path.relative_to(site)}: {each[0]}"
        for path in site.rglob("*")
        if path.suffix in (".html", ".css", ".js", ".svg")
        for each in LOADED.finditer(path.read_text(encoding="utf-8"))
    }
    assert found == set()


# --- names ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def inventory(site: Path) -> dict[str, set[str]]:
    """What the site has a place for, by kind: names of Python, and labels."""
    octets = (site / "objects.inv").read_bytes()
    *_, packed = octets.split(b"\n", 4)
    found: dict[str, set[str]] = {"py": set(), "std": set()}
    for line in decompress(packed).decode().splitlines():
        name, domain = re.match(r"(.+?) (\w+):\S+ ", line).groups()  # type: ignore[union-attr]
        found[domain].add(name)
    return found


def public_modules() -> Iterator[str]:
    """The package, its public modules, and the modules that these name as public."""
    yield "cmcodec"
    for path in PACKAGE.iterdir():
        name = path.name if path.is_dir() else path.stem
        if name[0] != "_" and name not in INTERNAL and (path.suffix == ".py" or has_code(path)):
            yield from below(f"cmcodec.{name}")
    # What no package names.
    yield from (
        "cmcodec.compat.python_cmc",
        "cmcodec.compat.asn1crypto",
        "cmcodec.embedded.serving",
    )


def has_code(path: Path) -> bool:
    return (path / "__init__.py").exists()


def below(name: str) -> Iterator[str]:
    yield name
    module = import_module(name)
    for each in getattr(module, "__all__", ()):
        value = getattr(module, each)
        if isinstance(value, ModuleType) and value.__name__.startswith(f"{name}."):
            yield from below(value.__name__)


def names_of(module: ModuleType) -> list[str]:
    """The public names of a module: those it lists, else those it defines."""
    listed = getattr(module, "__all__", None)
    if listed is not None:
        return list(listed)
    return [
        name
        for name, value in vars(module).items()
        if name[0] != "_"
        and not isinstance(value, ModuleType)
        and getattr(value, "__module__", module.__name__) in (module.__name__, None)
    ]


MODULES = sorted(set(public_modules()))


@pytest.mark.parametrize("name", MODULES)
def test_each_public_name_has_a_place(name: str, inventory: dict[str, set[str]]) -> None:
    """The name, or the same thing under another public name; of a class, its own members too."""
    module = import_module(name)
    assert name in inventory["py"]
    missing = []
    for each in names_of(module):
        value = getattr(module, each)
        under = [name, *twins(value, each)]
        if isinstance(value, ModuleType):
            wanted = [{value.__name__}]
        else:
            members = members_of(value) if isinstance(value, type) else ()
            names = [each, *(f"{each}.{member}" for member in members)]
            wanted = [{f"{place}.{name}" for place in under} for name in names]
        missing += [places for places in wanted if not places & inventory["py"]]
    assert missing == []


def twins(value: object, name: str) -> Iterator[str]:
    """The public modules that have the same under the same name."""
    for module in MODULES:
        if getattr(import_module(module), name, None) is value and value is not None:
            yield module


def members_of(cls: type) -> Iterator[str]:
    """Fields and methods of a class, also those of a base that is not public itself."""
    if is_dataclass(cls):
        yield from (each.name for each in fields(cls) if each.name[0] != "_")
    internal = [each for each in cls.__mro__ if each is cls or is_internal(each)]
    for name, value in (item for each in internal for item in vars(each).items()):
        method = callable(value) or isinstance(value, property | classmethod | staticmethod)
        if name[0] != "_" and method:
            yield name


def is_internal(cls: type) -> bool:
    """Whether a class is of this package, and no public name."""
    own = cls.__module__.startswith("cmcodec.")
    return own and not any(True for _ in twins(cls, cls.__name__))


def test_a_name_without_a_place_is_found(inventory: dict[str, set[str]]) -> None:
    """The test above would see it."""
    assert "cmcodec.load" in inventory["py"]
    with pytest.raises(AssertionError):
        test_each_public_name_has_a_place("cmcodec.keys", {"py": set(), "std": set()})


@pytest.mark.parametrize("code", CODES)
def test_each_code_has_a_place(code: str, site: Path) -> None:
    """Reasons and failInfos have a section, with all that explains them; rules have a row."""
    found: Explanation = explain(code)
    page = site / ("reasons.html" if found.advice else "rules.html")
    text: Any = page.read_text(encoding="utf-8")
    assert f'id="code-{code.lower()}"' in text
