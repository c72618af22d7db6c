"""What this project depends on: known vulnerabilities, licences, where it comes from.

    python tools/audit.py crates      # deny.toml, over Cargo.lock
    python tools/audit.py packages    # those installed beside this interpreter
    python tools/audit.py             # both

With ``--complete`` it fails where something cannot be looked up; else it says so, in a line that
begins with "without". A finding is status 1 in each case.

Crates are checked by `cargo deny`, where that is installed (``cargo install --locked cargo-deny``).
Else licences, bans and sources are, by the same deny.toml, and advisories are not. Packages are
checked by `pip-audit`, by what the package index knows.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).resolve().parent.parent
DENY = ROOT / "deny.toml"
OFFLINE = ("licenses", "bans", "sources")
"""What `cargo deny` checks without the network."""


class Result(NamedTuple):
    """What was found, and what could not be looked up."""

    findings: list[str]
    without: list[str]


# --- crates --------------------------------------------------------------------------------------


def crates() -> Result:
    """deny.toml over the workspace."""
    if shutil.which("cargo") is None:
        return Result([], ["crates: there is no cargo"])
    if shutil.which("cargo-deny") is None:
        metadata = output("cargo", "metadata", "--format-version", "1", "--locked")
        if metadata.returncode:
            return Result([], [f"crates: {metadata.stderr.strip()}"])
        found = against(tomllib.loads(DENY.read_text("utf-8")), json.loads(metadata.stdout))
        return Result(list(found), ["advisories of crates: there is no cargo-deny"])
    done = output("cargo", "deny", "--locked", "check", *OFFLINE)
    findings = [done.stderr] if done.returncode else []
    done = output("cargo", "deny", "--locked", "check", "advisories")
    if "failed to fetch advisory database" in done.stderr:
        return Result(findings, ["advisories of crates: their database cannot be reached"])
    return Result(findings + ([done.stderr] if done.returncode else []), [])


def against(deny: dict[str, Any], metadata: dict[str, Any]) -> Iterator[str]:
    """What deny.toml forbids of what ``cargo metadata`` lists: licences, bans, sources."""
    licences, bans = set(deny["licenses"]["allow"]), {each["name"] for each in deny["bans"]["deny"]}
    members = set(metadata["workspace_members"])
    used: set[str] = set()
    for package in metadata["packages"]:
        name = f"{package['name']} {package['version']}"
        expression = package["license"] or ""
        used.update(re.findall(r"[^\s()/]+(?: WITH [^\s()]+)?", expression))
        if not allowed(expression, licences):
            yield f"{name}: licence {expression or 'unknown'}"
        if package["name"] in bans:
            yield f"{name}: banned"
        if package["id"] not in members and not is_of_registry(package["source"]):
            yield f"{name}: from {package['source'] or 'a path'}"
        yield from (
            f"{name}: any version of {each['name']}"
            for each in package["dependencies"]
            if each["req"] == "*" and not each.get("path")
        )
    yield from (f"licence {each}: allowed and not in use" for each in sorted(licences - used))


def is_of_registry(source: str | None) -> bool:
    """Whether it is of the one that cargo has by itself."""
    return bool(
        re.fullmatch(r"registry\+https://github\.com/rust-lang/crates\.io-index", source or "")
    )


def allowed(expression: str, licences: set[str]) -> bool:
    """Whether an SPDX expression can be kept with these licences ("/" is an old OR)."""
    words = re.findall(
        r"\(|\)|AND\b|OR\b|[^\s()]+(?: WITH [^\s()]+)?", expression.replace("/", " OR ")
    )

    def either() -> bool:
        found = both()
        while words[:1] == ["OR"]:
            del words[0]
            found = both() or found
        return found

    def both() -> bool:
        found = one()
        while words[:1] == ["AND"]:
            del words[0]
            found = one() and found
        return found

    def one() -> bool:
        word = words.pop(0) if words else ""
        if word == "(":
            found = either()
            return words[:1] == [")"] and words.pop(0) == ")" and found
        return word in licences

    return either() and not words


# --- packages ------------------------------------------------------------------------------------


def packages() -> Result:
    """What is installed, and what is known of it."""
    if shutil.which("pip-audit") is None:
        return Result([], ["vulnerabilities of packages: there is no pip-audit"])
    done = output(
        "pip-audit", "--vulnerability-service", "pypi", "--format", "json",
        "--progress-spinner", "off", "--path", sysconfig.get_path("purelib"),
    )  # fmt: skip
    if not done.stdout:
        return Result([], [f"vulnerabilities of packages: {done.stderr.strip()}"])
    return audited(json.loads(done.stdout)["dependencies"])


def audited(dependencies: Iterable[dict[str, Any]]) -> Result:
    """What ``pip-audit`` found, and what it left out."""
    findings, skipped, count = [], [], 0
    for each in dependencies:
        if each["name"] == "cmcodec":
            continue
        count += 1
        if "skip_reason" in each:
            skipped.append(each["name"])
        findings += [
            f"{each['name']} {each['version']}: {found['id']} {' '.join(found['aliases'])},"
            f" fixed in {' '.join(found['fix_versions']) or 'no version'}"
            for found in each.get("vulns", ())
        ]
    if not skipped:
        return Result(findings, [])
    which = "the index tells none" if len(skipped) == count else ", ".join(skipped)
    return Result(findings, [f"vulnerabilities of packages: {which}"])


# --- both ----------------------------------------------------------------------------------------


def output(*command: str) -> subprocess.CompletedProcess[str]:
    """Runs a command in the checkout."""
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description="What this project depends on.")
    parser.add_argument("what", nargs="*", choices=[[], "crates", "packages"])
    parser.add_argument("--complete", action="store_true", help="fail where something is left out")
    given = parser.parse_args()
    status = 0
    for name, check in (("crates", crates), ("packages", packages)):
        if given.what and name not in given.what:
            continue
        findings, without = check()
        for finding in findings:
            print(f"{name}: {finding}", file=sys.stderr)
        for each in without:
            print(f"without {each}")
        if findings or (without and given.complete):
            status = 1
        elif not without:
            print(f"{name}: nothing known")
    return status


if __name__ == "__main__":
    sys.exit(main())
