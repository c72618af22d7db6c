"""Builds a release, looks at it, and tries it where nothing else is installed.

    python tools/release.py workflow            # what actionlint says of the workflow; needs Go
    python tools/release.py tag v0.1.0          # is the tag the version, everywhere?
    python tools/release.py sdist
    python tools/release.py pure                # the wheel without the engine
    python tools/release.py engine win_amd64    # one with it, for Linux with zig;
                                                # --interpreter python3.14t: for that without a GIL
    python tools/release.py check               # all that is in dist/; --complete: and is it all?
    python tools/release.py sbom OUT            # what the engine in the wheels consists of
    python tools/release.py attempt any.whl     # installs the file that so ends, verifies a batch;
                                                # --without-cargo: as if there were none
    python tools/release.py parallel win_amd64.whl      # the same, then tests in many threads
    python tools/release.py here                # each of these that this machine can do

`.github/workflows/release.yml` calls nothing else. Everything goes to and comes from dist/, and
wheels are built from the source distribution in it. Needs the network; ``tag``, ``attempt``,
``parallel`` and ``here`` nothing besides, the others what `.github/release.txt` lists.
"""

from __future__ import annotations

import argparse
import os
import platform as system
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path
from zipfile import ZipFile

ROOT = Path(__file__).resolve().parent.parent
DIST = ROOT / "dist"
BUILD = ROOT / "build"
TOOLS = ROOT / ".github" / "release.txt"
BATCH = ROOT / "examples" / "batch-1000.der"
VERSION: str = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]

TRIPLES = {
    "manylinux_2_28_x86_64": "x86_64-unknown-linux-gnu",
    "manylinux_2_28_aarch64": "aarch64-unknown-linux-gnu",
    "musllinux_1_2_x86_64": "x86_64-unknown-linux-musl",
    "musllinux_1_2_aarch64": "aarch64-unknown-linux-musl",
}
"""The target of rustc by the platform of a wheel for Linux."""

HERE = f"manylinux_2_28_{system.machine()}"
"""What ``here`` tries of it."""

ELSEWHERE = ("macosx_11_0_arm64", "macosx_11_0_x86_64", "win_amd64")

KINDS = ("cp311-abi3", "cp314-cp314t")
"""Engine wheels: one for every Python with a GIL, one for each without."""

PARALLEL_NEEDS = ("hypothesis>=6.130", "pytest>=9", "pytest-run-parallel>=0.10")
PARALLEL_TESTS = (
    *("test_decode.py", "test_encode_objects.py", "test_values.py", "test_verdict.py"),
    *("rules/test_batch.py", "rules/test_candidates.py", "rules/test_canonical.py"),
    *("rules/test_chains.py", "rules/test_encode.py", "rules/test_members.py"),
    *("rules/test_ml_dsa.py", "rules/test_parsing.py", "rules/test_verifying.py"),
)
"""Those whose work is in the engine, and that share nothing of their own."""

STAYS_WITHOUT_GIL = (
    "import sys, sysconfig, cmcodec;"
    "assert not sysconfig.get_config_var('Py_GIL_DISABLED') or not sys._is_gil_enabled()"
)
"""A module that is not made for it would switch the GIL on."""

ACTIONLINT = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12"


def run(*command: str | Path, cwd: Path = ROOT, **settings: str) -> None:
    """Runs a command, and ends with its status where it fails."""
    print("$", *command, flush=True)
    done = subprocess.run(command, cwd=cwd, env=os.environ | settings, check=False)
    if done.returncode:
        raise SystemExit(done.returncode)


