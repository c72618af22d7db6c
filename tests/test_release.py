"""What is released: the source distribution, what is built from it, and what the pages link to."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import tomllib
from typing import TYPE_CHECKING
from zipfile import ZipFile

import pytest

from kit.vectors import ROOT

if TYPE_CHECKING:
    from pathlib import Path

BOTH_BACKENDS = False

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
REPOSITORY: str = PROJECT["urls"]["Repository"]
WORKFLOW = ROOT / ".github" / "workflows" / "release.yml"

LEFT_OUT = (".editorconfig", ".gitattributes", ".github/", ".readthedocs.yaml")
"""What is in git and not in the source distribution."""

CACHES = re.compile(r"__pycache__|\.pyc$|\.so$|\.pyd$|_cache/|\.hypothesis|\.benchmarks|^target/")

HOOK = """
import sys
sys.path.insert(0, "python")
import build_backend
print(getattr(build_backend, sys.argv[1])(sys.argv[2]))
"""


def built(hook: str, folder: Path, into: Path, **settings: str) -> Path:
    """What a hook of the build backend in ``folder`` makes."""
    into.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", HOOK, hook, str(into)],
        cwd=folder,
        env=os.environ | settings,
        check=True,
        capture_output=True,
        text=True,
    )
    return into / done.stdout.splitlines()[-1]


def with_cargo(folder: Path) -> str:
    """A search path on which something is called cargo."""
    folder.mkdir()
    cargo = folder / ("cargo.exe" if os.name == "nt" else "cargo")
    cargo.write_bytes(b"")
    cargo.chmod(0o755)
    return str(folder)


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source distribution, made where there is no cargo."""
    folder = tmp_path_factory.mktemp("sdist")
    return built("build_sdist", ROOT, folder / "dist", PATH="")


