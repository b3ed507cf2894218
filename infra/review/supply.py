"""What others wrote and we deploy: packages of the functions and the collector, files of the pages.

python -m infra.review.supply sbom    a bill of materials, CycloneDX JSON, in .demarc/sbom.cdx.json
python -m infra.review.supply audit   known vulnerabilities of every requirement; skipped, and said
                                      so, where the database cannot be reached
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import metadata
from pathlib import Path
from typing import Any

from billing.config import ROOT

REQUIREMENTS = ROOT / "requirements"
PAGE = ROOT / "docs" / "licences.md"
BILL = ROOT / ".demarc" / "sbom.cdx.json"

# Group of requirements -> where it is deployed. What only develops, tests or builds is not.
DEPLOYED = {"runtime": "functions", "edge": "collector"}
PAGES = ("@tabler/core", "htmx.org")  # files of these are served to browsers

# Anybody may use, change and pass on what bears these, if the notice stays.
PERMISSIVE = {
    "0BSD",
    "Apache-2.0",
    "BSD",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "MIT",
    "MIT-0",
    "PSF-2.0",
}
# What bears another licence is deployed for a reason.
NAMED = {
    "certifi": "MPL-2.0 asks for the source of changed files; we change none of its list of roots",
}
# As packages spell them that name no SPDX id.
SPELLED = {
    "Apache License 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
UNREACHED = re.compile(r"connect|timed? ?out|resolve|unreachable|network", re.I)
PINNED = re.compile(r"^(?P<name>[\w.-]+)(?:\[.*\])?==(?P<version>[\w.!+]+)", re.M)


@dataclass(frozen=True, slots=True)
class Component:
    """One package, and where it is deployed."""

    name: str
    version: str
    licence: str
    where: tuple[str, ...]
    kind: str  # of the package URL: "pypi" or "npm"

    @property
    def purl(self) -> str:
        return f"pkg:{self.kind}/{self.name.replace('@', '%40')}@{self.version}"


def pinned(group: str) -> dict[str, str]:
    """Name -> version of everything in one group of requirements."""
    text = (REQUIREMENTS / f"{group}.txt").read_text()
    return {found["name"]: found["version"] for found in PINNED.finditer(text)}


def deployed() -> list[Component]:
    """Everything that is deployed, by name; its licence is what the installed package says."""
    groups = {where: pinned(group) for group, where in DEPLOYED.items()}
    versions = {name: version for group in groups.values() for name, version in group.items()}
    python = [
        Component(name, version, licence_of(name), places(name, groups), "pypi")
        for name, version in versions.items()
    ]
    locked = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    browser = [
        Component(name, found["version"], found["license"], ("pages",), "npm")
        for name in PAGES
        for found in [locked[f"node_modules/{name}"]]
    ]
    return sorted([*python, *browser], key=lambda one: one.name.lower())


def places(name: str, groups: dict[str, dict[str, str]]) -> tuple[str, ...]:
    return tuple(where for where, group in groups.items() if name in group)


def licence_of(package: str) -> str:
    """An SPDX expression where the package has one, or what its classifiers say."""
    told = metadata(package).json
    if expression := told.get("license_expression"):
        return str(expression)
    text = str(told.get("license", ""))
    if SPELLED.get(text, text) in PERMISSIVE - {"BSD"}:
        return SPELLED.get(text, text)
    prefix = "License :: OSI Approved :: "
    classified = [
        one.removeprefix(prefix) for one in told.get("classifier", []) if one.startswith(prefix)
    ]
    return " OR ".join(sorted(SPELLED.get(one, one) for one in classified)) or text or "none"


def refused(components: Iterable[Component]) -> Iterator[str]:
    """A line for each licence that nobody looked at, and each reason that nothing needs."""
    components = list(components)
    for one in components:
        if set(re.split(r" (?:OR|AND) ", one.licence)) - PERMISSIVE and one.name not in NAMED:
            yield f"{one.name} bears {one.licence}: name it in supply.py with a reason"
    for name in sorted(NAMED.keys() - {one.name for one in components}):
        yield f"{name} is named in supply.py and not deployed any more"


def page(components: Iterable[Component]) -> str:
    """docs/licences.md: which package comes with which licence, and where it goes."""
    rows = "".join(
        f"| {one.name} | {one.licence} | {', '.join(one.where)} | {NAMED.get(one.name, '')} |\n"
        for one in components
    )
    return (
        "# What others wrote and we deploy\n\n"
        "Written by `make review`, compared by a test with what is installed. Versions and hashes "
        "are in `requirements/`\nand `package-lock.json`; `make sbom` lists them all as CycloneDX."
        "\n\n| package | licence | in | reason |\n|---|---|---|---|\n" + rows
    )


def bill(components: Iterable[Component]) -> dict[str, Any]:
    """The bill of materials, CycloneDX 1.6. The same requirements give the same bytes."""
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "demarc", "bom-ref": "demarc"}},
        "components": [
            {
                "type": "library",
                "bom-ref": one.purl,
                "name": one.name,
                "version": one.version,
                "purl": one.purl,
                "licenses": [_licence(one.licence)],
                "properties": [
                    {"name": "demarc:deployed-in", "value": where} for where in one.where
                ],
            }
            for one in components
        ],
    }


def _licence(told: str) -> dict[str, Any]:
    if "BSD" in told.split(" OR "):  # which of them, the package does not say
        return {"license": {"name": told}}
    return {"expression": told}


def audit(lists: Iterable[Path]) -> int:
    """Exit code: 1 with each known vulnerability; 0 without any, and if nobody could be asked."""
    dependencies, complaints = {}, []
    for requirements in lists:  # one by one: two lists may pin a package differently
        finished = subprocess.run(
            [
                Path(sys.executable).with_name("pip-audit"),
                *("--require-hashes", "--disable-pip", "--format", "json"),
                *("--progress-spinner", "off", "-r", requirements),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        try:
            found = json.loads(finished.stdout)["dependencies"]
        except ValueError:
            complaints.append(finished.stderr.strip())
        else:
            dependencies |= {(one["name"], one.get("version")): one for one in found}
    code, told = verdict(list(dependencies.values()), complaints)
    print("\n".join(told))
    return code


def verdict(dependencies: list[dict[str, Any]], complaints: list[str]) -> tuple[int, list[str]]:
    """Exit code and lines for what pip-audit found. What it skipped, it did not look at."""
    known = [
        f"{one['name']} {one['version']}: {found['id']}, mended in {found['fix_versions']}"
        for one in dependencies
        for found in one.get("vulns", [])
    ]
    skipped = [one["name"] for one in dependencies if "skip_reason" in one]
    unreached = [one for one in complaints if UNREACHED.search(one)]
    known += [one for one in complaints if one not in unreached]
    if not known and len(skipped) == len(dependencies) and (skipped or unreached):
        return 0, ["SKIPPED: nothing was audited, for the database of vulnerabilities is not here"]
    known += [f"{name} was not audited: the database does not know it" for name in skipped]
    known += [f"a list was not audited: {one.splitlines()[-1]}" for one in unreached]
    return (1, known) if known else (0, [f"{len(dependencies)} packages, no known vulnerability"])


def main(arguments: list[str]) -> int:
    match arguments:
        case ["sbom"]:
            BILL.parent.mkdir(exist_ok=True)
            components = deployed()
            BILL.write_text(json.dumps(bill(components), indent=1) + "\n")
            print(f"{BILL.relative_to(ROOT)}: {len(components)} components")
            return 0
        case ["audit"]:
            return audit(sorted(REQUIREMENTS.glob("*.txt")))
        case _:
            raise SystemExit(__doc__)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
