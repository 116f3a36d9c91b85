"""What can be known of dependencies and secrets without the internet; `make audit` runs it.

It sees a package that is installed in another version than constraints.txt pins, versions that do
not fit together, and text in files under git that looks like a key or a token; with `--index`,
which asks the package index, a pinned version that its authors withdrew. It sees neither known
vulnerabilities, which takes their database (pip-audit), nor who wrote a package.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path
from tempfile import TemporaryDirectory

from packaging.utils import canonicalize_name

PIP = (sys.executable, "-m", "pip")
ROOT = Path(__file__).parents[1]
PINS = ROOT / "constraints.txt"
# Digits of reference values, and pictures.
PASSED_OVER = r"^data/|^tests/reference/|\.png$"
# Tests and docs are full of made-up passwords; keys and tokens of services are told by their form.
NOT_BY = ("BasicAuthDetector", "KeywordDetector")


def pinned() -> dict[str, str]:
    """Package → the version that constraints.txt pins."""
    lines = [line.partition("#")[0].strip() for line in PINS.read_text().splitlines()]
    pairs = [line.split("==") for line in lines if line]
    return {canonicalize_name(name): version for name, version in pairs}


def wrong_versions(pins: dict[str, str]) -> Iterator[str]:
    """Yield the packages that are installed in another version than is pinned."""
    installed = {canonicalize_name(one.name): one.version for one in distributions()}
    for name, version in pins.items():
        found = installed.get(name, version).partition("+")[0]  # torch names its build: +cpu
        if found != version:
            yield f"{name}: constraints.txt pins {version}, found {found}. Run make install."


def inconsistent() -> Iterator[str]:
    """Yield what pip says of versions that do not fit together."""
    done = subprocess.run([*PIP, "check"], capture_output=True, text=True, check=False)
    if done.returncode:
        yield from done.stdout.splitlines()


def withdrawn() -> Iterator[str]:
    """Yield the pinned versions that the package index marks as withdrawn; asks the index."""
    with TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        command = [*PIP, "install", "--dry-run", "--no-deps", "--ignore-installed", "--quiet"]
        subprocess.run([*command, "--report", report, "--requirement", PINS], check=True)
        for one in json.loads(report.read_text())["install"]:
            if one.get("is_yanked"):
                known = one["metadata"]
                yield f"{known['name']}=={known['version']}: its authors withdrew it. Pin another."


def likely_secrets() -> Iterator[str]:
    """Yield the places of files under git that look like a key or a token."""
    done = subprocess.run(
        [
            Path(sys.executable).with_name("detect-secrets"),
            "scan",
            "--no-verify",
            *(one for name in NOT_BY for one in ("--disable-plugin", name)),
            "--exclude-files",
            PASSED_OVER,
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for file, found in json.loads(done.stdout)["results"].items():
        for one in found:
            yield f"{file}:{one['line_number']}: looks like a secret ({one['type']}). Remove it."


def main() -> int:
    """Print what each check found; return the exit code."""
    pins = pinned()
    checks = {
        f"{len(pins)} pinned versions are those installed": wrong_versions(pins),
        "installed packages fit together": inconsistent(),
        "files under git hold nothing like a key or a token": likely_secrets(),
    }
    if "--index" in sys.argv:
        checks["no pinned version was withdrawn"] = withdrawn()
    failed = False
    for claim, problems in checks.items():
        found = list(problems)
        failed |= bool(found)
        print("✗" if found else "✓", claim)
        for problem in found:
            print(f"  {problem}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