@pytest.fixture(scope="module")
def source(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its files."""
    folder = tmp_path_factory.mktemp("source")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    return folder / sdist.name.removesuffix(".tar.gz")


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_sdist_is_the_same_with_and_without_cargo(sdist: Path, tmp_path: Path) -> None:
    """Octet for octet."""
    cargo = with_cargo(tmp_path / "bin")
    other = built("build_sdist", ROOT, tmp_path / "dist", PATH=cargo)
    assert other.name == sdist.name
    assert other.read_bytes() == sdist.read_bytes()


def test_sdist_has_what_builds_it_and_no_caches(source: Path) -> None:
    """The build backend, the lock file of the engine, licences; nothing that a run has left."""
    names = files(source)
    assert names > {"python/build_backend.py", "Cargo.lock", "Cargo.toml", "pyproject.toml"}
    assert names > {"LICENSE-APACHE", "LICENSE-MIT", "README.md", "rust/cmcodec/Cargo.toml"}
    assert [name for name in names if CACHES.search(name)] == []


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a checkout")
def test_sdist_is_what_is_in_git(source: Path) -> None:
    """No file of git is missing, and nothing is there that git ignores."""

    def listed(*kinds: str) -> set[str]:
        command = ["git", "ls-files", "-z", "--exclude-standard", *kinds]
        done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
        return {name for name in done.stdout.split("\0") if name and (ROOT / name).exists()}

    tracked = {name for name in listed("--cached") if not name.startswith(LEFT_OUT)}
    names = files(source) - {"PKG-INFO"}
    assert tracked <= names <= tracked | listed("--others")


def test_sdist_makes_itself(sdist: Path, source: Path, tmp_path: Path) -> None:
    """Who has only the source distribution makes the same one from it."""
    again = built("build_sdist", source, tmp_path / "dist", PATH="")
    assert again.read_bytes() == sdist.read_bytes()


def test_pure_wheel_of_the_sdist_is_the_package(source: Path, tmp_path: Path) -> None:
    """Every file of the package is in it, no library, and no backend of a build."""
    wheel = built("build_wheel", source, tmp_path / "dist", CMCODEC_BUILD="pure")
    with ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert names == {f"cmcodec/{name}" for name in files(source / "python" / "cmcodec")}
    assert wheel.name.endswith("-py3-none-any.whl")


@pytest.mark.parametrize(
    ("wanted", "cargo", "tool"),
    [
        ("auto", True, "maturin"),
        ("auto", False, "hatchling"),
        ("rust", False, "maturin"),
        ("pure", True, "hatchling"),
    ],
)
def test_wheels_are_made_by_what_is_there(
    wanted: str, cargo: bool, tool: str, tmp_path: Path
) -> None:
    path = with_cargo(tmp_path / "bin") if cargo else ""
    program = HOOK.replace("(sys.argv[2])", "()")
    done = subprocess.run(
        [sys.executable, "-c", program, "get_requires_for_build_wheel"],
        cwd=ROOT,
        env=os.environ | {"CMCODEC_BUILD": wanted, "PATH": path},
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.startswith(f"['{tool}>=")


def test_another_kind_of_build_is_refused() -> None:
    done = subprocess.run(
        [sys.executable, "-c", HOOK, "build_sdist", "dist"],
        cwd=ROOT,
        env=os.environ | {"CMCODEC_BUILD": "fast"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (
        1,
        "CMCODEC_BUILD=fast: not one of auto, rust, pure\n",
    )


def test_versions_agree() -> None:
    """A release has one version, whoever builds it."""
    cargo = tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))
    assert cargo["workspace"]["package"]["version"] == PROJECT["version"]


@pytest.mark.parametrize(("tag", "status"), [(f"v{PROJECT['version']}", 0), ("v0.0.0", 1)])
def test_a_tag_is_the_version(tag: str, status: int) -> None:
    """Any other tag is refused, in one line."""
    script = ROOT / "tools" / "release.py"
    done = subprocess.run(
        [sys.executable, script, "tag", tag], check=False, capture_output=True, text=True
    )
    assert done.returncode == status
    assert len(done.stderr.splitlines()) == status


def test_readme_links_work_on_an_index() -> None:
    """Each link is absolute, and those into the repository lead to a file of it."""
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    named = dict(re.findall(r"^\[([^\]]+)\]: (\S+)$", page, re.MULTILINE))
    links = [*named.values(), *re.findall(r"\]\(([^)\s]+)\)", page)]
    assert [link for link in links if not link.startswith(("https://", "#"))] == []
    into = [link for link in links if link.startswith(REPOSITORY)]
    place = re.compile(rf"{re.escape(REPOSITORY)}/(?:blob|raw|tree)/main/([^#]+)(?:#.*)?")
    assert into
    assert [link for link in into if not (ROOT / place.sub(r"\1", link)).exists()] == []
    used = set(
        re.findall(r"\[([\w./-]+)\](?![(:])", re.sub(r"```.*?```|`[^`]*`", "", page, flags=re.S))
    )
    assert used == set(named)


def test_urls_lead_into_the_repository() -> None:
    """The repository has one address."""
    assert all(url.startswith(REPOSITORY) for url in PROJECT["urls"].values())


@pytest.mark.skipif(not WORKFLOW.exists(), reason="not a checkout")
def test_workflow_and_script_build_the_same_wheels() -> None:
    """What ``check --complete`` expects is what the workflow builds."""
    script = (ROOT / "tools" / "release.py").read_text(encoding="utf-8")
    platform = r"(?:many|musl)linux_\d_\d+_\w+|macosx_\d+_\d_\w+|win_\w+"
    built = re.findall(rf"platform: ({platform}), runner: \S+, triple", WORKFLOW.read_text("utf-8"))
    assert set(built) == set(re.findall(rf'"({platform})"', script))


@pytest.mark.skipif(not WORKFLOW.exists(), reason="not a checkout")
def test_actions_are_pinned_by_commit() -> None:
    """A tag of an action can be moved; a commit cannot."""
    used = re.findall(r"uses: (\S+)( # v[\d.]+)?$", WORKFLOW.read_text("utf-8"), re.MULTILINE)
    assert used
    assert all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", action) and tag for action, tag in used)