def output(*command: str | Path, cwd: Path = ROOT, **settings: str) -> str:
    """What a command prints."""
    print("$", *command, flush=True)
    settings = os.environ | settings
    return subprocess.run(
        command, cwd=cwd, env=settings, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def require(holds: object, otherwise: str) -> None:
    """Ends where something does not hold."""
    if not holds:
        raise SystemExit(f"release: {otherwise}")


def workflow() -> None:
    """That the workflow is one."""
    run("go", "run", ACTIONLINT)


def tag(name: str) -> None:
    """That the packages have the version of a tag, and the changelog a section for it."""
    cargo = tomllib.loads((ROOT / "Cargo.toml").read_text("utf-8"))
    crate = cargo["workspace"]["package"]["version"]
    require(crate == VERSION, f"pyproject.toml says {VERSION}, Cargo.toml {crate}")
    require(name == f"v{VERSION}", f"the tag is {name}, the version {VERSION}")
    told = (ROOT / "CHANGELOG.md").read_text("utf-8")
    require(f"\n## {VERSION}" in told, f"CHANGELOG.md has no section {VERSION}")


def source() -> Path:
    """The source distribution in dist/."""
    path = DIST / f"cmcodec-{VERSION}.tar.gz"
    require(path.exists(), f"{path.name} is not in dist/: python tools/release.py sdist")
    return path


def unpacked() -> Path:
    """Its files, in build/."""
    folder = BUILD / source().name.removesuffix(".tar.gz")
    shutil.rmtree(folder, ignore_errors=True)
    with tarfile.open(source()) as archive:
        archive.extractall(BUILD, filter=_as_new)  # noqa: S202 - filtered
    return folder


def _as_new(member: tarfile.TarInfo, folder: str) -> tarfile.TarInfo | None:
    """A file that is as old as its unpacking: cargo keeps what it made of older ones."""
    safe = tarfile.data_filter(member, folder)
    # Documented for filters, and not typed so.
    return safe and safe.replace(mtime=None, deep=False)  # type: ignore[arg-type]


def sdist() -> None:
    """Makes the source distribution."""
    run(sys.executable, "-m", "build", "--no-isolation", "--sdist", "--outdir", DIST)


def pure() -> None:
    """Makes the wheel without the engine."""
    build = (sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", DIST)
    run(*build, unpacked(), CMCODEC_BUILD="pure")


def engine(platform: str, interpreter: str) -> None:
    """Makes the wheel with it, for one kind of Python on one platform."""
    maturin = (sys.executable, "-m", "maturin", "build", "--release", "--locked", "--out", DIST)
    target: tuple[str, ...] = ()
    if platform in TRIPLES:
        compatibility = platform.removesuffix("_x86_64").removesuffix("_aarch64")
        target = ("--zig", "--target", TRIPLES[platform], "--compatibility", compatibility)
    settings = {
        "CARGO_TARGET_DIR": str(BUILD / "target"),
        "MACOSX_DEPLOYMENT_TARGET": "11.0",
        # Where maturin looks for zig.
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])),
    }
    run(*maturin, "--interpreter", interpreter, *target, cwd=unpacked(), **settings)


def engines() -> list[Path]:
    """The engine wheels in dist/."""
    return [path for path in sorted(DIST.glob("*.whl")) if not path.name.endswith("-any.whl")]


def bill(wheel: Path) -> bytes:
    """The bill of materials in an engine wheel: every crate that is compiled into it."""
    with ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if name.endswith(".cyclonedx.json")]
        require(len(names) == 1, f"{wheel.name} has no bill of materials")
        text = archive.read(names[0])
    require(b"aws-lc-sys" in text, f"the bill of materials of {wheel.name} lacks aws-lc-sys")
    return text


def check(complete: bool) -> None:
    """That an index takes what is in dist/, and that wheels keep what their names promise."""
    files = sorted(path for path in DIST.iterdir() if path.name.startswith("cmcodec-"))
    run(sys.executable, "-m", "twine", "check", "--strict", *files)
    for wheel in engines():
        bill(wheel)
        if "-abi3-" in wheel.name:
            run(sys.executable, "-m", "abi3audit", "--strict", "--verbose", wheel)
        if "linux" in wheel.name:
            platform = wheel.stem.rpartition("-")[2]
            shown = output(sys.executable, "-m", "auditwheel", "show", wheel)
            found = re.search(r'platform tag:\s*"(\w+)"', " ".join(shown.split()))
            require(found, f"auditwheel names no platform of {wheel.name}")
            assert found is not None
            print(f"{wheel.name}: auditwheel says {found[1]}")
            require(_as_old(found[1], platform), f"{wheel.name} needs {found[1]}")
    if complete:
        engine_tags = [
            f"{kind}-{platform}" for kind in KINDS for platform in (*TRIPLES, *ELSEWHERE)
        ]
        wheels = {f"cmcodec-{VERSION}-{end}.whl" for end in (*engine_tags, "py3-none-any")}
        expected = wheels | {source().name}
        names = {path.name for path in files}
        require(expected == names, f"dist/ differs in {sorted(expected ^ names)}")


def _as_old(needed: str, promised: str) -> bool:
    """Whether what a wheel needs of Linux is no newer than what its name promises."""
    form = re.compile(r"(many|musl)linux_(\d+)_(\d+)_(\w+)")
    one, other = form.fullmatch(needed), form.fullmatch(promised)
    if not one or not other or (one[1], one[4]) != (other[1], other[4]):
        return False
    return (int(one[2]), int(one[3])) <= (int(other[2]), int(other[3]))


def sbom(out: Path) -> None:
    """Writes the bill of materials of the engine, from one of the wheels."""
    wheels = engines()
    require(wheels, "dist/ has no engine wheel")
    out.write_bytes(bill(wheels[0]))


def found(end: str) -> Path:
    """The file in dist/ whose name ends so."""
    files = [path for path in DIST.iterdir() if path.name.endswith(end)]
    require(len(files) == 1, f"dist/ has {len(files)} files that end in {end}")
    return files[0]


