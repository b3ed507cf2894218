"""What others wrote comes as it was locked, with a licence that lets us, and is listed."""

import json
import re
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from billing.config import ROOT
from infra.review import supply
from infra.review.supply import NAMED, Component, bill, deployed, page, pinned, refused, verdict

LOCKS = sorted(supply.REQUIREMENTS.glob("*.txt"))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_every_requirement_is_one_version_with_its_hashes_and_names_no_registry(lock: Path) -> None:
    text = lock.read_text()
    entries = [entry for entry in re.split(r"\n(?=\S)", text.strip()) if not entry.startswith("#")]

    assert entries
    for entry in entries:
        assert re.match(r"[\w.-]+(\[[\w,-]+\])?==[\w.!+]+( ;.*)?( \\|$)", entry), entry[:80]
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", entry), entry[:80]
    assert "://" not in text
    assert not re.search(r"^\s*(-i|-f|-e|--index|--extra-index|--find|--trusted)", text, re.M)


def test_every_package_of_node_has_its_hash_and_names_no_registry() -> None:
    text = (ROOT / "package-lock.json").read_text()
    packages = json.loads(text)["packages"]

    for name, package in packages.items():
        if name:
            assert package["integrity"].startswith("sha512-"), name
            assert "resolved" not in package, name


def test_what_is_installed_and_deployed_must_have_the_locked_hash() -> None:
    makefile = (ROOT / "Makefile").read_text()
    installs = re.findall(r"pip (?:install|sync) .*", makefile)

    assert len(installs) == 2
    for line in installs:
        assert "--require-hashes" in line
    assert "npm ci" in makefile
    assert "npm install" not in makefile
    assert '"--require-hashes"' in (ROOT / "infra" / "runtime.py").read_text()


def test_the_pages_load_files_of_the_listed_packages_and_of_no_other() -> None:
    copied = re.findall(
        r"node_modules/((?:@[\w-]+/)?[\w.-]+)/dist/", (ROOT / "Makefile").read_text()
    )

    assert tuple(copied) == supply.PAGES


def test_the_list_of_licences_is_that_of_what_is_installed() -> None:
    assert supply.PAGE.read_text() == page(deployed()), "run `make review`"


def test_each_licence_is_permissive_or_named_with_a_reason() -> None:
    assert list(refused(deployed())) == []


@pytest.mark.parametrize(
    ("licence", "so"),
    [
        ("MIT", True),
        ("Apache-2.0 OR BSD-3-Clause", True),
        ("GPL-3.0-or-later", False),
        ("MIT OR GPL-2.0-only", False),  # somebody decides which
        ("GNU Affero General Public License v3", False),
        ("none", False),
    ],
)
def test_a_licence_that_nobody_looked_at_is_refused(licence: str, so: bool) -> None:
    known = [Component(name, "1.0", "MPL-2.0", ("functions",), "pypi") for name in NAMED]
    added = Component("added", "1.0", licence, ("functions",), "pypi")

    assert (list(refused([*known, added])) == []) is so


def test_a_reason_for_what_is_not_deployed_any_more_is_stale() -> None:
    assert list(refused([])) == ["certifi is named in supply.py and not deployed any more"]


def test_the_bill_of_materials_lists_what_is_deployed_and_nothing_that_only_tests() -> None:
    made = bill(deployed())

    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(made)) is None
    listed = {(one["name"], one["version"]) for one in made["components"]}
    assert pinned("runtime").items() | pinned("edge").items() <= listed
    assert {"htmx.org", "@tabler/core", "pyrad", "pynamodb"} <= {name for name, _ in listed}
    assert {"pytest", "moto", "aws-cdk-lib"}.isdisjoint(name for name, _ in listed)


SKIPPED = {"name": "pyrad", "skip_reason": "not found"}
SOUND = {"name": "six", "version": "1.17.0", "vulns": []}
VULNERABLE = {
    "name": "jinja2",
    "version": "3.1.5",
    "vulns": [{"id": "CVE-2025-27516", "fix_versions": ["3.1.6"]}],
}


UNREACHED = "ERROR: Could not connect to the vulnerability feed"


@pytest.mark.parametrize(
    ("dependencies", "complaints", "code", "said"),
    [
        ([], [UNREACHED], 0, "SKIPPED"),
        ([SKIPPED], [], 0, "SKIPPED"),
        ([SOUND], [], 0, "1 packages, no known vulnerability"),
        ([SOUND, VULNERABLE], [], 1, "jinja2 3.1.5: CVE-2025-27516"),
        ([SOUND, SKIPPED], [], 1, "pyrad was not audited"),
        ([SOUND], [UNREACHED], 1, "a list was not audited"),
        ([SKIPPED], ["ERROR: six has no hash"], 1, "ERROR: six has no hash"),
    ],
)
def test_an_audit_never_calls_sound_what_it_did_not_look_at(
    dependencies: list, complaints: list[str], code: int, said: str
) -> None:
    exit_code, lines = verdict(dependencies, complaints)

    assert exit_code == code
    assert lines[0].startswith(said)