def installed(file: Path, folder: Path, *more: str, cargo: bool = True) -> Path:
    """A Python in ``folder`` for which ``file`` is installed, and which verifies the batch."""
    backend = "rust" if cargo and not file.name.endswith("-any.whl") else "pure"
    places = os.environ["PATH"].split(os.pathsep)
    path = os.pathsep.join(
        place for place in places if cargo or not shutil.which("cargo", path=place)
    )
    run(sys.executable, "-m", "venv", folder)
    scripts = folder / ("Scripts" if os.name == "nt" else "bin")
    python = scripts / "python"
    run(python, "-m", "pip", "install", "--quiet", file, *more, cwd=folder, PATH=path)
    # Pipes of Windows are of UTF-8 only when told so.
    settings = {"CMCODEC_BACKEND": backend, "PYTHONUTF8": "1"}
    cmc = scripts / "cmc"
    told = output(cmc, "--version", cwd=folder, **settings)
    require(f"cmc {VERSION} ({backend} backend)" in told, f"{file.name} is {told.strip()}")
    run(cmc, "verify", BATCH, cwd=folder, **settings)
    run(python, "-c", STAYS_WITHOUT_GIL, cwd=folder, **settings)
    return python


def attempt(end: str, without_cargo: bool) -> None:
    """Tries a file."""
    with tempfile.TemporaryDirectory() as scratch:
        installed(found(end), Path(scratch) / "venv", cargo=not without_cargo)


def parallel(end: str) -> None:
    """Tries a file, and whether four threads at once pass each test."""
    with tempfile.TemporaryDirectory() as scratch:
        python = installed(found(end), Path(scratch) / "venv", *PARALLEL_NEEDS)
        tests = [ROOT / "tests" / name for name in PARALLEL_TESTS]
        options = ("--parallel-threads=4", "--iterations=1", "-p", "no:cacheprovider", "-k", "rust")
        run(python, "-m", "pytest", *options, *tests, CMCODEC_BACKEND="rust")
        # These have threads of their own.
        alone = (ROOT / "tests" / "test_threads.py", "-p", "no:cacheprovider")
        run(python, "-m", "pytest", *alone, CMCODEC_BACKEND="rust")


def here() -> None:
    """Each step of the workflow that this machine can do, in an order that ends early."""
    shutil.rmtree(DIST, ignore_errors=True)
    tools = BUILD / "tools"
    run(sys.executable, "-m", "venv", "--clear", tools)
    tooled = tools / ("Scripts" if os.name == "nt" else "bin") / "python"
    run(tooled, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", TOOLS)

    def step(*verb: str | Path, python: str | Path = tooled) -> None:
        run(python, Path(__file__), *verb)

    left = []
    if shutil.which("go"):
        step("workflow")
    else:
        left.append("actionlint: no Go")
    step("sdist")
    step("pure")
    targets = output("rustup", "target", "list", "--installed").split()
    for platform, triple in TRIPLES.items():
        if triple in targets:
            step("engine", platform)
            step("engine", platform, "--interpreter", "python3.14t")
        else:
            left.append(f"{platform}: no target {triple} of rustc")
    left += [f"{platform}: not this system" for platform in ELSEWHERE]
    step("check")
    step("sbom", BUILD / "sbom.cdx.json")
    own = f"abi3-{HERE}.whl"
    for python in ("python3.11", "python3.12", "python3.13", "python3.14"):
        if _answers(python):
            step("attempt", own, python=python)
            step("attempt", "any.whl", python=python)
        else:
            left.append(f"{python}: not installed")
    step("parallel", own, python=sys.executable)
    if _answers("python3.14t"):
        step("parallel", f"cp314t-{HERE}.whl", python="python3.14t")
    else:
        left.append("python3.14t: not installed; its wheel was built, and not tried")
    step("attempt", ".tar.gz", "--without-cargo", python=sys.executable)
    step("attempt", ".tar.gz", python=sys.executable)
    print("release: good. Not done here:", *left, sep="\n  ")


def _answers(python: str) -> bool:
    """Whether there is such a Python, and not only a shim that would look for it."""
    found = shutil.which(python)
    command = [found or python, "-c", ""]
    return bool(found) and not subprocess.run(command, capture_output=True, check=False).returncode


def main() -> None:
    """Does what a verb says."""
    parser = argparse.ArgumentParser(description="Builds, looks at and tries a release.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("tag").add_argument("name")
    for plain in ("workflow", "sdist", "pure", "here"):
        verbs.add_parser(plain)
    made = verbs.add_parser("engine")
    made.add_argument("platform", choices=(*TRIPLES, *ELSEWHERE))
    made.add_argument("--interpreter", default=sys.executable)
    verbs.add_parser("check").add_argument("--complete", action="store_true")
    verbs.add_parser("sbom").add_argument("out", type=Path)
    tried = verbs.add_parser("attempt")
    tried.add_argument("end")
    tried.add_argument("--without-cargo", action="store_true")
    verbs.add_parser("parallel").add_argument("end")
    arguments = vars(parser.parse_args())
    globals()[arguments.pop("verb")](**arguments)


if __name__ == "__main__":
    main()
